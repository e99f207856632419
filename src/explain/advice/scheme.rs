//! Advice about the scheme.

use super::{Advice, Case, Evidence, evidence, host::not_a_list};
use crate::{
    headers::{ClientSyntax, Headers},
    resolution::{Finding, scheme::Scheme},
    resolve::observer::Role,
};

pub(super) fn missing(case: Case<'_>) -> Advice {
    let scheme = case.resolution.scheme();
    if let Some(evidence) = evidence::scheme_header(case).filter(|_| reads_headers(case)) {
        let name = evidence.header;
        return Advice::new(
            format!(
                "The proxy does not send {}, but it sends {name}: {}",
                scheme_header(case),
                evidence.value
            ),
            format!(
                "if the proxy overwrites {name}, believe that header with \
                 `.with_scheme_field(\"{name}\")?` (in a configuration, `headers_scheme = \"{name}\"`); \
                 otherwise {}",
                scheme_line(case)
            ),
        )
        .with(evidence);
    }
    Advice::new(
        format!(
            "The proxy sends the client's address but not the scheme, so the layer assumes {scheme}"
        ),
        scheme_line(case),
    )
}

pub(super) fn invalid(case: Case<'_>) -> Advice {
    match case.trace.text_of(Role::Scheme) {
        list if list.contains(',') => not_a_list(case, Role::Scheme, list),
        text => Advice::new(
            format!(
                "The proxy sends `{text}` as the scheme, which is not a scheme, so the layer assumes {}",
                case.resolution.scheme()
            ),
            scheme_line(case),
        ),
    }
}

/// Whether the scheme is read from its own header.
fn reads_headers(case: Case<'_>) -> bool {
    case.rules.headers.client_syntax != ClientSyntax::Forwarded
}

fn scheme_header(case: Case<'_>) -> &str {
    let headers = &case.rules.headers;
    match headers.field_name(headers.scheme) {
        "" => "a scheme",
        name => name,
    }
}

fn scheme_line(case: Case<'_>) -> String {
    if !reads_headers(case) {
        return "configure it to write `proto=` into Forwarded".to_owned();
    }
    let headers = &case.rules.headers;
    match headers.field_name(headers.scheme) {
        "" => "name the header with the scheme in `Headers::with_scheme_field`, or say that there is none with \
               `Headers::without_scheme`"
            .to_owned(),
        "x-forwarded-proto" => "configure it to send X-Forwarded-Proto (nginx: `proxy_set_header \
            X-Forwarded-Proto $scheme;`, HAProxy: `http-request set-header X-Forwarded-Proto \
            %[ssl_fc,iif(https,http)]`, Apache: `RequestHeader set X-Forwarded-Proto https`)"
            .to_owned(),
        name => format!("configure it to send {name}"),
    }
}

/// The load balancer got an http request, but a CDN's own header says that the client used https.
pub(super) fn cleartext_behind_a_cdn(case: Case<'_>) -> Option<Advice> {
    if !http_was_stated(case) {
        return None;
    }
    let says_https = |header| {
        evidence::of(case.head.headers, header).filter(|evidence| evidence.value.contains("https"))
    };
    let (evidence, preset) = says_https("cf-visitor")
        .map(|evidence| (evidence, "CLOUDFLARE"))
        .or_else(|| Some((says_https("cloudfront-forwarded-proto")?, "AWS_CLOUDFRONT")))?;
    Some(
        Advice::new(
            "The client used https with the CDN, but the CDN used http with the next proxy, so the scheme came \
             out as http",
            format!(
                "let the CDN connect over https; or, if nobody can go around it, believe the CDN's own header with \
                 `.headers(Headers::{preset})`"
            ),
        )
        .with(evidence),
    )
}

/// The scheme is http because a trusted proxy says so, because the header is missing, or because of the service's own
/// rule.
fn http_was_stated(case: Case<'_>) -> bool {
    case.resolution.scheme() == Scheme::Http
        && case.trace.trusted
        && !case.resolution.findings().contains(Finding::SchemeMissing)
        && !case.resolution.findings().contains(Finding::SchemeInvalid)
}

/// The nearest proxy sends the scheme of its own connection, not the client's.
pub(super) fn https_lost(case: Case<'_>) -> Option<Advice> {
    let stated = case.trace.value(Role::Scheme)?;
    if !http_was_stated(case) || cleartext_behind_a_cdn(case).is_some() {
        return None;
    }
    let field = &stated.field;
    let evidence = evidence::https(case)?;
    let Evidence { header, value } = &evidence;
    Some(
        Advice::new(
            format!(
                "The nearest proxy says http in {field}, but {header}: {value} says that the client used \
                 https"
            ),
            format!(
                "another proxy in front of it terminated TLS, so let it pass on the scheme that the \
                 other proxy sends: {}. Do so only if nobody else can reach it: otherwise any client can choose \
                 the scheme",
                switch(case)
            ),
        )
        .with(evidence),
    )
}

/// The setting of each product. Sources: the pages that the presets name, and
/// [ingress-nginx](https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#use-forwarded-headers),
/// [Caddy](https://caddyserver.com/docs/caddyfile/options#trusted-proxies),
/// [Envoy](https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-proto).
fn switch(case: Case<'_>) -> &'static str {
    let preset = &case.rules.headers;
    let sends = |header| case.head.headers.contains_key(header);
    if *preset == Headers::INGRESS_NGINX || (sends("x-scheme") && sends("x-forwarded-scheme")) {
        "in ingress-nginx, `use-forwarded-headers: \"true\"` and `proxy-real-ip-cidr` in its ConfigMap"
    } else if *preset == Headers::TRAEFIK {
        "in Traefik, `forwardedHeaders.trustedIPs` of the entry point"
    } else if *preset == Headers::CADDY {
        "in Caddy, `trusted_proxies` in the global option `servers`"
    } else if *preset == Headers::ISTIO {
        "in Istio, `numTrustedProxies` in the gateway's topology"
    } else if *preset == Headers::ENVOY || sends("x-envoy-external-address") {
        "in Envoy, `xff_num_trusted_hops`; in Istio, `numTrustedProxies` in the gateway's topology"
    } else if *preset == Headers::NGINX {
        "in nginx, `map $http_x_forwarded_proto $proto { default $scheme; https https; }` and \
         `proxy_set_header X-Forwarded-Proto $proto;`"
    } else {
        "ingress-nginx has `use-forwarded-headers`, Traefik `forwardedHeaders.trustedIPs`, Caddy \
         `trusted_proxies`, Envoy `xff_num_trusted_hops`, Istio `numTrustedProxies`, and nginx a `map` of \
         `$http_x_forwarded_proto`"
    }
}
