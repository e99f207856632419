//! The functions that the fuzzers run. Each takes bytes and panics if something is wrong. The tests replay the corpus
//! with the same functions.

mod bytes;
#[cfg(feature = "client-cert")]
mod certificates;
pub mod property;
mod reference;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderValue, Method, Request, Response};
use hyper::{
    body::Incoming,
    rt::{Read, ReadBufCursor, Write},
};
use tower::{Layer, Service, ServiceExt};
use tower_forwarded::{
    AllowedHostsLayer, Finding, ForwardedLayer, Headers, HttpsRedirectLayer, LocationLayer, Peer,
    Resolution, Scheme, TrustedProxies,
};

use self::bytes::Bytes;

/// A fuzz target.
pub type Target = fn(&[u8]);

/// All targets, with the names of their folders in the corpus.
pub const ALL: &[(&str, Target)] = &[
    ("resolve", resolve),
    ("explain", explain),
    ("forwarded", forwarded),
    ("authority", authority),
    ("proxies", proxies),
    ("wire", wire),
    #[cfg(feature = "client-cert")]
    ("client_cert", client_cert),
];

/// Checks the promise of this crate, see [`property`].
pub fn resolve(data: &[u8]) {
    let scenario = Bytes(data).scenario();
    let _is_a_chain = property::check(&scenario);
    let _is_a_stranger = property::check_stranger(&scenario);
}

/// Checks that an explanation says what the layer really does.
pub fn explain(data: &[u8]) {
    let mut bytes = Bytes(data);
    let trusted = bytes.bool();
    property::check_explanation(&bytes.scenario(), trusted);
}

/// Compares the RFC 7239 splitter and parser with a second implementation, which is simple and slow.
pub fn forwarded(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(&data[..data.len().min(300)]) else {
        return;
    };
    let layer = ForwardedLayer::new(TrustedProxies::any())
        .headers(Headers::FORWARDED)
        .believe_hosts(["*"])
        .expect("a pattern");
    let resolve = |value: HeaderValue| {
        let mut headers = HeaderMap::new();
        headers.insert("forwarded", value);
        resolved(&layer, headers)
    };
    let ours = resolve(value.clone());
    match reference::last_element(value.as_bytes()) {
        None => {
            let nothing = value.as_bytes().iter().all(|byte| b" \t,".contains(byte));
            let finding = match nothing {
                true => Finding::ForMissing,
                false => Finding::ForMalformed,
            };
            assert!(ours.findings().contains(finding), "{value:?}: {ours:?}");
            assert_eq!(ours.client(), Some(IpAddr::from(PEER)), "{value:?}");
            assert_eq!(ours.scheme(), Scheme::Http, "{value:?}");
        }
        Some(element) => {
            let plain = HeaderValue::from_bytes(&reference::written(&element)).expect("a value");
            let same = resolve(plain.clone());
            assert_eq!(ours.client(), same.client(), "{value:?} {plain:?}");
            assert_eq!(ours.scheme(), same.scheme(), "{value:?} {plain:?}");
            assert_eq!(ours.authority(), same.authority(), "{value:?} {plain:?}");
            assert_eq!(ours.findings(), same.findings(), "{value:?} {plain:?}");
        }
    }
}

/// Compares the parser of `Host` with a simple implementation of the grammar.
pub fn authority(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else {
        return;
    };
    for scheme in [Scheme::Http, Scheme::Https] {
        let layer = ForwardedLayer::new(TrustedProxies::none()).connection_scheme(scheme);
        let ask = |value: &HeaderValue| {
            let mut headers = HeaderMap::new();
            headers.insert("host", value.clone());
            resolved(&layer, headers)
                .authority()
                .map(ToString::to_string)
        };
        let ours = ask(&value);
        let expected = reference::authority(value.as_bytes(), scheme);
        assert_eq!(ours, expected, "{value:?}");
        if let Some(authority) = ours {
            // The canonical form of a canonical host is the same host.
            let again = HeaderValue::try_from(&authority).expect("a value");
            assert_eq!(ask(&again).as_ref(), Some(&authority));
        }
    }
}

