//! Changes to a header map that cannot fail.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Replaces all lines of a header with one line.
///
/// A header map with 24,576 names has no room for another name. If the header is present, it is still replaced.
/// Otherwise it is left out, since nothing that a client sends may make the layer panic.
pub(crate) fn set(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if !try_insert(headers, name, value) {
        // No value is better than a wrong value.
        headers.remove(name);
        try_insert(headers, name, value);
    }
}

fn try_insert(headers: &mut HeaderMap, name: &HeaderName, value: &str) -> bool {
    HeaderValue::from_str(value).is_ok_and(|value| headers.try_insert(name, value).is_ok())
}

/// Removes every line of these headers.
pub(crate) fn remove_all(headers: &mut HeaderMap, names: Vec<HeaderName>) {
    for name in names {
        headers.remove(name);
    }
}
