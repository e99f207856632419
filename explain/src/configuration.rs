//! Reads the configuration from a section of a file and from options. Options take precedence over the file.

use std::fs;

use serde_json::{Map, Value};
use tower_forwarded::Config;

use crate::Arguments;

/// Reads the configuration from the file and the options.
///
/// # Errors
///
/// The error is a sentence that names the file or the key, and the text.
pub fn read(arguments: &Arguments) -> Result<Config, String> {
    let mut keys = match &arguments.config {
        None => Map::new(),
        Some(path) => {
            let name = path.display();
            let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
            let file = parse(&text).map_err(|error| format!("{name}: {error}"))?;
            section(&file, arguments.section.as_deref())
                .map_err(|error| format!("{name}: {error}"))?
                .clone()
        }
    };
    let options = [
        ("trust", &arguments.trust),
        ("count", &arguments.count),
        ("headers", &arguments.headers),
        ("hops", &arguments.hops),
        ("hosts", &arguments.hosts),
        ("identity", &arguments.identity),
        ("scheme", &arguments.scheme),
    ];
    // `--count` stands instead of the file's `trust` and `hops`, and the other way round.
    let instead = match (&arguments.count, &arguments.trust, &arguments.hops) {
        (Some(_), _, _) => &["trust", "hops"][..],
        (None, None, None) => &[],
        _ => &["count"],
    };
    keys.retain(|key, _| !instead.contains(&&**key));
    for (key, value) in options {
        if let Some(value) = value {
            set(&mut keys, key, value.clone().into());
        }
    }
    for (key, is_on) in [("port", arguments.port), ("prefix", arguments.prefix)] {
        if is_on {
            set(&mut keys, key, true.into());
        }
    }
    for option in &arguments.set {
        let (key, value) = option
            .split_once('=')
            .ok_or_else(|| format!("--set `{option}`: expected KEY=VALUE"))?;
        set(&mut keys, key, value.into());
    }
    serde_json::from_value(Value::Object(keys)).map_err(|error| error.to_string())
}

/// Sets a key, also if the file has it in a table: `headers_scheme` in `headers = { scheme = … }`.
fn set(keys: &mut Map<String, Value>, key: &str, value: Value) {
    let table = keys.iter_mut().find_map(|(name, inner)| {
        let rest = key.strip_prefix(&**name)?.strip_prefix('_')?;
        Some((inner.as_object_mut()?, rest))
    });
    match table {
        Some((table, rest)) => table.insert(rest.to_owned(), value),
        None => keys.insert(key.to_owned(), value),
    };
}

fn parse(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) if !text.trim_start().starts_with('{') => {
            toml::from_str(text).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The table with this name. Without a name, it is the file itself, or the only table that has `trust` (or, if
/// none has it, `count`).
fn section<'a>(file: &'a Value, name: Option<&str>) -> Result<&'a Map<String, Value>, String> {
    if let Some(name) = name {
        let table = name
            .split('.')
            .try_fold(file, |table, part| table.get(part));
        return table
            .and_then(Value::as_object)
            .ok_or_else(|| format!("there is no table `{name}`"));
    }
    match file.as_object() {
        Some(table) if table.contains_key("trust") || table.contains_key("count") => Ok(table),
        _ => {
            let mut found = Vec::new();
            tables(file, "trust", String::new(), &mut found);
            if found.is_empty() {
                tables(file, "count", String::new(), &mut found);
            }
            match found.as_slice() {
                [(_, table)] => Ok(table),
                [] => Err("no table has `trust` or `count`".to_owned()),
                many => {
                    let names: Vec<&str> = many.iter().map(|(name, _)| name.as_str()).collect();
                    Err(format!(
                        "more than one table has `trust` or `count`: choose one with --section: {}",
                        names.join(", ")
                    ))
                }
            }
        }
    }
}

/// All tables that have `key`, with their names.
fn tables<'a>(
    value: &'a Value,
    key: &str,
    name: String,
    found: &mut Vec<(String, &'a Map<String, Value>)>,
) {
    let Some(table) = value.as_object() else {
        return;
    };
    for (part, inner) in table {
        let dot = if name.is_empty() { "" } else { "." };
        tables(inner, key, format!("{name}{dot}{part}"), found);
    }
    if table.contains_key(key) {
        found.push((name, table));
    }
}
