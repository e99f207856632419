//! A client that connects over TLS from a chosen address, with HTTP/1.1 or HTTP/2.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::body::Body;
use http::{Request, StatusCode};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::wire::{self, Answer, Version};

/// The host of every request.
pub const HOST: &str = "api.example.test";

#[derive(Clone)]
pub struct Client {
    certificate: CertificateDer<'static>,
    /// The certificate that it presents if the server requests one.
    presents: Option<Arc<Presented>>,
}

/// A certificate, its chain, and its key.
pub struct Presented {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: rustls::pki_types::PrivateKeyDer<'static>,
}

/// The time limit for a response.
const PATIENCE: Duration = Duration::from_secs(10);

impl Client {
    pub fn new(certificate: CertificateDer<'static>) -> Self {
        Self {
            certificate,
            presents: None,
        }
    }

    /// The same client, but with a certificate.
    pub fn presenting(&self, presented: Option<Arc<Presented>>) -> Self {
        Self {
            presents: presented,
            ..self.clone()
        }
    }

    /// Waits until a proxy responds. Some proxies listen before they have read their routes.
    ///
    /// # Panics
    ///
    /// If the proxy does not respond.
    pub async fn wait_for(&self, from: IpAddr, to: SocketAddr) {
        let started = std::time::Instant::now();
        loop {
            let request = Request::builder()
                .uri("/")
                .header("host", HOST)
                .body(Body::empty());
            match self.send(from, to, false, request.unwrap()).await {
                Ok((StatusCode::OK, _)) => return,
                answer if started.elapsed() > PATIENCE => {
                    panic!("the proxy is not ready: {answer:?}")
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Connects from `from` to `to`, and offers only the protocol `alpn`.
    pub async fn connect(
        &self,
        from: IpAddr,
        to: SocketAddr,
        alpn: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = tcp(from, to).await?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match &self.presents {
            None => config.with_no_client_auth(),
            Some(presented) => config
                .with_client_auth_cert(presented.chain.clone(), presented.key.clone_key())
                .unwrap(),
        };
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from(HOST).unwrap(), stream)
            .await
    }

    /// Sends one request on a new connection. An error comes from the connection.
    pub async fn send(
        &self,
        from: IpAddr,
        to: SocketAddr,
        http2: bool,
        request: Request<Body>,
    ) -> Result<(StatusCode, String), String> {
        let answer = self.answer(from, to, http2, request).await?;
        Ok((answer.status, answer.body))
    }

    /// The same, but returns the response with its headers.
    pub async fn answer(
        &self,
        from: IpAddr,
        to: SocketAddr,
        http2: bool,
        request: Request<Body>,
    ) -> Result<Answer, String> {
        let answer = async {
            let alpn = if http2 { "h2" } else { "http/1.1" };
            let version = if http2 {
                Version::Http2
            } else {
                Version::Http1
            };
            let io = self.connect(from, to, alpn).await;
            let io = io.map_err(|error| error.to_string())?;
            wire::over(io, version, request).await
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => answer,
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    /// Sends one request without TLS, over HTTP/1.1.
    pub async fn send_plain(
        &self,
        from: IpAddr,
        to: SocketAddr,
        request: Request<Body>,
    ) -> Result<(StatusCode, String), String> {
        let answer = async {
            let stream = tcp(from, to).await.map_err(|error| error.to_string())?;
            let answer = wire::over(stream, Version::Http1, request).await?;
            Ok((answer.status, answer.body))
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => answer,
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    /// A WebSocket's first message.
    pub async fn websocket(
        &self,
        from: IpAddr,
        to: SocketAddr,
        fields: &[(&str, &str)],
    ) -> Result<String, String> {
        use tokio_tungstenite::tungstenite::client::IntoClientRequest;

        let message = async {
            let stream = self.connect(from, to, "http/1.1").await;
            let stream = stream.map_err(|error| error.to_string())?;
            let mut request = format!("wss://{HOST}/ws").into_client_request().unwrap();
            for (name, value) in fields {
                let name: http::HeaderName = name.parse().unwrap();
                request.headers_mut().append(name, value.parse().unwrap());
            }
            let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
                .await
                .map_err(|error| error.to_string())?;
            let message = futures_util::StreamExt::next(&mut socket).await;
            let message = message
                .ok_or("closed")?
                .map_err(|error| error.to_string())?;
            Ok(message.to_text().unwrap().to_owned())
        };
        match tokio::time::timeout(PATIENCE, message).await {
            Ok(message) => message,
            Err(_) => Err("no answer in time".to_owned()),
        }
    }
}

async fn tcp(from: IpAddr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(to).await
}
