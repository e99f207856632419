//! What is likely wrong, and the line that fixes it.

mod address;
mod cdn;
mod client;
mod evidence;
mod host;
mod identity;
mod peer;
mod scheme;

use std::fmt;

use super::trace::Trace;
use crate::{
    resolution::{Finding, Resolution},
    resolve::head::Head,
    rules::Rules,
    trust::Trust,
};

/// What to change.
#[derive(Clone, Debug)]
pub(super) struct Advice {
    pub(super) kind: Kind,
    /// What is wrong, and why.
    pub(super) cause: String,
    /// What to do.
    pub(super) cure: String,
    /// Headers that support the advice, beside those that are believed.
    pub(super) evidence: Vec<Evidence>,
}

/// A header that supports the advice. It never changes the result.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) header: &'static str,
    pub(super) value: String,
}

impl Advice {
    /// A cause and its cure. The kind is set later.
    fn new(cause: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            kind: Kind::MissingHop,
            cause: cause.into(),
            cure: cure.into(),
            evidence: Vec::new(),
        }
    }

    fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    const fn of(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The finding that it is about, if any.
    pub(super) const fn finding(&self) -> Option<Finding> {
        match self.kind {
            Kind::Finding(finding) => Some(finding),
            _ => None,
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}.", self.cause, self.cure)
    }
}

/// What a piece of advice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Finding(Finding),
    /// Every address is trusted, so the layer believed what a client wrote.
    EveryAddress,
    /// Any peer is trusted, and this one has a public address.
    PublicPeer,
    /// The believed header is missing, and another header contains a client's address.
    ClientElsewhere,
    /// A CDN seems to have come out as the client.
    CdnAsClient,
    /// Your own proxy seems to have come out as the client.
    MissingHop,
    /// A gateway that translates addresses seems to have come out as the client.
    NatAsClient,
    /// The client used https with the CDN, and the CDN used http with the next proxy.
    CleartextBehindCdn,
    /// There is a sign that the client used https, but http came out.
    HttpsLost,
    /// The host is an internal name of the service.
    InternalHost,
    /// The browser used another port than the one that came out.
    OtherPort,
}

impl Kind {
    /// A stable name in kebab-case.
    #[cfg(feature = "serde")]
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Finding(finding) => finding.as_str(),
            Self::EveryAddress => "every-address",
            Self::PublicPeer => "public-peer",
            Self::ClientElsewhere => "client-elsewhere",
            Self::CdnAsClient => "cdn-as-client",
            Self::MissingHop => "missing-hop",
            Self::NatAsClient => "nat-as-client",
            Self::CleartextBehindCdn => "cleartext-behind-cdn",
            Self::HttpsLost => "https-lost",
            Self::InternalHost => "internal-host",
            Self::OtherPort => "other-port",
        }
    }
}

/// The order of advice, the most serious first: whether anything is believed, what can be forged, a wrong client, a
/// wrong scheme, a wrong host, and the rest. Malformed values come before missing ones.
const ORDER: [Kind; Finding::ALL.len() + 10] = [
    Kind::Finding(Finding::PeerUnknown),
    Kind::Finding(Finding::PeerUntrusted),
    Kind::Finding(Finding::SecretMissing),
    Kind::Finding(Finding::HopsMissing),
    Kind::EveryAddress,
    Kind::PublicPeer,
    Kind::Finding(Finding::OtherFamily),
    Kind::ClientElsewhere,
    Kind::Finding(Finding::ForMalformed),
    Kind::CdnAsClient,
    Kind::Finding(Finding::HopLimit),
    Kind::MissingHop,
    Kind::NatAsClient,
    Kind::Finding(Finding::SchemeInvalid),
    Kind::CleartextBehindCdn,
    Kind::HttpsLost,
    Kind::Finding(Finding::SchemeMissing),
    Kind::Finding(Finding::ForMissing),
    Kind::Finding(Finding::IdentityMalformed),
    Kind::InternalHost,
    Kind::Finding(Finding::HostInvalid),
    Kind::Finding(Finding::HostNotAllowed),
    Kind::OtherPort,
    Kind::Finding(Finding::PortInvalid),
    Kind::Finding(Finding::PrefixInvalid),
    Kind::Finding(Finding::IdentityIgnored),
    Kind::Finding(Finding::ClientHidden),
];

/// What the advice is based on.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) head: Head<'a>,
    pub(super) rules: &'a Rules,
    pub(super) trust: &'a dyn Trust,
    pub(super) resolution: &'a Resolution,
    pub(super) trace: &'a Trace,
    /// The elements to the left of the client.
    pub(super) left: &'a [String],
}

/// What to change, most important first.
pub(super) fn advise(case: Case<'_>) -> Vec<Advice> {
    let told = |kind: &Kind| Some(case.about(*kind)?.of(*kind));
    ORDER.iter().filter_map(told).collect()
}

impl Case<'_> {
    /// What to change, if the request is of this kind.
    fn about(self, kind: Kind) -> Option<Advice> {
        match kind {
            Kind::Finding(finding) => {
                let met = self.resolution.findings().contains(finding);
                met.then(|| self.about_finding(finding)).flatten()
            }
            Kind::EveryAddress => client::every_address(self),
            Kind::PublicPeer => peer::public(self),
            // If the request has one of these findings, the advice for the finding says it.
            Kind::ClientElsewhere => {
                let findings = self.resolution.findings();
                let is_told = findings.contains(Finding::ForMissing)
                    || findings.contains(Finding::OtherFamily);
                (!is_told).then(|| client::elsewhere(self)).flatten()
            }
            Kind::CdnAsClient => cdn::as_client(self),
            Kind::MissingHop => client::missing_hop(self),
            Kind::NatAsClient => client::nat(self),
            Kind::CleartextBehindCdn => scheme::cleartext_behind_a_cdn(self),
            Kind::HttpsLost => scheme::https_lost(self),
            Kind::InternalHost => host::internal(self),
            Kind::OtherPort => host::other_port(self),
        }
    }

    /// What to change if the request has this finding.
    fn about_finding(self, finding: Finding) -> Option<Advice> {
        match finding {
            Finding::PeerUnknown => Some(peer::unknown(self)),
            Finding::PeerUntrusted => Some(peer::untrusted(self)),
            Finding::SecretMissing => peer::secret_missing(self),
            Finding::HopsMissing => peer::hops_missing(self),
            Finding::OtherFamily => client::other_family(self),
            Finding::ForMissing => Some(client::missing(self)),
            Finding::ForMalformed => Some(client::malformed(self)),
            Finding::ClientHidden => Some(client::hidden()),
            Finding::HopLimit => client::hop_limit(self),
            Finding::SchemeMissing => Some(scheme::missing(self)),
            Finding::SchemeInvalid => Some(scheme::invalid(self)),
            Finding::HostNotAllowed => Some(host::not_allowed(self)),
            Finding::HostInvalid => Some(host::invalid(self)),
            Finding::PortInvalid => Some(host::port_invalid(self)),
            Finding::PrefixInvalid => Some(host::prefix_invalid(self)),
            Finding::IdentityIgnored => identity::ignored(self),
            Finding::IdentityMalformed => Some(identity::malformed(self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_its_place_in_the_order_once() {
        for finding in Finding::ALL {
            let kind = Kind::Finding(*finding);
            let places = ORDER.iter().filter(|other| **other == kind).count();
            assert_eq!(places, 1, "{finding}");
        }
    }
}
