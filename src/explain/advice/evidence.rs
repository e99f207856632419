//! What a request says outside of its forwarding headers.
//!
//! Any client can write all of this. It is only for advice, which a person reads and judges. It never changes the
//! result, and a test checks that.

use http::HeaderMap;

use super::{Case, Evidence};
use crate::{
    explain::printable::printable,
    resolution::scheme::Scheme,
    syntax::{authority, trim_ows},
};

/// The last line of a header, if it is there and not empty.
pub(super) fn of(headers: &HeaderMap, header: &'static str) -> Option<Evidence> {
    let line = headers.get_all(header).iter().next_back()?;
    let value = trim_ows(line.as_bytes());
    (!value.is_empty()).then(|| Evidence {
        header,
        value: printable(value),
    })
}

/// The origin of the page that sent the request, according to the browser.
pub(super) struct Page {
    pub(super) evidence: Evidence,
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether the browser says that the request is for the page's own origin (`Sec-Fetch-Site: same-origin`).
    pub(super) same_origin: bool,
}

/// The page that sent the request, from `Origin` (RFC 6454) or `Referer` (RFC 9110, section 10.1.3).
pub(super) fn page(case: Case<'_>) -> Option<Page> {
    let headers = case.head.headers;
    ["origin", "referer"].into_iter().find_map(|header| {
        let evidence = of(headers, header)?;
        let (scheme, rest) = evidence.value.split_once("://")?;
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let parsed = authority::parse(host.as_bytes())?;
        Some(Page {
            scheme,
            host: parsed.host.to_ascii_lowercase(),
            port: parsed.port.unwrap_or_else(|| scheme.default_port()),
            same_origin: of(headers, "sec-fetch-site")
                .is_some_and(|site| site.value == "same-origin"),
            evidence: Evidence {
                header,
                value: format!("{}://{}", scheme.as_str(), printable(host.as_bytes())),
            },
        })
    })
}

/// A switch or a scheme that some products write beside `X-Forwarded-Proto`.
pub(super) const SCHEMES: [&str; 13] = [
    "x-scheme",
    "x-forwarded-ssl",
    "x-forwarded-scheme",
    "x-url-scheme",
    "front-end-https",
    "x-forwarded-protocol",
    "x-forwarded-https",
    "x-forwarded-proto",
    "x-original-proto",
    "x-proxied-https",
    "wl-proxy-ssl",
    "fastly-ssl",
    "fly-forwarded-ssl",
];

/// A header with a scheme or a switch that says https.
pub(super) fn scheme_header(case: Case<'_>) -> Option<Evidence> {
    let says_https = |evidence: &Evidence| {
        let value = evidence.value.to_ascii_lowercase();
        matches!(&*value, "https" | "wss" | "on" | "1" | "true" | "ssl")
    };
    SCHEMES
        .into_iter()
        .filter_map(|header| of(case.head.headers, header))
        .find(says_https)
        .or_else(|| of(case.head.headers, "x-arr-ssl"))
}

/// A sign that the client used https.
pub(super) fn https(case: Case<'_>) -> Option<Evidence> {
    let headers = case.head.headers;
    let page = || {
        let page = page(case)?;
        let is_own = page.same_origin || case.resolution.host() == Some(&page.host);
        (page.scheme == Scheme::Https && is_own).then_some(page.evidence)
    };
    let port = || {
        let port = of(headers, "x-forwarded-port")?;
        let mut ports = port.value.split(',').map(str::trim);
        ports.any(|port| port == "443").then_some(port)
    };
    let list = || {
        let list = of(headers, "x-forwarded-proto")?;
        let outermost = list.value.split(',').next()?.trim();
        outermost.eq_ignore_ascii_case("https").then_some(list)
    };
    // Browsers send it only over https and to loopback (https://www.w3.org/TR/fetch-metadata/).
    // Upgrade-Insecure-Requests tells nothing: browsers send it over http too.
    let fetch = || {
        let is_local = case.resolution.host().is_none_or(is_loopback);
        of(headers, "sec-fetch-site").filter(|_| !is_local)
    };
    page()
        .or_else(port)
        .or_else(|| scheme_header(case))
        .or_else(list)
        .or_else(fetch)
}

/// Whether a host is the same machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    address.is_ok_and(|address| address.is_loopback())
        || host == "localhost"
        || host.ends_with(".localhost")
}
