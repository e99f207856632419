//! Parsers over bytes, without any policy.
//!
//! Whom to believe is decided in [`resolve`](crate::resolve); what a field line says is read here.
//! Every parser takes bytes that an attacker may have chosen, never panics and does work that is
//! bounded by a constant for each element it visits.

pub(crate) mod authority;
pub(crate) mod forwarded;
pub(crate) mod list;
pub(crate) mod node;
pub(crate) mod path;
pub(crate) mod prefix;
pub(crate) mod scheme;

/// Optional white space (RFC 9110, section 5.6.3).
pub(crate) const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `text` without optional white space at either end.
pub(crate) fn trim_ows(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_ows(*first) {
            break;
        }
        text = rest;
    }
    while let [rest @ .., last] = text {
        if !is_ows(*last) {
            break;
        }
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

/// Characters of one kind, as a table: a parser asks it for every byte.
pub(crate) struct Class([bool; 256]);

impl Class {
    /// Token characters and some more.
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

    /// Splits off the leading characters of this kind.
    #[inline]
    pub(crate) fn split<'a>(&self, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let end = text
            .iter()
            .position(|&byte| !self.0.get(usize::from(byte)).copied().unwrap_or_default())
            .unwrap_or(text.len());
        text.split_at_checked(end).unwrap_or((text, &[]))
    }
}
