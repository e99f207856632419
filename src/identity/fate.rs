//! What the layer does with each header that says who the client is.

use http::{HeaderMap, HeaderName};

use super::{verification::Statement, xfcc};
use crate::{
    headers::recognise::{self, Kind},
    resolution::Finding,
    rules::Rules,
};

/// What the layer does with a header that says who the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It stays: the trusted peer sent it.
    Believed,
    /// It is removed: the configuration does not name it as believed.
    NotNamed,
    /// It is removed: the peer is not trusted.
    NotTrusted,
    /// It is removed: it has several lines, and the client may have sent one of them.
    SeveralLines,
    /// It is removed: it is another spelling of a believed name.
    OtherSpelling,
    /// It is removed: it describes a certificate, and the proxy does not state that it verified it.
    NotVerified,
    /// It is removed: no element of the list describes the client.
    NotAboutTheClient,
    /// It is removed: the proxy says that there is no user.
    Nobody,
}

impl Fate {
    pub(crate) const fn finding(self) -> Option<Finding> {
        match self {
            Self::Believed | Self::Nobody => None,
            Self::SeveralLines => Some(Finding::IdentityMalformed),
            Self::NotNamed
            | Self::NotTrusted
            | Self::OtherSpelling
            | Self::NotVerified
            | Self::NotAboutTheClient => Some(Finding::IdentityIgnored),
        }
    }
}

/// Each header that says who the client is, once, and its fate. `hops` is 0 if the peer is not trusted.
pub(crate) fn fates<'a>(
    headers: &'a HeaderMap,
    rules: &'a Rules,
    hops: usize,
) -> impl Iterator<Item = (&'a HeaderName, Fate)> {
    headers.keys().filter_map(move |name| {
        let fate = fate(name, headers, rules, hops)?;
        // `keep` leaves a header unchanged, even if the client wrote it. The layer can still believe it.
        (fate == Fate::Believed || !rules.keep.contains(name)).then_some((name, fate))
    })
}

/// `None` for a header that does not say who the client is.
pub(crate) fn fate(
    name: &HeaderName,
    headers: &HeaderMap,
    rules: &Rules,
    hops: usize,
) -> Option<Fate> {
    let believed = &rules.identity;
    if is_secret(name, rules) {
        // Other code removes it.
        return None;
    }
    if !believed.contains(name) {
        if believed.resemble(name.as_str()) {
            return Some(Fate::OtherSpelling);
        }
        let name = name.as_str();
        let is_known =
            recognise::may_matter(name) && recognise::classify(name) == Some(Kind::Identity);
        return (is_known || believed.state_result(name)).then_some(Fate::NotNamed);
    }
    if hops == 0 {
        return Some(Fate::NotTrusted);
    }
    let mut lines = headers.get_all(name).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Some(Fate::SeveralLines);
    };
    let vouched = if xfcc::is_name(name) {
        xfcc::vouched(line.as_bytes(), hops)
    } else {
        Some(line.as_bytes())
    };
    Some(
        if says_nobody(line.as_bytes()) || vouched.is_some_and(says_nobody) {
            Fate::Nobody
        } else if vouched.is_none() {
            Fate::NotAboutTheClient
        } else if fails_verification(name, headers, rules) {
            Fate::NotVerified
        } else {
            Fate::Believed
        },
    )
}

/// Whether this is the header that proves the proxy.
fn is_secret(name: &HeaderName, rules: &Rules) -> bool {
    let secret = rules.secret.as_ref();
    secret.is_some_and(|secret| secret.name == *name)
}

/// Whether the value says that there is no user. Apache's mod_headers writes `(null)` for a variable that is not set:
/// <https://httpd.apache.org/docs/2.4/mod/mod_headers.html>.
fn says_nobody(line: &[u8]) -> bool {
    matches!(line.trim_ascii(), b"" | b"(null)")
}

/// Whether a header with the verification result fails to state success, such as `ssl-client-verify` for
/// `ssl-client-cert` and for `ssl-client-subject-dn`.
fn fails_verification(name: &HeaderName, headers: &HeaderMap, rules: &Rules) -> bool {
    let mut statements = rules.identity.statements_about(name).iter();
    statements.any(|statement| fails(statement, headers, rules))
}

/// Whether the headers that make this statement fail to state success.
///
/// If such a header is believed, it must be present in exactly this spelling. A client could otherwise make Apache drop
/// it with `Connection: SSL_CLIENT_VERIFY`, and send another spelling. If two are believed, both must state success.
///
/// If it is not believed, the proxy may still send it, and what describes a certificate that was not verified must go.
/// A client can also send it, and so remove what describes its own certificate. But it cannot do so if no product with
/// this header sends a result, as with `Client-Cert` of RFC 9440.
fn fails(statement: &Statement, headers: &HeaderMap, rules: &Rules) -> bool {
    let fails = |value| !statement.is_success(value);
    // A secret with such a name says nothing about a certificate.
    let is_result = |name: &HeaderName| statement.is_in(name.as_str()) && !is_secret(name, rules);
    let mut believed = rules
        .identity
        .iter()
        .filter(|name| is_result(name))
        .peekable();
    if believed.peek().is_some() {
        return believed.any(|name| {
            let lines = headers.get_all(name);
            !headers.contains_key(name) || lines.iter().any(fails)
        });
    }
    let mut lines = headers.iter().filter(|(name, _)| is_result(name));
    statement.may_be_sent && lines.any(|(_, value)| fails(value))
}

/// Whether a believed header states that the certificate in `name` was verified.
#[cfg(feature = "client-cert")]
pub(crate) fn states_verification(
    name: &HeaderName,
    headers: &HeaderMap,
    rules: &Rules,
    hops: usize,
) -> bool {
    let statements = rules.identity.statements_about(name).iter();
    let mut statements = statements.filter(|statement| statement.verifies);
    statements.any(|statement| {
        rules
            .identity
            .iter()
            .filter(|name| statement.is_in(name.as_str()))
            .filter(|name| fate(name, headers, rules, hops) == Some(Fate::Believed))
            .filter_map(|name| headers.get(name))
            .any(|value| statement.is_success(value))
    })
}
