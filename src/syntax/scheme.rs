//! Schemes as proxies spell them.

use std::fmt;

/// The scheme of the target URI (`url.scheme` in OpenTelemetry's terms): `http` or `https`.
///
/// A WebSocket handshake travels over one of the two, so `ws` and `wss` are read as `http` and
/// `https` (rule R7).
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

    /// Whether the client's connection was encrypted.
    #[must_use]
    pub const fn is_https(self) -> bool {
        matches!(self, Self::Https)
    }

    /// The port that a URL of this scheme means when it names none (RFC 9110, section 4.2).
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

/// The text is none of `http`, `https`, `ws` and `wss`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a scheme: expected http, https, ws or wss", .0.escape_debug())]
pub struct SchemeError(pub String);

impl std::str::FromStr for Scheme {
    type Err = SchemeError;

    fn from_str(text: &str) -> Result<Self, SchemeError> {
        parse(text.as_bytes()).ok_or_else(|| SchemeError(text.to_owned()))
    }
}

/// `http`, `ws`, `https` or `wss`, in any case.
pub(crate) fn parse(text: &[u8]) -> Option<Scheme> {
    match text {
        b"https" => Some(Scheme::Https),
        b"http" => Some(Scheme::Http),
        _ if text.eq_ignore_ascii_case(b"https") || text.eq_ignore_ascii_case(b"wss") => {
            Some(Scheme::Https)
        }
        _ if text.eq_ignore_ascii_case(b"http") || text.eq_ignore_ascii_case(b"ws") => {
            Some(Scheme::Http)
        }
        _ => None,
    }
}

/// `on`, `1` or `true` for https, `off`, `0` or `false` for http, in any case.
pub(crate) fn parse_switch(text: &[u8]) -> Option<Scheme> {
    let is = |words: [&[u8]; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is([b"on", b"1", b"true"]) {
        Some(Scheme::Https)
    } else if is([b"off", b"0", b"false"]) {
        Some(Scheme::Http)
    } else {
        None
    }
}

/// Cloudflare's `CF-Visitor: {"scheme":"https"}`: one JSON object with one string in it.
pub(crate) fn parse_cf_visitor(text: &[u8]) -> Option<Scheme> {
    fn after<'a>(text: &'a [u8], token: &[u8]) -> Option<&'a [u8]> {
        text.trim_ascii_start().strip_prefix(token)
    }
    let value = after(text, b"{")
        .and_then(|text| after(text, b"\"scheme\""))
        .and_then(|text| after(text, b":"))
        .and_then(|text| after(text, b"\""))?;
    let quote = value.iter().position(|&byte| byte == b'"')?;
    let (value, rest) = value.split_at_checked(quote)?;
    let rest = after(rest, b"\"").and_then(|text| after(text, b"}"))?;
    rest.trim_ascii().is_empty().then(|| parse(value))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_are_read_in_any_case() {
        for (text, expected) in [
            ("http", Some(Scheme::Http)),
            ("HTTPS", Some(Scheme::Https)),
            ("Ws", Some(Scheme::Http)),
            ("wSS", Some(Scheme::Https)),
            ("", None),
            ("ftp", None),
            ("https ", None),
            ("https:", None),
            ("httpss", None),
            ("on", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn switches_and_cloudflares_object_are_read_strictly() {
        assert_eq!(parse_switch(b"On"), Some(Scheme::Https));
        assert_eq!(parse_switch(b"off"), Some(Scheme::Http));
        assert_eq!(parse_switch(b"https"), None);
        assert_eq!(parse_switch(b""), None);
        for (text, expected) in [
            (r#"{"scheme":"https"}"#, Some(Scheme::Https)),
            (r#" { "scheme" : "http" } "#, Some(Scheme::Http)),
            (r#"{"scheme":"https"}x"#, None),
            (r#"{"scheme":"https","scheme":"http"}"#, None),
            (r#"{"scheme":"ftp"}"#, None),
            (r#"{"scheme":"https"#, None),
            (r#"{"x":"https"}"#, None),
            ("https", None),
        ] {
            assert_eq!(parse_cf_visitor(text.as_bytes()), expected, "{text}");
        }
    }
}
