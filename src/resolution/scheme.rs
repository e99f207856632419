//! `http` or `https`.

use std::fmt;

/// The scheme of the target URI (`url.scheme` in OpenTelemetry's terms): `http` or `https`.
///
/// A WebSocket handshake is an HTTP request, so `ws` and `wss` are read as `http` and `https` (rule R7).
///
/// ```
/// use tower_forwarded::Scheme;
///
/// assert_eq!("wss".parse(), Ok(Scheme::Https));
/// assert_eq!(Scheme::Https.default_port(), 443);
/// assert_eq!(Scheme::Http.to_string(), "http");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// `"http"` or `"https"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Parses `http`, `ws`, `https` or `wss`, in upper or lower case.
    pub(crate) fn from_bytes(text: &[u8]) -> Option<Self> {
        match text {
            b"https" => Some(Self::Https),
            b"http" => Some(Self::Http),
            _ if text.eq_ignore_ascii_case(b"https") || text.eq_ignore_ascii_case(b"wss") => {
                Some(Self::Https)
            }
            _ if text.eq_ignore_ascii_case(b"http") || text.eq_ignore_ascii_case(b"ws") => {
                Some(Self::Http)
            }
            _ => None,
        }
    }

    /// Whether the scheme is `https`, so that the client's connection was encrypted.
    #[must_use]
    pub const fn is_https(self) -> bool {
        matches!(self, Self::Https)
    }

    /// The default port: the port of a URL with this scheme that names no port (RFC 9110, section 4.2).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Scheme> for http::uri::Scheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Http => Self::HTTP,
            Scheme::Https => Self::HTTPS,
        }
    }
}

/// The error for a text that is not `http`, `https`, `ws` or `wss`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a scheme: expected http, https, ws or wss", text.escape_debug())]
pub struct SchemeError {
    text: String,
}

impl SchemeError {
    /// The text that was parsed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl std::str::FromStr for Scheme {
    type Err = SchemeError;

    fn from_str(text: &str) -> Result<Self, SchemeError> {
        Self::from_bytes(text.as_bytes()).ok_or_else(|| SchemeError {
            text: text.to_owned(),
        })
    }
}
