//! Bytes that an attacker may have chosen, as text that a terminal, a log and a page can show.

/// As printable ASCII of a bearable length.
pub(super) fn printable(bytes: &[u8]) -> String {
    const SHOWN: usize = 120;
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if shown.len() < bytes.len() { "…" } else { "" };
    format!("{}{more}", shown.escape_ascii())
}

/// A text of printable ASCII, cut to a length that a line can hold.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 2000;
    match text.get(..SHOWN) {
        Some(shown) if shown.len() < text.len() => format!("{shown}…"),
        _ => text.to_owned(),
    }
}

/// As printable ASCII: terminals act on control characters, those of U+0080 to U+009F too.
pub(super) fn escaped(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
