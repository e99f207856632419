//! Turns bytes that an attacker may have chosen into text that is safe for a terminal, a log and a page.

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

/// As printable ASCII. Terminals act on control characters, also on U+0080 to U+009F.
pub(super) fn escaped(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
