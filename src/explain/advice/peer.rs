//! Advice about the peer.

use std::net::SocketAddr;

use super::{
    Advice, Case,
    address::{narrowest, wider},
    evidence,
};
use crate::{
    peer::{Peer, is_public},
    trust::Trust,
};

pub(super) fn unknown(case: Case<'_>) -> Advice {
    let cause = "The peer of the connection is unknown, so nothing is believed";
    // On Lambda there is no connection. This header shows that the request comes from there.
    match evidence::of(case.head.headers, "x-amzn-trace-id") {
        Some(evidence) => Advice::new(
            cause,
            "on AWS Lambda, take the peer from the event with `.peer_from(…)`, as shown in the chapter entrances \
             (AWS Lambda); anywhere else, serve the app with `app.into_make_service_with_connect_info::<SocketAddr>()`",
        )
        .with(evidence),
        None => Advice::new(
            cause,
            "serve the app with `app.into_make_service_with_connect_info::<SocketAddr>()`, or insert a \
             Peer into the request's extensions",
        ),
    }
}

pub(super) fn untrusted(case: Case<'_>) -> Advice {
    let Some(address) = case.resolution.peer().and_then(|peer| peer.ip()) else {
        return Advice::new(
            "The peer is a Unix socket, which is not trusted, so what it forwards is ignored",
            "add \"unix\" to TrustedProxies",
        );
    };
    if case.trust.hop_limit().most() == 0 {
        return Advice::new(
            "The hop limit is 0, so no proxy is trusted",
            "raise it to the number of proxies in front of the service",
        );
    }
    let entry = narrowest(address);
    let cause = format!("The peer {address} is not trusted, so what it forwards is ignored");
    let cure = format!("if it is your proxy, add \"{entry}\" to TrustedProxies");
    if is_public(address) {
        let cure = format!(
            "{cure}. It is a public address, so check first whether it is your proxy; if it is a client, it \
             reaches the service without passing the proxy"
        );
        return Advice::new(cause, cure);
    }
    match wider(address, case.trust) {
        Some(network) => Advice::new(
            cause,
            format!(
                "{cure}, or \"{network}\" if your proxies have addresses all over it, like the pods of a cluster: \
                 you already trust another part of it"
            ),
        ),
        None => Advice::new(cause, cure),
    }
}

pub(super) fn secret_missing(case: Case<'_>) -> Option<Advice> {
    let name = case.rules.secret.as_ref()?.name.as_str();
    Some(Advice::new(
        format!(
            "The peer is trusted, but the request does not have the required secret in {name}, so \
             what it forwards is ignored"
        ),
        "configure your proxy to send it. If it does, the request went around it, or through a proxy of another \
         customer",
    ))
}

pub(super) fn hops_missing(case: Case<'_>) -> Option<Advice> {
    let count = case.trust.hop_limit().counted()?;
    Some(Advice::new(
        format!(
            "The request came through fewer proxies than the {count} that you count, so what it forwards is \
             ignored"
        ),
        "the request went around the outer ones, or there are fewer; name your proxies instead of counting them",
    ))
}

/// `*` is used, and the peer may be a client that reaches the service directly.
pub(super) fn public(case: Case<'_>) -> Option<Advice> {
    let address = case.resolution.peer()?.ip()?;
    let forgeable =
        case.resolution.is_trusted() && is_public(address) && trusts_any_peer(case.trust);
    // A peer with the secret is not a client.
    (forgeable && case.rules.secret.is_none()).then(|| {
        Advice::new(
            format!(
                "Every peer is trusted (`*`), and the peer {address} is a public address"
            ),
            "if it is not your proxy, clients reach the service directly, and can forge all of this. Name \
             your proxies in TrustedProxies instead of `*`",
        )
    })
}

/// Whether any peer is trusted, as with `*`. It is, if addresses that nobody has (RFC 5737) are trusted.
fn trusts_any_peer(trust: &dyn Trust) -> bool {
    [[192, 0, 2, 1], [198, 51, 100, 1]]
        .into_iter()
        .all(|address| trust.trusts_peer(Peer::from(SocketAddr::from((address, 0)))))
}
