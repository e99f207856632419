//! An opt-in layer that repairs the URLs which an inner service made from what it believes to be its
//! own address.

use std::sync::Arc;

use http::Request;

use super::{
    opt_in_service,
    refusal::{self, EmptyResponse, Refusal},
    refusal_response,
    response_headers::{Finish, Repair},
};
use crate::host_pattern::{HostPattern, HostPatternError};

/// Repairs `Location`, `Content-Location` and `Refresh` in the answers of inner services that build
/// `http://internal-host/…` themselves: a service that this one forwards to, or code that was told its
/// address in a configuration file.
///
/// What reads the request's URI, `Host` or [`Origin`](crate::Origin) needs no repair behind
/// [`ForwardedLayer`](crate::ForwardedLayer). The rules, for a request to `https://api.example.com` with
/// the believed prefix `/shop` and `.backends(["app.internal:3000"])`:
///
/// | the answer says | it becomes | |
/// |---|---|---|
/// | `http://app.internal:3000/x?y#z` | `https://api.example.com/shop/x?y#z` | a backend: the origin, path byte for byte |
/// | `http://api.example.com/x` | `https://api.example.com/shop/x` | the believed host, without a port or with the origin's |
/// | `//app.internal:3000/x`, `//api.example.com/x` | `https://api.example.com/shop/x` | without a scheme |
/// | `/x` | `/shop/x` | a path gets the prefix |
/// | `/shop/x`, `https://api.example.com/shop/x` | | has it already |
/// | `x`, `?y`, `#z`, `../x` | | is relative to what the client asked for, which has the prefix |
/// | `https://other.example/x`, `http://app.internal:4000/x` | | another host or port |
/// | `http://api.example.com:9000/x` | | the believed host's other ports are other services |
/// | `https://api.example.com/x`, `https://app.internal:3000/x`, if the client asked by http | | a redirect to https is never turned back |
/// | `http://user@app.internal:3000/x`, `mailto:a@b`, anything malformed | | not understood, so not touched |
///
/// In `Refresh` (`5; url=…`) the URL is treated the same. A request without a valid authority has its
/// answer left alone, and one that no `ForwardedLayer` has seen is 500.
///
/// # Where to put it
///
/// Inside `ForwardedLayer`, innermost, around the service that needs it. Where the host that a client asks for is not checked, the origin is whatever it asked
/// for: put [`AllowedHostsLayer`](crate::AllowedHostsLayer) outside.
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
/// An application that has a route with the name of its prefix (`/shop` below the prefix `/shop`) has to
/// write the prefix itself: `/shop/x` is taken to have it. URLs in bodies, `Link` fields and cookies'
/// `Path` are not touched.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LocationLayer<F = EmptyResponse> {
    backends: Arc<[HostPattern]>,
    secure_cookies: bool,
    refusal_response: F,
}

impl LocationLayer {
    /// Repairs what names the believed host, and gives paths the believed prefix.
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

    /// Repairs what names one of these hosts too: the addresses by which the inner service knows
    /// itself. A pattern without a port matches every port.
    ///
    /// # Errors
    ///
    /// Names the first text that is no [`HostPattern`].
    pub fn backends<I>(mut self, patterns: I) -> Result<Self, HostPatternError>
    where
        I: IntoIterator,
        I::Item: TryInto<HostPattern>,
        HostPatternError: From<<I::Item as TryInto<HostPattern>>::Error>,
    {
        self.backends = HostPattern::all(patterns)?.into();
        Ok(self)
    }

    /// Adds `Secure` to every `Set-Cookie` that lacks it, where the client asked by https (RFC 6265,
    /// section 4.1.2.5): for services that decide so by the scheme of their own connection.
    pub fn secure_cookies(mut self) -> Self {
        self.secure_cookies = true;
        self
    }
}

refusal_response!(LocationLayer {
    backends,
    secure_cookies
});
opt_in_service!(LocationService of LocationLayer);
