//! Carries a [`Resolution`] into the request (rules R11 to R14).

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header, uri};

use crate::{
    headers::{
        ClientSyntax, Headers,
        known::{Field, Kind},
    },
    resolution::{Resolution, scheme::Scheme},
    resolve::edits::{ClientEdit, Edits, Outcome},
    rules::Rules,
    syntax::{
        self,
        forwarded::OutsideQuotes,
        list::{AtCommas, FromRight},
        node::{self, Node},
    },
};

/// Makes the request say what was resolved, and leaves the resolution in its extensions.
pub(crate) fn rewrite<B>(request: &mut Request<B>, outcome: Outcome, rules: &Rules) {
    let Outcome { resolution, edits } = outcome;
    clean(request.headers_mut(), &resolution, &edits, rules);
    let connect = *request.method() == Method::CONNECT;
    set_target(request.uri_mut(), &resolution, connect, rules);
    #[cfg(feature = "axum-08")]
    if let Some(original) = request
        .extensions_mut()
        .get_mut::<axum::extract::OriginalUri>()
    {
        set_target(&mut original.0, &resolution, connect, rules);
    }
    #[cfg(feature = "axum-08")]
    if !rules.keep_connect_info {
        set_connect_info(request.extensions_mut(), &resolution);
    }
    request.extensions_mut().insert(resolution);
}

/// Removes the fields that are not believed and leaves the vouched part of the others.
fn clean(headers: &mut HeaderMap, resolution: &Resolution, edits: &Edits, rules: &Rules) {
    let wanted = &rules.headers;
    edits.remove.each(|field| {
        if let Some(name) = wanted.header_name(field) {
            headers.remove(name);
        }
    });
    if let Some(secret) = &rules.secret {
        headers.remove(&secret.name);
    }
    if edits.underscored {
        remove_all(headers, underscored(headers, rules).cloned().collect());
    }
    if !rules.remove.is_empty() {
        remove_all(headers, unwanted(headers, rules).cloned().collect());
    }
    match edits.client {
        ClientEdit::Keep => {}
        ClientEdit::Suffix(start) => {
            let name = wanted.header_name(wanted.client);
            if let Some(value) = name.and_then(|name| headers.get_mut(name)) {
                if let Some(Ok(suffix)) = value.as_bytes().get(start..).map(HeaderValue::from_bytes)
                {
                    *value = suffix;
                }
            }
        }
        ClientEdit::Rebuild { elements, host } => {
            let name = wanted.field_name(wanted.client);
            let lines = headers
                .get_all(name)
                .iter()
                .rev()
                .map(HeaderValue::as_bytes);
            let value = match wanted.client_syntax {
                ClientSyntax::Forwarded => vouched_elements(lines, elements, host, resolution),
                _ => vouched_addresses(lines, elements),
            };
            set(headers, wanted, wanted.client, value.as_bytes());
        }
    }
    if let Some(field) = edits.set_scheme {
        set(
            headers,
            wanted,
            field,
            resolution.scheme.as_str().as_bytes(),
        );
    }
    if let Some(authority) = &resolution.authority {
        let authority = authority.as_str().as_bytes();
        if edits.set_forwarded_host {
            set(headers, wanted, wanted.host, authority);
        }
        if edits.set_host {
            insert(headers, &header::HOST, authority);
        }
    }
    if edits.remove_host {
        headers.remove(header::HOST);
    }
    if let Some(port) = edits.set_port {
        set(headers, wanted, wanted.port, port.to_string().as_bytes());
    }
    if let (true, Some(prefix)) = (edits.set_prefix, &resolution.prefix) {
        set(headers, wanted, wanted.prefix, prefix.as_bytes());
    }
}

/// Replaces every line of a field by one.
fn set(headers: &mut HeaderMap, wanted: &Headers, field: Field, value: &[u8]) {
    if let Some(name) = wanted.header_name(field) {
        insert(headers, name, value);
    }
}

/// Replaces every line of a header by one.
///
/// A map of 24,576 names has no room for another. A header that is there is replaced all the same, and
/// one that is not is left out: nothing that a client sends may make the layer panic.
fn insert(headers: &mut HeaderMap, name: &HeaderName, value: &[u8]) {
    let try_insert = |headers: &mut HeaderMap| {
        let value = HeaderValue::from_bytes(value).ok()?;
        headers.try_insert(name, value).ok()
    };
    if try_insert(headers).is_none() {
        // Nothing is better than something wrong.
        headers.remove(name);
        try_insert(headers);
    }
}

fn remove_all(headers: &mut HeaderMap, names: Vec<HeaderName>) {
    for name in names {
        headers.remove(name);
    }
}

/// The headers that the user wants removed, however they are spelled.
pub(crate) fn unwanted<'a>(
    headers: &'a HeaderMap,
    rules: &'a Rules,
) -> impl Iterator<Item = &'a HeaderName> {
    headers.keys().filter(|name| {
        rules.remove.contains(name.as_str())
            || (name.as_str().contains('_')
                && rules.remove.contains(&name.as_str().replace('_', "-")))
    })
}

/// The fields to remove for their spelling.
pub(crate) fn underscored<'a>(
    headers: &'a HeaderMap,
    rules: &'a Rules,
) -> impl Iterator<Item = &'a HeaderName> {
    headers.keys().filter(|name| {
        matches!(rules.headers.recognise(name), Some(Kind::Underscored(_)))
            && !rules.keep.contains(*name)
    })
}

