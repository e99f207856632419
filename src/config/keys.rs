//! The keys of a configuration, and the values that are left to read.

use std::{fmt, str::FromStr};

use http::{HeaderName, header};

use super::{error::ConfigError, value::Value};

/// Every key. A key of a table is written with the table's name in front: `headers_client`.
const KEYS: &[&str] = &[
    "trust",
    "count",
    "hops",
    "headers",
    "headers_client",
    "headers_list",
    "headers_scheme",
    "headers_host",
    "headers_port",
    "headers_prefix",
    "headers_lists",
    "hosts",
    "port",
    "prefix",
    "scheme",
    "require",
    "require_env",
    "require_file",
    "identity",
    #[cfg(feature = "client-cert")]
    "client_cert",
    "keep",
    "remove",
    "keep_uri",
    "keep_connect_info",
    "record_hops",
    "trusted_peers",
    "trusted_peers_exempt_paths",
    "allowed_hosts",
    "allowed_hosts_addresses",
    "allowed_hosts_exempt_paths",
    "allowed_hosts_status",
    "reject",
    "https_redirect",
    "https_redirect_exempt_paths",
    "https_redirect_hsts_include_subdomains",
    "https_redirect_hsts_max_age",
    "https_redirect_hsts_preload",
    "https_redirect_moved_permanently_for_get",
    "https_redirect_ports",
    "location",
    "location_backends",
    "location_secure_cookies",
    "outbound",
    "outbound_by",
    "outbound_remove",
];

/// The keys that can also be tables, with the name that the key itself has in its table.
const TABLES: &[(&str, &str)] = &[
    ("headers", "preset"),
    ("require", "header"),
    ("trusted_peers", "enabled"),
    ("allowed_hosts", "hosts"),
    ("reject", "findings"),
    ("https_redirect", "enabled"),
    ("location", "enabled"),
    ("outbound", "headers"),
];

/// The table that a key belongs to.
fn table_of(key: &str) -> Option<&'static str> {
    let mut tables = TABLES.iter().map(|(table, _)| *table);
    tables.find(|table| {
        let rest = key.strip_prefix(table);
        rest.is_some_and(|rest| rest.starts_with('_'))
    })
}

/// The key that a table is when it is no table: `reject` for `reject_findings`. All other keys stay.
fn canonical(key: String) -> String {
    let written_out = |(table, own): &&(&str, &str)| {
        let rest = key.strip_prefix(table);
        rest.and_then(|rest| rest.strip_prefix('_')) == Some(own)
    };
    match TABLES.iter().find(written_out) {
        Some((table, _)) => (*table).to_owned(),
        None => key,
    }
}

/// Fails with an unknown key, and tells which keys can stand in its place.
pub(super) fn check(key: &str) -> Result<(), ConfigError> {
    if KEYS.contains(&&*canonical(key.to_owned())) {
        return Ok(());
    }
    let table = table_of(key);
    let own = TABLES.iter().filter(|(name, _)| Some(*name) == table);
    let own = own.map(|(table, own)| format!("{table}_{own}"));
    let others = KEYS.iter().filter(|known| table_of(known) == table);
    Err(ConfigError::UnknownKey {
        key: key.to_owned(),
        expected: own.chain(others.map(|known| (*known).to_owned())).collect(),
    })
}

/// All keys outside of tables.
pub(super) fn first_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().copied().filter(|key| table_of(key).is_none())
}

/// The values that are left to read. Each reader takes its own.
pub(super) struct Keys(Vec<Entry>);

impl Keys {
    pub(super) fn new(values: Vec<(String, Value)>) -> Result<Self, ConfigError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (key, value) in flat(values) {
            check(&key)?;
            let key = canonical(key);
            if entries.iter().any(|entry| entry.key == key) {
                return Err(ConfigError::Twice { key });
            }
            entries.push(Entry { key, value });
        }
        Ok(Self(entries))
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.0.iter().position(|entry| entry.key == key)?;
        Some(self.0.swap_remove(at))
    }

    /// Reads `key` if it is there.
    pub(super) fn read<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&Entry) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.take(key).as_ref().map(read).transpose()
    }

    /// Whether `key` is on.
    pub(super) fn switch(&mut self, key: &str) -> Result<bool, ConfigError> {
        Ok(self.read(key, Entry::switch)?.unwrap_or_default())
    }

    /// Fails if an option of `table` is left, since without `table` nothing reads it.
    pub(super) fn without(&self, table: &str, how: &str) -> Result<(), ConfigError> {
        match self
            .0
            .iter()
            .find(|entry| table_of(&entry.key) == Some(table))
        {
            None => Ok(()),
            Some(entry) => {
                Err(entry.wrong(format!("has no effect without `{table}`: expected {how}")))
            }
        }
    }
}

/// A key and its value.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Value,
}

impl Entry {
    pub(super) fn wrong(&self, reason: impl fmt::Display) -> ConfigError {
        ConfigError::Value {
            key: self.key.clone(),
            reason: reason.to_string(),
        }
    }

