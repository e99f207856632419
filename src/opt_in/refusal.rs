//! Why an opt-in layer answers a request itself, and how.

use std::fmt;

use http::{HeaderValue, Request, Response, StatusCode, header};

use crate::resolution::{Finding, Resolution};

/// Why an opt-in layer answered a request itself.
///
/// It is in the extensions of such a response, so that layers outside can tell it from one of the
/// service's own, log it, or give it a body. Its `Display` is a sentence that holds nothing which a client
/// wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    reason: RefusalReason,
    location: Option<HeaderValue>,
}

/// What is wrong with a request that an opt-in layer answered itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalReason {
    /// No [`ForwardedLayer`](crate::ForwardedLayer) has seen the request: the layers are in the wrong
    /// order.
    LayerMissing,
    /// The client asked for a host that is not the service's own.
    HostNotAllowed,
    /// The request names no valid host, or asks for `*`, so that there is no URL to redirect to.
    NoTarget,
    /// The peer is not a trusted proxy, and nobody else is answered.
    PeerNotTrusted,
    /// The request has a finding that the deployment calls fatal.
    Finding(Finding),
    /// The client asked by http, and is sent to https.
    NotHttps,
}

impl Refusal {
    pub(super) const fn new(status: StatusCode, reason: RefusalReason) -> Self {
        Self {
            status,
            reason,
            location: None,
        }
    }

    pub(super) const fn redirect(status: StatusCode, location: HeaderValue) -> Self {
        Self {
            status,
            reason: RefusalReason::NotHttps,
            location: Some(location),
        }
    }

    /// The status code of the response.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong with the request.
    #[must_use]
    pub const fn reason(&self) -> RefusalReason {
        self.reason
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            RefusalReason::LayerMissing => {
                f.write_str("no ForwardedLayer has seen this request: add it outside of this layer")
            }
            RefusalReason::HostNotAllowed => {
                f.write_str("this service does not answer for the host that was asked for")
            }
            RefusalReason::PeerNotTrusted => f.write_str("this service answers its proxy only"),
            RefusalReason::NoTarget => f.write_str("the request names no valid host"),
            RefusalReason::Finding(finding) => finding.fmt(f),
            RefusalReason::NotHttps => f.write_str("this service is reached by https"),
        }
    }
}

/// What [`ForwardedLayer`](crate::ForwardedLayer) left in the request.
pub(super) fn resolution<B>(request: &Request<B>) -> Result<&Resolution, Refusal> {
    request.extensions().get().ok_or(Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        RefusalReason::LayerMissing,
    ))
}

/// Makes the response of an opt-in layer's own.
///
/// [`EmptyResponse`] makes one with an empty body, and so does every layer by default. A closure from
/// [`Refusal`] to a response is another.
///
/// ```
/// use axum::{Router, response::{IntoResponse, Response}};
/// use tower_forwarded::{AllowedHostsLayer, ForwardedLayer, Refusal, TrustedProxies};
///
/// let hosts = AllowedHostsLayer::new(["api.example.com"])?
///     .refusal_response(|refusal: Refusal| -> Response {
///         (refusal.status(), refusal.to_string()).into_response()
///     });
/// let app: Router = Router::new()
///     .layer(hosts)
///     .layer(ForwardedLayer::new(TrustedProxies::any()));
/// # Ok::<(), tower_forwarded::HostPatternError>(())
/// ```
///
/// The layer sets `Location` itself where it redirects.
pub trait RefusalResponse<B> {
    /// The response to a request that was refused.
    fn respond(&self, refusal: Refusal) -> Response<B>;
}

/// A response with the refusal's status and an empty body.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptyResponse;

impl<B: Default> RefusalResponse<B> for EmptyResponse {
    fn respond(&self, refusal: Refusal) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = refusal.status();
        response
    }
}

impl<F, B> RefusalResponse<B> for F
where
    F: Fn(Refusal) -> Response<B>,
{
    fn respond(&self, refusal: Refusal) -> Response<B> {
        self(refusal)
    }
}

/// The whole response: what the user made, the redirect's target, and the reason in its extensions.
pub(super) fn response<B>(refusal: Refusal, respond: &impl RefusalResponse<B>) -> Response<B> {
    let location = refusal.location.clone();
    let mut response = respond.respond(refusal.clone());
    if let Some(location) = location {
        let _full = response
            .headers_mut()
            .try_insert(header::LOCATION, location);
    }
    response.extensions_mut().insert(refusal);
    response
}
