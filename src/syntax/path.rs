//! Paths that a program behind the layer may read in another way.

/// Whether a program behind the layer may read a segment as `.` or `..`: because it decodes the path once, treats `\`
/// as `/`, or removes the parameters of a segment (`..;a=b`).
pub(crate) fn has_dots(path: &str) -> bool {
    let decoded = [
        ("%2e", "."),
        ("%2f", "/"),
        ("%5c", "/"),
        ("%3b", ";"),
        ("\\", "/"),
    ]
    .iter()
    .fold(path.to_ascii_lowercase(), |path, (from, to)| {
        path.replace(from, to)
    });
    decoded.split('/').any(|segment| {
        let name = segment.split(';').next().unwrap_or_default();
        matches!(name, "." | "..")
    })
}

/// Whether a path begins with the prefix, in whole segments.
pub(crate) fn has_prefix(path: &[u8], prefix: &[u8]) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => matches!(rest, [] | [b'/' | b'?' | b'#', ..]),
        None => false,
    }
}
