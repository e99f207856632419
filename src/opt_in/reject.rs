//! An opt-in layer that responds with 400 to findings that the service treats as fatal (rule R16).

use http::{Request, StatusCode};

use super::{
    opt_in_service,
    refusal::{EmptyResponse, Refusal, RefusalReason},
    refusal_response,
    response_headers::Finish,
};
use crate::resolution::{Finding, Findings, Resolution};

/// Responds with 400 to requests that have one of the findings that you treat as fatal.
///
/// Put it inside [`ForwardedLayer`](crate::ForwardedLayer). Put it inside the CORS layer too, so that a browser can
/// read the response. The [`Refusal`](crate::Refusal) names the finding and nothing else.
///
/// A finding is about one request. A client can cause some findings for its own requests:
/// [`HostNotAllowed`](Finding::HostNotAllowed), [`HostInvalid`](Finding::HostInvalid) and
/// [`IdentityIgnored`](Finding::IdentityIgnored); [`PrefixInvalid`](Finding::PrefixInvalid) if a proxy takes the prefix
/// from the client's path; [`PortInvalid`](Finding::PortInvalid) if a proxy takes the port from the client's `Host`;
/// [`SchemeMissing`](Finding::SchemeMissing) and [`SecretMissing`](Finding::SecretMissing) if a client can make the
/// proxy drop its own headers, as with [Apache](crate::Headers::APACHE);
/// [`IdentityMalformed`](Finding::IdentityMalformed) with a certificate of more than 64 KiB;
/// [`PeerUntrusted`](Finding::PeerUntrusted) if the client connects to the service directly; and
/// [`HopsMissing`](Finding::HopsMissing) if it connects to an inner proxy directly. No client can cause a
/// finding for another client's request. A request that no `ForwardedLayer` has seen has the finding
/// [`PeerUnknown`](Finding::PeerUnknown).
///
/// ```
/// use axum::Router;
/// use tower_forwarded::{Finding, ForwardedLayer, RejectLayer, TrustedProxies};
///
/// let app: Router = Router::new()
///     .layer(RejectLayer::new([Finding::PeerUntrusted, Finding::ForMalformed]))
///     .layer(ForwardedLayer::new(TrustedProxies::any()));
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct RejectLayer<F = EmptyResponse> {
    is_off: bool,
    fatal: Findings,
    refusal_response: F,
}

impl RejectLayer {
    /// Creates a layer that treats these findings as fatal.
    pub fn new(fatal: impl IntoIterator<Item = Finding>) -> Self {
        Self {
            is_off: false,
            fatal: fatal.into_iter().collect(),
            refusal_response: EmptyResponse,
        }
    }
}

impl<F> RejectLayer<F> {
    fn decide<B>(&self, request: &Request<B>) -> Result<Finish, Refusal> {
        let findings = match request.extensions().get::<Resolution>() {
            Some(resolution) => resolution.findings(),
            None => [Finding::PeerUnknown].into_iter().collect(),
        };
        match self.fatal.intersection(findings).iter().next() {
            Some(finding) => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                RefusalReason::Finding(finding),
            )),
            None => Ok(Finish::Nothing),
        }
    }
}

refusal_response!(RejectLayer { is_off, fatal });
opt_in_service!(RejectService of RejectLayer);
