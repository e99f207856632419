//! Applies the edits to the headers (rules R11 and R13).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::vouched;
use crate::{
    headers::{
        ClientSyntax, Headers,
        edit::{remove_all, set},
        recognise::Kind,
    },
    identity::{
        fate::{Fate, fates},
        xfcc,
    },
    resolution::Resolution,
    resolve::edits::{ClientEdit, Edits},
    rules::Rules,
};

impl Edits {
    /// Removes headers that are not believed. Reduces the others to the part that trusted proxies wrote.
    #[inline]
    pub(crate) fn apply(&self, headers: &mut HeaderMap, resolution: &Resolution, rules: &Rules) {
        if self.identity {
            clean_identity(headers, resolution, rules);
        }
        self.remove_fields(headers, rules);
        if self.client != ClientEdit::Keep {
            self.client.apply(headers, resolution, &rules.headers);
        }
        self.set_fields(headers, resolution, &rules.headers);
        // This comes last, so that no edit writes such a header again.
        if !rules.remove.is_empty() {
            remove_all(headers, rules.remove.among(headers).cloned().collect());
        }
    }

    #[inline]
    fn remove_fields(&self, headers: &mut HeaderMap, rules: &Rules) {
        self.remove.each(|field| {
            if let Some(name) = rules.headers.header_name(field) {
                headers.remove(name);
            }
        });
        remove_secret(headers, rules);
        if self.underscored {
            remove_all(headers, underscored(headers, rules).cloned().collect());
        }
        if self.remove_host {
            headers.remove(header::HOST);
        }
    }

    /// Writes the resolved values into those believed headers that do not hold exactly these values.
    #[inline]
    fn set_fields(&self, headers: &mut HeaderMap, resolution: &Resolution, wanted: &Headers) {
        let mut set_field = |field, value: &str| {
            if let Some(name) = wanted.header_name(field) {
                set(headers, name, value);
            }
        };
        if let Some((field, word)) = self.set_scheme {
            set_field(field, word);
        }
        if let Some(port) = self.set_port {
            set_field(wanted.port, &port.to_string());
        }
        if let (true, Some(prefix)) = (self.set_prefix, &resolution.prefix) {
            set_field(wanted.prefix, prefix);
        }
        if let Some(authority) = &resolution.authority {
            if self.set_forwarded_host {
                set_field(wanted.host, authority.as_str());
            }
            if self.set_host {
                set(headers, &header::HOST, authority.as_str());
            }
        }
    }
}

/// Removes the header that proves the proxy (rule R17). A layer does that even if an outer layer has resolved the
/// request.
#[inline]
pub(crate) fn remove_secret(headers: &mut HeaderMap, rules: &Rules) {
    if let Some(secret) = &rules.secret {
        headers.remove(&secret.name);
    }
}

impl ClientEdit {
    fn apply(self, headers: &mut HeaderMap, resolution: &Resolution, wanted: &Headers) {
        let Some(name) = wanted.header_name(wanted.client) else {
            return;
        };
        match self {
            Self::Keep => {}
            Self::Suffix(start) => {
                if let Some(value) = headers.get_mut(name) {
                    let suffix = value.as_bytes().get(start..).map(HeaderValue::from_bytes);
                    if let Some(Ok(suffix)) = suffix {
                        *value = suffix;
                    }
                }
            }
            Self::Rebuild { elements, host } => {
                let lines = headers.get_all(name).iter().rev();
                let lines = lines.map(HeaderValue::as_bytes);
                let value = match wanted.client_syntax {
                    ClientSyntax::Forwarded => {
                        let scheme = !wanted.no_scheme;
                        vouched::elements(lines, elements, host, scheme, resolution)
                    }
                    _ => vouched::addresses(lines, elements),
                };
                set(headers, name, &value);
            }
        }
    }
}

/// Reduces the headers that say who the client is to what the trusted peer vouches for (rule R18).
#[cold]
fn clean_identity(headers: &mut HeaderMap, resolution: &Resolution, rules: &Rules) {
    let hops = resolution.hops();
    let names = fates(headers, rules, hops);
    let (believed, removed): (Vec<_>, Vec<_>) = names
        .map(|(name, fate)| (name.clone(), fate))
        .partition(|(_, fate)| *fate == Fate::Believed);
    remove_all(headers, removed.into_iter().map(|(name, _)| name).collect());
    // In a list, the elements that a client wrote come before those that proxies appended.
    let is_reduced = |name: &HeaderName| xfcc::is_name(name) && !rules.keep.contains(name);
    for (name, _) in believed.iter().filter(|(name, _)| is_reduced(name)) {
        if let Some(value) = headers.get_mut(name) {
            let vouched = xfcc::vouched(value.as_bytes(), hops).map(HeaderValue::from_bytes);
            if let Some(Ok(vouched)) = vouched {
                *value = vouched;
            }
        }
    }
}

/// The headers to remove because of their spelling.
pub(crate) fn underscored<'a>(
    headers: &'a HeaderMap,
    rules: &'a Rules,
) -> impl Iterator<Item = &'a HeaderName> {
    headers.keys().filter(|name| {
        matches!(
            rules.headers.recognise(name.as_str()),
            Some(Kind::Underscored(_))
        ) && !rules.keep.contains(*name)
    })
}
