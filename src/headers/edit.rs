//! Changes to a header map that cannot fail.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Replaces every line of a header by one.
///
/// A map of 24,576 names has no room for another. A header that is there is replaced all the same, and
/// one that is not is left out: nothing that a client sends may make the layer panic.
pub(crate) fn set(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    let try_insert = |headers: &mut HeaderMap| {
        let value = HeaderValue::from_str(value).ok()?;
        headers.try_insert(name, value).ok()
    };
    if try_insert(headers).is_none() {
        // Nothing is better than something wrong.
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
