//! [`Headers`] by their names, one by one.

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    error::ConfigError,
    keys::{Entry, Keys},
    value::Value,
};
use crate::headers::{Headers, HeadersError};

/// Reads `headers` and the keys that begin so.
pub(super) fn read(keys: &mut Keys) -> Result<Headers, ConfigError> {
    let preset = keys.read("headers", Entry::parse::<Headers>)?;
    let is_list = keys.take("headers_list");
    let is_on = is_list.as_ref().map(Entry::switch).transpose()?;
    let client = keys.take("headers_client");
    let mut headers = match (preset, client, is_list) {
        (Some(_), Some(client), _) => {
            return Err(client.wrong(format!(
                "{} cannot be combined with a preset: expected one of the two",
                client.value
            )));
        }
        (None, Some(client), _) if is_on == Some(true) => {
            named(&client, Headers::client_list_field)?
        }
        (None, Some(client), _) => named(&client, Headers::client_field)?,
        (preset, None, Some(is_list)) if is_on == Some(true) => {
            return Err(is_list.wrong(format!(
                "has no effect with the preset `{}`: expected `headers_client`",
                preset.unwrap_or_default()
            )));
        }
        (preset, None, _) => preset.unwrap_or_default(),
    };
    if let Some(entry) = keys.take("headers_scheme") {
        headers = match entry.text()? {
            "none" => headers.without_scheme(),
            _ => named(&entry, |name| headers.with_scheme_field(name))?,
        };
    }
    if let Some(entry) = keys.take("headers_host") {
        headers = named(&entry, |name| headers.with_host_field(name))?;
    }
    if let Some(entry) = keys.take("headers_port") {
        headers = named(&entry, |name| headers.with_port_field(name))?;
    }
    if let Some(entry) = keys.take("headers_prefix") {
        headers = named(&entry, |name| headers.with_prefix_field(name))?;
    }
    if let Some(entry) = keys.take("headers_lists") {
        headers = headers
            .with_lists(entry.list()?)
            .map_err(|error| entry.wrong(error))?;
    }
    Ok(headers)
}

/// What `read` makes of the name of a header.
fn named(
    entry: &Entry,
    read: impl FnOnce(&str) -> Result<Headers, HeadersError>,
) -> Result<Headers, ConfigError> {
    match entry.text()? {
        text if text.eq_ignore_ascii_case("none") => Err(entry.invalid(
            text,
            "the name of a header (only `headers_scheme` can be `none`)",
        )),
        text => read(text).map_err(|error| entry.wrong(error)),
    }
}

/// The name of a preset, or a table as in [`Config`](super::Config).
impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let mut keys = Keys::new(vec![("headers".to_owned(), value)]).map_err(D::Error::custom)?;
        read(&mut keys).map_err(D::Error::custom)
    }
}
