//! Turns bytes that an attacker may have chosen into text that is safe for a terminal, a log and a page.

use std::borrow::Cow;

/// As printable ASCII, shortened.
pub(super) fn printable(bytes: &[u8]) -> String {
    const SHOWN: usize = 120;
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if shown.len() < bytes.len() { "…" } else { "" };
    format!("{}{more}", shown.escape_ascii())
}

/// Shortens a text of printable ASCII to the length of a line.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 2000;
    match text.get(..SHOWN) {
        Some(shown) if shown.len() < text.len() => format!("{shown}…"),
        _ => text.to_owned(),
    }
}

/// The same authority or URI, with stars for a user name and password in front of the host.
pub(super) fn without_userinfo(text: &[u8]) -> Cow<'_, [u8]> {
    let is_scheme = |scheme: &[u8]| scheme.iter().all(u8::is_ascii_alphanumeric);
    let start = match text.windows(3).position(|part| part == b"://") {
        Some(at) if text.get(..at).is_some_and(is_scheme) => at.saturating_add(3),
        _ if text.starts_with(b"//") => 2,
        _ => 0,
    };
    let (before, rest) = text.split_at_checked(start).unwrap_or((text, b""));
    let ends = |byte: &u8| b"/?#".contains(byte);
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    let userinfo = rest.get(..end).unwrap_or(rest);
    match userinfo.iter().rposition(|byte| *byte == b'@') {
        Some(at) => {
            let host = rest.get(at..).unwrap_or(rest);
            Cow::Owned([before, b"***", host].concat())
        }
        None => Cow::Borrowed(text),
    }
}

/// As printable ASCII. Terminals act on control characters, also on U+0080 to U+009F.
pub(super) fn escaped(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shortened_only_if_it_is_longer() {
        let text = "a".repeat(2000);
        assert_eq!(shortened(&text), text);
        assert_eq!(shortened(&(text.clone() + "b")), text + "…");
    }
}
