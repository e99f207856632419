//! Paths for which an opt-in layer makes an exception.

use http::Uri;

use crate::syntax::path::has_dots;

/// Whether a request's path is equal to `exempt`, or below it if `exempt` ends with a slash. `/` is only the root, since
/// every path is below it.
///
/// A path with a segment of dots is never below another path, since code further in may take it for a different path.
pub(super) fn is_exempt(uri: &Uri, exempt: &str) -> bool {
    let path = uri.path();
    let below = exempt != "/" && exempt.ends_with('/') && path.starts_with(exempt);
    path == exempt || (below && !has_dots(path))
}
