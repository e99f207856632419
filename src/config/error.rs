//! What is wrong with a configuration.

/// What is wrong with a configuration.
///
/// Each error names the key, the text and what was expected. For environment variables, the key is the name of the
/// variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Unknown key.
    #[error("`{}` is not a known key: expected one of {}", key.escape_debug(), expected.join(", "))]
    UnknownKey {
        /// The key.
        key: String,
        /// The keys that can stand there.
        expected: Vec<String>,
    },
    /// The same key twice.
    #[error("{}: is set twice", key.escape_debug())]
    Twice {
        /// The key.
        key: String,
    },
    /// The key that must be there: without it, nobody has decided which proxies to trust.
    #[error("{}: is missing: list your proxies, such as 10.0.0.0/16, or write `none` to trust nobody", key.escape_debug())]
    TrustMissing {
        /// The key.
        key: String,
    },
    /// A value that is not valid for its key.
    #[error("{}: {reason}", key.escape_debug())]
    Value {
        /// The key.
        key: String,
        /// What is wrong, with the text and what was expected.
        reason: String,
    },
}

impl ConfigError {
    /// The same with another name for each key.
    pub(super) fn rename(mut self, name: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::UnknownKey { key, expected } => {
                *key = name(key);
                for key in expected {
                    *key = name(key);
                }
            }
            Self::Twice { key } | Self::TrustMissing { key } | Self::Value { key, .. } => {
                *key = name(key);
            }
        }
        self
    }
}
