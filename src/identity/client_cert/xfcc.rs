//! An element of Envoy's `X-Forwarded-Client-Cert`.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert>

use std::borrow::Cow;

use super::{Chain, Malformed, pem};
use crate::resolution::XfccElement;

/// The pairs of an element. The values are unquoted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element<'a> {
    cert: Option<Cow<'a, str>>,
    chain: Option<Cow<'a, str>>,
    pub(super) names: XfccElement,
}

impl<'a> Element<'a> {
    /// Returns `None` if the element is malformed, or if it repeats a key that may appear only once.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut element = Self::default();
        let mut is_first = true;
        let mut rest = Some(text);
        while let Some(text) = rest {
            // Azure Container Apps ends an element with a semicolon.
            if text.is_empty() && !is_first {
                break;
            }
            is_first = false;
            let (key, after) = text.split_once('=')?;
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return None;
            }
            let (value, after) = value(after)?;
            rest = match after {
                "" => None,
                after => Some(after.strip_prefix(';')?),
            };
            let names = &mut element.names;
            let is_there_twice = match key.to_ascii_lowercase().as_str() {
                "cert" => element.cert.replace(value).is_some(),
                "chain" => element.chain.replace(value).is_some(),
                "hash" => names.hash.replace(value.into_owned()).is_some(),
                "subject" => names.subject.replace(value.into_owned()).is_some(),
                // Envoy writes an empty value if the certificate has no such name.
                "by" | "uri" | "dns" if value.is_empty() => false,
                "by" => also(&mut names.by, value),
                "uri" => also(&mut names.uri, value),
                "dns" => also(&mut names.dns, value),
                // Other versions of Envoy may write more keys.
                _ => false,
            };
            if is_there_twice {
                return None;
            }
        }
        Some(element)
    }

    /// The client's own certificate, and the certificates above it. `Chain` holds both.
    pub(super) fn certificates(&self) -> Result<Option<Chain>, Malformed> {
        let read = |text: &Option<Cow<'_, str>>| match text {
            Some(text) => pem::read(text.as_bytes()),
            None => Ok(None),
        };
        let (cert, chain) = (read(&self.cert)?, read(&self.chain)?);
        match (cert, chain) {
            (Some(cert), Some(chain)) if chain.first() != cert.first() => Err(Malformed),
            (Some(cert), None) if cert.len() != 1 => Err(Malformed),
            (_, Some(certificates)) | (Some(certificates), None) => Ok(Some(certificates)),
            (None, None) => Ok(None),
        }
    }
}

/// Adds a value of a key that may appear more than once. Returns `false`: it is not a forbidden repetition.
fn also(names: &mut Vec<String>, value: Cow<'_, str>) -> bool {
    names.push(value.into_owned());
    false
}

/// The value at the start of `text`, and the text after it.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, after) = text.split_at_checked(end)?;
        return (!value.contains('"')).then_some((Cow::Borrowed(value), after));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((Cow::Owned(value), quoted.get(at.saturating_add(1)..)?)),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(char),
        }
    }
    None
}
