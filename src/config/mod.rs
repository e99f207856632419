//! All settings as a section of a configuration file.

mod error;
mod headers;
mod keys;
mod layers;
mod opt_in;
mod require;
mod value;

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};

pub use self::{error::ConfigError, layers::ConfigLayers};
use self::{
    keys::{Entry, Keys},
    opt_in::OptIns,
    value::Value,
};
use crate::{
    headers::{Headers, unwanted::Unwanted},
    host_pattern::HostPattern,
    identity::names::BelievedNames,
    resolution::scheme::Scheme,
    secret::Secret,
    trust::TrustedProxies,
};

/// All settings of the layer and of the opt-in layers, as a section of a configuration file or as environment variables.
///
/// Read it with serde from TOML, JSON or another format, or with [`from_env`](Self::from_env). Then add
/// [`layers`](Self::layers) to your app. [`layer`](Self::layer) alone leaves the opt-in layers out.
///
/// ```
/// use axum::{Router, http::HeaderValue};
/// use tower_forwarded::Config;
/// use tower_http::cors::CorsLayer;
///
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Settings {
///     cors_origins: Vec<String>, // CORS is not part of the section
///     forwarded: Config,
/// }
///
/// // In your app, the text comes from std::fs::read_to_string("app.toml")?
/// let settings: Settings = toml::from_str(r#"
///     cors_origins = ["https://www.example.com"]
///     [forwarded]
///     trust = ["10.0.0.0/16"]
///     headers = "aws-alb"
///     [forwarded.allowed_hosts]
///     hosts = ["api.example.com"]
///     exempt_paths = ["/healthz"]
///     [forwarded.https_redirect]
///     exempt_paths = ["/healthz"]
/// "#)?;
/// let origins = settings.cors_origins.iter().map(|origin| origin.parse());
/// let origins = origins.collect::<Result<Vec<HeaderValue>, _>>()?;
/// let cors = CorsLayer::new().allow_origin(origins);
/// let app: Router = Router::new().layer(settings.forwarded.layers(cors));
///
/// let error = toml::from_str::<Config>("trust = ['10.0.0.5/8']").unwrap_err();
/// assert!(error.to_string().contains("trust: `10.0.0.5/8`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Keys
///
/// Only `trust` (or `count`) must be there. An unknown key is an error.
///
/// | key | value | default |
/// |---|---|---|
/// | `trust` | the proxies to trust, as entries of [`TrustedProxies`] | |
/// | `count` | a number of proxies with any address, instead of `trust` and `hops`: see [`TrustedProxies::count`] | |
/// | `hops` | at most this many proxies, or `all` for [no limit](TrustedProxies::unlimited_hops). With `*` and `all`, every client can forge its address | no limit; 1 if `trust` contains all IPv4 or all IPv6 addresses |
/// | `headers` | the name of a [preset](Headers), or a [table](#headers-of-your-own) | `x-forwarded` |
/// | `hosts` | [patterns](HostPattern) of forwarded hosts to [believe](crate::ForwardedLayer::believe_hosts) | none |
/// | `port` | whether to [believe a forwarded port](crate::ForwardedLayer::believe_port) | `false` |
/// | `prefix` | whether to [believe a forwarded prefix](crate::ForwardedLayer::believe_prefix) | `false` |
/// | `scheme` | the [scheme of the connection itself](crate::ForwardedLayer::connection_scheme): `http` or `https` | `http` |
/// | `identity` | headers to [believe about who the client is](crate::ForwardedLayer::believe_identity), or names of [presets](crate::Identity) | none |
/// | `client_cert` | your own header that [holds the client's certificate](https://docs.rs/tower-forwarded/latest/tower_forwarded/struct.ForwardedLayer.html#method.believe_client_cert) (feature `client-cert`) | none |
/// | `require` | the name of a [header that proves the proxy](crate::ForwardedLayer::require), or a table with `header`, and `env` or `file` | none |
/// | `require_env` | the environment variable with its values, separated by commas | |
/// | `require_file` | the file with its values, one on each line | |
/// | `keep` | headers to [leave as they came](crate::ForwardedLayer::keep) | none |
/// | `remove` | headers to [remove from every request](crate::ForwardedLayer::remove) | none |
/// | `keep_uri` | whether to [leave the URI as it came](crate::ForwardedLayer::keep_uri) | `false` |
/// | `keep_connect_info` | whether to [leave `ConnectInfo` as it came](crate::ForwardedLayer::keep_connect_info) | `false` |
/// | `record_hops` | whether to [record the hops](crate::ForwardedLayer::record_hops) | `false` |
///
/// A list can also be one text with commas: `"loopback, 10.0.0.0/8"`. An element of a list is one entry. If a value is
/// `null`, its key counts as missing.
///
/// Two options take functions, so they cannot be in a configuration:
/// [`peer_from`](crate::ForwardedLayer::peer_from) and
/// [`connection_scheme_from`](crate::ForwardedLayer::connection_scheme_from). Call them on what [`layer`](Self::layer)
/// returns.
///
/// ## Headers of your own
///
/// As a table, `headers` has these keys. Without a table, write each key with `headers_` in front, as in `headers_scheme`.
///
/// | key | value | default |
/// |---|---|---|
/// | `preset` | the name of a [preset](Headers) to start with | `x-forwarded` |
/// | `client` | your own header with the [client's address](Headers::client_field), instead of a preset | |
/// | `list` | whether `client` is a [list](Headers::client_list_field) to which each proxy appends | `false` |
/// | `scheme` | the [header for the scheme](Headers::with_scheme_field), or `none` if [no proxy states it](Headers::without_scheme) | the preset's |
/// | `host` | the [header for the host](Headers::with_host_field) | the preset's |
/// | `port` | the [header for the port](Headers::with_port_field) | the preset's |
/// | `prefix` | the [header for the prefix](Headers::with_prefix_field) | the preset's |
/// | `lists` | those of these headers that [hold lists](Headers::with_lists) | the preset's |
///
/// [`Headers`] in a configuration of your own has the same form.
///
/// ## Opt-in layers
///
/// [`layers`](Self::layers) adds these layers in the right order. Each is off unless its table or its key is there. Without
/// a table, write each key with the table's name in front: `https_redirect = true` and
/// `https_redirect_hsts_max_age = 31536000`.
///
/// | table | key | value | default |
/// |---|---|---|---|
/// | `trusted_peers` | `enabled` | whether [`TrustedPeersLayer`](crate::TrustedPeersLayer) is on | `true` in a table |
/// | | `exempt_paths` | [paths that everybody may request](crate::TrustedPeersLayer::exempt_path) | none |
/// | `allowed_hosts` | `hosts` | [patterns](HostPattern) of hosts: [`AllowedHostsLayer`](crate::AllowedHostsLayer) | |
/// | | `addresses` | whether to [allow addresses](crate::AllowedHostsLayer::allow_addresses) | `false` |
/// | | `exempt_paths` | [paths for any host](crate::AllowedHostsLayer::exempt_path) | none |
/// | | `status` | 421, or [400](crate::AllowedHostsLayer::answer_bad_request) | 421 |
/// | `reject` | `findings` | names of [findings](crate::Finding): [`RejectLayer`](crate::RejectLayer) | |
/// | `https_redirect` | `enabled` | whether [`HttpsRedirectLayer`](crate::HttpsRedirectLayer) is on | `true` in a table |
/// | | `exempt_paths` | [paths that stay on http](crate::HttpsRedirectLayer::exempt_path) | none |
/// | | `hsts_max_age` | seconds for [`Strict-Transport-Security`](crate::HttpsRedirectLayer::hsts) | none |
/// | | `hsts_include_subdomains` | [whether it is for subdomains too](crate::HttpsRedirectLayer::hsts_with_subdomains) | `false` |
/// | | `hsts_preload` | [whether browsers may add the host to their preload lists](crate::HttpsRedirectLayer::hsts_with_preload), with all subdomains | `false` |
/// | | `moved_permanently_for_get` | whether [GET gets 301](crate::HttpsRedirectLayer::moved_permanently_for_get) instead of 308 | `false` |
/// | | `ports` | [pairs of ports](crate::HttpsRedirectLayer::map_port) for http and https, as `"8080:8443"` | none |
/// | `location` | `enabled` | whether [`LocationLayer`](crate::LocationLayer) is on | `true` in a table |
/// | | `backends` | [patterns](HostPattern) of the [inner service's own hosts](crate::LocationLayer::backends) | none |
/// | | `secure_cookies` | whether to [add `Secure` to cookies](crate::LocationLayer::secure_cookies) | `false` |
/// | `outbound` | `headers` | `x-forwarded`, `forwarded` or both: [`OutboundLayer`](crate::OutboundLayer), see [`outbound`](Self::outbound) | |
/// | | `by` | [this proxy's name](crate::OutboundLayer::by) in `Forwarded` | none |
/// | | `remove` | [more headers to remove](crate::OutboundLayer::remove) | none |
///
/// ```
/// use tower_forwarded::Config;
///
/// let config: Config = toml::from_str(r#"
///     trust = "10.0.0.0/8"
///     headers = { client = "X-Client-IPs", list = true, scheme = "X-Forwarded-Proto" }
///     require = { header = "X-Origin-Verify", env = "PATH" } # in your app: the variable with the secret
///     identity = ["oauth2-proxy", "X-Team"]
///     trusted_peers = true
///     reject = ["for-malformed"]
/// "#)?;
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The proxies to trust, and how many of them.
    pub trust: TrustedProxies,
    /// The headers that they write.
    pub headers: Headers,
    /// Forwarded hosts to believe.
    pub hosts: Vec<HostPattern>,
    /// Whether a forwarded port is believed.
    pub port: bool,
    /// Whether a forwarded prefix is believed.
    pub prefix: bool,
    /// The scheme of the connection itself.
    pub scheme: Scheme,
    /// The headers that are believed to say who the client is.
    identity: BelievedNames,
    /// The header that proves the proxy.
    secret: Option<Secret>,
    /// Headers to leave as they came. `Host` has no effect here: the layer always writes it.
    pub keep: Vec<http::HeaderName>,
    /// Headers to remove from every request. `Host` has no effect here: the layer always writes it.
    pub remove: Vec<http::HeaderName>,
    /// Whether the URI stays as it came.
    pub keep_uri: bool,
    /// Whether axum's `ConnectInfo` stays as it came.
    pub keep_connect_info: bool,
    /// Whether the hops of each request are recorded.
    pub record_hops: bool,
    opt_ins: OptIns,
}

