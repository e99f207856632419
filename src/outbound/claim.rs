//! What this service tells the next one (rule R19).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::OutboundLayer;
use crate::{
    headers::{
        edit::{remove_all, set},
        known::{NAMES, field},
        recognise::{self, Kind},
    },
    resolution::{Finding, Hop, Resolution},
    syntax::{forwarded::quoted, is_token, node},
};

/// A known header.
macro_rules! name {
    ($name:literal) => {{
        const FIELD: usize = field($name) as usize;
        static NAME: &HeaderName = &NAMES[FIELD];
        NAME
    }};
}

/// Removes everything that nobody vouches for, and writes what this service knows.
pub(super) fn write(headers: &mut HeaderMap, resolution: Option<&Resolution>, to: &OutboundLayer) {
    clean(headers, resolution, to);
    let Some(resolution) = resolution else { return };
    let way = way(resolution);
    if to.x_forwarded {
        x_forwarded(headers, resolution, &way);
    }
    if to.forwarded {
        let elements = elements(resolution, &way, to.by.as_deref());
        set(headers, name!("forwarded"), &elements);
    }
    // RFC 7239 has no parameter for a prefix.
    if let Some(prefix) = resolution.prefix() {
        set(headers, name!("x-forwarded-prefix"), prefix);
    }
}

/// Removes every header that says where a request comes from or who the client is.
fn clean(headers: &mut HeaderMap, resolution: Option<&Resolution>, to: &OutboundLayer) {
    let identity = resolution.map(Resolution::identity);
    let is_claim = |name: &str| {
        is_known(name)
            || identity.is_some_and(|believed| resembles_one_of(believed, name))
            || to.remove.contains(name)
    };
    let claims = headers.keys().filter(|name| is_claim(name.as_str()));
    let claims: Vec<HeaderName> = claims.cloned().collect();
    remove_all(headers, claims);
    for list in [header::CONNECTION, header::TRAILER] {
        if headers.contains_key(&list) {
            name_no_claim(headers, &list, |name| name == "host" || is_claim(name));
        }
    }
}

fn resembles_one_of(headers: &HeaderMap, name: &str) -> bool {
    let mut names = headers.keys();
    names.any(|header| recognise::fold_alike(header.as_str(), name))
}

/// Whether this is a forwarding header, or one that says who the client is.
fn is_known(name: &str) -> bool {
    recognise::may_matter(name)
        && matches!(
            recognise::classify(name),
            Some(Kind::Field(_) | Kind::Underscored(_) | Kind::Identity)
        )
}

/// Removes elements from `Connection` or `Trailer` that name one of these headers.
///
/// A recipient drops the headers that `Connection` names (RFC 9110, section 7.6.1). A client could name
/// `X-Forwarded-For` in `Connection`, and so make the next proxy drop what this service wrote. Apache httpd also
/// accepts semicolons and spaces as separators there. A header that `Trailer` names follows after the body.
#[cold]
fn name_no_claim(headers: &mut HeaderMap, list: &HeaderName, is_claim: impl Fn(&str) -> bool) {
    let names_claim = |element: &&[u8]| {
        let mut words = element.split(|&byte| !is_token(byte));
        words.any(|word| is_claim(&String::from_utf8_lossy(word).to_ascii_lowercase()))
    };
    let elements = |line: &HeaderValue| -> Vec<Vec<u8>> {
        let kept = line.as_bytes().split(|&byte| byte == b',');
        kept.filter(|element| !names_claim(element))
            .map(<[u8]>::to_vec)
            .collect()
    };
    let lines: Vec<HeaderValue> = headers.get_all(list).iter().cloned().collect();
    headers.remove(list);
    for line in lines {
        let kept = elements(&line);
        if let (false, Ok(value)) = (kept.is_empty(), HeaderValue::from_bytes(&kept.join(&b','))) {
            // This cannot fail: the map had room for it before.
            let _ = headers.try_append(list, value);
        }
    }
}

/// The hops of the request, from the client to the peer.
///
/// Leaves out hops without an address. A proxy that connects over a Unix socket runs on the same machine as the next
/// one. A proxy that hides its address says nothing.
fn way(resolution: &Resolution) -> Vec<Hop> {
    let client = || Hop {
        address: resolution.client(),
        port: resolution.client_port(),
        by: None,
    };
    let mut way = match resolution.hops_seen() {
        // No hops were recorded: the client is the peer, or it is the only known hop.
        [] if resolution.is_trusted() => vec![client()],
        seen => seen.to_vec(),
    };
    let peer = resolution.peer().and_then(|peer| peer.ip());
    let asks_for_itself = resolution.hops_seen().is_empty() && resolution.client() == peer;
    if asks_for_itself {
        way.clear();
    }
    way.push(Hop {
        address: peer,
        port: None,
        by: None,
    });
    way.retain(|hop| hop.address.is_some());
    way
}

fn x_forwarded(headers: &mut HeaderMap, resolution: &Resolution, way: &[Hop]) {
    let addresses = way.iter().filter_map(Hop::address);
    let addresses: Vec<String> = addresses.map(|address| address.to_string()).collect();
    if !addresses.is_empty() {
        set(headers, name!("x-forwarded-for"), &addresses.join(", "));
    }
    if is_scheme_known(resolution) {
        let scheme = resolution.scheme().as_str();
        set(headers, name!("x-forwarded-proto"), scheme);
    }
    if let Some(authority) = resolution.authority() {
        set(headers, name!("x-forwarded-host"), authority.as_str());
    }
}

/// Writes one element for each hop. The client used this scheme and host, so they go into the first element.
fn elements(resolution: &Resolution, way: &[Hop], by: Option<&str>) -> String {
    let mut elements: Vec<Vec<String>> = way.iter().map(element).collect();
    if elements.is_empty() {
        elements.push(vec!["for=unknown".to_owned()]);
    }
    if let Some(first) = elements.first_mut() {
        if is_scheme_known(resolution) {
            first.push(format!("proto={}", resolution.scheme()));
        }
        if let Some(authority) = resolution.authority() {
            first.push(format!("host={}", quoted(authority.as_str())));
        }
    }
    if let (Some(last), Some(by)) = (elements.last_mut(), by) {
        last.push(format!("by={}", quoted(by)));
    }
    let elements: Vec<String> = elements.iter().map(|pairs| pairs.join(";")).collect();
    elements.join(", ")
}

fn element(hop: &Hop) -> Vec<String> {
    let node = match hop.address {
        Some(address) => node::text(address, hop.port),
        None => "unknown".to_owned(),
    };
    let mut pairs = vec![format!("for={}", quoted(&node))];
    // If `by` were not ASCII, the whole header could not be written.
    let by = hop.by().filter(|by| by.is_ascii());
    pairs.extend(by.map(|by| format!("by={}", quoted(by))));
    pairs
}

/// Whether the scheme is known. This service does not pass a guess on to the next one.
fn is_scheme_known(resolution: &Resolution) -> bool {
    let findings = resolution.findings();
    let unknown = [
        Finding::SchemeMissing,
        Finding::SchemeInvalid,
        Finding::OtherFamily,
        Finding::PeerUnknown,
    ];
    !unknown
        .into_iter()
        .any(|finding| findings.contains(finding))
}
