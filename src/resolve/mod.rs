//! The walk: from the peer and the headers to the [`Resolution`].
//!
//! The code is pure: it changes nothing, and does not know any service. It shows each step to an [`Observer`]. In the
//! layer, the observer is `()`, which costs nothing.

pub(crate) mod edits;
pub(crate) mod head;
mod hops_seen;
mod host;
mod identity;
pub(crate) mod observer;
mod resolving;
mod values;
pub(crate) mod walk;

use self::{
    edits::Outcome,
    head::Head,
    observer::{Observer, Step},
    resolving::{Found, Resolving, Walked},
    values::Stated,
};
use crate::{headers::scan::Scan, peer::Peer, resolution::Finding, rules::Rules, trust::Trust};

/// Resolves a request.
pub(crate) fn resolve<O: Observer>(
    peer: Option<Peer>,
    head: Head<'_>,
    rules: &Rules,
    trust: &dyn Trust,
    observer: &mut O,
) -> Outcome {
    let scan = Scan::new(head.headers, &rules.headers);
    let hops = trust.hop_limit();
    let is_proxy = hops.most() > 0 && peer.is_some_and(|peer| trust.trusts_peer(peer));
    let proves_itself = match &rules.secret {
        Some(secret) if is_proxy => secret.is_in(head.headers),
        _ => true,
    };
    let trusted = is_proxy && proves_itself;
    observer.see(Step::Peer {
        peer,
        trusted,
        present: scan.present,
    });

    let mut resolving = Resolving::new(rules, &scan, observer);
    if !trusted {
        let finding = (!proves_itself).then_some(Finding::SecretMissing);
        return resolving.believe_nobody(peer, head, finding);
    }

    let mut walked = Walked::default();
    resolving.walk(trust, hops, &mut walked);
    // In a list, the element at the client's position counts. If no element was accepted, the last one counts.
    let pairs = walked.accepted.max(1);
    if resolving.has_too_few_hops(&walked, hops) {
        let resolving = Resolving::new(rules, &scan, resolving.observer);
        return resolving.believe_nobody(peer, head, Some(Finding::HopsMissing));
    }
    let is_proxied = resolving.is_proxied();
    if is_proxied && scan.client.is_empty() {
        resolving.findings.insert(Finding::ForMissing);
    }
    if !is_proxied && rules.headers.other_family(scan.present).is_some() {
        resolving.findings.insert(Finding::OtherFamily);
    }
    let scheme = match resolving.stated_scheme(&walked, pairs) {
        Stated::Scheme(scheme) => scheme,
        Stated::Invalid => rules.connection_scheme.of(head.extensions),
        Stated::Nothing => {
            if is_proxied && !rules.headers.no_scheme {
                resolving.findings.insert(Finding::SchemeMissing);
            }
            rules.connection_scheme.of(head.extensions)
        }
    };
    let host = resolving.forwarded_host(&walked, pairs);
    let port = resolving.port(pairs);
    let authority = resolving.authority(head.uri, scheme, host.as_ref(), port);
    let prefix = resolving.prefix();
    resolving.edit_client(&walked, scheme, authority.as_ref());
    resolving.finish(
        peer,
        Found {
            client: walked.client,
            hops: pairs,
            scheme,
            authority,
            prefix,
        },
    )
}
