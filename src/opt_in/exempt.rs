//! Paths for which an opt-in layer makes an exception.

use http::Uri;

use crate::syntax::path::has_dots;

/// Whether a request's path is `exempt`, or below it if it ends with a slash.
///
/// One with a segment of dots is not below anything: something further in may take it for another path.
pub(super) fn is_exempt(uri: &Uri, exempt: &str) -> bool {
    let path = uri.path();
    let below = exempt.ends_with('/') && path.starts_with(exempt);
    path == exempt || (below && !has_dots(path))
}
