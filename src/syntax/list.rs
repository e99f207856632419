//! Reads the elements of a list-based header from the right, across all its header lines.
//!
//! According to RFC 9110, section 5.3, the header lines with one name are one list, in order of appearance. A proxy
//! appends at the right end, so reading starts there. Elements further left, which a client may have written, are not
//! even looked at.

use super::trim_ows;

/// How a line is split into elements.
pub(crate) trait Split {
    /// Where the last element of `line` starts, or `None` if the element is too long.
    fn last_start(line: &[u8]) -> Option<usize>;
}

/// Splits at every comma, since `X-Forwarded-For` and similar headers have no quoting. In an element with more bytes
/// than `LONGEST`, the scan stops.
#[derive(Debug)]
pub(crate) struct AtCommas<const LONGEST: usize>;

impl<const LONGEST: usize> Split for AtCommas<LONGEST> {
    fn last_start(line: &[u8]) -> Option<usize> {
        let window = line.len().saturating_sub(LONGEST.saturating_add(1));
        match line.get(window..)?.iter().rposition(|&byte| byte == b',') {
            Some(comma) => Some(window.saturating_add(comma).saturating_add(1)),
            None if window == 0 => Some(0),
            None => None,
        }
    }
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
    split: std::marker::PhantomData<S>,
}

impl<'a, I, S> FromRight<'a, I, S>
where
    I: Iterator<Item = &'a [u8]>,
    S: Split,
{
    /// `lines` must yield the last header line first.
    pub(crate) fn new(mut lines: I) -> Self {
        let rest = lines.next();
        Self {
            lines,
            rest,
            split: std::marker::PhantomData,
        }
    }

    /// Whether there is another element to the left, which may be empty.
    pub(crate) const fn has_more(&self) -> bool {
        self.rest.is_some()
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
        let Some(start) = S::last_start(line) else {
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
        let text = trim_ows(raw);
        let padding = raw.iter().take_while(|&&byte| super::is_ows(byte)).count();
        Some(Element {
            text: Some(text),
            start: start.saturating_add(padding.min(raw.len())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Option<String>> {
        FromRight::<_, AtCommas<8>>::new(lines.iter().rev().map(|line| line.as_bytes()))
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

    #[test]
    fn the_start_of_an_element_is_where_its_text_starts() {
        let line = b"a,  bc , d";
        let starts: Vec<_> = FromRight::<_, AtCommas<8>>::new(std::iter::once(&line[..]))
            .map(|e| e.start)
            .collect();
        assert_eq!(starts, [9, 4, 0]);
    }
}