impl Config {
    /// Reads the environment variables whose names start with `prefix`.
    ///
    /// With `FORWARDED_`, these are `FORWARDED_TRUST`, `FORWARDED_HEADERS`, `FORWARDED_HEADERS_SCHEME` and so on: each
    /// key in capitals. Write lists with commas.
    ///
    /// The variable `FORWARDED_ALLOW_IPS` belongs to gunicorn and uvicorn. This method ignores it. To read
    /// it, see [`TrustedProxies::from_env`].
    ///
    /// # Errors
    ///
    /// The same errors as for a file, with the name of the variable. A variable with this prefix that is not a key is
    /// an error, so choose a prefix that no other part of your app uses. There is one exception: the variable with the
    /// secret, which `…REQUIRE_ENV` names, can have this prefix too.
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
    /// ```
    /// use tower_forwarded::Config;
    ///
    /// let variables = [("FORWARDED_TRUST", "10.0.0.0/8"), ("FORWARDED_HTTPS_REDIRECT", "yes")];
    /// let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    /// let error = Config::from_variables("FORWARDED_", variables).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "FORWARDED_HTTPS_REDIRECT: `yes` is not valid: expected `true` or `false`"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn from_variables(
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let variables: Vec<(String, String)> = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .collect();
        // The variable with the secret may have the same prefix.
        let names_secret = format!("{prefix}REQUIRE_ENV");
        let secret = variables.iter().find(|(name, _)| *name == names_secret);
        let secret = secret.map(|(_, value)| value.clone());
        let mut values = Vec::new();
        for (name, value) in variables {
            // The first is gunicorn's and uvicorn's own.
            if name == "FORWARDED_ALLOW_IPS" || secret.as_ref() == Some(&name) {
                continue;
            }
            if let Some(key) = name.strip_prefix(prefix) {
                values.push((key.to_lowercase(), Value::Text(value)));
            }
        }
        let variable = |key: &str| format!("{prefix}{}", key.to_uppercase());
        Self::from_values(values).map_err(|error| error.rename(variable))
    }

    fn from_values(values: Vec<(String, Value)>) -> Result<Self, ConfigError> {
        let mut keys = Keys::new(values)?;
        let headers = headers::read(&mut keys)?;
        let [keep, remove] = ["keep", "remove"].map(|key| keys.take(key));
        let names = |entry: &Option<Entry>| match entry {
            Some(entry) => entry.header_names(),
            None => Ok(Vec::new()),
        };
        let (kept, removed) = (names(&keep)?, names(&remove)?);
        let unwanted = Unwanted::from_iter(removed.clone());
        if let (Some(entry), Some(name)) =
            (keep, kept.iter().find(|it| unwanted.contains(it.as_str())))
        {
            return Err(entry.invalid(name.as_str(), "a header that `remove` does not name"));
        }
        Ok(Self {
            trust: trust(&mut keys)?,
            hosts: keys.read("hosts", Entry::parse_list)?.unwrap_or_default(),
            port: keys.switch("port")?,
            prefix: keys.switch("prefix")?,
            scheme: keys.read("scheme", Entry::parse)?.unwrap_or(Scheme::Http),
            identity: identity(&mut keys, &headers)?,
            secret: require::read(&mut keys, &headers)?,
            keep: kept,
            remove: removed,
            keep_uri: keys.switch("keep_uri")?,
            keep_connect_info: keys.switch("keep_connect_info")?,
            record_hops: keys.switch("record_hops")?,
            opt_ins: OptIns::read(&mut keys)?,
            headers,
        })
    }
}

