//! The floor: a hand-written service for the ALB case that does only the necessary work. It is not a library. It
//! supports one load balancer, one network, IPv4, HTTP/1.1 and lists in one line. It has no findings and no options,
//! and cleans only the one header that is there. The additional cost of the layer is the cost of its rules.

use std::{
    cell::RefCell,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    task::{Context, Poll},
};

use axum::extract::ConnectInfo;
use http::{
    Request,
    uri::{Authority, Scheme, Uri},
};
use tower::Service;

/// The value that it inserts into the extensions, as large as a resolution.
#[derive(Clone, Debug)]
#[allow(dead_code)]
pub struct Found {
    peer: SocketAddr,
    client: SocketAddr,
    scheme: Scheme,
    authority: Authority,
    prefix: Option<std::sync::Arc<str>>,
    hops: usize,
}

thread_local! {
    static LAST: RefCell<Option<Authority>> = const { RefCell::new(None) };
}

/// The minimal service.
#[derive(Clone, Copy, Debug)]
pub struct Floor<S>(pub S);

impl<S: Service<Request<B>>, B> Service<Request<B>> for Floor<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        rewrite(&mut request).expect("the one case");
        self.0.call(request)
    }
}

fn rewrite<B>(request: &mut Request<B>) -> Option<()> {
    let ConnectInfo(peer) = *request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let IpAddr::V4(address) = peer.ip() else {
        return None;
    };
    if !matches!(address.octets()[0], 10 | 127) {
        return None;
    }
    let (mut list, mut https, mut port, mut host) = (None, false, false, None);
    for (name, value) in request.headers() {
        match name.as_str() {
            "host" => host = Some(value.as_bytes()),
            "x-forwarded-for" => list = Some(value.as_bytes()),
            "x-forwarded-proto" => https = value.as_bytes() == b"https",
            "x-forwarded-port" => port = true,
            _ => {}
        }
    }
    let list = list?;
    let start = list
        .iter()
        .rposition(|&byte| byte == b',')
        .map_or(0, |comma| comma + 2);
    let client = ipv4(&list[start..])?;
    let authority = LAST.with(|last| {
        let mut last = last.borrow_mut();
        match &*last {
            Some(authority) if authority.as_str().as_bytes() == host? => Some(authority.clone()),
            _ => {
                let authority = Authority::try_from(host?).ok()?;
                *last = Some(authority.clone());
                Some(authority)
            }
        }
    })?;
    if port {
        request.headers_mut().remove("x-forwarded-port");
    }
    let scheme = if https { Scheme::HTTPS } else { Scheme::HTTP };
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(scheme.clone());
    parts.authority = Some(authority.clone());
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    let client = SocketAddr::from((client, 0));
    let extensions = request.extensions_mut();
    if let Some(ConnectInfo(address)) = extensions.get_mut::<ConnectInfo<SocketAddr>>() {
        *address = client;
    }
    extensions.insert(Found {
        peer,
        client,
        scheme,
        authority,
        prefix: None,
        hops: 1,
    });
    Some(())
}

fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
