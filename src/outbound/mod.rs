//! What this service says to the next one (rule R19).

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

/// For gateways and reverse proxies: tells the next service who the client is.
///
/// Put it around the client that you send requests with. It removes every header that says where a request comes
/// from or who the client is, and writes what [`ForwardedLayer`](crate::ForwardedLayer) found out:
///
/// | | [`x_forwarded`](Self::x_forwarded) | [`forwarded`](Self::forwarded) (RFC 7239) |
/// |---|---|---|
/// | the way from the client to the peer | `X-Forwarded-For` | `for=` |
/// | the scheme, if it is known | `X-Forwarded-Proto` | `proto=` in the client's element |
/// | the host | `X-Forwarded-Host` | `host=` in the client's element |
/// | the [prefix](Resolution::prefix), if it is believed | `X-Forwarded-Prefix` | `X-Forwarded-Prefix` |
///
/// Configure the next service to trust this one and every proxy in front of it. With more than one proxy in front
/// of this service, let `ForwardedLayer` [record the hops](crate::ForwardedLayer::record_hops). Without that, this
/// layer can name only the client and the peer. Then a next service that trusts networks still finds the right
/// client; one that [counts](crate::TrustedProxies::count) proxies does not.
///
/// # The rules
///
/// 1. The layer reads the [`Resolution`] in the extensions of the request that you send. Move the extensions of the
///    request that you got into it, or send that request itself.
/// 2. If the request has none, the layer removes the headers and writes none. So a request that your service makes
///    for itself says nothing about your clients: the next service sees your service as the client.
/// 3. A client's own headers never pass. That includes [known headers](crate::guide::removed_headers) in every
///    spelling, those that say [who the client is](crate::guide::identity#which-headers-are-removed), and the
///    [secret](crate::ForwardedLayer::require), which `ForwardedLayer` has removed already. Name a header that only
///    the next service believes with [`remove`](Self::remove).
/// 4. The layer removes these names from `Connection` and `Trailer`. Otherwise a client could make the next proxy
///    drop what this layer wrote, or send its own value as a trailer.
/// 5. A hop without an address (a Unix socket, `unknown`) is left out. A scheme that no proxy stated is not claimed.
///
/// # Examples
///
/// Around a tower client. Here, `service_fn` stands for the client:
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
/// The repository has a small reverse proxy to start from: `examples/proxy.rs`. For reqwest, which is no tower
/// service of `http::Request`, see [`headers`](Self::headers).
///
/// # Caveats
///
/// Hop-by-hop headers (`Connection`, `Keep-Alive`, `TE`, `Upgrade`) are the proxy's own affair, and so are `Host`,
/// the URI of the next service and timeouts. The crate [axum-reverse-proxy](https://docs.rs/axum-reverse-proxy) does
/// all of it, with [two
/// settings](https://docs.rs/tower-forwarded/latest/tower_forwarded/guide/recipes/index.html#gateways-of-your-own).
/// The crate [hyproxy](https://docs.rs/hyproxy) has `StripHopByHopLayer`, which belongs outside of this layer.
///
/// Give a [`Resolution`] to requests for your own services only. If your HTTP client follows redirects, it sends
/// these headers to the target of the redirect too. If this service takes a prefix off the path itself (axum's
/// `nest`), write `X-Forwarded-Prefix` in a layer between this one and the HTTP client.
///
/// Bodies pass as they are, and with them the trailers of HTTP/2, which are no headers. If the request had no valid
/// `Host`, there is none here: refuse the request, as `examples/proxy.rs` does, or send the next service an empty one
/// ([RFC 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)), or your HTTP client fills in the
/// address of the next service.
#[derive(Clone, Debug)]
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

    /// Writes both families, for several next services that believe one or the other.
    ///
    /// Each should believe one of them only: see [`Headers`](crate::Headers).
    pub fn x_forwarded_and_forwarded() -> Self {
        Self::new(true, true)
    }

    /// Says in `Forwarded` which proxy this is: `by=` (RFC 7239, section 5.1).
    ///
    /// `node` is a name that starts with an underscore, an address, or an address with a port.
    ///
    /// ```
    /// use tower_forwarded::OutboundLayer;
    ///
    /// let layer = OutboundLayer::forwarded().by("_app")?;
    /// let error = OutboundLayer::forwarded().by("app").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "`app` is no node: write a name with an underscore before it (`_app`), or an address"
    /// );
    /// # Ok::<(), tower_forwarded::OutboundError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `node` is none of these, or if this layer does not write `Forwarded`.
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

    /// Removes these headers too, in their spellings with underscores and dots too.
    ///
    /// For headers that this crate does not [know](crate::guide::removed_headers), and for a secret between your
    /// proxies where a request can reach this layer without passing `ForwardedLayer`.
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
    /// Names the first text that is no header name. `Host` cannot be removed.
    pub fn remove<I>(mut self, names: I) -> Result<Self, HeadersError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.remove.extend(Unwanted::parse(names)?);
        Ok(self)
    }

    /// The headers for a request to the next service, for clients that are no tower service of `http::Request`.
    ///
    /// With reqwest, start a request of your own and set these headers on it. Copy no headers of the client that
    /// [`apply`](Self::apply) has not cleaned.
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

    /// Does to a header map what the layer does to a request.
    ///
    /// ```
    /// # use http::{HeaderMap, HeaderValue};
    /// # use tower_forwarded::OutboundLayer;
    /// let mut headers = HeaderMap::new();
    /// headers.insert("accept", HeaderValue::from_static("text/html"));
    /// headers.insert("x-forwarded-for", HeaderValue::from_static("198.51.100.66"));
    ///
    /// // Nothing is known of the client.
    /// OutboundLayer::x_forwarded().apply(&mut headers, None);
    /// assert_eq!(headers.len(), 1);
    /// ```
    pub fn apply(&self, headers: &mut HeaderMap, resolution: Option<&Resolution>) {
        claim::write(headers, resolution, self);
    }
}

/// What is wrong with an [`OutboundLayer`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// The text is no node identifier (RFC 7239, section 6).
    #[error("`{}` is no node: write a name with an underscore before it (`_app`), or an address", node.escape_debug())]
    NoNode {
        /// The text.
        node: String,
    },
    /// `by=` belongs to `Forwarded`.
    #[error("`by={}` can only stand in Forwarded, which this layer does not write: use OutboundLayer::forwarded()", node.escape_debug())]
    NotForwarded {
        /// The text.
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

/// The service that [`OutboundLayer`] makes.
#[derive(Clone, Debug)]
pub struct Outbound<S> {
    inner: S,
    layer: OutboundLayer,
}

impl<S> Outbound<S> {
    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change it.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, without this one around it.
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
