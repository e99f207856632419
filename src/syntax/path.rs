//! Paths that a program behind the layer may read in another way.

/// Whether a program behind the layer may read a segment as `.` or `..`: because it decodes the path once, treats `\`
/// as `/`, or removes the parameters of a segment (`..;a=b`).
pub(crate) fn has_dots(path: &str) -> bool {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [byte, after @ ..] = rest {
        let (byte, after) = match rest {
            [b'%', b'2', b'e' | b'E', after @ ..] => (b'.', after),
            [b'\\', after @ ..]
            | [b'%', b'2', b'f' | b'F', after @ ..]
            | [b'%', b'5', b'c' | b'C', after @ ..] => (b'/', after),
            [b'%', b'3', b'b' | b'B', after @ ..] => (b';', after),
            _ => (*byte, after),
        };
        decoded.push(byte);
        rest = after;
    }
    let mut segments = decoded.split(|&byte| byte == b'/');
    segments.any(|segment| {
        matches!(
            segment,
            [b'.'] | [b'.', b'.'] | [b'.', b';', ..] | [b'.', b'.', b';', ..]
        )
    })
}

/// Whether a path begins with the prefix, in whole segments.
pub(crate) fn has_prefix(path: &[u8], prefix: &[u8]) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => matches!(rest, [] | [b'/' | b'?' | b'#', ..]),
        None => false,
    }
}
