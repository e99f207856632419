//! Changes to a header map that cannot fail.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Replaces all lines of a header with one line.
///
/// A header map with 24,576 names has no room for another name. If the header is present, it is still replaced.
/// Otherwise it is left out, since nothing that a client sends may make the layer panic.
pub(crate) fn set(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    let try_insert = |headers: &mut HeaderMap| {
        let value = HeaderValue::from_str(value).ok()?;
        headers.try_insert(name, value).ok()
    };
    if try_insert(headers).is_none() {
        // No value is better than a wrong value.
        headers.remove(name);
        try_insert(headers);
    }
}

/// Removes every line of these headers.
pub(crate) fn remove_all(headers: &mut HeaderMap, names: Vec<HeaderName>) {
    for name in names {
        headers.remove(name);
    }
}
