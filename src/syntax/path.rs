//! Paths that something further in may take for others.

/// Whether a segment is `.` or `..` to anything that decodes the path once, takes `\` for `/`, or cuts a
/// segment's parameters off (`..;a=b`).
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

/// Whether a path begins with the prefix, as whole segments.
pub(crate) fn has_prefix(path: &[u8], prefix: &[u8]) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => matches!(rest, [] | [b'/' | b'?' | b'#', ..]),
        None => false,
    }
}
