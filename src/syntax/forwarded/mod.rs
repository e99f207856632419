//! Elements of the `Forwarded` header (RFC 7239, section 4), split from the right.

use std::borrow::Cow;

use super::{Class, is_ows, is_token, list::Split, trim_ows, trim_ows_start};

/// Splits at commas outside quoted strings, from right to left.
///
/// The part that a trusted proxy appended is well formed. So each quotation mark can be classified from the right end
/// of that part. Outside a string, the mark closes a string. Inside a string, it opens the string, unless an odd number
/// of backslashes is in front of it. So the comma that the proxy wrote in front of its element is always found,
/// whatever a client wrote further left, even an open quote. Read from the left, such a quote would swallow the element
/// that the proxy appended.
///
/// An element may be as long as the head of the request, since a proxy copies the client's own `Host` into it. With a
/// limit, a long host would invalidate the address in the same element.
#[derive(Debug)]
pub(crate) struct OutsideQuotes;

impl Split for OutsideQuotes {
    fn accepts(&self, _: &[u8]) -> bool {
        true
    }

    fn last_start(&self, line: &[u8]) -> Option<usize> {
        let mut quoted = false;
        let mut bytes = line;
        while let [before @ .., byte] = bytes {
            match byte {
                b',' if !quoted => {
                    return Some(before.len().saturating_add(1));
                }
                b'"' if !quoted => quoted = true,
                b'"' => {
                    let escapes = before
                        .iter()
                        .rev()
                        .take_while(|&&byte| byte == b'\\')
                        .count();
                    if escapes % 2 == 0 {
                        quoted = false;
                    }
                    // The backslashes are already checked, so every byte is looked at once or twice.
                    bytes = before.get(..before.len().saturating_sub(escapes))?;
                    continue;
                }
                _ => {}
            }
            bytes = before;
        }
        Some(0)
    }
}

/// The parameters of one element that are needed here. Extension parameters are checked and ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ForwardedElement<'a> {
    pub(crate) node: Option<Cow<'a, [u8]>>,
    pub(crate) by: Option<Cow<'a, [u8]>>,
    pub(crate) host: Option<Cow<'a, [u8]>>,
    pub(crate) proto: Option<Cow<'a, [u8]>>,
    /// Whether a value contains a comma or an escaped character, in quotes. Readers that split at every comma would
    /// misread such a value.
    pub(crate) needs_quoting: bool,
}

/// Parses one element. Returns `None` if it is empty or malformed, or contains a parameter twice.
///
/// An extension parameter may have no value: OpenShift's router writes `proto-version=`.
pub(crate) fn parse(text: &[u8]) -> Option<ForwardedElement<'_>> {
    let mut element = ForwardedElement::default();
    // Names of extension parameters, to detect duplicates.
    let mut extensions: [&[u8]; 8] = [b""; 8];
    let mut pairs = 0_usize;
    let mut needs_quoting = false;
    let mut rest = trim_ows(text);
    loop {
        // forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
        rest = trim_ows_start(rest);
        match rest {
            [] => break,
            [b';', after @ ..] => {
                rest = after;
                continue;
            }
            _ => {}
        }
        let (name, after) = NAME.split(rest);
        let after = match after {
            [b'=', after @ ..] if !name.is_empty() => after,
            _ => return None,
        };
        pairs = pairs.saturating_add(1);
        let slot = if name.eq_ignore_ascii_case(b"for") {
            Some(&mut element.node)
        } else if name.eq_ignore_ascii_case(b"proto") {
            Some(&mut element.proto)
        } else if name.eq_ignore_ascii_case(b"host") {
            Some(&mut element.host)
        } else if name.eq_ignore_ascii_case(b"by") {
            Some(&mut element.by)
        } else {
            None
        };
        rest = match slot {
            Some(slot) => {
                let (value, after) = value(after, &mut needs_quoting)?;
                if slot.replace(value).is_some() {
                    return None;
                }
                after
            }
            None => {
                if extensions
                    .iter()
                    .any(|seen| seen.eq_ignore_ascii_case(name))
                {
                    return None;
                }
                *extensions.iter_mut().find(|slot| slot.is_empty())? = name;
                value(after, &mut needs_quoting).map_or(after, |(_, after)| after)
            }
        };
        rest = trim_ows_start(rest);
        if !matches!(rest, [] | [b';', ..]) {
            return None;
        }
    }
    element.needs_quoting = needs_quoting;
    (pairs > 0).then_some(element)
}

fn split_while(text: &[u8], accept: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|&byte| !accept(byte))
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

static NAME: Class = Class::tokens_and(b"");

/// `[`, `]` and `:` are not token characters. But many proxies write `for=[::1]:80` and `host=a.example:8443`, so these
/// characters are accepted.
static VALUE: Class = Class::tokens_and(b"[]:");

/// Parses a token or a quoted string. Also returns the rest of the text.
fn value<'a>(text: &'a [u8], needs_quoting: &mut bool) -> Option<(Cow<'a, [u8]>, &'a [u8])> {
    let [b'"', inside @ ..] = text else {
        let (token, rest) = VALUE.split(text);
        return (!token.is_empty()).then_some((Cow::Borrowed(token), rest));
    };
    let (plain, mut rest) = split_while(inside, is_quoted_text);
    *needs_quoting |= plain.contains(&b',');
    if let [b'"', after @ ..] = rest {
        return Some((Cow::Borrowed(plain), after));
    }
    *needs_quoting = true;
    let mut decoded = plain.to_vec();
    loop {
        match rest {
            [b'"', after @ ..] => return Some((Cow::Owned(decoded), after)),
            [b'\\', escaped, after @ ..] if is_text(*escaped) => {
                decoded.push(*escaped);
                rest = after;
            }
            [byte, after @ ..] if is_quoted_text(*byte) => {
                decoded.push(*byte);
                rest = after;
            }
            _ => return None,
        }
    }
}

/// The text of a value: a token unchanged, and anything else as a quoted string.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    if !text.is_empty() && text.bytes().all(is_token) {
        return text.into();
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"").into()
}

/// Whether a backslash may escape this byte (RFC 9110, section 5.6.4).
const fn is_text(byte: u8) -> bool {
    is_ows(byte) || byte.is_ascii_graphic() || byte >= 0x80
}

/// `qdtext` (RFC 9110, section 5.6.4)
const fn is_quoted_text(byte: u8) -> bool {
    is_text(byte) && !matches!(byte, b'"' | b'\\')
}

#[cfg(test)]
mod tests;