/// The addresses in the last `elements` elements, the client first.
fn vouched_addresses<'a>(lines: impl Iterator<Item = &'a [u8]>, elements: usize) -> String {
    let mut addresses: Vec<String> = FromRight::<_, AtCommas<{ node::LONGEST }>>::new(lines)
        .take(elements)
        .filter_map(|element| match node::parse(element.text?)? {
            Node::Address(address, _) => Some(address.to_string()),
            Node::Unknown | Node::Obfuscated | Node::Unix => None,
        })
        .collect();
    addresses.reverse();
    addresses.join(", ")
}

/// The last `elements` elements of `Forwarded`, the client's first. What was resolved stands in element
/// number `host` from the right; no other says a host, and none a scheme that is none.
fn vouched_elements<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    elements: usize,
    host: usize,
    resolution: &Resolution,
) -> String {
    let mut written: Vec<String> = Vec::new();
    for (index, element) in FromRight::<_, OutsideQuotes>::new(lines)
        .take(elements)
        .enumerate()
    {
        let Some(parsed) = element.text.and_then(syntax::forwarded::parse) else {
            continue;
        };
        let mut pairs = Vec::new();
        if let Some(node) = &parsed.node {
            pairs.push(format!("for={}", quoted(&String::from_utf8_lossy(node))));
        }
        let states_host = index.saturating_add(1) == host;
        let scheme = parsed.proto.as_deref().and_then(Scheme::from_bytes);
        if let Some(scheme) = scheme {
            pairs.push(format!("proto={scheme}"));
        }
        if let (true, Some(authority)) = (states_host, &resolution.authority) {
            pairs.push(format!("host={}", quoted(authority.as_str())));
        }
        if !pairs.is_empty() {
            written.push(pairs.join(";"));
        }
    }
    written.reverse();
    written.join(", ")
}

/// A token as it is, anything else as a quoted string.
fn quoted(text: &str) -> String {
    if !text.is_empty() && text.bytes().all(syntax::is_token) {
        return text.to_owned();
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// Makes the target say what was resolved, or leaves it as it came where that is asked for.
#[inline]
pub(crate) fn set_target(target: &mut Uri, resolution: &Resolution, connect: bool, rules: &Rules) {
    if !rules.keep_uri {
        set_origin(target, resolution, connect);
    } else if !connect && target.authority().is_some() {
        // What a client wrote there would be another host to those who read the URI.
        let authority = resolution.authority.as_ref();
        if !authority.is_some_and(|own| is_origin(target, resolution.scheme, own)) {
            set_parts(target, None);
        }
    }
}

/// Gives the target the resolved scheme and authority, in whatever form it came (rule R12).
///
/// Without an authority no scheme can be set, so what the client wrote there is taken away.
fn set_origin(target: &mut Uri, resolution: &Resolution, connect: bool) {
    let absolute = target.scheme().is_some();
    // `*` and the authority-form of CONNECT have no place for a scheme. Over HTTP/2 an asterisk and
    // an extended CONNECT (RFC 8441) come with one, which the client chose.
    if !absolute && (connect || target.path() == "*") {
        return;
    }
    let scheme = resolution.scheme;
    let authority = resolution.authority.as_ref();
    if authority.is_some_and(|authority| is_origin(target, scheme, authority)) {
        return;
    }
    set_parts(target, authority.map(|authority| (scheme, authority)));
}

/// Puts scheme and authority into the target, or takes both off.
#[inline]
fn set_parts(target: &mut Uri, origin: Option<(Scheme, &uri::Authority)>) {
    let mut parts = std::mem::take(target).into_parts();
    parts.scheme = origin.map(|(scheme, _)| scheme.into());
    parts.authority = origin.map(|(_, authority)| authority.clone());
    parts
        .path_and_query
        .get_or_insert_with(|| uri::PathAndQuery::from_static("/"));
    // It cannot fail: either all three are there, or neither scheme nor authority.
    if let Ok(uri) = Uri::from_parts(parts) {
        *target = uri;
    }
}

fn is_origin(target: &Uri, scheme: Scheme, authority: &uri::Authority) -> bool {
    target.scheme_str() == Some(scheme.as_str())
        && target
            .authority()
            .is_some_and(|own| own.as_str() == authority.as_str())
}

/// Puts the client where axum keeps the other end of the connection (rule R14).
#[cfg(feature = "axum-08")]
fn set_connect_info(extensions: &mut http::Extensions, resolution: &Resolution) {
    use axum::extract::ConnectInfo;

    let Some(client) = resolution.client_addr() else {
        return;
    };
    match extensions.get_mut::<ConnectInfo<std::net::SocketAddr>>() {
        // A peer that speaks for itself keeps its flow label and scope.
        Some(ConnectInfo(address))
            if (address.ip(), address.port()) == (client.ip(), client.port()) => {}
        Some(ConnectInfo(address)) => *address = client,
        // Behind a Unix socket there was no address to replace.
        None if resolution.peer.is_some_and(|peer| peer.is_unix()) => {
            extensions.insert(ConnectInfo(client));
        }
        None => {}
    }
}
