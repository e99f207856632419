//! The whole policy as a section of a configuration file.

mod error;
mod headers;
mod value;

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};

pub use self::error::ConfigError;
use self::{error::KEYS, headers::Names, value::Value};
use crate::{
    headers::Headers,
    host_pattern::{HostPattern, HostPatternError},
    identity::names::BelievedNames,
    layer::ForwardedLayer,
    resolution::scheme::Scheme,
    secret::Secret,
    trust::TrustedProxies,
};

/// The whole policy as a section of a configuration file, or as environment variables.
///
/// | key | value | without it |
/// |---|---|---|
/// | `trust` | entries of [`TrustedProxies`], as a list or as one text | an error |
/// | `headers` | the name of a [preset](Headers), or a table with the keys below | `x-forwarded` |
/// | `headers_client` | a header of your own for the [client's address](Headers::client_field), instead of a preset | |
/// | `headers_list` | whether it is a [list](Headers::client_list_field), to which each proxy appends | `false` |
/// | `headers_scheme` | the [header for the scheme](Headers::with_scheme_field), or `none` if [nobody states it](Headers::without_scheme) | the preset's |
/// | `headers_host` | the [header for the host](Headers::with_host_field) | the preset's |
/// | `headers_port` | the [header for the port](Headers::with_port_field) | the preset's |
/// | `headers_prefix` | the [header for the prefix](Headers::with_prefix_field) | the preset's |
/// | `headers_lists` | those of them that [hold lists](Headers::with_lists), as a list or as one text | the preset's |
/// | `hops` | a number, or `all` for [no limit](TrustedProxies::unlimited_hops) | 1 for `*`, else no limit |
/// | `hosts` | [patterns](HostPattern) of forwarded hosts to believe, as a list or as one text | none |
/// | `port` | whether to [believe a forwarded port](ForwardedLayer::believe_port) | `false` |
/// | `prefix` | whether to [believe a forwarded prefix](ForwardedLayer::believe_prefix) | `false` |
/// | `scheme` | the [scheme of the connection itself](ForwardedLayer::connection_scheme) | `http` |
/// | `count` | a number of proxies, whoever they are, instead of `trust` and `hops`: see [`TrustedProxies::count`] | |
/// | `identity` | headers that [say who the client is](ForwardedLayer::believe_identity), or names of [presets](crate::Identity), as a list or as one text | none |
/// | `client_cert` | a header of your own that [holds the client's certificate](https://docs.rs/tower-forwarded/latest/tower_forwarded/struct.ForwardedLayer.html#method.believe_client_cert) (feature `client-cert`) | none |
/// | `keep` | headers to [leave as they came](ForwardedLayer::keep), as a list or as one text | none |
/// | `remove` | headers to [remove from every request](ForwardedLayer::remove), as a list or as one text | none |
/// | `require` | the name of a [header that proves the proxy](ForwardedLayer::require) | none |
/// | `require_env` | the environment variable that holds its values, between commas | |
/// | `require_file` | the file that holds its values, a line each | |
///
/// Any other key is an error, and every error names its key and the text. As a table, `headers` has the keys
/// `preset`, `client`, `list`, `scheme`, `host`, `port`, `prefix` and `lists`; [`Headers`] in a configuration
/// of your own has the same form.
///
/// ```
/// use tower_forwarded::Config;
///
/// let config: Config = toml::from_str(r#"
///     trust = ["loopback", "10.0.0.0/8"]
///     headers = "aws-alb"
/// "#)?;
/// let layer = config.layer();
///
/// let config: Config = toml::from_str(r#"
///     trust = "10.0.0.0/8"
///     headers = { client = "X-Client-IPs", list = true, scheme = "X-Forwarded-Proto" }
/// "#)?;
///
/// let error = toml::from_str::<Config>("trust = ['10.0.0.5/8']").unwrap_err();
/// assert!(error.to_string().contains("trust: `10.0.0.5/8`"));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Whom to trust, and how far.
    pub trust: TrustedProxies,
    /// Which fields they write.
    pub headers: Headers,
    /// Forwarded hosts to believe.
    pub hosts: Vec<HostPattern>,
    /// Whether a forwarded port is believed.
    pub port: bool,
    /// Whether a forwarded prefix is believed.
    pub prefix: bool,
    /// The scheme of the connection itself.
    pub scheme: Scheme,
    /// Headers that are believed to say who the client is.
    identity: BelievedNames,
    /// Headers to leave as they came.
    pub keep: Vec<http::HeaderName>,
    /// Headers to remove from every request.
    pub remove: Vec<http::HeaderName>,
    /// The header that proves the proxy.
    secret: Option<Secret>,
}

