//! Scheme and authority of the request's target (rule R12).

use http::{Uri, uri};

use crate::{
    resolution::{Resolution, scheme::Scheme},
    rules::Rules,
};

/// Makes the target agree with the resolution, or leaves it unchanged if the user chose so.
#[inline]
pub(crate) fn set(target: &mut Uri, resolution: &Resolution, connect: bool, rules: &Rules) {
    if !target.path().starts_with('/') {
        set_path(target);
        if target.path() == "*" {
            return;
        }
    }
    if !rules.keep_uri {
        set_origin(target, resolution, connect);
    } else if target.scheme().is_some() || (!connect && target.authority().is_some()) {
        // Without this, code that reads the URI would see another scheme or host, which the client chose. Only the
        // authority-form of CONNECT stays as it is.
        let authority = resolution.authority.as_ref();
        if !authority.is_some_and(|own| is_origin(target, resolution.scheme, own)) {
            set_parts(target, None);
        }
    }
}

/// Makes the path begin with a slash, unless there is none, or it is `*`.
///
/// Before version 1.4.1, `http` accepts any path, and any client can send one over HTTP/2. As text, such a path after
/// the authority would be the name of another host. So would `*`, which has a scheme and an authority over HTTP/2.
#[cold]
fn set_path(target: &mut Uri) {
    let mut parts = std::mem::take(target).into_parts();
    if let Some(path) = &parts.path_and_query {
        if path == "*" {
            parts.scheme = None;
            parts.authority = None;
        } else {
            let path = uri::PathAndQuery::try_from(format!("/{}", path.as_str()));
            let or_root = |_| uri::PathAndQuery::from_static("/");
            parts.path_and_query = Some(path.unwrap_or_else(or_root));
        }
    }
    set_to(target, parts);
}

/// Writes the resolved scheme and authority into the target, in any form (rule R12).
///
/// Without an authority, a URI cannot have a scheme. So the scheme that the client wrote is removed.
#[inline]
fn set_origin(target: &mut Uri, resolution: &Resolution, connect: bool) {
    let absolute = target.scheme().is_some();
    // The authority-form of CONNECT has no place for a scheme. An extended CONNECT (RFC 8441) has one, which the client
    // chose.
    if connect && !absolute {
        return;
    }
    let scheme = resolution.scheme;
    let authority = resolution.authority.as_ref();
    if absolute && authority.is_some_and(|authority| is_origin(target, scheme, authority)) {
        return;
    }
    set_parts(target, authority.map(|authority| (scheme, authority)));
}

/// Sets the scheme and the authority of the target, or removes both.
#[inline]
fn set_parts(target: &mut Uri, origin: Option<(Scheme, &uri::Authority)>) {
    let mut parts = std::mem::take(target).into_parts();
    parts.scheme = origin.map(|(scheme, _)| scheme.into());
    parts.authority = origin.map(|(_, authority)| authority.clone());
    parts
        .path_and_query
        .get_or_insert_with(|| uri::PathAndQuery::from_static("/"));
    set_to(target, parts);
}

#[inline]
fn set_to(target: &mut Uri, parts: uri::Parts) {
    // This cannot fail: the URI has a scheme, an authority and a path, or some of these that can stand alone.
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
