//! Checks whether the layer runs before CORS. No single request can show that.

use std::fmt;

use http::{Method, Request, Response, StatusCode, header};
use tower_service::Service;

use crate::layer::ForwardedLayer;

/// A CORS preflight was answered before it reached the [`ForwardedLayer`](crate::ForwardedLayer).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// A CORS layer runs before `ForwardedLayer`, so its rules see the proxy's request instead of the client's.
    #[error(
        "the CORS layer runs before ForwardedLayer, so its rules see the proxy's request: add \
         `.layer(ForwardedLayer::new(…))` after `.layer(CorsLayer::new()…)` on a Router, before it in a \
         ServiceBuilder"
    )]
    InsideCors,
    /// Another layer responded, or the service does not contain this `ForwardedLayer` at all.
    #[error(
        "a preflight was answered with {0} before it reached ForwardedLayer: add \
         `.layer(ForwardedLayer::new(…))` last on a Router, first in a ServiceBuilder, and pass that \
         layer, or a clone of it, to check_order"
    )]
    NotReached(StatusCode),
    /// The service returned an error.
    #[error("the service failed: {0}")]
    Failed(String),
}

/// Checks that this layer runs before everything in a finished service that answers CORS preflights.
///
/// Call it in a test of yours, since no single request shows that a layer is in the wrong place. CORS layers answer
/// preflights themselves. So if a preflight does not reach `ForwardedLayer`, a layer outside of it has answered.
///
/// The probe is an `OPTIONS` request without a peer and without `Host`. `layer` counts it among its
/// [findings](ForwardedLayer::finding_counts).
///
/// ```
/// use axum::{Router, body::Body};
/// use tower_forwarded::{ForwardedLayer, OrderError, TrustedProxies, check_order};
/// use tower_http::cors::CorsLayer;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let forwarded = ForwardedLayer::new(TrustedProxies::any());
/// let right: Router = Router::new().layer(CorsLayer::permissive()).layer(forwarded.clone());
/// assert_eq!(check_order(&forwarded, right, Body::empty()).await, Ok(()));
///
/// let wrong: Router = Router::new().layer(forwarded.clone()).layer(CorsLayer::permissive());
/// assert_eq!(check_order(&forwarded, wrong, Body::empty()).await, Err(OrderError::InsideCors));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Returns an error that says what is wrong with the order, and how to fix it.
pub async fn check_order<S, B, R>(
    layer: &ForwardedLayer,
    mut service: S,
    body: B,
) -> Result<(), OrderError>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: fmt::Display,
{
    let found = || -> u64 {
        layer
            .finding_counts()
            .fold(0, |sum, (_, count)| sum.saturating_add(count))
    };
    let mut request = Request::new(body);
    *request.method_mut() = Method::OPTIONS;
    for (name, value) in [
        (header::ORIGIN, "https://preflight.invalid"),
        (header::ACCESS_CONTROL_REQUEST_METHOD, "GET"),
    ] {
        request
            .headers_mut()
            .insert(name, http::HeaderValue::from_static(value));
    }
    let before = found();
    let failed = |error: S::Error| OrderError::Failed(error.to_string());
    std::future::poll_fn(|context| service.poll_ready(context))
        .await
        .map_err(failed)?;
    let response = service.call(request).await.map_err(failed)?;
    if found() != before {
        return Ok(());
    }
    // A CORS layer adds `Vary` or a header of its own even if it allows nothing.
    let is_cors = response.headers().iter().any(|(name, value)| {
        name.as_str().starts_with("access-control-")
            || (name == header::VARY
                && value
                    .as_bytes()
                    .windows(6)
                    .any(|part| part.eq_ignore_ascii_case(b"origin")))
    });
    Err(if is_cors {
        OrderError::InsideCors
    } else {
        OrderError::NotReached(response.status())
    })
}
