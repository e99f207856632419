//! The target that the client asked for.

use http::{Request, Uri};

/// The target that the client asked for. Inside of axum's `nest`, the request's own URI lacks what the router took off.
pub(crate) fn original_uri<B>(request: &Request<B>) -> &Uri {
    #[cfg(feature = "axum-08")]
    if let Some(original) = request.extensions().get::<axum::extract::OriginalUri>() {
        return &original.0;
    }
    request.uri()
}
