//! [`Headers`] by their names, one by one.

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    error::ConfigError,
    value::{self, Value},
};
use crate::headers::{Headers, HeadersError};

/// What a configuration says of the headers.
#[derive(Debug, Default)]
pub(super) struct Names {
    preset: Option<Headers>,
    client: Option<String>,
    is_list: bool,
    scheme: Option<String>,
    host: Option<String>,
    port: Option<String>,
    prefix: Option<String>,
    lists: Vec<String>,
}

impl Names {
    /// Takes the value of `headers` or of a key that begins so.
    pub(super) fn set(&mut self, key: &str, value: Value) -> Result<(), String> {
        let slot = match key {
            "headers" => {
                self.preset = Some(value.parse()?);
                return Ok(());
            }
            "headers_list" => {
                self.is_list = value.switch()?;
                return Ok(());
            }
            "headers_lists" => {
                self.lists = value.list()?;
                return Ok(());
            }
            "headers_client" => &mut self.client,
            "headers_scheme" => &mut self.scheme,
            "headers_host" => &mut self.host,
            "headers_port" => &mut self.port,
            "headers_prefix" => &mut self.prefix,
            _ => return Err(format!("`{}` is no key here", key.escape_debug())),
        };
        *slot = Some(value.text()?.to_owned());
        Ok(())
    }

    pub(super) fn headers(self) -> Result<Headers, ConfigError> {
        let at = |key: &str, reason: String| ConfigError::Value {
            key: key.to_owned(),
            reason,
        };
        let wrong = |key: &'static str| move |error: HeadersError| at(key, error.to_string());
        let mut headers = match (self.preset, self.client) {
            (Some(_), Some(client)) => {
                return Err(at(
                    "headers_client",
                    format!(
                        "`{}` stands instead of a preset, not beside one",
                        client.escape_debug()
                    ),
                ));
            }
            (preset, None) if self.is_list => {
                let preset = preset.unwrap_or_default();
                return Err(at(
                    "headers_list",
                    format!(
                        "says of `headers_client` that it is a list, not of the preset `{preset}`"
                    ),
                ));
            }
            (preset, None) => preset.unwrap_or_default(),
            (None, Some(client)) if self.is_list => {
                Headers::client_list_field(&client).map_err(wrong("headers_client"))?
            }
            (None, Some(client)) => {
                Headers::client_field(&client).map_err(wrong("headers_client"))?
            }
        };
        match self.scheme.as_deref() {
            None => {}
            Some("none") => headers = headers.without_scheme(),
            Some(name) => {
                headers = headers
                    .with_scheme_field(name)
                    .map_err(wrong("headers_scheme"))?;
            }
        }
        if let Some(name) = self.host {
            headers = headers
                .with_host_field(&name)
                .map_err(wrong("headers_host"))?;
        }
        if let Some(name) = self.port {
            headers = headers
                .with_port_field(&name)
                .map_err(wrong("headers_port"))?;
        }
        if let Some(name) = self.prefix {
            headers = headers
                .with_prefix_field(&name)
                .map_err(wrong("headers_prefix"))?;
        }
        if !self.lists.is_empty() {
            headers = headers
                .with_lists(&self.lists)
                .map_err(wrong("headers_lists"))?;
        }
        Ok(headers)
    }
}

/// The name of a preset, or a table as in [`Config`](super::Config).
impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Value::Text(_) = value {
            return value.parse().map_err(D::Error::custom);
        }
        let mut names = Names::default();
        for (key, value) in value::flat(vec![("headers".to_owned(), value)]) {
            names
                .set(&key, value)
                .map_err(|reason| D::Error::custom(ConfigError::Value { key, reason }))?;
        }
        names.headers().map_err(D::Error::custom)
    }
}
