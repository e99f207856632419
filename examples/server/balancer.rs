//! A small load balancer that does what an AWS Application Load Balancer does, as far as this example needs it. It
//! terminates TLS, appends to `X-Forwarded-For`, and sets `X-Forwarded-Proto` and `X-Forwarded-Port`. It passes `Host`
//! and all other headers through, and responds to plain HTTP with a 301.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::body::Body;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, Version, header,
    uri::{Authority, PathAndQuery, Scheme},
};
use hyper::{body::Incoming, service::service_fn, upgrade::OnUpgrade};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Creates a certificate for this machine's names. It is not stored anywhere.
pub(crate) fn certificate() -> Result<TlsAcceptor, String> {
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let made = rcgen::generate_simple_self_signed(names).map_err(|error| error.to_string())?;
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.key_pair.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Terminates TLS and forwards to `upstream` over plain HTTP/1.1.
pub(crate) async fn https(listener: TcpListener, tls: TlsAcceptor, upstream: SocketAddr) {
    let port = listener.local_addr().map_or(443, |address| address.port());
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    loop {
        let Some((stream, peer)) = accept(&listener).await else {
            continue;
        };
        let (tls, client) = (tls.clone(), client.clone());
        tokio::spawn(async move {
            let mut first = [0];
            // A TLS handshake starts with the byte 22. Anything else is plain HTTP at the wrong port, and gets the same
            // redirect as at the HTTP port.
            match stream.peek(&mut first).await {
                Ok(0) | Err(_) => return,
                Ok(_) if first != [22] => return redirect(stream, port).await,
                Ok(_) => {}
            }
            let Ok(stream) = tls.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request| {
                let client = client.clone();
                async move { Ok::<_, Infallible>(forward(request, peer, port, upstream, &client).await) }
            });
            // Errors are ignored: a client may close its connection at any time.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Responds to each request with a 301 to https.
pub(crate) async fn http(listener: TcpListener, https_port: u16) {
    loop {
        if let Some((stream, _)) = accept(&listener).await {
            tokio::spawn(redirect(stream, https_port));
        }
    }
}

async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        // Most likely there are too many open files: wait until some are closed.
        Err(_) => {
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn redirect(stream: TcpStream, https_port: u16) {
    let service = service_fn(move |request: Request<Incoming>| async move {
        let host = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        let mut answer = Response::new(Body::from("Moved Permanently\n"));
        let location = host.and_then(|host| {
            let path = request
                .uri()
                .path_and_query()
                .map_or("/", PathAndQuery::as_str);
            HeaderValue::try_from(format!("https://{}:{https_port}{path}", host.host())).ok()
        });
        match location {
            Some(location) => {
                *answer.status_mut() = StatusCode::MOVED_PERMANENTLY;
                answer.headers_mut().insert(header::LOCATION, location);
            }
            None => *answer.status_mut() = StatusCode::BAD_REQUEST,
        }
        Ok::<_, Infallible>(answer)
    });
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn forward(
    mut request: Request<Incoming>,
    peer: SocketAddr,
    port: u16,
    upstream: SocketAddr,
    client: &Client<HttpConnector, Body>,
) -> Response<Body> {
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let upgrading = request.headers().get(header::UPGRADE).cloned();
    let authority = request.uri().authority().cloned();
    let headers = request.headers_mut();
    remove_hop_by_hop(headers);
    // HTTP/2 sends the host in `:authority`.
    if let (Some(authority), false) = (authority, headers.contains_key(header::HOST)) {
        if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
            headers.insert(header::HOST, host);
        }
    }
    if let Some(protocol) = &upgrading {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol.clone());
    }
    append_client(headers, peer);
    headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
    headers.insert("x-forwarded-port", HeaderValue::from(port));

    let path = request.uri().path_and_query().cloned();
    let mut target = http::uri::Parts::default();
    target.scheme = Some(Scheme::HTTP);
    target.authority = upstream.to_string().parse().ok();
    target.path_and_query = path.or_else(|| Some(PathAndQuery::from_static("/")));
    *request.uri_mut() = Uri::from_parts(target).unwrap_or_default();
    *request.version_mut() = Version::HTTP_11;

    let Ok(mut answer) = client.request(request.map(Body::new)).await else {
        let mut answer = Response::new(Body::from("Bad Gateway\n"));
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        return answer;
    };
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        if let (Some(outside), Some(inside)) = (upgrade, answer.extensions_mut().remove()) {
            tokio::spawn(tunnel(outside, inside));
        }
    } else {
        remove_hop_by_hop(answer.headers_mut());
    }
    answer.map(Body::new)
}

async fn tunnel(outside: OnUpgrade, inside: OnUpgrade) {
    if let Ok((outside, inside)) = tokio::try_join!(outside, inside) {
        let (mut outside, mut inside) = (TokioIo::new(outside), TokioIo::new(inside));
        let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
    }
}

/// Appends the client's address to the values that the client itself may have sent, and joins all into one line.
fn append_client(headers: &mut HeaderMap, client: SocketAddr) {
    let name = HeaderName::from_static("x-forwarded-for");
    let mut list: Vec<u8> = Vec::new();
    for line in headers.get_all(&name) {
        list.extend_from_slice(line.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(client.ip().to_string().as_bytes());
    if let Ok(list) = HeaderValue::from_bytes(&list) {
        headers.insert(name, list);
    }
}

/// Removes hop-by-hop headers (RFC 9110, section 7.6.1).
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ] {
        headers.remove(name);
    }
}