impl Config {
    /// The layer that this describes.
    pub fn layer(self) -> ForwardedLayer {
        let mut layer = ForwardedLayer::new(self.trust)
            .headers(self.headers)
            .connection_scheme(self.scheme)
            .host_patterns(self.hosts);
        layer = layer
            .keep_and_remove(self.keep, self.remove)
            .identity(self.identity);
        if let Some(secret) = self.secret {
            layer = layer.secret(secret);
        }
        if self.port {
            layer = layer.believe_port();
        }
        if self.prefix {
            layer = layer.believe_prefix();
        }
        layer
    }

    /// Reads the variables whose names start with `prefix`: with `FORWARDED_`, these are
    /// `FORWARDED_TRUST`, `FORWARDED_HEADERS` and so on. Lists are written with commas.
    ///
    /// # Errors
    ///
    /// As for a file: a variable with that prefix that stands for no key is one.
    pub fn from_env(prefix: &str) -> Result<Self, ConfigError> {
        Self::from_variables(
            prefix,
            std::env::vars_os().map(|(name, value)| {
                (
                    name.to_string_lossy().into_owned(),
                    value.to_string_lossy().into_owned(),
                )
            }),
        )
    }

    /// Reads variables from any source, as [`from_env`](Self::from_env) does from the environment.
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn from_variables(
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut values = Vec::new();
        for (name, value) in variables {
            if let Some(key) = name.strip_prefix(prefix) {
                values.push((key.to_lowercase(), Value::Text(value)));
            }
        }
        Self::from_values(values)
    }

