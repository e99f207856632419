//! The target that the client requested.

use http::{Request, Uri};

/// The target that the client requested. Inside axum's `nest`, the request's own URI lacks the part that the router
/// stripped.
pub(crate) fn original_uri<B>(request: &Request<B>) -> &Uri {
    #[cfg(feature = "axum-08")]
    if let Some(original) = request.extensions().get::<axum::extract::OriginalUri>() {
        return &original.0;
    }
    request.uri()
}
