//! An opt-in layer that refuses requests from peers that are not trusted.

use http::{Request, StatusCode};

use super::{
    exempt::is_exempt,
    opt_in_service,
    refusal::{self, EmptyResponse, Refusal, RefusalReason},
    refusal_response,
    response_headers::Finish,
};

/// Refuses requests from peers that are not trusted, no matter which headers they send.
///
/// Some services must be reachable only through their proxy, for example because the proxy does the login. Enforce that
/// with a firewall first; this layer is the second line of defense. Findings are not enough: a client that connects to
/// the service directly and forges no forwarding header causes none. The rules:
///
/// 1. A request whose peer is trusted passes. If a [secret](crate::ForwardedLayer::require) is required, the request
///    must carry it. If proxies are [counted](crate::TrustedProxies::count), the request must have come through that
///    many. The layer checks all this with [`Resolution::is_trusted`](crate::Resolution::is_trusted).
/// 2. A request for a path that is [exempt](Self::exempt_path) passes.
/// 3. All other requests are answered with 403.
/// 4. A request that no [`ForwardedLayer`](crate::ForwardedLayer) has seen is answered with 500.
///
/// # Where to put it
///
/// Put it inside `ForwardedLayer`, and outside of everything else.
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
/// With `*` every peer is trusted, so the layer refuses no request. Probes of an orchestrator come from the node and
/// not through the proxy: exempt their path.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TrustedPeersLayer<F = EmptyResponse> {
    is_off: bool,
    exempt: Vec<String>,
    refusal_response: F,
}

impl TrustedPeersLayer {
    /// Creates a layer that lets only requests from trusted peers pass.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<F> TrustedPeersLayer<F> {
    /// Lets requests for this path pass from any peer. If the path ends with a slash, this includes all paths below it,
    /// except that `/` is only the root.
    ///
    /// Paths are compared byte for byte. A path with a segment of dots (`..`, `%2e%2e`, `..%2f`, `..;a`) is never below
    /// another path. Inside axum's `nest`, paths do not have the prefix of the nested router.
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

refusal_response!(TrustedPeersLayer { is_off, exempt });
opt_in_service!(TrustedPeersService of TrustedPeersLayer);
