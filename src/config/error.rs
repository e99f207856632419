//! What is wrong with a configuration.

/// The keys of a configuration.
pub(super) const KEYS: &[&str] = &[
    "trust",
    "headers",
    "headers_client",
    "headers_list",
    "headers_scheme",
    "headers_host",
    "headers_port",
    "headers_prefix",
    "headers_lists",
    "hops",
    "hosts",
    "port",
    "prefix",
    "scheme",
    "count",
    "identity",
    #[cfg(feature = "client-cert")]
    "client_cert",
    "keep",
    "remove",
    "require",
    "require_env",
    "require_file",
];

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Unknown key.
    #[error("`{}` is no key here: expected one of {}", key.escape_debug(), KEYS.join(", "))]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// A key that is there twice.
    #[error("{key}: is there twice")]
    Twice {
        /// The key.
        key: String,
    },
    /// The key that must be there.
    #[error("trust: is missing; name the proxies, or write [] to trust nobody")]
    TrustMissing,
    /// A value that is none for its key.
    #[error("{key}: {reason}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong, naming the text.
        reason: String,
    },
}
