//! Advice about a CDN that came out as the client, because its networks are not trusted.

use std::net::IpAddr;

use http::HeaderMap;

use super::{Advice, Case, Evidence, evidence};
use crate::{peer::is_public, resolve::observer::End};

/// A CDN, and how to recognize a request that came through it.
struct Cdn {
    name: &'static str,
    /// Headers that it adds to requests for the origin.
    evidence: &'static [&'static str],
    /// A text that its `Via` contains.
    via: Option<&'static str>,
    /// A text that its `CDN-Loop` (RFC 8586) contains.
    cdn_loop: Option<&'static str>,
    /// Where its networks are published, and how to read them.
    networks: &'static str,
    /// Its peer has a public address from another network, so the peer's address tells nothing.
    has_two_addresses: bool,
}

/// Sources: the pages that the presets of these products name, Fastly's page on
/// [Fastly-FF](https://www.fastly.com/documentation/reference/http/http-headers/Fastly-FF/), and CloudFront's on
/// [origin requests](https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_OriginRequestPolicy.html).
const CDNS: [Cdn; 5] = [
    Cdn {
        name: "Cloudflare",
        evidence: &["cf-ray", "cf-connecting-ip"],
        via: None,
        cdn_loop: Some("cloudflare"),
        networks: "https://www.cloudflare.com/ips/ (`TrustedProxies::from_list`). Other customers share \
                   them, so require a secret from yours with `.require(…)`",
        has_two_addresses: false,
    },
    Cdn {
        name: "CloudFront",
        evidence: &["x-amz-cf-id"],
        via: Some("(CloudFront)"),
        cdn_loop: None,
        networks: "https://ip-ranges.amazonaws.com/ip-ranges.json \
                   (`TrustedProxies::from_aws_ip_ranges`, CLOUDFRONT_ORIGIN_FACING). Other customers share \
                   them, so require a secret from yours with `.require(…)`",
        has_two_addresses: false,
    },
    Cdn {
        name: "Fastly",
        evidence: &["fastly-ff"],
        via: None,
        cdn_loop: None,
        networks: "https://api.fastly.com/public-ip-list (`TrustedProxies::from_fastly_ip_list`). Other \
                   customers share them, so require a secret from yours with `.require(…)`",
        has_two_addresses: false,
    },
    Cdn {
        name: "Azure Front Door",
        evidence: &["x-azure-fdid", "x-azure-ref"],
        via: None,
        cdn_loop: None,
        networks: "the service tag AzureFrontDoor.Backend (`TrustedProxies::from_azure_service_tags`). \
                   Other customers share them, so require the id of yours, `.require(\"x-azure-fdid\", …)`",
        has_two_addresses: false,
    },
    Cdn {
        name: "Google Cloud's load balancer",
        evidence: &[],
        via: Some("1.1 google"),
        cdn_loop: None,
        networks: "the external address of its forwarding rule \
                   (`gcloud compute forwarding-rules list`)",
        has_two_addresses: true,
    },
];

impl Cdn {
    /// The header that shows it.
    fn told_by(&self, headers: &HeaderMap) -> Option<Evidence> {
        let present = |name: &&'static str| evidence::of(headers, name);
        let says = |header, text: &str| {
            evidence::of(headers, header).filter(|evidence| evidence.value.contains(text))
        };
        let via = || says("via", self.via?);
        let cdn_loop = || says("cdn-loop", self.cdn_loop?);
        self.evidence
            .iter()
            .find_map(present)
            .or_else(via)
            .or_else(cdn_loop)
    }
}

/// Which networks to trust, if the walk ended at the first address and the request came through a CDN.
///
/// Only for lists: a header that the CDN overwrites contains the client and not the CDN. A peer with a public address
/// may be the CDN itself.
pub(super) fn as_client(case: Case<'_>) -> Option<Advice> {
    let client = case.resolution.client()?;
    let peer = case.resolution.peer().and_then(|peer| peer.ip());
    let walked = case.trace.addresses().count();
    let ended = matches!(case.trace.end, Some(End::Client { counted: false, .. }));
    if !ended || walked != 1 || !case.trace.is_list {
        return None;
    }
    let headers = case.head.headers;
    let may_be_the_peer = peer.is_some_and(is_public);
    let told = CDNS
        .iter()
        .filter(|cdn| cdn.has_two_addresses || !may_be_the_peer)
        .find_map(|cdn| Some((cdn, cdn.told_by(headers)?)));
    let Some((Cdn { name, networks, .. }, evidence)) = told else {
        return edge(case, may_be_the_peer);
    };
    let trusted = match case.trace.trusted_by.as_deref() {
        Some(entry) => format!("{entry}, …"),
        None => "…".to_owned(),
    };
    Some(
        Advice::new(
            format!(
                "The request seems to come through {name} ({}), but the client came out as {client}",
                evidence.header
            ),
            format!(
                "if that is an address of {name}, trust its networks too, as in \"{trusted}\": {networks}"
            ),
        )
        .with(evidence),
    )
}

/// Advice for other CDNs and platforms: a header that such products set contains another address, which is to the left
/// of the client in the list. A client can write both, so a person must judge.
fn edge(case: Case<'_>, may_be_the_peer: bool) -> Option<Advice> {
    const HEADERS: [&str; 6] = [
        "true-client-ip",
        "do-connecting-ip",
        "fly-client-ip",
        "fastly-client-ip",
        "x-nf-client-connection-ip",
        "eo-connecting-ip",
    ];
    if may_be_the_peer {
        return None;
    }
    let client = case.resolution.client()?;
    let names_another = |evidence: &Evidence| {
        let address = evidence.value.parse::<IpAddr>();
        address.is_ok_and(|address| address != client) && case.left.contains(&evidence.value)
    };
    let evidence = HEADERS
        .into_iter()
        .filter_map(|header| evidence::of(case.head.headers, header))
        .find(names_another)?;
    Some(
        Advice::new(
            format!(
                "The client came out as {client}, but {}: {} names the address to the left of it",
                evidence.header, evidence.value
            ),
            format!(
                "if {client} is an edge of your CDN or platform, trust its networks too, where it publishes \
                 them; if not, it is a client that wrote both"
            ),
        )
        .with(evidence),
    )
}
