//! An opt-in layer that repairs URLs in responses, if an inner service built them from its internal address.

use std::sync::Arc;

use http::Request;

use super::{
    opt_in_service,
    refusal::{self, EmptyResponse, Refusal},
    refusal_response,
    response_headers::{Finish, Repair},
};
use crate::host_pattern::{HostPattern, HostPatternError};

/// Repairs `Location`, `Content-Location` and `Refresh` in the responses of inner services that build
/// `http://internal-host/…` URLs themselves. Examples are a service that this one forwards requests to, and code that
/// reads its address from a configuration file.
///
/// Behind [`ForwardedLayer`](crate::ForwardedLayer), code that builds URLs from the request's URI, from `Host` or from
/// [`Origin`](crate::Origin) needs no repair. The rules, for a request to `https://api.example.com` with the believed
/// prefix `/shop` and `.backends(["app.internal:3000"])`:
///
/// | the response says | it becomes | |
/// |---|---|---|
/// | `http://app.internal:3000/x?y#z` | `https://api.example.com/shop/x?y#z` | a backend: the origin changes, the path stays byte for byte |
/// | `http://api.example.com/x` | `https://api.example.com/shop/x` | the believed host, without a port or with the port of the origin |
/// | `//app.internal:3000/x`, `//api.example.com/x` | `https://api.example.com/shop/x` | without a scheme |
/// | `/x` | `/shop/x` | a path gets the prefix |
/// | `/shop/x`, `https://api.example.com/shop/x` | | has the prefix already |
/// | `x`, `?y`, `#z`, `../x` | | is relative to the URL that the client requested, which has the prefix |
/// | `https://other.example/x`, `http://app.internal:4000/x` | | another host or port |
/// | `http://api.example.com:9000/x` | | the believed host's other ports are other services |
/// | `https://api.example.com/x`, `https://app.internal:3000/x`, if the client used `http` | | a redirect to `https` is never changed to `http` |
/// | `http://user@app.internal:3000/x`, `mailto:a@b`, anything malformed | | not understood, so not changed |
///
/// The URL in `Refresh` (`5; url=…`) follows the same rules. If a request has no valid authority, the layer repairs no
/// URLs in its response. A request that no `ForwardedLayer` has seen is answered with 500.
///
/// # Where to put it
///
/// Put it inside `ForwardedLayer`, directly around the service that needs it. If nothing checks the host of a request,
/// a client can choose the origin that the layer writes: put [`AllowedHostsLayer`](crate::AllowedHostsLayer) outside.
///
/// ```
/// use axum::{Router, response::Redirect, routing::get};
/// use tower_forwarded::{ForwardedLayer, LocationLayer, TrustedProxies};
///
/// let app: Router = Router::new()
///     .route("/users", get(|| async { Redirect::to("http://app.internal:3000/users/") }))
///     .layer(LocationLayer::new().backends(["app.internal:3000", "127.0.0.1"])?.secure_cookies())
///     .layer(ForwardedLayer::new(TrustedProxies::any()));
/// # Ok::<(), tower_forwarded::HostPatternError>(())
/// ```
///
/// # Caveats
///
/// The layer takes `/shop/x` for a path that has the prefix `/shop` already. So an application with a route of the same
/// name as its prefix (`/shop` below the prefix `/shop`) must write the prefix itself. The layer does not change URLs
/// in bodies, in `Link` headers, or in the `Path` of cookies.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LocationLayer<F = EmptyResponse> {
    is_off: bool,
    backends: Arc<[HostPattern]>,
    secure_cookies: bool,
    refusal_response: F,
}

impl LocationLayer {
    /// Creates a layer that repairs URLs with the believed host, and adds the believed prefix to paths.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<F> LocationLayer<F> {
    fn decide<B>(&self, request: &Request<B>) -> Result<Finish, Refusal> {
        let resolution = refusal::resolution(request)?;
        Ok(Finish::Repair(Repair {
            origin: resolution.origin(),
            backends: self.backends.clone(),
            secure_cookies: self.secure_cookies && resolution.scheme().is_https(),
        }))
    }

    /// Also repairs URLs with one of these hosts: the addresses under which the inner service knows itself. A pattern
    /// without a port matches every port.
    ///
    /// # Errors
    ///
    /// Returns an error that names the first string that is not a valid [`HostPattern`].
    pub fn backends<I>(mut self, patterns: I) -> Result<Self, HostPatternError>
    where
        I: IntoIterator,
        I::Item: TryInto<HostPattern>,
        HostPatternError: From<<I::Item as TryInto<HostPattern>>::Error>,
    {
        self.backends = HostPattern::all(patterns)?.into();
        Ok(self)
    }

    #[cfg(feature = "serde")]
    pub(crate) fn with_backends(mut self, backends: Vec<HostPattern>) -> Self {
        self.backends = backends.into();
        self
    }

    /// Adds `Secure` to every `Set-Cookie` header that lacks it, if the client used `https` (RFC 6265, section
    /// 4.1.2.5). Use it for services that decide about `Secure` by the scheme of their own connection.
    pub fn secure_cookies(mut self) -> Self {
        self.secure_cookies = true;
        self
    }
}

refusal_response!(LocationLayer {
    is_off,
    backends,
    secure_cookies
});
opt_in_service!(LocationService of LocationLayer);