    fn from_values(values: Vec<(String, Value)>) -> Result<Self, ConfigError> {
        let mut seen: Vec<String> = Vec::new();
        let mut trust = None;
        let mut hops = None;
        let mut config = Self {
            trust: TrustedProxies::none(),
            headers: Headers::X_FORWARDED,
            hosts: Vec::new(),
            port: false,
            prefix: false,
            scheme: Scheme::Http,
            identity: BelievedNames::default(),
            keep: Vec::new(),
            remove: Vec::new(),
            secret: None,
        };
        let (mut count, mut require, mut secrets) = (None, None, None);
        let mut names = Names::default();
        for (key, value) in value::flat(values) {
            if !KEYS.contains(&key.as_str()) {
                return Err(ConfigError::UnknownKey { key });
            }
            if seen.contains(&key) {
                return Err(ConfigError::Twice { key });
            }
            let wrong = |reason: String| ConfigError::Value {
                key: key.clone(),
                reason,
            };
            match key.as_str() {
                "trust" => {
                    let parsed = match &value {
                        Value::Text(text) => text.parse(),
                        Value::List(entries) => TrustedProxies::from_entries(entries),
                        Value::Table(_) | Value::Nothing => {
                            return Err(wrong("expected entries, not a table".to_owned()));
                        }
                    };
                    trust = Some(parsed.map_err(|error| wrong(error.to_string()))?);
                }
                key if key.starts_with("headers") => names.set(key, value).map_err(wrong)?,
                "hops" => {
                    hops = Some(match value.text().map_err(&wrong)? {
                        "all" => None,
                        text => Some(text.parse::<usize>().map_err(|_| {
                            wrong(format!(
                                "`{}` is neither a number of hops nor `all`",
                                text.escape_debug()
                            ))
                        })?),
                    });
                }
                "hosts" => {
                    config.hosts = value
                        .list()
                        .map_err(&wrong)?
                        .iter()
                        .map(|pattern| pattern.parse())
                        .collect::<Result<_, HostPatternError>>()
                        .map_err(|error| wrong(error.to_string()))?;
                }
                "port" => config.port = value.switch().map_err(wrong)?,
                "prefix" => config.prefix = value.switch().map_err(wrong)?,
                "scheme" => config.scheme = value.parse().map_err(wrong)?,
                "count" => count = Some(value.parse::<usize>().map_err(wrong)?),
                "identity" => {
                    for name in value.list().map_err(&wrong)? {
                        let added = config.identity.add(&name);
                        added.map_err(|error| wrong(error.to_string()))?;
                    }
                }
                #[cfg(feature = "client-cert")]
                "client_cert" => {
                    let name = value.text().map_err(&wrong)?;
                    let added = config.identity.add_certificate(name);
                    added.map_err(|error| wrong(error.to_string()))?;
                }
                "keep" => config.keep = header_names(value).map_err(wrong)?,
                "remove" => config.remove = header_names(value).map_err(wrong)?,
                "require" => require = Some(value.text().map_err(wrong)?.to_owned()),
                "require_env" | "require_file" if secrets.is_some() => {
                    return Err(wrong("the values are read from one place only".to_owned()));
                }
                "require_env" => {
                    let name = value.text().map_err(&wrong)?;
                    let values = std::env::var(name).map_err(|error| {
                        wrong(format!("the environment variable `{name}`: {error}"))
                    })?;
                    secrets = Some(
                        values
                            .split(',')
                            .map(|value| value.trim().to_owned())
                            .collect(),
                    );
                }
                "require_file" => {
                    let path = value.text().map_err(&wrong)?;
                    let values = std::fs::read_to_string(path)
                        .map_err(|error| wrong(format!("`{path}`: {error}")))?;
                    secrets = Some(
                        values
                            .lines()
                            .map(|value| value.trim().to_owned())
                            .collect(),
                    );
                }
                _ => return Err(ConfigError::UnknownKey { key }),
            }
            seen.push(key);
        }
        config.headers = names.headers()?;
        let differs = config.identity.differs_from(&config.headers);
        differs.map_err(|error| ConfigError::Value {
            key: "identity".to_owned(),
            reason: error.to_string(),
        })?;
        config.secret = secret(require, secrets, &config.headers)?;
        if let Some(count) = count {
            if trust.is_some_and(|trust| trust != TrustedProxies::none()) || hops.is_some() {
                return Err(ConfigError::Value {
                    key: "count".to_owned(),
                    reason: "stands instead of `trust` and `hops`".to_owned(),
                });
            }
            config.trust = TrustedProxies::count(count);
            return Ok(config);
        }
        let trust: TrustedProxies = trust.ok_or(ConfigError::TrustMissing)?;
        config.trust = match hops {
            None => trust,
            Some(None) => trust.unlimited_hops(),
            Some(Some(hops)) => trust.hops(hops),
        };
        Ok(config)
    }
}

/// Header names.
fn header_names(value: Value) -> Result<Vec<http::HeaderName>, String> {
    value
        .list()?
        .iter()
        .map(|name| match name.parse() {
            Ok(header) if header != http::header::HOST => Ok(header),
            _ => Err(format!("`{}` cannot be named here", name.escape_debug())),
        })
        .collect()
}

/// The header that proves the proxy, if one is named; its values come from elsewhere.
fn secret(
    name: Option<String>,
    values: Option<Vec<String>>,
    headers: &Headers,
) -> Result<Option<Secret>, ConfigError> {
    let wrong = |reason: String| ConfigError::Value {
        key: "require".to_owned(),
        reason,
    };
    match (name, values) {
        (None, None) => Ok(None),
        (Some(name), Some(values)) => {
            let header: http::HeaderName = name
                .parse()
                .map_err(|_| wrong(format!("`{}` is no header name", name.escape_debug())))?;
            if headers.recognise(header.as_str()).is_some() {
                let error = crate::headers::HeadersError::InvalidName { name };
                return Err(wrong(error.to_string()));
            }
            Secret::new(header, values)
                .map(Some)
                .map_err(|reason| wrong(reason.to_owned()))
        }
        _ => Err(wrong(
            "needs a name, and its values by `require_env` or `require_file`".to_owned(),
        )),
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConfigVisitor)
    }
}

struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table with the keys {}", KEYS.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let mut values = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if !KEYS.contains(&key.as_str()) {
                return Err(A::Error::custom(ConfigError::UnknownKey { key }));
            }
            let value = map.next_value().map_err(|error| {
                A::Error::custom(ConfigError::Value {
                    key: key.clone(),
                    reason: error.to_string(),
                })
            })?;
            values.push((key, value));
        }
        Config::from_values(values).map_err(A::Error::custom)
    }
}
