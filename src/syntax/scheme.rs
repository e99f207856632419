//! Schemes, in the forms that proxies use in their own headers.

use crate::resolution::scheme::Scheme;

/// The words for a scheme in other headers than `X-Forwarded-Proto`. gunicorn looks for `ssl` in
/// `X-Forwarded-Protocol`.
const SWITCHES: [(&str, Scheme); 7] = [
    ("on", Scheme::Https),
    ("1", Scheme::Https),
    ("true", Scheme::Https),
    ("ssl", Scheme::Https),
    ("off", Scheme::Http),
    ("0", Scheme::Http),
    ("false", Scheme::Http),
];

/// Parses the name of a scheme, or one of the [`SWITCHES`], ignoring case. Also returns this word in lower case.
pub(crate) fn parse_switch(text: &[u8]) -> Option<(Scheme, &'static str)> {
    if let Some(scheme) = Scheme::from_bytes(text) {
        return Some((scheme, scheme.as_str()));
    }
    let (word, scheme) = SWITCHES
        .iter()
        .find(|(word, _)| text.eq_ignore_ascii_case(word.as_bytes()))?;
    Some((*scheme, word))
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
        assert_eq!(parse_switch(b"On"), Some((Scheme::Https, "on")));
        assert_eq!(parse_switch(b"0"), Some((Scheme::Http, "0")));
        assert_eq!(parse_switch(b"ssl"), Some((Scheme::Https, "ssl")));
        assert_eq!(parse_switch(b"HTTPS"), Some((Scheme::Https, "https")));
        assert_eq!(parse_switch(b"yes"), None);
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
