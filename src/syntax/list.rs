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
}

/// Splits at every comma, since `X-Forwarded-For` and similar headers have no quoting.
#[derive(Debug)]
pub(crate) struct AtCommas {
    /// In an element with more bytes than this, the scan stops.
    pub(crate) longest: usize,
}

impl Split for AtCommas {
    fn last_start(&self, line: &[u8]) -> Option<usize> {
        let window = line.len().saturating_sub(self.longest.saturating_add(1));
        match last_comma(line.get(window..)?) {
            Some(comma) => Some(window.saturating_add(comma).saturating_add(1)),
            None if window == 0 => Some(0),
            None => None,
        }
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
    /// Takes the last element if it is a dotted-decimal IPv4 address and nothing else. Almost every element is, and this
    /// finds its beginning and its value in one pass. If it is not, [`next`](Self::next) takes it.
    #[inline]
    pub(crate) fn next_ipv4(&mut self) -> Option<(Ipv4Addr, Element<'a>)> {
        let line = self.rest?;
        let (address, before) = ipv4::at_end(line)?;
        if address.is_unspecified() {
            return None;
        }
        let rest = match trim_ows_end(before) {
            [] => None,
            [rest @ .., b','] => Some(rest),
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
        let Some(start) = self.split.last_start(line) else {
            // Everything to the left is unreachable, since it is unknown where this element starts.
            self.rest = None;
            return Some(Element {
                text: None,
                start: line.len(),
            });
        };
        let (before, raw) = line.split_at_checked(start)?;
        self.rest = match before {
            [before @ .., _comma] => Some(before),
            [] => self.lines.next(),
        };
        let text = trim_ows_start(raw);
        let padding = raw.len().saturating_sub(text.len());
        Some(Element {
            text: Some(trim_ows_end(text)),
            start: start.saturating_add(padding),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::syntax::node;

    fn read(lines: &[&str]) -> Vec<Option<String>> {
        FromRight::new(
            lines.iter().rev().map(|line| line.as_bytes()),
            AtCommas { longest: 8 },
        )
        .map(|e| e.text.map(|t| String::from_utf8_lossy(t).into_owned()))
        .collect()
    }

    fn texts(expected: &[&str]) -> Vec<Option<String>> {
        expected.iter().map(|t| Some((*t).to_owned())).collect()
    }

    #[test]
    fn field_lines_are_one_list_read_from_the_right() {
        assert_eq!(read(&["a, b", "c"]), texts(&["c", "b", "a"]));
        assert_eq!(read(&["a,", ",b"]), texts(&["b", "", "", "a"]));
        assert_eq!(read(&[""]), texts(&[""]));
        assert_eq!(read(&[]), texts(&[]));
        assert_eq!(read(&[" \t a \t ,\tb "]), texts(&["b", "a"]));
    }

    #[test]
    fn an_element_that_is_too_long_ends_the_list() {
        assert_eq!(read(&["a,123456789"]), vec![None]);
        assert_eq!(read(&["a,12345678"]), texts(&["12345678", "a"]));
        assert_eq!(read(&["x,123456789,b"]), vec![Some("b".to_owned()), None]);
    }

    fn addresses<'a, const N: usize>(
        lines: [&'a [u8]; N],
    ) -> FromRight<'a, impl Iterator<Item = &'a [u8]>, AtCommas> {
        FromRight::new(lines.into_iter().rev(), AtCommas { longest: 128 })
    }

    /// The address, the start and the rest of the line, as [`FromRight::next`] and [`node::parse`] find them.
    fn slowly(line: &[u8]) -> Option<(Ipv4Addr, usize, Option<&[u8]>)> {
        let mut elements = addresses([line]);
        let element = elements.next()?;
        match node::parse(element.text?)? {
            node::Node::Address(IpAddr::V4(address), None) => {
                let same = address.to_string().as_bytes() == element.text?;
                same.then_some((address, element.start, elements.rest))
            }
            _ => None,
        }
    }

    fn fast(line: &[u8]) -> Option<(Ipv4Addr, usize, Option<&[u8]>)> {
        let mut elements = addresses([line]);
        let (address, element) = elements.next_ipv4()?;
        assert_eq!(element.text, line.get(element.start..));
        Some((address, element.start, elements.rest))
    }

    #[test]
    fn the_fast_way_finds_the_same_address_as_the_general_way_or_leaves_it() {
        let octets = [
            "", "0", "00", "01", "7", "10", "99", "100", "199", "249", "255", "256", "300", "1000",
        ];
        let before = [
            "", " ", ",", ", ", "a,\t ", ",,", "[", "a", "1", ".", "::ffff:", "a ",
        ];
        let mut same = 0;
        for (a, b) in octets.iter().flat_map(|a| octets.map(|b| (a, b))) {
            for (c, d) in octets.iter().flat_map(|c| octets.map(|d| (c, d))) {
                for before in before {
                    let line = format!("{before}{a}.{b}.{c}.{d}");
                    let fast = fast(line.as_bytes());
                    assert_eq!(fast, slowly(line.as_bytes()), "{line}");
                    same += usize::from(fast.is_some());
                }
            }
        }
        assert!(same > 24_000, "{same}");
    }

    #[test]
    fn what_follows_an_address_is_left_to_the_general_way() {
        for line in [
            "1.2.3.4 ",
            "1.2.3.4:80",
            "1.2.3.4.",
            "1.2.3.4a",
            "0.0.0.0",
            "1.2.3",
            "",
            "4",
        ] {
            assert_eq!(fast(line.as_bytes()), None, "{line}");
            let mut elements = addresses([line.as_bytes()]);
            assert!(
                elements.next_ipv4().is_none() && elements.next().is_some(),
                "{line}"
            );
        }
    }

    #[test]
    fn the_fast_way_goes_on_to_the_line_before() {
        let lines = [&b"10.0.0.1"[..], b"10.0.0.2, 10.0.0.3"];
        let mut elements = addresses(lines);
        let mut next = || elements.next_ipv4().map(|(address, _)| address.octets()[3]);
        assert_eq!(
            [next(), next(), next(), next()],
            [Some(3), Some(2), Some(1), None]
        );
    }

    #[test]
    fn the_last_comma_is_found_in_every_place() {
        for length in 0..40_usize {
            let mut text = vec![b'-'; length];
            assert_eq!(last_comma(&text), None);
            for first in 0..length {
                // In front of a comma, a hyphen, which is the next character, looks like one.
                text.fill(b'-');
                for place in (0..=first).step_by(3) {
                    text[place] = b',';
                }
                text[first] = b',';
                assert_eq!(last_comma(&text), Some(first), "{text:?}");
            }
        }
    }

    #[test]
    fn the_start_of_an_element_is_where_its_text_starts() {
        let line = b"a,  bc , d";
        let starts: Vec<_> = FromRight::new(std::iter::once(&line[..]), AtCommas { longest: 8 })
            .map(|e| e.start)
            .collect();
        assert_eq!(starts, [9, 4, 0]);
    }
}
