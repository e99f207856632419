//! Advice about the host, the port and the prefix.

use std::net::IpAddr;

use super::{Advice, Case, evidence};
use crate::{
    headers::Headers,
    peer::is_public,
    resolution::Finding,
    resolve::observer::{Role, Source},
};

pub(super) fn not_allowed(case: Case<'_>) -> Advice {
    let text = case.trace.text_of(Role::Host);
    Advice::new(
        format!(
            "The forwarded host `{text}` is not among the hosts that you believe, so the layer uses \
             the request's own host"
        ),
        format!(
            "if it is your host, and your proxy overwrites the header, add `.believe_hosts([\"{text}\"])?`"
        ),
    )
}

pub(super) fn invalid(case: Case<'_>) -> Advice {
    match forwarded_host(case) {
        Some(list) if list.contains(',') => not_a_list(case, Role::Host, list),
        Some(text) => Advice::new(
            format!("The forwarded host `{text}` is not a valid host, so it was ignored"),
            "check what the proxy writes into this header",
        ),
        None => Advice::new(
            "The request has no valid host, so its URI stays relative",
            "let the proxy pass Host through (nginx: `proxy_set_header Host $host;`)",
        ),
    }
}

/// A forwarded host that is invalid.
fn forwarded_host<'a>(case: Case<'a>) -> Option<&'a str> {
    let value = case.trace.value(Role::Host)?;
    let is_own = matches!(value.source, Source::Host | Source::Target);
    (value.believed == Err(Finding::HostInvalid) && !is_own).then_some(&value.text)
}

pub(super) fn port_invalid(case: Case<'_>) -> Advice {
    match case.trace.text_of(Role::Port) {
        list if list.contains(',') => not_a_list(case, Role::Port, list),
        text => Advice::new(
            format!("The forwarded port `{text}` is not a port, so it was ignored"),
            "let the proxy overwrite the header, or remove `.believe_port()`",
        ),
    }
}

pub(super) fn prefix_invalid(case: Case<'_>) -> Advice {
    match case.trace.text_of(Role::Prefix) {
        list if list.contains(',') => not_a_list(case, Role::Prefix, list),
        text => Advice::new(
            format!("The forwarded prefix `{text}` is not a safe path, so it was ignored"),
            "let the proxy overwrite the header, or remove `.believe_prefix()`",
        ),
    }
}

/// A header that must hold one value, but has a comma.
pub(super) fn not_a_list(case: Case<'_>, role: Role, text: &str) -> Advice {
    let headers = &case.rules.headers;
    let name = headers.field_name(match role {
        Role::Scheme => headers.scheme,
        Role::Host => headers.host,
        Role::Port => headers.port,
        Role::Prefix => headers.prefix,
    });
    let what = role.as_str();
    Advice::new(
        format!("The forwarded {what} `{text}` is more than one value, so it was ignored"),
        format!(
            "if each of your proxies appends to {name}, say so with `Headers::with_lists([\"{name}\"])`; if \
             the nearest one overwrites it, the client wrote the comma"
        ),
    )
}

