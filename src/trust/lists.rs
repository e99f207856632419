//! Lists of networks as text, as providers publish them.

use super::{
    entry::{Entries, TrustError},
    proxies::TrustedProxies,
};

/// Why a published list cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// A line is not a valid entry.
    #[error("line {line}: {error}")]
    Line {
        /// The number of the line, starting at 1.
        line: usize,
        /// What is wrong with it.
        error: TrustError,
    },
    /// The list has no entries, for example after a failed download.
    #[error("the list contains no networks")]
    Empty,
    /// An environment variable is not set.
    #[error(
        "the environment variable {name} is not set: set it to addresses and networks, or to `*`"
    )]
    NotSet {
        /// The variable.
        name: String,
    },
    /// The value of an environment variable is not a valid list.
    #[error("{name}: {error}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong with it.
        error: TrustError,
    },
    /// The text is not what the provider publishes.
    #[cfg(feature = "published-lists")]
    #[error("not {list}: {reason}")]
    Format {
        /// What was expected.
        list: &'static str,
        /// The reason, with line and column.
        reason: String,
    },
    /// The list contains no networks of the requested kind.
    #[cfg(feature = "published-lists")]
    #[error("{list} contains no networks for {wanted}")]
    Nothing {
        /// The list.
        list: &'static str,
        /// What was requested.
        wanted: String,
    },
}

impl TrustedProxies {
    /// Reads a list with one entry per line, as Cloudflare, Fastly and others publish it. Text after `#` is a comment.
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let proxies = TrustedProxies::from_list("# https://www.cloudflare.com/ips-v4\n\
    ///     173.245.48.0/20\n\
    ///     103.21.244.0/22  # Asia\n")?;
    /// assert_eq!(proxies.range_count(), 2);
    /// # Ok::<(), tower_forwarded::ListError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a line is not a valid entry, or if the list has no entries. The error names the first invalid line.
    pub fn from_list(text: &str) -> Result<Self, ListError> {
        let mut read = Entries::default();
        for (index, line) in text.lines().enumerate() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if !entry.is_empty() {
                read.add(entry).map_err(|error| ListError::Line {
                    line: index.saturating_add(1),
                    error,
                })?;
            }
        }
        if read.networks.is_empty() && !read.unix && !read.any_peer {
            return Err(ListError::Empty);
        }
        Ok(read.into())
    }

    /// Reads an environment variable in the syntax of uvicorn's `FORWARDED_ALLOW_IPS`: addresses and networks,
    /// separated by commas. The variable can also be `*`, which means [any peer](Self::any) here.
    ///
    /// # Errors
    ///
    /// If the variable is not set, is not valid Unicode, or is not a valid list. The error names the variable.
    pub fn from_env(name: &str) -> Result<Self, ListError> {
        let text = std::env::var_os(name).ok_or_else(|| ListError::NotSet {
            name: name.to_owned(),
        })?;
        text.to_string_lossy()
            .parse()
            .map_err(|error| ListError::Variable {
                name: name.to_owned(),
                error,
            })
    }
}
