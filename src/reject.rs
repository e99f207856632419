//! An opt-in layer that answers 400 for findings a deployment calls fatal (rule R16).

use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Finding, Findings, Resolution,
    answer::{self, AnswerFuture},
};

/// Answers 400 to requests with findings that the deployment calls fatal.
///
/// Put it inside [`ForwardedLayer`](crate::ForwardedLayer), and inside the CORS layer, so that a
/// browser can read the answer. The body is a small problem document (RFC 9457) that names the
/// finding and nothing else.
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
pub struct RejectLayer {
    fatal: Findings,
}

impl RejectLayer {
    /// Calls these findings fatal.
    pub fn new(fatal: impl IntoIterator<Item = Finding>) -> Self {
        Self {
            fatal: fatal.into_iter().collect(),
        }
    }
}

impl<S> Layer<S> for RejectLayer {
    type Service = Reject<S>;

    fn layer(&self, inner: S) -> Reject<S> {
        Reject {
            inner,
            fatal: self.fatal,
        }
    }
}

/// The service that [`RejectLayer`] makes.
#[derive(Clone, Copy, Debug)]
pub struct Reject<S> {
    inner: S,
    fatal: Findings,
}

impl<S, B, R> Service<Request<B>> for Reject<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = AnswerFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let findings = match request.extensions().get::<Resolution>() {
            Some(resolution) => resolution.findings(),
            None => [Finding::PeerUnknown].into_iter().collect(),
        };
        match self.fatal.intersection(findings).iter().next() {
            Some(finding) => {
                let problem = answer::problem(StatusCode::BAD_REQUEST, finding.as_str());
                AnswerFuture::answered(problem)
            }
            None => AnswerFuture::passed(self.inner.call(request)),
        }
    }
}