/// Compares the look-up in a list of proxies with a linear search.
pub fn proxies(data: &[u8]) {
    let (probes, text) = data.split_at(data.len().min(32));
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let proxies: TrustedProxies = match text.parse() {
        Ok(proxies) => proxies,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let entries = reference::networks(text);
    let linear = |address: IpAddr| entries.iter().any(|entry| entry.contains(&address));
    let mut addresses: Vec<IpAddr> = Vec::new();
    if let Ok(v6) = <[u8; 16]>::try_from(&probes[..probes.len().min(16)]) {
        addresses.extend([IpAddr::from(v6), IpAddr::from([v6[0], v6[1], v6[2], v6[3]])]);
    }
    // Mistakes are most likely at the beginning and the end of a range.
    for entry in &entries {
        addresses.extend([entry.network(), entry.broadcast()]);
        addresses.extend(reference::neighbours(entry));
    }
    for address in addresses {
        let address = address.to_canonical();
        assert_eq!(
            proxies.contains(address),
            linear(address),
            "{text:?} {address}"
        );
    }
    // The networks that the list returns are the same set.
    let networks: TrustedProxies = proxies.networks().collect();
    for entry in &entries {
        assert!(networks.contains(entry.network().to_canonical()));
    }
}

/// Compares the parser of client certificates with a second implementation. The headers have three grammars.
#[cfg(feature = "client-cert")]
pub fn client_cert(data: &[u8]) {
    let Some((which, value)) = data.split_first() else {
        return;
    };
    let names = ["client-cert", "x-forwarded-client-cert", "x-client-cert"];
    let name = names[usize::from(*which) % names.len()];
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return;
    };
    let layer = ForwardedLayer::new(TrustedProxies::any())
        .believe_identity([name])
        .expect("a name");
    let mut headers = HeaderMap::new();
    headers.insert(name, value.clone());
    let ours = resolved(&layer, headers);
    let certificates = ours.client_cert().map(|certificate| {
        let chain = certificate.chain().iter();
        let all = std::iter::once(certificate.der()).chain(chain);
        all.map(|der| der.to_vec()).collect::<Vec<_>>()
    });
    for certificate in certificates.iter().flatten() {
        assert!(certificate.starts_with(&[0x30]), "{name}: {value:?}");
    }
    // The layer removes a header that says "nobody", or that holds Envoy's JSON, before it reads a certificate.
    let Ok(expected) = certificates::read(name, value.as_bytes()) else {
        return;
    };
    if ours.identity().is_empty() {
        assert_eq!(certificates, None, "{name}: {value:?}");
        return;
    }
    let is_malformed = ours.findings().contains(Finding::IdentityMalformed);
    assert_eq!(is_malformed, expected.is_none(), "{name}: {value:?}");
    let expected = expected.filter(|chain| !chain.is_empty());
    assert_eq!(certificates, expected, "{name}: {value:?}");
}

/// Checks the whole stack behind hyper's own parser.
pub fn wire(data: &[u8]) {
    let mut bytes = Bytes(data);
    let trusted = bytes.bool();
    let from = if trusted { PEER } else { [203, 0, 113, 9] };
    let peer = Peer::from(SocketAddr::from((from, 40_000)));
    let forwarded = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>().expect("a list"));
    let inner = tower::service_fn(|request: Request<Incoming>| {
        let resolution = request
            .extensions()
            .get::<Resolution>()
            .expect("a resolution");
        let host = resolution.host().expect("an allowed host").to_owned();
        let named = host.ends_with(".example") || host.ends_with(".example.");
        assert!(
            named || host.starts_with('[') || host.parse::<IpAddr>().is_ok(),
            "{host}"
        );
        // HttpsRedirectLayer lets these requests pass over HTTP.
        let passes = matches!(*request.method(), Method::OPTIONS | Method::CONNECT)
            || request.uri().path() == "*";
        assert!(resolution.scheme().is_https() || passes, "redirected else");
        assert!(
            resolution.is_trusted() || passes,
            "an untrusted peer is never https here"
        );
        let authority = resolution.authority().map(http::uri::Authority::as_str);
        let absolute = request.uri().scheme_str() == Some("https");
        assert!(!absolute || request.uri().authority().map(|own| own.as_str()) == authority);
        for (name, value) in request.headers() {
            let name = name.as_str();
            let never = ["forwarded", "x-real-ip", "x_forwarded_for"];
            assert!(!never.contains(&name), "{name}");
            // A forwarded host stays if it is the same as the host of the request.
            let says_the_same = value.to_str().ok() == authority;
            assert!(name != "x-forwarded-host" || says_the_same, "{value:?}");
        }
        std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(
            String::new(),
        )))
    });
    let hosts = AllowedHostsLayer::new(["*.example"]).expect("a pattern");
    let inner = tower::ServiceBuilder::new()
        .layer(forwarded)
        .layer(hosts.allow_addresses())
        .layer(HttpsRedirectLayer::new())
        .layer(LocationLayer::new())
        .service(inner);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        inner.clone().oneshot(request)
    });
    let mut connection = hyper::server::conn::http1::Builder::new()
        .half_close(true)
        .serve_connection(Memory(bytes.0.to_vec()), service);
    // The connection never waits: all input is in memory, and all output is dropped.
    let mut context = Context::from_waker(std::task::Waker::noop());
    for _ in 0..64 {
        if Pin::new(&mut connection).poll(&mut context).is_ready() {
            break;
        }
    }
}

/// The trusted peer.
const PEER: [u8; 4] = [10, 0, 0, 1];

fn resolved(layer: &ForwardedLayer, headers: HeaderMap) -> Resolution {
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    let parts = request.into_parts().0;
    let peer = Peer::from(SocketAddr::from((PEER, 0)));
    layer.policy().resolve(Some(peer), &parts)
}

/// The request that the inner service sees.
fn through(layer: &ForwardedLayer, request: Request<()>) -> Request<()> {
    let mut service = layer.layer(tower::service_fn(|request: Request<()>| {
        std::future::ready(Ok::<_, std::convert::Infallible>(request))
    }));
    now(service.call(request)).expect("infallible")
}

/// The output of a future that never waits.
pub fn now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("the future waits"),
    }
}

/// A connection that reads from memory.
struct Memory(Vec<u8>);

impl Read for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let length = self.0.len().min(buffer.remaining());
        buffer.put_slice(&self.0[..length]);
        self.0.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl Write for Memory {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