    /// The error for a text that is not what was expected.
    pub(super) fn invalid(&self, text: &str, expected: &str) -> ConfigError {
        self.wrong(format!(
            "`{}` is not valid: expected {expected}",
            text.escape_debug()
        ))
    }

    pub(super) fn text(&self) -> Result<&str, ConfigError> {
        match &self.value {
            // No header, host or preset has such a name: somebody meant to turn something on or off.
            Value::Text(text) if is_switch(text) => {
                Err(self.invalid(text, "a value, since this key is not a switch"))
            }
            _ => self.any_text(),
        }
    }

    fn any_text(&self) -> Result<&str, ConfigError> {
        match &self.value {
            Value::Text(text) => Ok(text),
            // Somebody may have written a secret where its place belongs.
            _ if self.key.starts_with("require") => {
                Err(self.wrong("expected one name, and no value of the secret"))
            }
            other => Err(self.wrong(format!("{other} is not valid: expected one value"))),
        }
    }

    /// The parts of a list, which can also be one text with commas.
    pub(super) fn list(&self) -> Result<Vec<String>, ConfigError> {
        match &self.value {
            Value::List(list) => Ok(list.clone()),
            Value::Text(text) if is_switch(text) => {
                Err(self.invalid(text, "a list of texts, since this key is not a switch"))
            }
            Value::Text(text) => Ok(text.split(',').map(|part| part.trim().to_owned()).collect()),
            other => Err(self.wrong(format!("{other} is not valid: expected a list of texts"))),
        }
    }

    pub(super) fn parse<T>(&self) -> Result<T, ConfigError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.text()?
            .parse()
            .map_err(|error: T::Err| self.wrong(error))
    }

    pub(super) fn parse_list<T>(&self) -> Result<Vec<T>, ConfigError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let parse = |text: &String| text.parse().map_err(|error: T::Err| self.wrong(error));
        self.list()?.iter().map(parse).collect()
    }

    pub(super) fn number<T: FromStr>(&self, expected: &str) -> Result<T, ConfigError> {
        let text = self.text()?;
        text.parse().map_err(|_| self.invalid(text, expected))
    }

    pub(super) fn switch(&self) -> Result<bool, ConfigError> {
        match self.any_text()? {
            "true" => Ok(true),
            "false" => Ok(false),
            text => Err(self.invalid(text, "`true` or `false`")),
        }
    }

    /// A list that would turn its layer into one that does nothing, or into one that refuses everything, if it were empty.
    pub(super) fn filled<T>(&self) -> Result<Vec<T>, ConfigError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let list = self.parse_list()?;
        if list.is_empty() {
            return Err(self.wrong("the list is empty: expected one entry or more"));
        }
        Ok(list)
    }

    /// Paths that a layer exempts.
    pub(super) fn paths(&self) -> Result<Vec<String>, ConfigError> {
        let paths = self.list()?;
        match paths.iter().find(|path| !path.starts_with('/')) {
            None => Ok(paths),
            Some(path) => Err(self.invalid(path, "a path that starts with `/`")),
        }
    }

    /// Names of headers. `Host` is not among them: a request needs it.
    pub(super) fn header_names(&self) -> Result<Vec<HeaderName>, ConfigError> {
        let parse = |text: &String| match text.parse() {
            Ok(name) if name != header::HOST && !text.contains('*') => Ok(name),
            _ => Err(self.invalid(text, "the name of a header other than `Host`, without `*`")),
        };
        self.list()?.iter().map(parse).collect()
    }
}

fn is_switch(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// The same keys and values without tables: `headers = { client = … }` is `headers_client = …`. A value that is null is
/// as if its key were not there.
fn flat(values: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (key, value) in values {
        let table = TABLES.iter().find(|(table, _)| *table == key);
        let (Value::Table(inner), Some((table, own))) = (&value, table) else {
            push(&mut flat, key, value);
            continue;
        };
        let mut own_keys = Vec::new();
        for (name, value) in inner.clone() {
            let key = match name {
                name if name == *own => (*table).to_owned(),
                name => format!("{table}_{name}"),
            };
            push(&mut own_keys, key, value);
        }
        match *own {
            // A table that is there turns its layer on.
            "enabled" if !own_keys.iter().any(|(name, _)| *name == key) => {
                own_keys.push((key, Value::Text("true".to_owned())));
            }
            "enabled" | "preset" => {}
            // An empty one is not what its reader expects, and the reader says so.
            _ if own_keys.is_empty() => own_keys.push((key, value)),
            _ => {}
        }
        flat.extend(own_keys);
    }
    flat
}

fn push(flat: &mut Vec<(String, Value)>, key: String, value: Value) {
    match value {
        // If the scheme is null, no proxy states it.
        Value::Nothing if key == "headers_scheme" => {
            flat.push((key, Value::Text("none".to_owned())));
        }
        Value::Nothing => {}
        value => flat.push((key, value)),
    }
}
