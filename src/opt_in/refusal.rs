//! Why an opt-in layer responds to a request itself, and how.

use std::fmt;

use http::{HeaderValue, Request, Response, StatusCode, header};

use crate::resolution::{Finding, Resolution};

/// Why an opt-in layer responded to a request itself.
///
/// The layer stores it in the extensions of its response. So outer layers can distinguish the response from one of the
/// service's own, log it, or give it a body. Its `Display` is a sentence that contains no text from the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    reason: RefusalReason,
    location: Option<HeaderValue>,
}

/// What is wrong with a request that an opt-in layer refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalReason {
    /// No [`ForwardedLayer`](crate::ForwardedLayer) has seen the request: the layers are in the wrong order.
    LayerMissing,
    /// The client requested a host that is not the service's own.
    HostNotAllowed,
    /// The request names no valid host, or its target is `*`. So there is no URL to redirect to.
    NoTarget,
    /// The peer is not a trusted proxy, and the service accepts requests from trusted proxies only.
    PeerNotTrusted,
    /// The request has a finding that the service treats as fatal.
    Finding(Finding),
    /// The client used `http`, and is redirected to `https`.
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
                f.write_str("this service does not accept requests for this host")
            }
            RefusalReason::PeerNotTrusted => {
                f.write_str("this service accepts requests only from its proxy")
            }
            RefusalReason::NoTarget => f.write_str("the request names no valid host"),
            RefusalReason::Finding(finding) => finding.fmt(f),
            RefusalReason::NotHttps => f.write_str("this service is available only over https"),
        }
    }
}

/// The resolution that [`ForwardedLayer`](crate::ForwardedLayer) stored in the request.
pub(super) fn resolution<B>(request: &Request<B>) -> Result<&Resolution, Refusal> {
    request.extensions().get().ok_or(Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        RefusalReason::LayerMissing,
    ))
}

/// Builds the responses that an opt-in layer sends itself.
///
/// [`EmptyResponse`] builds responses with an empty body. It is the default of every layer. A closure that turns a
/// [`Refusal`] into a response implements this trait too.
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
/// If the layer redirects, it sets `Location` itself.
pub trait RefusalResponse<B> {
    /// Builds the response to a request that was refused.
    fn respond(&self, refusal: Refusal) -> Response<B>;
}

/// Builds responses with the refusal's status and an empty body.
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

/// The complete response: what `respond` built, with the redirect's target, and with the refusal in its extensions.
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
