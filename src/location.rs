//! An opt-in layer that repairs the URLs which an inner service made from what it believes to be its
//! own address.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderValue, Request, Response, header};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    HostPattern, HostPatternError, Origin, Resolution, Scheme,
    answer::{self, AnswerFuture, Finish},
    syntax::authority,
};

/// Repairs `Location`, `Content-Location` and `Refresh` in the answers of inner services that build
/// `http://internal-host/…` themselves: a service that this one forwards to, or code that was told its
/// address in a configuration file.
///
/// What reads the request's URI, `Host` or [`Origin`] needs no repair behind
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
/// Inside `ForwardedLayer`, around the service that needs it; [`ForwardedStack`](crate::ForwardedStack) puts
/// it innermost. Where the host that a client asks for is not checked, the origin is whatever it asked
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
pub struct LocationLayer {
    backends: Arc<[HostPattern]>,
    secure_cookies: bool,
}

impl LocationLayer {
    /// Repairs what names the believed host, and gives paths the believed prefix.
    pub fn new() -> Self {
        Self::default()
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

impl<S> Layer<S> for LocationLayer {
    type Service = Location<S>;

    fn layer(&self, inner: S) -> Location<S> {
        Location {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that [`LocationLayer`] makes.
#[derive(Clone, Debug)]
pub struct Location<S> {
    inner: S,
    layer: LocationLayer,
}

impl<S, B, R> Service<Request<B>> for Location<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = AnswerFuture<S::Future, R, Repair>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(resolution) = request.extensions().get::<Resolution>() else {
            return AnswerFuture::answered(answer::layer_missing());
        };
        let repair = Repair {
            origin: resolution.origin(),
            backends: self.layer.backends.clone(),
            secure_cookies: self.layer.secure_cookies && resolution.scheme().is_https(),
        };
        AnswerFuture::finished(self.inner.call(request), repair)
    }
}

/// Repairs the fields of an answer to a request that was made to `origin`.
#[derive(Debug)]
pub struct Repair {
    origin: Option<Origin>,
    backends: Arc<[HostPattern]>,
    secure_cookies: bool,
}

impl Finish for Repair {
    fn finish(&mut self, headers: &mut HeaderMap) {
        // One pass, since it takes no room: `entry` fails in a map that is full.
        for (name, line) in headers.iter_mut() {
            let repaired = match (name, &self.origin) {
                (&(header::LOCATION | header::CONTENT_LOCATION), Some(origin)) => {
                    self.url(line.as_bytes(), origin)
                }
                (&header::REFRESH, Some(origin)) => self.refresh(line.as_bytes(), origin),
                (&header::SET_COOKIE, _) if self.secure_cookies => secure(line.as_bytes()),
                _ => None,
            };
            if let Some(value) = repaired.and_then(|text| HeaderValue::try_from(text).ok()) {
                *line = value;
            }
        }
    }
}

/// The cookie with `Secure`; `None` if it has it.
fn secure(cookie: &[u8]) -> Option<Vec<u8>> {
    let mut attributes = cookie.split(|&byte| byte == b';').skip(1);
    let has = attributes.any(|text| text.trim_ascii().eq_ignore_ascii_case(b"secure"));
    (!has).then(|| [cookie, b"; Secure"].concat())
}

impl Repair {
    /// The URL as the client has to see it; `None` if it is right, or none of ours.
    fn url(&self, text: &[u8], origin: &Origin) -> Option<Vec<u8>> {
        let prefix = origin.prefix().unwrap_or_default().as_bytes();
        let (scheme, rest) = match split_at_slashes(text) {
            Some((b"", rest)) => (None, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"http:") => {
                (Some(Scheme::Http), rest)
            }
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"https:") => {
                (Some(Scheme::Https), rest)
            }
            _ => {
                let needs_prefix =
                    text.starts_with(b"/") && !prefix.is_empty() && !has_prefix(text, prefix);
                return needs_prefix.then(|| [prefix, text].concat());
            }
        };
        // A redirect to https is never turned back into one to http.
        if scheme == Some(Scheme::Https) && origin.scheme() == Scheme::Http {
            return None;
        }
        let end = rest.iter().position(|byte| b"/?#".contains(byte));
        let (host, path) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        let host = authority::parse(host)?;
        let ours = self
            .backends
            .iter()
            .any(|backend| backend.matches(host.host, host.port))
            || is_believed(&host, scheme, origin);
        if !ours {
            return None;
        }
        let prefix = if has_prefix(path, prefix) {
            b""
        } else {
            prefix
        };
        let repaired = [origin.to_string().as_bytes(), prefix, path].concat();
        (repaired != text).then_some(repaired)
    }

    /// `seconds; url=…`, as the HTML standard reads it: `,` and blanks separate too, quotes may stand
    /// around the URL.
    fn refresh(&self, text: &[u8], origin: &Origin) -> Option<Vec<u8>> {
        let separator = text.iter().position(|byte| b";,".contains(byte))?;
        let rest = text.get(separator.checked_add(1)?..)?.trim_ascii_start();
        let url = match rest.split_at_checked(3) {
            Some((name, after)) if name.eq_ignore_ascii_case(b"url") => {
                match after.trim_ascii_start().strip_prefix(b"=") {
                    Some(url) => url.trim_ascii_start(),
                    None => rest,
                }
            }
            _ => rest,
        };
        let (url, after) = match url {
            [quote @ (b'"' | b'\''), url @ ..] => {
                let end = url.iter().position(|byte| byte == quote);
                url.split_at_checked(end.unwrap_or(url.len()))?
            }
            _ => (url, &b""[..]),
        };
        let before = text
            .len()
            .checked_sub(url.len())?
            .checked_sub(after.len())?;
        let repaired = self.url(url, origin)?;
        Some([text.get(..before)?, &repaired, after].concat())
    }
}

/// What stands before and behind the first `//`.
fn split_at_slashes(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.windows(2).position(|pair| pair == b"//")?;
    Some((text.get(..at)?, text.get(at.checked_add(2)?..)?))
}

/// Whether a path begins with the prefix, as whole segments.
fn has_prefix(path: &[u8], prefix: &[u8]) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => matches!(rest, [] | [b'/' | b'?' | b'#', ..]),
        None => false,
    }
}

/// Whether a URL at this host is the service itself, and not another port.
fn is_believed(host: &authority::HostPort<'_>, scheme: Option<Scheme>, origin: &Origin) -> bool {
    let default = scheme.map(Scheme::default_port);
    let same_port = host
        .port
        .is_none_or(|port| port == origin.port() || Some(port) == default);
    same_port && host.host_is(origin.host())
}
