//! An opt-in layer that refuses requests for hosts that are not the service's own.

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

/// Refuses requests for hosts that are not the service's own.
///
/// It responds with 421 Misdirected Request (RFC 9110, section 15.5.20). Django's `ALLOWED_HOSTS` and Starlette's
/// `TrustedHostMiddleware` do the same with 400.
///
/// A client can send any host. If your code builds links from that host, for example in e-mails that reset a password,
/// the links lead to the client's host. The layer applies these rules:
///
/// 1. The layer checks the authority of the [`Resolution`](crate::Resolution). So a forwarded host counts only if it
///    was believed.
/// 2. A request whose authority matches a pattern passes.
/// 3. A request for an address instead of a name passes if you call [`allow_addresses`](Self::allow_addresses). Health
///    checks send such requests.
/// 4. A request for a path that is [exempt](Self::exempt_path) passes with any host.
/// 5. All other requests are answered with 421, or with 400 if you call
///    [`answer_bad_request`](Self::answer_bad_request). A request without a valid authority is always answered with
///    400. The response does not repeat the host of the request.
/// 6. A request that no [`ForwardedLayer`](crate::ForwardedLayer) has seen is answered with 500. So you notice a
///    missing layer at the first request.
///
/// # Where to put it
///
/// Put it inside `ForwardedLayer`, and outside of everything that uses the host, including the CORS layer. A page of
/// another origin then cannot read the refusal in a browser, and does not need to.
///
/// # Caveats
///
/// A health check that sends no host (HTTP/1.0) is answered with 400. Let it send a host, or exempt its path.
///
/// A pattern without a port matches every port. If other ports of a host belong to other services, write the port into
/// the pattern.
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
    is_off: bool,
    hosts: Arc<[HostPattern]>,
    addresses: bool,
    exempt: Vec<String>,
    refused: StatusCode,
    refusal_response: F,
}

impl AllowedHostsLayer {
    /// Creates a layer that lets requests pass if their host matches one of these patterns.
    ///
    /// # Errors
    ///
    /// Returns an error that names the first string that is not a valid [`HostPattern`].
    pub fn new<I>(patterns: I) -> Result<Self, HostPatternError>
    where
        I: IntoIterator,
        I::Item: TryInto<HostPattern>,
        HostPatternError: From<<I::Item as TryInto<HostPattern>>::Error>,
    {
        HostPattern::all(patterns).map(Self::of)
    }

    pub(crate) fn of(hosts: Vec<HostPattern>) -> Self {
        Self {
            is_off: false,
            hosts: hosts.into(),
            addresses: false,
            exempt: Vec::new(),
            refused: StatusCode::MISDIRECTED_REQUEST,
            refusal_response: EmptyResponse,
        }
    }
}

impl<F> AllowedHostsLayer<F> {
    /// Also lets requests pass if their host is an IP address.
    pub fn allow_addresses(mut self) -> Self {
        self.addresses = true;
        self
    }

    /// Lets requests for this path pass with any host, and without a host. If the path ends with a slash, this includes
    /// all paths below it, except that `/` is only the root.
    ///
    /// Use it for probes that send `localhost` or the name of a service as the host, or that use HTTP/1.0 without
    /// `Host`. Any client can request such a path with any host, so its handler should build no links. Paths are
    /// compared byte for byte. A path with a segment of dots (`..`, `%2e%2e`, `..%2f`, `..;a`) is never below another
    /// path. Inside axum's `nest`, paths do not have the prefix of the nested router.
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

    /// Responds with 400 instead of 421, as Django and Starlette do. Use it for clients and monitors that do not know
    /// 421.
    ///
    /// With HTTP/2, 421 is the better response. A browser may share one connection between several hosts. If it gets
    /// 421 on such a connection, it repeats the request on a separate one.
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
    is_off,
    hosts,
    addresses,
    exempt,
    refused
});
opt_in_service!(AllowedHostsService of AllowedHostsLayer);
