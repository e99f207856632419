//! A service that identifies its clients by their certificates, behind a proxy that requests the certificates.
//!
//! Run `cargo run -p tower-forwarded-checks --example client_cert`, then send a request as the proxy would:
//!
//! ```text
//! curl http://127.0.0.1:3000/ -H "Client-Cert: :$(openssl x509 -in client.pem -outform der | base64 -w0):"
//! ```

use std::net::SocketAddr;

use axum::{Router, http::StatusCode, routing::get};
use tower_forwarded::{ClientCert, ForwardedLayer, Identity, TrustedProxies};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The crate returns the raw certificate. `x509-parser` parses it, and you decide which parts to check.
async fn subject(certificate: ClientCert) -> Result<String, StatusCode> {
    let (_, parsed) =
        X509Certificate::from_der(certificate.der()).map_err(|_| StatusCode::FORBIDDEN)?;
    // Not every proxy checks this: Azure App Service passes on any certificate that the client presents.
    if !parsed.validity().is_valid() {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(format!("{}\n", parsed.subject()))
}

fn app(proxies: TrustedProxies) -> Result<Router, tower_forwarded::HeadersError> {
    let layer = ForwardedLayer::new(proxies).believe_identity(Identity::RFC_9440)?;
    Ok(Router::new().route("/", get(subject)).layer(layer))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app("loopback".parse()?)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use base64::{Engine, engine::general_purpose::STANDARD};
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    use tower_forwarded::Peer;

    use super::*;

    async fn ask(peer: &str, certificate: Option<&[u8]>) -> (StatusCode, String) {
        let mut request = Request::get("/").header("host", "app.internal");
        if let Some(der) = certificate {
            request = request.header("client-cert", format!(":{}:", STANDARD.encode(der)));
        }
        let mut request = request.body(Body::empty()).unwrap();
        request
            .extensions_mut()
            .insert(peer.parse::<Peer>().unwrap());
        let answer = app("loopback".parse().unwrap())
            .unwrap()
            .oneshot(request)
            .await
            .unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn only_the_proxy_says_who_the_client_is() {
        let made = rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap();
        let der = made.cert.der();
        let (status, subject) = ask("127.0.0.1:1", Some(der)).await;
        assert_eq!(status, StatusCode::OK);
        assert!(subject.contains("CN="), "{subject}");
        assert_eq!(
            ask("203.0.113.9:1", Some(der)).await.0,
            StatusCode::FORBIDDEN
        );
        assert_eq!(ask("127.0.0.1:1", None).await.0, StatusCode::FORBIDDEN);
        assert_eq!(
            ask("127.0.0.1:1", Some(&der[..20])).await.0,
            StatusCode::FORBIDDEN
        );
    }
}
