//! Writes a [`Resolution`] into the request (rules R11 to R14).

use http::{Method, Request};

use crate::{resolution::Resolution, resolve::edits::Edits, rules::Rules};

pub(crate) mod fields;
pub(crate) mod target;
mod vouched;

/// Makes the request agree with the resolution.
pub(crate) fn rewrite<B>(
    request: &mut Request<B>,
    resolution: &Resolution,
    edits: &Edits,
    rules: &Rules,
) {
    edits.apply(request.headers_mut(), resolution, rules);
    let connect = *request.method() == Method::CONNECT;
    target::set(request.uri_mut(), resolution, connect, rules);
    #[cfg(feature = "axum-08")]
    if let Some(original) = request
        .extensions_mut()
        .get_mut::<axum::extract::OriginalUri>()
    {
        target::set(&mut original.0, resolution, connect, rules);
    }
    #[cfg(feature = "axum-08")]
    if !rules.keep_connect_info {
        set_connect_info(request.extensions_mut(), resolution);
    }
}

/// Writes the client into axum's `ConnectInfo`, where axum keeps the other end of the connection (rule R14).
#[cfg(feature = "axum-08")]
#[inline]
fn set_connect_info(extensions: &mut http::Extensions, resolution: &Resolution) {
    use axum::extract::connect_info::{ConnectInfo, MockConnectInfo};
    use std::net::SocketAddr;

    let Some(client) = resolution.client_addr() else {
        return;
    };
    if let Some(ConnectInfo(address)) = extensions.get_mut::<ConnectInfo<SocketAddr>>() {
        // If the client is the peer itself, its flow label and scope stay.
        if address.ip() != client.ip() || address.port() != client.port() {
            *address = client;
        }
        return;
    }
    // With a Unix socket, there was no address to replace. In a test, axum reads `MockConnectInfo` only if there is no
    // `ConnectInfo`.
    let is_unix = resolution.peer.is_some_and(|peer| peer.is_unix());
    if is_unix || extensions.get::<MockConnectInfo<SocketAddr>>().is_some() {
        extensions.insert(ConnectInfo(client));
    }
}
