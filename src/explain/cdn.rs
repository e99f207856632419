//! A CDN that came out as the client, since nobody named its networks.

use http::HeaderMap;

use super::trace::Trace;
use crate::{resolution::Resolution, resolve::observer::End};

/// A CDN, and how a request that came through it can be told.
struct Cdn {
    name: &'static str,
    /// Headers that it adds to requests for the origin.
    evidence: &'static [&'static str],
    /// What its `Via` holds.
    via: Option<&'static str>,
    /// Where its networks are published, and how they are read.
    networks: &'static str,
}

/// Sources: the pages that the presets of these products name, Fastly's page on
/// [Fastly-FF](https://www.fastly.com/documentation/reference/http/http-headers/Fastly-FF/), and CloudFront's on
/// [origin requests](https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_OriginRequestPolicy.html).
const CDNS: [Cdn; 4] = [
    Cdn {
        name: "Cloudflare",
        evidence: &["cf-ray", "cf-connecting-ip"],
        via: None,
        networks: "https://www.cloudflare.com/ips/ (`TrustedProxies::from_list`)",
    },
    Cdn {
        name: "CloudFront",
        evidence: &["x-amz-cf-id"],
        via: Some("(CloudFront)"),
        networks: "https://ip-ranges.amazonaws.com/ip-ranges.json \
                   (`TrustedProxies::from_aws_ip_ranges`, CLOUDFRONT_ORIGIN_FACING)",
    },
    Cdn {
        name: "Fastly",
        evidence: &["fastly-ff"],
        via: None,
        networks: "https://api.fastly.com/public-ip-list (`TrustedProxies::from_fastly_ip_list`)",
    },
    Cdn {
        name: "Azure Front Door",
        evidence: &["x-azure-fdid", "x-azure-ref"],
        via: None,
        networks: "the service tag AzureFrontDoor.Backend \
                   (`TrustedProxies::from_azure_service_tags`)",
    },
];

impl Cdn {
    /// The header that tells it.
    fn told_by(&self, headers: &HeaderMap) -> Option<&'static str> {
        let present = |name: &&&'static str| headers.contains_key(**name);
        let via = || {
            let text = self.via?;
            let says = |line: &http::HeaderValue| {
                let line = line.as_bytes();
                line.windows(text.len()).any(|part| part == text.as_bytes())
            };
            headers.get_all("via").iter().any(says).then_some("via")
        };
        self.evidence.iter().find(present).copied().or_else(via)
    }
}

/// What to name, if the walk ended at the first address and a CDN was on the way.
///
/// Behind a list alone: a header that a CDN sets itself says the client and not the CDN.
pub(super) fn came_out_as_the_client(
    headers: &HeaderMap,
    resolution: &Resolution,
    trace: &Trace,
) -> Option<String> {
    let client = resolution.client()?;
    let walked = trace.addresses().count();
    let ended = matches!(trace.end, Some(End::Client { counted: false, .. }));
    if !ended || walked != 1 || !trace.is_list {
        return None;
    }
    let told = |cdn: &Cdn| Some((cdn.name, cdn.networks, cdn.told_by(headers)?));
    let (name, networks, evidence) = CDNS.iter().find_map(told)?;
    Some(format!(
        "The request came through {name}, or says so ({evidence}), and {client} came out as the client: if \
         that is an address of {name}'s, trust its networks too, as in \"{}\". They are published: {networks}. \
         Other customers share them, so let yours prove itself with `.require(…)`.",
        match trace.trusted_by.as_deref() {
            Some(entry) => format!("{entry}, …"),
            None => "…".to_owned(),
        }
    ))
}