/// The host is an internal name of the service, and another header shows the public name.
pub(super) fn internal(case: Case<'_>) -> Option<Advice> {
    let authority = case.resolution.authority()?;
    let findings = case.resolution.findings();
    if !case.trace.trusted || findings.contains(Finding::HostNotAllowed) {
        return None;
    }
    let headers = case.head.headers;
    // Azure writes the client's host into it when it requests another host.
    if let Some(original) = evidence::of(headers, "x-original-host") {
        let preset = &case.rules.headers;
        let believes =
            *preset == Headers::AZURE_APPLICATION_GATEWAY && !case.rules.hosts.is_empty();
        if !believes && original.value != authority.as_str() {
            let host = &original.value;
            return Some(
                Advice::new(
                    format!(
                        "The proxy requested {authority}, but x-original-host says that the client requested \
                         {host}"
                    ),
                    format!(
                        "behind Azure's Application Gateway, believe it with \
                         `.headers(Headers::AZURE_APPLICATION_GATEWAY).believe_hosts([\"{host}\"])?`, or let \
                         the gateway keep the host; other proxies pass the client's header through"
                    ),
                )
                .with(original),
            );
        }
    }
    let page = evidence::page(case)?;
    let is_other = page.host != authority.host();
    // If the browser says that the page belongs to another origin, believe it.
    let is_foreign = !page.same_origin && headers.contains_key("sec-fetch-site");
    if !is_other || is_foreign || !(page.same_origin || is_internal(authority.host())) {
        return None;
    }
    let host = &page.host;
    let cure = match evidence::of(headers, "x-forwarded-host") {
        Some(told) if told.value.split(':').next() == Some(host) => {
            format!(
                "if that page belongs to the service, and your proxy overwrites X-Forwarded-Host, add \
                 `.believe_hosts([\"{host}\"])?`"
            )
        }
        _ => "if that page belongs to the service, let the proxy pass Host through (nginx: `proxy_set_header Host \
              $http_host;`, Apache: `ProxyPreserveHost On`, IIS: `preserveHostHeader`), or set \
              X-Forwarded-Host, and add `.believe_hosts(…)`"
            .to_owned(),
    };
    Some(
        Advice::new(
            format!(
                "The proxy requested {authority}, which seems to be an internal name of the service, but the page that \
                 sent the request belongs to {} ({})",
                page.evidence.value, page.evidence.header
            ),
            cure,
        )
        .with(page.evidence),
    )
}

/// Whether a host is not public: an address, or a name without a public suffix.
fn is_internal(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let private = address.as_ref().is_ok_and(|address| !is_public(*address));
    let suffixes = [
        ".internal",
        ".local",
        ".svc",
        ".lan",
        ".home.arpa",
        ".localhost",
    ];
    private
        || evidence::is_loopback(host)
        || (address.is_err() && !host.contains('.'))
        || suffixes.iter().any(|suffix| host.ends_with(suffix))
}

/// The browser requested the same host at another port.
pub(super) fn other_port(case: Case<'_>) -> Option<Advice> {
    let host = case.resolution.host()?;
    let port = case.resolution.port()?;
    if !case.trace.trusted || case.resolution.hops() == 0 {
        return None;
    }
    let page = evidence::page(case).filter(|page| page.host == host);
    let forwarded = evidence::of(case.head.headers, "x-forwarded-port");
    let told = forwarded
        .as_ref()
        .and_then(|evidence| evidence.value.parse::<u16>().ok());
    // A different scheme explains a different port.
    let page = page.filter(|page| page.scheme == case.resolution.scheme() && page.port != port);
    if let Some(page) = page {
        let cure = match told {
            Some(told) if told == page.port && !case.rules.port => {
                "X-Forwarded-Port has the same port: if your proxy overwrites that header, add `.believe_port()`"
                    .to_owned()
            }
            _ => format!(
                "`$host` in nginx drops the port: let it write `proxy_set_header Host $http_host;` (empty over \
                 HTTP/3; from nginx 1.29.3 on, `$host$is_request_port$request_port`), or X-Forwarded-Port with \
                 `.believe_port()`. Without it, links and the check of Origin go to port {port}"
            ),
        };
        return Some(
            Advice::new(
                format!(
                    "The browser requested port {} ({}: {}), but the host came out with port {port}",
                    page.port, page.evidence.header, page.evidence.value
                ),
                cure,
            )
            .with(page.evidence),
        );
    }
    // `https` with `:80`: the load balancer passed on the port of its own http listener.
    let is_mixed = case.resolution.scheme().is_https() && port == 80;
    is_mixed.then(|| {
        Advice::new(
            format!("The scheme is https, but the host came out as {host}:80"),
            "let the proxy pass the client's Host through, or write it without a port (nginx: `proxy_set_header Host \
             $host;`)",
        )
    })
}
