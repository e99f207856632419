//! An opt-in layer that answers only for the service's own names.

use std::{net::Ipv4Addr, sync::Arc};

use http::{Request, StatusCode};

use super::{
    exempt::is_exempt,
    opt_in_service,
    refusal::{self, EmptyResponse, Refusal, RefusalReason},
    refusal_response,
    response_headers::Finish,
};
use crate::host_pattern::{HostPattern, HostPatternError};

/// Answers 421 (Misdirected Request, RFC 9110, section 15.5.20) to requests for other names than the
/// service's own, as Django's `ALLOWED_HOSTS` and Starlette's `TrustedHostMiddleware` do with 400.
///
/// A client may ask for any host, and what builds links from it (password resets, say) then builds
/// links to there. The rules:
///
/// 1. The authority is the [`Resolution`](crate::Resolution)'s, so a forwarded host counts only if it was believed.
/// 2. One that matches a pattern passes.
/// 3. An address instead of a name passes with [`allow_addresses`](Self::allow_addresses): health checks
///    ask so.
/// 4. A request for a path that is [exempt](Self::exempt_path) passes, whatever host it names.
/// 5. All other requests are answered with 421, or 400 with
///    [`answer_bad_request`](Self::answer_bad_request). A request without a valid authority is answered
///    with 400. The answer does not repeat what was asked for.
/// 6. A request that no [`ForwardedLayer`](crate::ForwardedLayer) has seen is 500, so that a missing
///    layer is found at the first request.
///
/// # Where to put it
///
/// Inside `ForwardedLayer`, and outside of everything that acts on the host, a CORS rule included. A
/// browser's page of another origin cannot read the refusal then, and need not.
///
/// # Caveats
///
/// A health check that names no host at all (HTTP/1.0) is 400: let it send one, or exempt its path. A pattern without a port
/// matches every port; where names at other ports are other services, write the port.
///
/// ```
/// use axum::Router;
/// use tower_forwarded::{AllowedHostsLayer, ForwardedLayer, TrustedProxies};
///
/// let app: Router = Router::new()
///     .layer(AllowedHostsLayer::new(["api.example.com", "*.example.org"])?)
///     .layer(ForwardedLayer::new(TrustedProxies::any()));
/// # Ok::<(), tower_forwarded::HostPatternError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AllowedHostsLayer<F = EmptyResponse> {
    hosts: Arc<[HostPattern]>,
    addresses: bool,
    exempt: Vec<String>,
    refused: StatusCode,
    refusal_response: F,
}

impl AllowedHostsLayer {
    /// Answers for names that match one of these patterns.
    ///
    /// # Errors
    ///
    /// Names the first text that is no [`HostPattern`].
    pub fn new<I>(patterns: I) -> Result<Self, HostPatternError>
    where
        I: IntoIterator,
        I::Item: TryInto<HostPattern>,
        HostPatternError: From<<I::Item as TryInto<HostPattern>>::Error>,
    {
        Ok(Self {
            hosts: HostPattern::all(patterns)?.into(),
            addresses: false,
            exempt: Vec::new(),
            refused: StatusCode::MISDIRECTED_REQUEST,
            refusal_response: EmptyResponse,
        })
    }
}

impl<F> AllowedHostsLayer<F> {
    /// Answers for every address too.
    pub fn allow_addresses(mut self) -> Self {
        self.addresses = true;
        self
    }

    /// Answers for this path by any host, and without one; or for all paths below it if it ends with a slash.
    ///
    /// For probes that ask by `localhost`, by the name of a service, or by HTTP/1.0 without `Host`. Any client
    /// may ask for such a path by any name, so it should build no links. Paths are compared byte for byte; one
    /// with a segment of dots (`..`, `%2e%2e`, `..%2f`, `..;a`) is never below another.
    ///
    /// ```
    /// use tower_forwarded::AllowedHostsLayer;
    ///
    /// let layer = AllowedHostsLayer::new(["api.example.com"])?.exempt_path("/healthz");
    /// # Ok::<(), tower_forwarded::HostPatternError>(())
    /// ```
    pub fn exempt_path(mut self, path: impl Into<String>) -> Self {
        self.exempt.push(path.into());
        self
    }

    /// Answers 400 instead of 421, as Django and Starlette do: for clients and monitors that do not know
    /// the latter. (A browser that gets 421 over a connection it shares between names asks again over one
    /// of its own, which is what HTTP/2 wants here.)
    pub fn answer_bad_request(mut self) -> Self {
        self.refused = StatusCode::BAD_REQUEST;
        self
    }

    fn decide<B>(&self, request: &Request<B>) -> Result<Finish, Refusal> {
        let resolution = refusal::resolution(request)?;
        let is_exempt = |exempt: &String| is_exempt(request.uri(), exempt);
        if self.exempt.iter().any(is_exempt) {
            return Ok(Finish::Nothing);
        }
        let authority = resolution.authority().ok_or(Refusal::new(
            StatusCode::BAD_REQUEST,
            RefusalReason::NoTarget,
        ))?;
        let host = authority.host();
        let is_address = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
        let allowed = (self.addresses && is_address)
            || self
                .hosts
                .iter()
                .any(|pattern| pattern.matches(host, resolution.port()));
        if !allowed {
            return Err(Refusal::new(self.refused, RefusalReason::HostNotAllowed));
        }
        Ok(Finish::Nothing)
    }
}

refusal_response!(AllowedHostsLayer {
    hosts,
    addresses,
    exempt,
    refused
});
opt_in_service!(AllowedHostsService of AllowedHostsLayer);
