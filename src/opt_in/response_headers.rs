//! What an opt-in layer changes in the headers of the inner service's response.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};

use crate::{
    host_pattern::HostPattern,
    resolution::{Origin, scheme::Scheme},
    syntax::{authority, path::has_prefix},
};

/// A change to the headers of a response.
#[derive(Debug)]
pub(super) enum Finish {
    Nothing,
    /// Adds `Strict-Transport-Security` if the service did not set it itself.
    Hsts(HeaderValue),
    Repair(Repair),
}

impl Finish {
    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        match self {
            Self::Nothing => {}
            Self::Hsts(value) => {
                if !headers.contains_key(header::STRICT_TRANSPORT_SECURITY) {
                    // This fails only if the map is full.
                    let _full =
                        headers.try_insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
                }
            }
            Self::Repair(repair) => repair.apply(headers),
        }
    }
}

/// Repairs the headers of a response to a request for `origin`.
#[derive(Debug)]
pub(super) struct Repair {
    pub(super) origin: Option<Origin>,
    pub(super) backends: Arc<[HostPattern]>,
    pub(super) secure_cookies: bool,
}

impl Repair {
    fn apply(&self, headers: &mut HeaderMap) {
        // Changes the values in place, since `entry` fails if the map is full.
        for (name, line) in headers.iter_mut() {
            let repaired = match (name, &self.origin) {
                (&(header::LOCATION | header::CONTENT_LOCATION), Some(origin)) => {
                    self.url(line.as_bytes(), origin)
                }
                (&header::REFRESH, Some(origin)) => self.refresh(line.as_bytes(), origin),
                (&header::SET_COOKIE, _) if self.secure_cookies => secure(line.as_bytes()),
                _ => None,
            };
            if let Some(value) = repaired.and_then(|text| HeaderValue::try_from(text).ok()) {
                *line = value;
            }
        }
    }
}

/// The cookie with `Secure`; `None` if it has `Secure` already.
fn secure(cookie: &[u8]) -> Option<Vec<u8>> {
    let mut attributes = cookie.split(|&byte| byte == b';').skip(1);
    let has = attributes.any(|text| text.trim_ascii().eq_ignore_ascii_case(b"secure"));
    (!has).then(|| [cookie, b"; Secure"].concat())
}

impl Repair {
    /// The URL that the client needs; `None` if the URL is right already, or does not lead to this service.
    fn url(&self, text: &[u8], origin: &Origin) -> Option<Vec<u8>> {
        let prefix = origin.prefix().unwrap_or_default().as_bytes();
        let (scheme, rest) = match split_at_slashes(text) {
            Some((b"", rest)) => (None, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"http:") => {
                (Some(Scheme::Http), rest)
            }
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"https:") => {
                (Some(Scheme::Https), rest)
            }
            _ => {
                let needs_prefix =
                    text.starts_with(b"/") && !prefix.is_empty() && !has_prefix(text, prefix);
                return needs_prefix.then(|| [prefix, text].concat());
            }
        };
        // A redirect to https is never changed to http.
        if scheme == Some(Scheme::Https) && origin.scheme() == Scheme::Http {
            return None;
        }
        let end = rest.iter().position(|byte| b"/?#".contains(byte));
        let (host, path) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        let host = authority::parse(host)?;
        let scheme_port = scheme.unwrap_or(origin.scheme()).default_port();
        let port = host.port.or(Some(scheme_port));
        let ours = self
            .backends
            .iter()
            .any(|backend| backend.matches(host.host, port))
            || is_believed(&host, scheme, origin);
        if !ours {
            return None;
        }
        let prefix = if has_prefix(path, prefix) {
            b""
        } else {
            prefix
        };
        let repaired = [origin.to_string().as_bytes(), prefix, path].concat();
        (repaired != text).then_some(repaired)
    }

    /// Does the same as `url` for the URL in `seconds; url=…`.
    fn refresh(&self, text: &[u8], origin: &Origin) -> Option<Vec<u8>> {
        let (before, url, after) = refresh_url(text)?;
        let repaired = self.url(url, origin)?;
        Some([before, &repaired, after].concat())
    }
}

/// Splits the value of `Refresh` into the part before the URL, the URL, and the part after it. As in the HTML standard
/// ("shared declarative refresh steps"), `;`, `,` or blanks follow the time, and the URL may be in quotes.
fn refresh_url(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let is_time = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let start = text.trim_ascii_start();
    let time = start.iter().take_while(|byte| is_time(byte)).count();
    let (time, rest) = start.split_at_checked(time)?;
    let after_blanks = rest.trim_ascii_start();
    let after_mark = after_blanks.strip_prefix(b";");
    let after_mark = after_mark.or_else(|| after_blanks.strip_prefix(b","));
    if time.is_empty() || (after_mark.is_none() && after_blanks.len() == rest.len()) {
        return None;
    }
    let rest = after_mark.unwrap_or(after_blanks).trim_ascii_start();
    let value = match rest.split_at_checked(3) {
        Some((name, after)) if name.eq_ignore_ascii_case(b"url") => after
            .trim_ascii_start()
            .strip_prefix(b"=")
            .map_or(rest, <[u8]>::trim_ascii_start),
        _ => rest,
    };
    let (url, after) = match value {
        [quote @ (b'"' | b'\''), url @ ..] => {
            let end = url.iter().position(|byte| byte == quote);
            url.split_at_checked(end.unwrap_or(url.len()))?
        }
        _ => (value, &b""[..]),
    };
    let length = url.len().checked_add(after.len())?;
    let (before, _) = text.split_at_checked(text.len().checked_sub(length)?)?;
    Some((before, url, after))
}

/// The parts before and after the first `//`.
fn split_at_slashes(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.windows(2).position(|pair| pair == b"//")?;
    Some((text.get(..at)?, text.get(at.checked_add(2)?..)?))
}

/// Whether a URL with this host and port leads to the service itself, and not to another port.
fn is_believed(host: &authority::HostPort<'_>, scheme: Option<Scheme>, origin: &Origin) -> bool {
    let default = scheme.map(Scheme::default_port);
    let same_port = match host.port {
        Some(port) => port == origin.port() || Some(port) == default,
        // An https URL without a port means port 443, and not the port that the client used.
        None if scheme == Some(Scheme::Https) => origin.port() == Scheme::Https.default_port(),
        None => true,
    };
    same_port && host.host_is(origin.host())
}
