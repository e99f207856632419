//! Carries a [`Resolution`] into the request (rules R11 to R14).

use http::{Method, Request};

#[cfg(feature = "axum-08")]
use crate::resolution::Resolution;
use crate::{resolve::edits::Outcome, rules::Rules};

pub(crate) mod fields;
pub(crate) mod target;
mod vouched;

/// Makes the request say what was resolved, and leaves the resolution in its extensions.
pub(crate) fn rewrite<B>(request: &mut Request<B>, outcome: Outcome, rules: &Rules) {
    let Outcome { resolution, edits } = outcome;
    edits.apply(request.headers_mut(), &resolution, rules);
    let connect = *request.method() == Method::CONNECT;
    target::set(request.uri_mut(), &resolution, connect, rules);
    #[cfg(feature = "axum-08")]
    if let Some(original) = request
        .extensions_mut()
        .get_mut::<axum::extract::OriginalUri>()
    {
        target::set(&mut original.0, &resolution, connect, rules);
    }
    #[cfg(feature = "axum-08")]
    if !rules.keep_connect_info {
        set_connect_info(request.extensions_mut(), &resolution);
    }
    request.extensions_mut().insert(resolution);
}

/// Puts the client where axum keeps the other end of the connection (rule R14).
#[cfg(feature = "axum-08")]
fn set_connect_info(extensions: &mut http::Extensions, resolution: &Resolution) {
    use axum::extract::ConnectInfo;

    let Some(client) = resolution.client_addr() else {
        return;
    };
    match extensions.get_mut::<ConnectInfo<std::net::SocketAddr>>() {
        // A peer that speaks for itself keeps its flow label and scope.
        Some(ConnectInfo(address))
            if (address.ip(), address.port()) == (client.ip(), client.port()) => {}
        Some(ConnectInfo(address)) => *address = client,
        // Behind a Unix socket there was no address to replace.
        None if resolution.peer.is_some_and(|peer| peer.is_unix()) => {
            extensions.insert(ConnectInfo(client));
        }
        None => {}
    }
}
