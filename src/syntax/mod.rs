//! Parsers for bytes, without any policy.
//!
//! These parsers read what a header line says. [`resolve`](crate::resolve) decides whether to believe it. Every parser
//! takes bytes that an attacker may have chosen. It never panics, and its work for each element is bounded by a
//! constant.

pub(crate) mod authority;
pub(crate) mod forwarded;
pub(crate) mod ipv4;
pub(crate) mod list;
pub(crate) mod node;
pub(crate) mod path;
pub(crate) mod prefix;
pub(crate) mod scheme;

/// Optional white space (RFC 9110, section 5.6.3).
pub(crate) const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Removes optional white space at both ends of `text`.
pub(crate) fn trim_ows(text: &[u8]) -> &[u8] {
    trim_ows_end(trim_ows_start(text))
}

/// Removes optional white space before `text`.
pub(crate) const fn trim_ows_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Removes optional white space after `text`.
pub(crate) const fn trim_ows_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// A token character (RFC 9110, section 5.6.2).
pub(crate) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// A class of characters, as a table, since a parser looks up every byte in it.
pub(crate) struct Class([bool; 256]);

impl Class {
    /// Token characters, and the characters in `more`.
    #[allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation
    )]
    pub(crate) const fn tokens_and(more: &[u8]) -> Self {
        let mut class = [false; 256];
        let mut byte = 0;
        while byte < class.len() {
            class[byte] = is_token(byte as u8);
            byte += 1;
        }
        let mut next = 0;
        while next < more.len() {
            class[more[next] as usize] = true;
            next += 1;
        }
        Self(class)
    }

    /// Splits off the leading characters of this class.
    #[inline]
    pub(crate) fn split<'a>(&self, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let end = text
            .iter()
            .position(|&byte| !self.0.get(usize::from(byte)).copied().unwrap_or_default())
            .unwrap_or(text.len());
        text.split_at_checked(end).unwrap_or((text, &[]))
    }
}
