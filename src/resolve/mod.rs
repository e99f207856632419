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
    edits::Edits,
    head::Head,
    observer::{Observer, Step},
    resolving::{Resolving, Walked},
    values::Stated,
};
use crate::{
    headers::{field_set::FieldSet, scan::Scan},
    resolution::{Finding, Resolution},
    rules::Rules,
    trust::Trust,
};

/// Resolves a request. Writes the result into `resolution`, which holds the peer, and the changes that the request needs
/// into `edits`.
pub(crate) fn resolve<O: Observer>(
    head: Head<'_>,
    rules: &Rules,
    trust: &dyn Trust,
    observer: &mut O,
    resolution: &mut Resolution,
    edits: &mut Edits,
) {
    let mut scan = Scan::of(head.headers);
    scan.read(&rules.headers);
    let peer = resolution.peer;
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

    let mut resolving = Resolving {
        rules,
        scan: &scan,
        resolution,
        edits,
        believed: FieldSet::EMPTY,
        observer,
    };
    if !trusted {
        let finding = (!proves_itself).then_some(Finding::SecretMissing);
        return resolving.believe_nobody(head, finding);
    }

    let mut walked = Walked::default();
    resolving.walk(trust, hops, &mut walked);
    if resolving.has_too_few_hops(&walked, hops) {
        resolving.forget();
        return resolving.believe_nobody(head, Some(Finding::HopsMissing));
    }
    // In a list, the element at the client's position counts. If no element was accepted, the last one counts.
    let pairs = walked.accepted.max(1);
    resolving.resolution.hops = pairs;
    let is_proxied = resolving.is_proxied();
    if is_proxied && scan.client.is_empty() {
        resolving.found(Finding::ForMissing);
    }
    if !is_proxied && rules.headers.misses_family(scan.present) {
        resolving.found(Finding::OtherFamily);
    }
    resolving.resolution.scheme = match resolving.stated_scheme(&walked, pairs) {
        Stated::Scheme(scheme) => scheme,
        Stated::Invalid => rules.connection_scheme.of(head.extensions),
        Stated::Nothing => {
            if is_proxied && !rules.headers.no_scheme {
                resolving.found(Finding::SchemeMissing);
            }
            rules.connection_scheme.of(head.extensions)
        }
    };
    let host = resolving.forwarded_host(&walked, pairs);
    let port = resolving.port(pairs);
    resolving.authority(head.uri, host.as_ref(), port);
    resolving.prefix();
    resolving.edit_client(&walked);
    resolving.finish(walked.client);
}
