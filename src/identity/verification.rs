//! The headers in which a proxy states whether it verified a certificate.

use http::{HeaderName, HeaderValue};

use crate::headers::recognise;

/// Headers of products that describe a certificate, and the header that states whether it was verified.
struct Row {
    /// A `*` at the end stands for any text.
    describe: &'static [&'static str],
    result: Result,
    /// Whether these names show that the product is there. It may then send the result although the configuration does
    /// not name it.
    may_be_sent: bool,
}

struct Result {
    name: &'static str,
    success: &'static [&'static str],
    verifies: bool,
}

const fn verified(name: &'static str, success: &'static [&'static str]) -> Result {
    Result {
        name,
        success,
        verifies: true,
    }
}

/// nginx and Apache write `SUCCESS`. HAProxy writes an error number, and 0 means no error.
const SUCCESS: &[&str] = &["SUCCESS", "0"];

const NGINX: Result = verified("ssl-client-verify", SUCCESS);
const HAPROXY: Result = verified("x-ssl-client-verify", SUCCESS);
/// <https://cloud.google.com/load-balancing/docs/https/custom-headers>
const GOOGLE: Result = verified("x-client-cert-chain-verified", &["true"]);
/// <https://puppet.com/docs/puppet/8/external_ssl_termination.html>
const PUPPET: Result = verified("x-client-verify", SUCCESS);
/// Rules write a Boolean, and Workers write `SUCCESS`:
/// <https://developers.cloudflare.com/ssl/client-certificates/client-certificate-variables>
const CLOUDFLARE: Result = verified("cf-cert-verified", &["true", "SUCCESS"]);
/// A certificate that was revoked counts as verified:
/// <https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/cf.tls_client_auth.cert_verified>
const CLOUDFLARE_REVOKED: Result = Result {
    name: "cf-cert-revoked",
    success: &["false", "0"],
    verifies: false,
};

const fn row(describe: &'static [&'static str], result: Result, may_be_sent: bool) -> Row {
    Row {
        describe,
        result,
        may_be_sent,
    }
}

/// All rows that match a header count.
const ROWS: &[Row] = &[
    row(&["ssl-client-*"], NGINX, true),
    row(&["cert-chain-*"], NGINX, false),
    row(&["x-ssl-client-*", "x-ssl-issuer"], HAPROXY, true),
    row(&["x-client-cert-leaf"], GOOGLE, true),
    row(&["x-client-cert*", "x-client-dn"], GOOGLE, false),
    row(&["x-client-cert", "x-client-dn"], PUPPET, true),
    row(&["x-client-cert-*"], PUPPET, false),
    row(&["cf-cert-*", "cf-client-cert-*"], CLOUDFLARE, true),
    row(&["cf-cert-*", "cf-client-cert-*"], CLOUDFLARE_REVOKED, true),
    // A rule can write these headers whether the certificate was verified or not:
    // https://developers.cloudflare.com/ssl/client-certificates/forward-a-client-certificate/
    row(&["client-cert", "client-cert-chain"], CLOUDFLARE, false),
    row(
        &["client-cert", "client-cert-chain"],
        CLOUDFLARE_REVOKED,
        false,
    ),
];

/// The last words of the names that the rows match but that do not describe a certificate.
const STATES: &[&str] = &[
    "verify",
    "verified",
    "present",
    "presented",
    "revoked",
    "error",
];

/// The last words of the names of headers that hold a certificate.
const HOLDS: &[&str] = &["cert", "certificate", "crt", "pem", "der"];

/// The last words of the names of headers that describe a certificate which another header may hold.
const DESCRIBES: &[&str] = &[
    "chain",
    "cn",
    "dn",
    "fingerprint",
    "hash",
    "info",
    "issuer",
    "san",
    "sans",
    "serial",
    "sha1",
    "sha256",
    "subject",
];

/// How a proxy states whether it verified the certificate that one header describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verification {
    /// The header that describes the certificate.
    pub(super) about: HeaderName,
    pub(super) statements: Vec<Statement>,
}

/// Headers that state the same result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The names that the header can have. It can also have another spelling of them.
    pub(super) names: Vec<String>,
    /// The values that mean success.
    success: &'static [&'static str],
    /// Whether success means that the proxy verified the certificate. Otherwise it means that nobody revoked it.
    pub(super) verifies: bool,
    /// Whether a proxy may send it although the configuration does not name it. Otherwise only a client would.
    pub(super) may_be_sent: bool,
}

/// How the proxies state whether they verified the certificates that these believed headers describe.
pub(super) fn of_all(believed: &[HeaderName], certificates: &[HeaderName]) -> Vec<Verification> {
    let certificates = Certificates::of(believed, certificates);
    // The results of the products that the names show to be there.
    let sent = ROWS.iter().filter(|row| row.may_be_sent);
    let sent = sent.filter(|row| believed.iter().any(|name| row.describes(&folded(name))));
    let products: Vec<&str> = sent.map(|row| row.result.name).collect();
    let found = believed.iter().map(|about| {
        let name = folded(about);
        let rows = ROWS.iter().filter(|row| row.describes(&name));
        let mut statements: Vec<Statement> = rows
            .map(|row| row.statement(products.contains(&row.result.name)))
            .collect();
        statements.extend(certificates.statement(&name));
        Verification {
            about: about.clone(),
            statements,
        }
    });
    found.filter(|it| !it.statements.is_empty()).collect()
}

