//! Schemes, in the forms that proxies use in their own headers.

use crate::resolution::scheme::Scheme;

/// Parses `on`, `1`, `true` or `ssl` as https, and `off`, `0` or `false` as http, ignoring case. gunicorn looks for
/// `ssl` in `X-Forwarded-Protocol`.
pub(crate) fn parse_switch(text: &[u8]) -> Option<Scheme> {
    let is = |words: [&[u8]; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is([b"on", b"1", b"true"]) || text.eq_ignore_ascii_case(b"ssl") {
        Some(Scheme::Https)
    } else if is([b"off", b"0", b"false"]) {
        Some(Scheme::Http)
    } else {
        None
    }
}

/// Parses Cloudflare's `CF-Visitor: {"scheme":"https"}`: one JSON object that contains one string.
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
    rest.trim_ascii()
        .is_empty()
        .then(|| Scheme::from_bytes(value))?
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
            assert_eq!(Scheme::from_bytes(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn switches_and_cloudflares_object_are_read_strictly() {
        assert_eq!(parse_switch(b"On"), Some(Scheme::Https));
        assert_eq!(parse_switch(b"off"), Some(Scheme::Http));
        assert_eq!(parse_switch(b"ssl"), Some(Scheme::Https));
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
