//! axum extractors for parts of the [`Resolution`].

use std::{convert::Infallible, fmt, net::IpAddr};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts, uri::Authority};

#[cfg(feature = "client-cert")]
use crate::resolution::ClientCert;
use crate::resolution::{Origin, Resolution, scheme::Scheme};

/// The client's address, as the outermost trusted proxy saw it.
///
/// ```
/// use tower_forwarded::ClientIp;
///
/// async fn handler(ClientIp(ip): ClientIp) -> String {
///     format!("you are {ip}")
/// }
/// ```
///
/// `Option<ClientIp>` is `None` if no address is known. If no [`ForwardedLayer`](crate::ForwardedLayer) has seen the
/// request, both fail: see [`ExtractError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientIp(pub IpAddr);

impl fmt::Display for ClientIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The authority that the client requested, in lowercase and without the scheme's default port.
///
/// Use it instead of axum-extra's `Host`, which believes `Forwarded` and `X-Forwarded-Host` from anyone.
///
/// ```
/// use tower_forwarded::RequestHost;
///
/// async fn handler(RequestHost(host): RequestHost) -> String {
///     format!("you asked for {host}")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHost(pub Authority);

impl fmt::Display for RequestHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why an extractor failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// No [`ForwardedLayer`](crate::ForwardedLayer) has seen the request. Responds with 500.
    #[error(
        "no ForwardedLayer has seen this request: add `.layer(ForwardedLayer::new(proxies))` to the \
         Router, below its routes and other layers"
    )]
    LayerMissing,
    /// The layer does not know the peer. Responds with 500.
    #[error(
        "the peer of this connection is unknown: serve the app with \
         `app.into_make_service_with_connect_info::<SocketAddr>()`"
    )]
    PeerUnknown,
    /// The peer is a Unix socket, and no proxy named the client. Responds with 500.
    #[error(
        "the peer is a Unix socket and no trusted proxy named the client: put `unix` into \
         TrustedProxies and let the proxy send the client's address"
    )]
    ClientUnknown,
    /// No trusted proxy passed on a certificate of the client. Responds with 403.
    #[cfg(feature = "client-cert")]
    #[error("the client presented no certificate")]
    ClientCertMissing,
    /// The request names no valid host. Responds with 400.
    #[error("the request names no valid host")]
    HostMissing,
}

impl ExtractError {
    /// The status code of the response: 400 or 403 for errors of the client, else 500.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::HostMissing => StatusCode::BAD_REQUEST,
            #[cfg(feature = "client-cert")]
            Self::ClientCertMissing => StatusCode::FORBIDDEN,
            Self::LayerMissing | Self::PeerUnknown | Self::ClientUnknown => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl IntoResponse for ExtractError {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
    }
}

fn resolution(parts: &Parts) -> Result<&Resolution, ExtractError> {
    parts.extensions.get().ok_or(ExtractError::LayerMissing)
}

impl<S: Sync> FromRequestParts<S> for Resolution {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ExtractError> {
        resolution(parts).cloned()
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Resolution {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

impl<S: Sync> FromRequestParts<S> for ClientIp {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ExtractError> {
        let resolution = resolution(parts)?;
        let missing = match resolution.peer() {
            Some(_) => ExtractError::ClientUnknown,
            None => ExtractError::PeerUnknown,
        };
        resolution.client().map(Self).ok_or(missing)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ClientIp {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ExtractError> {
        Ok(resolution(parts)?.client().map(Self))
    }
}

impl<S: Sync> FromRequestParts<S> for Scheme {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ExtractError> {
        Ok(resolution(parts)?.scheme())
    }
}

impl<S: Sync> FromRequestParts<S> for RequestHost {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ExtractError> {
        let authority = resolution(parts)?.authority().cloned();
        authority.map(Self).ok_or(ExtractError::HostMissing)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for RequestHost {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ExtractError> {
        Ok(resolution(parts)?.authority().cloned().map(Self))
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ExtractError> {
        resolution(parts)?.origin().ok_or(ExtractError::HostMissing)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Origin {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ExtractError> {
        Ok(resolution(parts)?.origin())
    }
}

#[cfg(feature = "client-cert")]
impl<S: Sync> FromRequestParts<S> for ClientCert {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ExtractError> {
        let certificate = resolution(parts)?.client_cert().cloned();
        certificate.ok_or(ExtractError::ClientCertMissing)
    }
}

#[cfg(feature = "client-cert")]
impl<S: Sync> OptionalFromRequestParts<S> for ClientCert {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ExtractError> {
        Ok(resolution(parts)?.client_cert().cloned())
    }
}
