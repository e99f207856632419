//! Patterns for the host names that the service accepts.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use crate::syntax::{authority, ipv4, node};

/// A host name, or a set of host names, that the service accepts.
///
/// | pattern | stands for |
/// |---|---|
/// | `api.example.com` | this name, with any port |
/// | `api.example.com:8443` | this name with this port. A host without a port has the default port of the request's scheme |
/// | `*.example.com`, `*.example.com:8443` | every name below `example.com`, not `example.com` itself |
/// | `192.0.2.1`, `[2001:db8::1]` | this address |
/// | `*` | every name |
///
/// A pattern ignores case, and also one dot at the end of a name.
///
/// ```
/// use tower_forwarded::HostPattern;
///
/// let pattern: HostPattern = "*.example.com".parse()?;
/// assert!(pattern.matches("api.example.com", None));
/// assert!(!pattern.matches("example.com.evil.example", None));
/// # Ok::<(), tower_forwarded::HostPatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern(Pattern);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Pattern {
    Any,
    Exact {
        host: Box<str>,
        port: Option<u16>,
    },
    /// Holds the dot: `.example.com`.
    Below {
        suffix: Box<str>,
        port: Option<u16>,
    },
}

impl HostPattern {
    /// Every name: `*`.
    pub const ANY: Self = Self(Pattern::Any);

    /// Reads all patterns, and fails at the first text that is not a pattern.
    pub(crate) fn all<I>(patterns: I) -> Result<Vec<Self>, HostPatternError>
    where
        I: IntoIterator,
        I::Item: TryInto<Self>,
        HostPatternError: From<<I::Item as TryInto<Self>>::Error>,
    {
        let patterns = patterns.into_iter().map(TryInto::try_into);
        Ok(patterns.collect::<Result<_, _>>()?)
    }

    /// Whether the pattern matches `host` and `port`. Write an IPv6 address in brackets. A pattern that names a port
    /// matches only if `port` is this port, so pass the default port of the scheme if the authority has none.
    #[must_use]
    pub fn matches(&self, host: &str, port: Option<u16>) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let same_port = |wanted: Option<u16>| wanted.is_none() || wanted == port;
        match &self.0 {
            Pattern::Any => true,
            Pattern::Exact { host: exact, port } => same_port(*port) && is_same_host(host, exact),
            Pattern::Below { suffix, port } => {
                same_port(*port)
                    && host
                        .len()
                        .checked_sub(suffix.len())
                        .and_then(|start| host.split_at_checked(start))
                        .is_some_and(|(labels, end)| {
                            end.eq_ignore_ascii_case(suffix)
                                && labels.split('.').all(|label| !label.is_empty())
                        })
            }
        }
    }
}

/// Compares two names, or two IPv6 addresses in brackets, which have more than one spelling.
fn is_same_host(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || bracketed(one).is_some_and(|address| bracketed(other) == Some(address))
}

fn bracketed(host: &str) -> Option<Ipv6Addr> {
    node::ipv6(host.strip_prefix('[')?.strip_suffix(']')?.as_bytes())
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = match &self.0 {
            Pattern::Any => return f.write_str("*"),
            Pattern::Exact { host, port } => {
                f.write_str(host)?;
                port
            }
            Pattern::Below { suffix, port } => {
                write!(f, "*{suffix}")?;
                port
            }
        };
        port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The text is not a valid host pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not a host pattern: expected a name (api.example.com), a name with a port \
     (api.example.com:8443), all names below one (*.example.com), an address (192.0.2.1, \
     [2001:db8::1]) or *",
    text.escape_debug()
)]
pub struct HostPatternError {
    text: String,
}

impl HostPatternError {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        let error = || HostPatternError {
            text: text.to_owned(),
        };
        if text == "*" {
            return Ok(Self::ANY);
        }
        let below = text.strip_prefix('*');
        let name = match below {
            Some(suffix) => suffix.strip_prefix('.').ok_or_else(error)?,
            None => text,
        };
        // Users first write `2001:db8::1` without brackets, so accept that too.
        if let (None, Some(address)) = (below, node::ipv6(name.as_bytes())) {
            return Ok(Self(Pattern::Exact {
                host: format!("[{address}]").into(),
                port: None,
            }));
        }
        let authority::HostPort { host, port } =
            authority::parse(name.as_bytes()).ok_or_else(error)?;
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let is_address = host.starts_with('[') || ipv4::parse(host.as_bytes()).is_some();
        if below.is_some() && is_address {
            return Err(error());
        }
        Ok(Self(match below {
            Some(_) => Pattern::Below {
                suffix: format!(".{host}").into(),
                port,
            },
            None => Pattern::Exact {
                host: host.into(),
                port,
            },
        }))
    }
}

impl TryFrom<&str> for HostPattern {
    type Error = HostPatternError;

    fn try_from(text: &str) -> Result<Self, HostPatternError> {
        text.parse()
    }
}

impl TryFrom<String> for HostPattern {
    type Error = HostPatternError;

    fn try_from(text: String) -> Result<Self, HostPatternError> {
        text.parse()
    }
}

impl TryFrom<&String> for HostPattern {
    type Error = HostPatternError;

    fn try_from(text: &String) -> Result<Self, HostPatternError> {
        text.parse()
    }
}

impl From<std::convert::Infallible> for HostPatternError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests;
