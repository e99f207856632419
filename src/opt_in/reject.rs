//! An opt-in layer that answers 400 for findings a deployment calls fatal (rule R16).

use http::{Request, StatusCode};

use super::{
    opt_in_service,
    refusal::{EmptyResponse, Refusal, RefusalReason},
    refusal_response,
    response_headers::Finish,
};
use crate::resolution::{Finding, Findings, Resolution};

/// Answers 400 to requests with findings that the deployment calls fatal.
///
/// Put it inside [`ForwardedLayer`](crate::ForwardedLayer), and inside the CORS layer, so that a
/// browser can read the answer. Its [`Refusal`](crate::Refusal) names the finding and nothing else.
///
/// A finding is something about one request. Some, a client can provoke for its own request:
/// [`HostNotAllowed`](Finding::HostNotAllowed), [`HostInvalid`](Finding::HostInvalid), and
/// [`PeerUntrusted`](Finding::PeerUntrusted) by asking the service directly. No client can provoke
/// one for another's. A request that no `ForwardedLayer` has seen has the finding
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
    fatal: Findings,
    refusal_response: F,
}

impl RejectLayer {
    /// Calls these findings fatal.
    pub fn new(fatal: impl IntoIterator<Item = Finding>) -> Self {
        Self {
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

refusal_response!(RejectLayer { fatal });
opt_in_service!(RejectService of RejectLayer);
