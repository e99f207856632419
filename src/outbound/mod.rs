//! What this service tells the next one (rule R19).

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Request};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    headers::{HeadersError, unwanted::Unwanted},
    resolution::Resolution,
    syntax::node::{self, Node},
};

mod claim;

/// Tells the next service who the client is, for gateways and reverse proxies.
///
/// Put it around the HTTP client that you send requests with. It removes every header that says where a request comes
/// from or who the client is. Then it writes what [`ForwardedLayer`](crate::ForwardedLayer) found out:
///
/// | | [`x_forwarded`](Self::x_forwarded) | [`forwarded`](Self::forwarded) (RFC 7239) |
/// |---|---|---|
/// | the hops from the client to the peer | `X-Forwarded-For` | `for=` |
/// | the scheme, if it is known | `X-Forwarded-Proto` | `proto=` in the client's element |
/// | the host | `X-Forwarded-Host` | `host=` in the client's element |
/// | the [prefix](Resolution::prefix), if it is believed | `X-Forwarded-Prefix` | `X-Forwarded-Prefix` |
///
/// Configure the next service to trust this one and every proxy in front of it. If there is more than one proxy in
/// front of this service, let `ForwardedLayer` [record the hops](crate::ForwardedLayer::record_hops). Otherwise this
/// layer can name only the client and the peer. The next service then still finds the right client if it trusts
/// networks, but not if it [counts](crate::TrustedProxies::count) proxies.
///
/// # The rules
///
/// 1. The layer reads the [`Resolution`] in the extensions of the request that you send. Either send the request that
///    you received, or move its extensions into the one that you send.
/// 2. If the request has no `Resolution`, the layer removes the headers and writes none. So a request that your service
///    makes for itself says nothing about your clients: the next service sees your service as the client.
/// 3. A client's own headers never pass. That includes [known headers](crate::guide::removed_headers) in every
///    spelling, headers that say [who the client
///    is](crate::guide::removed_headers#headers-that-say-who-the-client-is), and the
///    [secret](crate::ForwardedLayer::require), which `ForwardedLayer` has removed already. If only the next service
///    believes a header, name it with [`remove`](Self::remove).
/// 4. The layer removes the names of these headers from `Connection` and `Trailer`. Otherwise a client could make the
///    next proxy drop what this layer wrote, or send its own value as a trailer. It does not know the name of the
///    secret, and of a header of your own it knows only what is believed in this request. So name both with
///    [`remove`](Self::remove), and let the service add its own behind this layer.
/// 5. The layer leaves out hops without an address (a Unix socket, `unknown`). It does not write a scheme that is only
///    a guess: one that the trusted proxy should have stated but did not, or the scheme for an unknown peer.
///
/// # Examples
///
/// Put the layer around a tower client. Here, `service_fn` stands for the client:
///
/// ```
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use tower_forwarded::{ForwardedLayer, OutboundLayer, Peer, TrustedProxies};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let next_service = service_fn(async |request: Request<()>| {
///     let headers = request.headers();
///     assert_eq!(headers["x-forwarded-for"], "203.0.113.7, 10.0.0.1");
///     assert_eq!(headers["x-forwarded-proto"], "https");
///     assert_eq!(headers["x-forwarded-host"], "api.example.com");
///     Ok::<_, std::convert::Infallible>(Response::new(()))
/// });
/// let proxy = ServiceBuilder::new()
///     .layer(ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?))
///     .layer(OutboundLayer::x_forwarded())
///     .service(next_service); // in an app: the client, such as hyper-util's
///
/// let request = Request::get("/users")
///     .header("host", "api.example.com")
///     .header("x-forwarded-for", "203.0.113.7")
///     .header("x-forwarded-proto", "https")
///     .extension(Peer::from(std::net::SocketAddr::from(([10, 0, 0, 1], 40000))))
///     .body(())?;
/// proxy.oneshot(request).await?;
/// # Ok(())
/// # }
/// ```
///
/// The repository has a small reverse proxy to start from: `examples/proxy.rs`. The client of reqwest is not a tower
/// service of `http::Request`: for it, see [`headers`](Self::headers).
///
/// # Caveats
///
/// The layer does not handle hop-by-hop headers (`Connection`, `Keep-Alive`, `TE`, `Upgrade`), `Host`, the URI of the
/// next service, or timeouts. Your proxy must do that. The crate
/// [axum-reverse-proxy](https://docs.rs/axum-reverse-proxy) does all of it, with [two
/// settings](https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/recipes/index.html#forwarding-requests-to-another-service).
/// The crate [hyproxy](https://docs.rs/hyproxy) has `StripHopByHopLayer`: put it outside of this layer.
///
/// Only requests for your own services should have a [`Resolution`]. If your HTTP client follows redirects, it sends
/// these headers to the target of the redirect too.
///
/// If this service strips a prefix from the path itself (axum's `nest`), write `X-Forwarded-Prefix` in a layer between
/// this one and the HTTP client.
///
/// The layer does not change bodies. Trailers of HTTP/2 are not headers: they pass with the body.
///
/// If the client sent no valid `Host`, the request that you send has none either. Then your HTTP client fills in the
/// address of the next service. To avoid that, refuse the request, as `examples/proxy.rs` does, or send an empty `Host`
/// ([RFC 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct OutboundLayer {
    x_forwarded: bool,
    forwarded: bool,
    by: Option<Arc<str>>,
    remove: Unwanted,
}

impl OutboundLayer {
    fn new(x_forwarded: bool, forwarded: bool) -> Self {
        Self {
            x_forwarded,
            forwarded,
            by: None,
            remove: Unwanted::default(),
        }
    }

    /// Writes `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    pub fn x_forwarded() -> Self {
        Self::new(true, false)
    }

    /// Writes `Forwarded` (RFC 7239).
    pub fn forwarded() -> Self {
        Self::new(false, true)
    }

    /// Writes both families. Use it if some of the next services believe one family, and some the other.
    ///
    /// Each of them should believe only one family: see [`Headers`](crate::Headers).
    pub fn x_forwarded_and_forwarded() -> Self {
        Self::new(true, true)
    }

    /// Names this proxy in `Forwarded`: `by=` (RFC 7239, section 5.1).
    ///
    /// `node` is one of these: a name that starts with an underscore, an address, or `unknown`. A port can follow.
    ///
    /// ```
    /// use tower_forwarded::OutboundLayer;
    ///
    /// let layer = OutboundLayer::forwarded().by("_app")?;
    /// let error = OutboundLayer::forwarded().by("app").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "`app` is not a node: write a name that starts with an underscore (`_app`), or an address"
    /// );
    /// # Ok::<(), tower_forwarded::OutboundError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if `node` is none of these, or if this layer does not write `Forwarded`.
    pub fn by(mut self, node: &str) -> Result<Self, OutboundError> {
        if !self.forwarded {
            return Err(OutboundError::NotForwarded {
                node: node.to_owned(),
            });
        }
        let by = match node::parse(node.as_bytes()) {
            Some(Node::Address(address, port)) => node::text(address, port),
            Some(Node::Obfuscated | Node::Unknown) => node.to_owned(),
            Some(Node::Unix) | None => {
                return Err(OutboundError::NoNode {
                    node: node.to_owned(),
                });
            }
        };
        self.by = Some(by.into());
        Ok(self)
    }

    /// Also removes these headers, including their spellings with underscores or dots.
    ///
    /// Use it for headers that this crate does not [know](crate::guide::removed_headers). Use it also for a secret
    /// between your proxies, if a request can reach this layer without passing `ForwardedLayer`.
    ///
    /// ```
    /// use tower_forwarded::OutboundLayer;
    ///
    /// let layer = OutboundLayer::x_forwarded().remove(["x-origin-verify"])?;
    /// # Ok::<(), tower_forwarded::HeadersError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error that names the first string that is not a valid header name, or contains `*`. `Host` cannot be
    /// removed.
    pub fn remove<I>(mut self, names: I) -> Result<Self, HeadersError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.remove.extend(Unwanted::parse(names)?);
        Ok(self)
    }

    /// Returns the headers for a request to the next service. Use it for HTTP clients that are not a tower service of
    /// `http::Request`.
    ///
    /// With reqwest, create a new request and set these headers on it. Do not copy headers from the client's request
    /// that [`apply`](Self::apply) has not cleaned.
    ///
    /// ```
    /// # use tower_forwarded::{OutboundLayer, Resolution, Scheme};
    /// # let client = "203.0.113.7".parse()?;
    /// # let resolution = Resolution::for_test(client, Scheme::Https, "api.example.com".parse()?);
    /// let headers = OutboundLayer::forwarded().by("_app")?.headers(&resolution);
    /// assert_eq!(
    ///     headers["forwarded"],
    ///     "for=203.0.113.7;proto=https;host=api.example.com, for=127.0.0.1;by=_app"
    /// );
    /// // reqwest::Client::new().get("http://next.internal/users").headers(headers).send().await
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn headers(&self, resolution: &Resolution) -> HeaderMap {
        let mut headers = HeaderMap::new();
        self.apply(&mut headers, Some(resolution));
        headers
    }

    /// Changes a header map as the layer changes the headers of a request.
    ///
    /// ```
    /// # use http::{HeaderMap, HeaderValue};
    /// # use tower_forwarded::OutboundLayer;
    /// let mut headers = HeaderMap::new();
    /// headers.insert("accept", HeaderValue::from_static("text/html"));
    /// headers.insert("x-forwarded-for", HeaderValue::from_static("198.51.100.66"));
    ///
    /// // Nothing is known about the client.
    /// OutboundLayer::x_forwarded().apply(&mut headers, None);
    /// assert_eq!(headers.len(), 1);
    /// ```
    pub fn apply(&self, headers: &mut HeaderMap, resolution: Option<&Resolution>) {
        claim::write(headers, resolution, self);
    }
}

/// What is wrong with the settings of an [`OutboundLayer`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// The text is not a node identifier (RFC 7239, section 6).
    #[error("`{}` is not a node: write a name that starts with an underscore (`_app`), or an address", node.escape_debug())]
    NoNode {
        /// The text that was passed.
        node: String,
    },
    /// `by=` exists only in `Forwarded`, which this layer does not write.
    #[error("`by={}` is only valid in Forwarded, which this layer does not write: use OutboundLayer::forwarded()", node.escape_debug())]
    NotForwarded {
        /// The text that was passed.
        node: String,
    },
}

impl<S> Layer<S> for OutboundLayer {
    type Service = Outbound<S>;

    fn layer(&self, inner: S) -> Outbound<S> {
        Outbound {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that [`OutboundLayer`] creates.
#[derive(Clone, Debug)]
pub struct Outbound<S> {
    inner: S,
    layer: OutboundLayer,
}

impl<S> Outbound<S> {
    /// Gets a reference to the inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Gets a mutable reference to the inner service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Consumes `self`, and returns the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B> Service<Request<B>> for Outbound<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let resolution = request.extensions().get::<Resolution>().cloned();
        self.layer.apply(request.headers_mut(), resolution.as_ref());
        self.inner.call(request)
    }
}
