//! Which host, port and prefix came out.

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
        format!("The forwarded host `{text}` is not one to believe, so the request's own is taken"),
        format!(
            "if it is yours, and your proxy sets the field itself, add `.believe_hosts([\"{text}\"])?`"
        ),
    )
}

pub(super) fn invalid(case: Case<'_>) -> Advice {
    match forwarded_host(case) {
        Some(list) if list.contains(',') => not_a_list(case, Role::Host, list),
        Some(text) => Advice::new(
            format!("The forwarded host `{text}` is no valid host and was ignored"),
            "look at what the proxy writes there",
        ),
        None => Advice::new(
            "The request names no valid host, so its URI stays relative",
            "let the proxy pass Host on (nginx: `proxy_set_header Host $host;`)",
        ),
    }
}

/// A forwarded host that was read, and is none.
fn forwarded_host<'a>(case: Case<'a>) -> Option<&'a str> {
    let value = case.trace.value(Role::Host)?;
    let is_own = matches!(value.source, Source::Host | Source::Target);
    (value.believed == Err(Finding::HostInvalid) && !is_own).then_some(&value.text)
}

pub(super) fn port_invalid(case: Case<'_>) -> Advice {
    match case.trace.text_of(Role::Port) {
        list if list.contains(',') => not_a_list(case, Role::Port, list),
        text => Advice::new(
            format!("The forwarded port `{text}` is no port and was ignored"),
            "let the proxy set the field itself, or take `.believe_port()` away",
        ),
    }
}

pub(super) fn prefix_invalid(case: Case<'_>) -> Advice {
    match case.trace.text_of(Role::Prefix) {
        list if list.contains(',') => not_a_list(case, Role::Prefix, list),
        text => Advice::new(
            format!("The forwarded prefix `{text}` is no safe path and was ignored"),
            "let the proxy set the field itself, or take `.believe_prefix()` away",
        ),
    }
}

/// A field that holds one value, and came with a comma.
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
        format!("The forwarded {what} `{text}` is not one value, so it was ignored"),
        format!(
            "if each of your proxies appends to {name}, say so with `Headers::with_lists([\"{name}\"])`; if \
             the nearest one sets it, the comma is a client's"
        ),
    )
}

/// The host that came out is a name of the service behind the proxy, and another one is told elsewhere.
pub(super) fn internal(case: Case<'_>) -> Option<Advice> {
    let authority = case.resolution.authority()?;
    let findings = case.resolution.findings();
    if !case.trace.trusted || findings.contains(Finding::HostNotAllowed) {
        return None;
    }
    let headers = case.head.headers;
    // It is Azure's, which puts the client's host there when it asks by another.
    if let Some(original) = evidence::of(headers, "x-original-host") {
        let preset = &case.rules.headers;
        let believes =
            *preset == Headers::AZURE_APPLICATION_GATEWAY && !case.rules.hosts.is_empty();
        if !believes && original.value != authority.as_str() {
            let host = &original.value;
            return Some(
                Advice::new(
                    format!(
                        "The proxy asked for {authority}, but x-original-host says that the client asked for \
                         {host}"
                    ),
                    format!(
                        "behind Azure's Application Gateway, believe it with \
                         `.headers(Headers::AZURE_APPLICATION_GATEWAY).believe_hosts([\"{host}\"])?`, or let \
                         the gateway keep the host; other proxies pass a client's own on"
                    ),
                )
                .with(original),
            );
        }
    }
    let page = evidence::page(case)?;
    let is_other = page.host != authority.host();
    // A browser that says that the page is of another origin is believed.
    let is_foreign = !page.same_origin && headers.contains_key("sec-fetch-site");
    if !is_other || is_foreign || !(page.same_origin || is_internal(authority.host())) {
        return None;
    }
    let host = &page.host;
    let cure = match evidence::of(headers, "x-forwarded-host") {
        Some(told) if told.value.split(':').next() == Some(host) => {
            format!(
                "if that is the service's own page, and your proxy sets X-Forwarded-Host itself, add \
                 `.believe_hosts([\"{host}\"])?`"
            )
        }
        _ => "if that is the service's own page, let the proxy pass Host on (nginx: `proxy_set_header Host \
              $http_host;`, Apache: `ProxyPreserveHost On`, IIS: `preserveHostHeader`), or set \
              X-Forwarded-Host, and add `.believe_hosts(…)`"
            .to_owned(),
    };
    Some(
        Advice::new(
            format!(
                "The proxy asked for {authority}, which is its own name for the service, and the page that \
                 asks is of {} ({})",
                page.evidence.value, page.evidence.header
            ),
            cure,
        )
        .with(page.evidence),
    )
}

/// Whether a host is none that the public asks for: an address, or a name without a public suffix.
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

/// The browser asked the same host at another port.
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
    // Another scheme is another matter.
    let page = page.filter(|page| page.scheme == case.resolution.scheme() && page.port != port);
    if let Some(page) = page {
        let cure = match told {
            Some(told) if told == page.port && !case.rules.port => {
                "X-Forwarded-Port says it too: if your proxy sets that itself, add `.believe_port()`"
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
                    "The browser asked port {} ({}: {}), but the host that came out has port {port}",
                    page.port, page.evidence.header, page.evidence.value
                ),
                cure,
            )
            .with(page.evidence),
        );
    }
    // `https` and `:80` is what a balancer leaves of its own http listener.
    let is_mixed = case.resolution.scheme().is_https() && port == 80;
    is_mixed.then(|| {
        Advice::new(
            format!("The scheme is https, but the host that came out is {host}:80"),
            "let the proxy write the client's own Host, or one without a port (nginx: `proxy_set_header Host \
             $host;`)",
        )
    })
}
