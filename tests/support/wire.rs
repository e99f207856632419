//! A real server and a real client, connected by a real socket.

use std::net::SocketAddr;

use axum::{Router, body::Body};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinHandle,
};

/// A server on loopback, which stops when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// A server that was started in another way.
    pub fn of(address: SocketAddr, task: JoinHandle<()>) -> Self {
        Self { address, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves `app` over HTTP/1.1 and cleartext HTTP/2.
pub async fn serve(app: Router) -> Server {
    serve_at(SocketAddr::from(([127, 0, 0, 1], 0)), app).await
}

/// Serves `app` at an address.
pub async fn serve_at(address: SocketAddr, app: Router) -> Server {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    Server { address, task }
}

/// A response that was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The value of a header as text. It is empty if the header is missing.
    pub fn field(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }
}

/// How a request gets to the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Version {
    Http1,
    /// HTTP/2 with prior knowledge, as load balancers use it.
    Http2,
}

/// Sends a request for `uri` to `server`, as a load balancer forwards it.
pub async fn send(
    server: &Server,
    version: Version,
    method: &str,
    uri: &str,
    fields: &[(&str, &str)],
) -> Answer {
    send_to(server.address, version, method, uri, fields).await
}

/// The same, to a server at `address`.
pub async fn send_to(
    address: SocketAddr,
    version: Version,
    method: &str,
    uri: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let uri: http::Uri = uri.parse().unwrap();
    let host = uri.authority().unwrap().clone();
    let mut request = Request::builder().method(method);
    request = match version {
        // Origin-form and Host.
        Version::Http1 => request
            .uri(uri.path_and_query().unwrap().as_str())
            .header("host", host.as_str()),
        // `:scheme` and `:authority`.
        Version::Http2 => request.uri(uri).version(http::Version::HTTP_2),
    };
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    over(stream, version, request).await.unwrap()
}

/// Sends a request over an existing connection. An error comes from the connection.
pub async fn over<C>(
    connection: C,
    version: Version,
    request: Request<Body>,
) -> Result<Answer, String>
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let told = |error: hyper::Error| error.to_string();
    let io = TokioIo::new(connection);
    let answer = match version {
        Version::Http1 => {
            let (mut sender, connection) = http1::handshake(io).await.map_err(told)?;
            tokio::spawn(connection);
            sender.send_request(request).await
        }
        Version::Http2 => {
            let executor = TokioExecutor::new();
            let (mut sender, connection) = http2::handshake(executor, io).await.map_err(told)?;
            tokio::spawn(connection);
            sender.send_request(request).await
        }
    };
    let (parts, body) = answer.map_err(told)?.into_parts();
    let body = body.collect().await.map_err(told)?.to_bytes();
    Ok(Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
