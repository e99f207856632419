//! Path prefixes (rule R9): the part of the path that a proxy removed before it forwarded the request.

use super::path::has_dots;

/// Parses a prefix. Returns it without a slash at its end, so `/` becomes `""`.
///
/// A prefix starts with one `/`. It must not contain `//`, `\`, `?`, `#`, a quotation mark, `<`, `>`, a `.` or `..`
/// segment, a space, a control character or a character outside ASCII. So it cannot turn a path into another host, or
/// lead out of its place. Dots count in every form that a program behind the layer may decode. A prefix may be as long
/// as the head of the request, since a proxy may take it from the client's path.
pub(crate) fn parse(text: &[u8]) -> Option<&str> {
    if text.first() != Some(&b'/') {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_suffix('/').unwrap_or(text);
    if !text.bytes().all(|byte| {
        byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>')
    }) {
        return None;
    }
    if text.is_empty() {
        return Some(text);
    }
    let has_empty_segment = text.split('/').skip(1).any(str::is_empty);
    (!has_empty_segment && !has_dots(text)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_can_only_be_a_path() {
        for (text, expected) in [
            ("/api", Some("/api")),
            ("/api/", Some("/api")),
            ("/api/v1", Some("/api/v1")),
            ("/", Some("")),
            ("/a..b/c.", Some("/a..b/c.")),
            ("", None),
            ("api", None),
            ("//evil.example", None),
            ("/a//b", None),
            ("/api//", None),
            ("/\\evil.example", None),
            ("/a?b", None),
            ("/a#b", None),
            ("/a/../b", None),
            ("/..", None),
            ("/a/%2E%2e/b", None),
            ("/.%2e", None),
            ("/a/./b", None),
            ("/a/..;/b", None),
            ("/a/..%2fb", None),
            ("/a/..%3Bx/b", None),
            ("/a/.%3b", None),
            ("/a%3b..", Some("/a%3b..")),
            ("/a%5c..", None),
            ("/it's", None),
            ("/a b", None),
            ("/a\u{7f}", None),
            ("/é", None),
            ("/\"><script>", None),
            ("https://evil.example", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
        let long = format!("/{}", "a".repeat(9000));
        assert_eq!(parse(long.as_bytes()), Some(&*long));
    }
}
