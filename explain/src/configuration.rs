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
    for (key, value) in options {
        if let Some(value) = value {
            keys.insert(key.to_owned(), value.clone().into());
        }
    }
    for (key, is_on) in [("port", arguments.port), ("prefix", arguments.prefix)] {
        if is_on {
            keys.insert(key.to_owned(), true.into());
        }
    }
    for set in &arguments.set {
        let (key, value) = set
            .split_once('=')
            .ok_or_else(|| format!("--set `{set}`: expected KEY=VALUE"))?;
        keys.insert(key.to_owned(), value.into());
    }
    serde_json::from_value(Value::Object(keys)).map_err(|error| error.to_string())
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

/// The table with this name. Without a name, it is the file itself or the only table that has `trust`.
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
            tables(file, String::new(), &mut found);
            match found.as_slice() {
                [(_, table)] => Ok(table),
                [] => Err("no table has `trust`".to_owned()),
                many => {
                    let names: Vec<&str> = many.iter().map(|(name, _)| name.as_str()).collect();
                    Err(format!(
                        "more than one table has `trust`: choose one with --section: {}",
                        names.join(", ")
                    ))
                }
            }
        }
    }
}

/// All tables that have `trust`, with their names.
fn tables<'a>(value: &'a Value, name: String, found: &mut Vec<(String, &'a Map<String, Value>)>) {
    let Some(table) = value.as_object() else {
        return;
    };
    for (key, inner) in table {
        let dot = if name.is_empty() { "" } else { "." };
        tables(inner, format!("{name}{dot}{key}"), found);
    }
    if table.contains_key("trust") {
        found.push((name, table));
    }
}
