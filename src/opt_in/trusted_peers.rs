//! An opt-in layer that answers trusted peers only.

use http::{Request, StatusCode};

use super::{
    exempt::is_exempt,
    opt_in_service,
    refusal::{self, EmptyResponse, Refusal, RefusalReason},
    refusal_response,
    response_headers::Finish,
};

/// Answers trusted peers only, whatever the others send.
///
/// Some services are meant to be reached through their proxy and by nobody else, for example since the proxy
/// does the login. A firewall is the first place to say so; this layer is the second. Findings are not enough:
/// a client that asks the service directly and forges no forwarding header has none. The rules:
///
/// 1. A request whose peer is trusted passes, with the [secret](crate::ForwardedLayer::require) if one is
///    required, and through as many proxies as are [counted](crate::TrustedProxies::count): it is
///    [`Resolution::is_trusted`](crate::Resolution::is_trusted) that counts.
/// 2. A request for a path that is [exempt](Self::exempt_path) passes.
/// 3. All others are answered with 403.
/// 4. A request that no [`ForwardedLayer`](crate::ForwardedLayer) has seen is 500.
///
/// # Where to put it
///
/// Inside `ForwardedLayer`, and outside of everything else.
///
/// ```
/// use axum::Router;
/// use tower_forwarded::{ForwardedLayer, TrustedPeersLayer, TrustedProxies};
///
/// let app: Router = Router::new()
///     .layer(TrustedPeersLayer::new().exempt_path("/healthz"))
///     .layer(ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?));
/// # Ok::<(), tower_forwarded::TrustError>(())
/// ```
///
/// # Caveats
///
/// With `*` every peer is trusted, so nobody is turned away. Probes of an orchestrator come from the node
/// and not through the proxy: exempt their path.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TrustedPeersLayer<F = EmptyResponse> {
    exempt: Vec<String>,
    refusal_response: F,
}

impl TrustedPeersLayer {
    /// Answers trusted peers only.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<F> TrustedPeersLayer<F> {
    /// Answers everybody for this path, or for all paths below it if it ends with a slash. Paths are compared
    /// byte for byte; one with a segment of dots (`..`, `%2e%2e`, `..%2f`, `..;a`) is never below another.
    pub fn exempt_path(mut self, path: impl Into<String>) -> Self {
        self.exempt.push(path.into());
        self
    }

    fn decide<B>(&self, request: &Request<B>) -> Result<Finish, Refusal> {
        let resolution = refusal::resolution(request)?;
        let is_exempt = |exempt: &String| is_exempt(request.uri(), exempt);
        if resolution.is_trusted() || self.exempt.iter().any(is_exempt) {
            Ok(Finish::Nothing)
        } else {
            Err(Refusal::new(
                StatusCode::FORBIDDEN,
                RefusalReason::PeerNotTrusted,
            ))
        }
    }
}

refusal_response!(TrustedPeersLayer { exempt });
opt_in_service!(TrustedPeersService of TrustedPeersLayer);