/// Reads `trust`, `count` and `hops`.
fn trust(keys: &mut Keys) -> Result<TrustedProxies, ConfigError> {
    let trust = keys.read("trust", |entry| {
        let trust = match &entry.value {
            Value::Text(_) => entry.text()?.parse(),
            _ => match &*entry.list()? {
                // A list that has only this word means the same as the word.
                [only] if only == "none" => Ok(TrustedProxies::none()),
                entries => TrustedProxies::from_entries(entries),
            },
        };
        trust.map_err(|error| entry.wrong(error))
    })?;
    let hops = keys.read("hops", |entry| match entry.text()? {
        "all" => Ok(None),
        _ => entry.number("a number of hops or `all`").map(Some),
    })?;
    if let Some(entry) = keys.take("count") {
        let count = entry.number("a number of proxies")?;
        if trust.is_some() || hops.is_some() {
            return Err(entry.wrong(format!(
                "`{count}` cannot be combined with `trust` or `hops`: expected one or the other"
            )));
        }
        return Ok(TrustedProxies::count(count));
    }
    let trust = trust.ok_or_else(|| ConfigError::TrustMissing {
        key: "trust".to_owned(),
    })?;
    Ok(match hops {
        None => trust,
        Some(None) => trust.unlimited_hops(),
        Some(Some(hops)) => trust.hops(hops),
    })
}

/// Reads the headers that are believed to say who the client is.
fn identity(keys: &mut Keys, headers: &Headers) -> Result<BelievedNames, ConfigError> {
    let mut identity = BelievedNames::default();
    if let Some(entry) = keys.take("identity") {
        for name in entry.list()? {
            identity.add(&name).map_err(|error| entry.wrong(error))?;
        }
        let differs = identity.differs_from(headers);
        differs.map_err(|error| entry.wrong(error))?;
    }
    #[cfg(feature = "client-cert")]
    if let Some(entry) = keys.take("client_cert") {
        let added = identity.add_certificate(entry.text()?);
        added.map_err(|error| entry.wrong(error))?;
        let differs = identity.differs_from(headers);
        differs.map_err(|error| entry.wrong(error))?;
    }
    Ok(identity)
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
        let keys: Vec<&str> = keys::first_keys().collect();
        write!(f, "a table with the keys {}", keys.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let mut values = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            keys::check(&key).map_err(A::Error::custom)?;
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