/// The believed headers that hold a certificate, and those that state a result. By convention, the names that belong
/// together have the same beginning: `x-device-cert`, `x-device-cn` and `x-device-verify`.
struct Certificates {
    holders: Vec<Holder>,
    /// The beginnings, and the name.
    results: Vec<(Vec<String>, String)>,
}

struct Holder {
    name: String,
    /// The names that belong to it begin like this.
    beginnings: Vec<String>,
    statement: Statement,
}

impl Certificates {
    fn of(believed: &[HeaderName], certificates: &[HeaderName]) -> Self {
        let holders = believed
            .iter()
            .filter_map(|header| Holder::of(folded(header), certificates.contains(header)));
        let results = believed.iter().filter_map(|header| {
            let name = folded(header);
            let mut beginnings = without(&name, &["verify"]);
            let of = beginnings.first()?.strip_suffix('-')?.to_owned();
            beginnings.extend(without(&of, HOLDS));
            Some((beginnings, name))
        });
        Self {
            holders: holders.collect(),
            results: results.collect(),
        }
    }

    /// What states the result for this header.
    fn statement(&self, name: &str) -> Option<Statement> {
        if let Some(holder) = self.holders.iter().find(|holder| holder.name == name) {
            return Some(holder.statement.clone());
        }
        ends_in(name, DESCRIBES)?;
        // Of several certificates, the one whose name has most in common counts.
        let in_common = |beginnings: &[String]| {
            let them = beginnings.iter();
            them.filter(|it| name.starts_with(it.as_str()))
                .map(String::len)
                .max()
        };
        let holders = self.holders.iter();
        let holder = holders
            .filter_map(|it| Some((in_common(&it.beginnings)?, it.statement.clone())))
            .max_by_key(|(length, _)| *length);
        let results = self.results.iter();
        let result = results
            .filter_map(|(beginnings, name)| {
                let statement = Statement::conventional(vec![name.clone()], false);
                Some((in_common(beginnings)?, statement))
            })
            .max_by_key(|(length, _)| *length);
        let (_, statement) = result.into_iter().chain(holder).max_by_key(|it| it.0)?;
        Some(statement)
    }
}

impl Holder {
    /// The result has the same beginning, or the whole name in front: `x-device-verify` or `x-device-cert-verify`.
    fn of(name: String, is_named: bool) -> Option<Self> {
        let mut beginnings = without(&name, HOLDS);
        if beginnings.is_empty() && !is_named {
            return None;
        }
        let results = beginnings.iter().map(|it| format!("{it}verify"));
        let results = results.chain([format!("{name}-verify")]).collect();
        // By themselves, the products do not send these headers.
        let statement = Statement::conventional(results, !is_known(&name));
        if beginnings.is_empty() {
            let beginning = name.rsplit_once('-').map(|(beginning, _)| beginning);
            // Too many headers begin with `x-`.
            let beginning = beginning.filter(|it| *it != "x");
            let both = beginning.into_iter().chain([&*name]);
            beginnings = both.map(|it| format!("{it}-")).collect();
        }
        Some(Self {
            name,
            beginnings,
            statement,
        })
    }
}

impl Row {
    fn describes(&self, name: &str) -> bool {
        let mut patterns = self.describe.iter();
        let matches = patterns.any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == *pattern,
        });
        matches && ends_in(name, STATES).is_none()
    }

    fn statement(&self, may_be_sent: bool) -> Statement {
        Statement {
            names: vec![self.result.name.to_owned()],
            success: self.result.success,
            verifies: self.result.verifies,
            may_be_sent,
        }
    }
}

impl Statement {
    const fn conventional(names: Vec<String>, may_be_sent: bool) -> Self {
        Self {
            names,
            success: SUCCESS,
            verifies: true,
            may_be_sent,
        }
    }

    /// Whether this header states the result.
    pub(super) fn is_in(&self, name: &str) -> bool {
        let mut names = self.names.iter();
        names.any(|result| recognise::fold_alike(name, result))
    }

    pub(super) fn is_success(&self, value: &HeaderValue) -> bool {
        let value = value.as_bytes().trim_ascii();
        let mut success = self.success.iter();
        success.any(|success| success.as_bytes() == value)
    }
}

/// What is in front of the last word, with its hyphen, if that word is one of these.
fn ends_in<'a>(name: &'a str, words: &[&str]) -> Option<&'a str> {
    let mut beginnings = words.iter().filter_map(|word| name.strip_suffix(word));
    beginnings.find(|beginning| beginning.ends_with('-'))
}

/// What is in front of the last words, as long as they are some of these: `x-device-cert-` and `x-device-` for
/// `x-device-cert-pem`.
fn without(name: &str, words: &[&str]) -> Vec<String> {
    let mut beginnings = Vec::new();
    let mut rest = name;
    while let Some(beginning) = ends_in(rest, words) {
        beginnings.push(beginning.to_owned());
        rest = beginning.strip_suffix('-').unwrap_or_default();
    }
    beginnings
}

/// The name with hyphens in place of underscores and dots.
fn folded(name: &HeaderName) -> String {
    name.as_str().replace(['_', '.'], "-")
}

pub(super) fn is_known(name: &str) -> bool {
    recognise::classify(name) == Some(recognise::Kind::Identity)
}
