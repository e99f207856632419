//! Reads the elements of a list-based header from the right, across all its header lines.
//!
//! According to RFC 9110, section 5.3, the header lines with one name are one list, in order of appearance. A proxy
//! appends at the right end, so reading starts there. Elements further left, which a client may have written, are not
//! even looked at.

use std::net::Ipv4Addr;

use super::{ipv4, trim_ows_end, trim_ows_start};

/// How a line is split into elements.
pub(crate) trait Split {
    /// Where the last element of `line` starts, or `None` if the element is too long.
    fn last_start(&self, line: &[u8]) -> Option<usize>;

    /// Whether an element, without white space around it, is not too long.
    fn accepts(&self, element: &[u8]) -> bool;
}

/// Splits at every comma, since `X-Forwarded-For` and similar headers have no quoting.
#[derive(Debug)]
pub(crate) struct AtCommas {
    /// In an element with more bytes than this, the scan stops. Two bytes of white space do not count: proxies put a
    /// space in front of the element that they append.
    pub(crate) longest: usize,
}

/// The white space that does not count.
const PADDING: usize = 2;

impl Split for AtCommas {
    fn last_start(&self, line: &[u8]) -> Option<usize> {
        let longest = self.longest.saturating_add(PADDING);
        let window = line.len().saturating_sub(longest.saturating_add(1));
        match last_comma(line.get(window..)?) {
            Some(comma) => Some(window.saturating_add(comma).saturating_add(1)),
            None if line.len() <= longest => Some(0),
            None => None,
        }
    }

    fn accepts(&self, element: &[u8]) -> bool {
        element.len() <= self.longest
    }
}

/// The position of the last comma. Looks at eight bytes at a time.
#[inline]
fn last_comma(text: &[u8]) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut rest = text;
    while let Some((before, chunk)) = rest.split_last_chunk() {
        // In big-endian order, the last byte is the lowest.
        let differs = u64::from_be_bytes(*chunk) ^ EACH.wrapping_mul(b',' as u64);
        // The highest bit of a byte is set where the byte is zero. Above the lowest such byte, it may be set elsewhere.
        let is_comma = differs.wrapping_sub(EACH) & !differs & EACH.wrapping_mul(0x80);
        if is_comma != 0 {
            let after = (is_comma.trailing_zeros() / 8) as usize;
            return rest.len().checked_sub(after)?.checked_sub(1);
        }
        rest = before;
    }
    rest.iter().rposition(|&byte| byte == b',')
}

/// One element of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    /// The element without white space around it, or `None` if it is too long.
    pub(crate) text: Option<&'a [u8]>,
    /// Where `text` starts in its header line.
    pub(crate) start: usize,
}

/// Iterates over the elements of header lines from right to left. The lines also come in this order.
#[derive(Debug)]
pub(crate) struct FromRight<'a, I, S> {
    lines: I,
    rest: Option<&'a [u8]>,
    split: S,
}

impl<'a, I, S> FromRight<'a, I, S>
where
    I: Iterator<Item = &'a [u8]>,
    S: Split,
{
    /// `lines` must yield the last header line first.
    pub(crate) fn new(mut lines: I, split: S) -> Self {
        let rest = lines.next();
        Self { lines, rest, split }
    }

    /// Whether there is another element to the left, which may be empty.
    pub(crate) const fn has_more(&self) -> bool {
        self.rest.is_some()
    }
}

impl<'a, I> FromRight<'a, I, AtCommas>
where
    I: Iterator<Item = &'a [u8]>,
{
    /// Takes the last element if it is a dotted-decimal IPv4 address and nothing else, with at most one space in front of
    /// it. Almost every element is, and this finds its beginning and its value in one pass. If it is not,
    /// [`next`](Self::next) takes it.
    #[inline]
    pub(crate) fn next_ipv4(&mut self) -> Option<(Ipv4Addr, Element<'a>)> {
        let line = self.rest?;
        let (address, before) = ipv4::at_end(line)?;
        if address.is_unspecified() {
            return None;
        }
        let rest = match before {
            [] => None,
            [rest @ .., b','] | [rest @ .., b',', b' '] => Some(rest),
            _ => return None,
        };
        self.rest = rest.or_else(|| self.lines.next());
        let start = before.len();
        let text = line.get(start..);
        Some((address, Element { text, start }))
    }
}

impl<'a, I, S> Iterator for FromRight<'a, I, S>
where
    I: Iterator<Item = &'a [u8]>,
    S: Split,
{
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let line = self.rest?;
        let last = self.split.last_start(line).and_then(|start| {
            let (before, raw) = line.split_at_checked(start)?;
            let text = trim_ows_start(raw);
            let padding = raw.len().saturating_sub(text.len());
            let text = trim_ows_end(text);
            let is_accepted = self.split.accepts(text);
            is_accepted.then(|| (before, text, start.saturating_add(padding)))
        });
        let Some((before, text, start)) = last else {
            // Everything to the left is unreachable, since it is unknown where this element starts.
            self.rest = None;
            return Some(Element {
                text: None,
                start: line.len(),
            });
        };
        self.rest = match before {
            [before @ .., _comma] => Some(before),
            [] => self.lines.next(),
        };
        Some(Element {
            text: Some(text),
            start,
        })
    }
}

#[cfg(test)]
mod tests;
