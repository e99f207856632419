//! Who the client is (rule R18).

use http::{HeaderMap, HeaderValue};

use super::observer::{Observer, Step};
use crate::{
    identity::{
        fate::{Fate, fates},
        xfcc,
    },
    resolution::{Details, Findings},
    rules::Rules,
};

/// Stores what the trusted peer says about who the client is. Returns whether a header has to change. `hops` is 0 if
/// there is no trusted peer.
pub(super) fn who<O: Observer>(
    headers: &HeaderMap,
    rules: &Rules,
    hops: usize,
    details: &mut Details,
    findings: &mut Findings,
    observer: &mut O,
) -> bool {
    let mut changes = false;
    for (name, fate) in fates(headers, rules, hops) {
        observer.see(Step::Identity { name, fate });
        if let Some(finding) = fate.finding() {
            findings.insert(finding);
        }
        if fate != Fate::Believed {
            changes = true;
        } else if let Some(value) = headers.get(name) {
            changes |= xfcc::is_name(name);
            details.add_identity(name.clone(), vouched(name, value, hops));
        }
    }
    #[cfg(feature = "client-cert")]
    match crate::identity::client_cert::read(headers, rules, hops) {
        Ok(certificate) => details.client_cert = certificate,
        Err(_) => findings.insert(crate::resolution::Finding::IdentityMalformed),
    }
    #[cfg(feature = "client-cert")]
    {
        details.xfcc = crate::identity::client_cert::xfcc_element(headers, rules, hops);
    }
    changes
}

/// The value of a header. If it is a list, only the part that trusted proxies wrote.
fn vouched(name: &http::HeaderName, value: &HeaderValue, hops: usize) -> HeaderValue {
    let part = if xfcc::is_name(name) {
        xfcc::vouched(value.as_bytes(), hops)
    } else {
        None
    };
    part.and_then(|part| HeaderValue::from_bytes(part).ok())
        .unwrap_or_else(|| value.clone())
}
