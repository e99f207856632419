//! Scheme and authority of the request's target (rule R12).

use http::{Uri, uri};

use crate::{
    resolution::{Resolution, scheme::Scheme},
    rules::Rules,
};

/// Makes the target agree with the resolution, or leaves it unchanged if the user chose so.
#[inline]
pub(crate) fn set(target: &mut Uri, resolution: &Resolution, connect: bool, rules: &Rules) {
    if !rules.keep_uri {
        set_origin(target, resolution, connect);
    } else if target.scheme().is_some() || (!connect && target.authority().is_some()) {
        // Without this, code that reads the URI would see another scheme or host, which the client chose. Only the
        // authority-form of CONNECT stays as it is.
        let authority = resolution.authority.as_ref();
        let has_path = target.path().starts_with('/');
        if !has_path || !authority.is_some_and(|own| is_origin(target, resolution.scheme, own)) {
            set_parts(target, None);
        }
    }
}

/// Writes the resolved scheme and authority into the target, in any form (rule R12).
///
/// Without an authority, a URI cannot have a scheme. So the scheme that the client wrote is removed.
#[inline]
fn set_origin(target: &mut Uri, resolution: &Resolution, connect: bool) {
    let absolute = target.scheme().is_some();
    // `*` and the authority-form of CONNECT have no place for a scheme. An extended CONNECT (RFC 8441) has one, which
    // the client chose.
    let is_asterisk = target.path() == "*";
    if !absolute && (connect || is_asterisk) {
        return;
    }
    let scheme = resolution.scheme;
    // Over HTTP/2, `*` has a scheme and an authority. As text they would be `https://a.example*`, which is another host.
    let authority = resolution.authority.as_ref().filter(|_| !is_asterisk);
    let has_path = target.path().starts_with('/');
    if absolute && has_path && authority.is_some_and(|own| is_origin(target, scheme, own)) {
        return;
    }
    set_parts(target, authority.map(|authority| (scheme, authority)));
}

/// Sets the scheme and the authority of the target, or removes both.
///
/// The path then begins with a slash, unless it is `*`. Before version 1.4.1, `http` also accepts other paths, which
/// any client can send over HTTP/2. After the authority, such a path would name another host.
#[inline]
fn set_parts(target: &mut Uri, origin: Option<(Scheme, &uri::Authority)>) {
    let mut parts = std::mem::take(target).into_parts();
    parts.scheme = origin.map(|(scheme, _)| scheme.into());
    parts.authority = origin.map(|(_, authority)| authority.clone());
    let path = parts.path_and_query.take();
    parts.path_and_query = Some(match path {
        Some(path) if path.as_str().starts_with('/') || path == "*" => path,
        Some(path) => after_a_slash(&path),
        None => uri::PathAndQuery::from_static("/"),
    });
    // This cannot fail: the URI has a scheme, an authority and a path, or it has only a path.
    if let Ok(uri) = Uri::from_parts(parts) {
        *target = uri;
    }
}

#[cold]
fn after_a_slash(path: &uri::PathAndQuery) -> uri::PathAndQuery {
    let path = uri::PathAndQuery::try_from(format!("/{}", path.as_str()));
    path.unwrap_or_else(|_| uri::PathAndQuery::from_static("/"))
}

fn is_origin(target: &Uri, scheme: Scheme, authority: &uri::Authority) -> bool {
    target.scheme_str() == Some(scheme.as_str())
        && target
            .authority()
            .is_some_and(|own| own.as_str() == authority.as_str())
}
