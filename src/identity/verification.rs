//! The headers in which a proxy states whether it verified a certificate.

use http::{HeaderName, HeaderValue};

use crate::headers::recognise;

/// Headers of a product that describe a certificate, and the header that states whether it was verified.
struct Row {
    /// A `*` at the end stands for any text.
    describe: &'static [&'static str],
    result: Result,
    /// Whether these names show that the product is there. It may then send the result although the configuration does
    /// not name it. Otherwise only a client might.
    is_there: bool,
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

const fn row(describe: &'static [&'static str], result: Result, is_there: bool) -> Row {
    Row {
        describe,
        result,
        is_there,
    }
}

const ROWS: &[Row] = &[
    row(&["ssl-client-*"], NGINX, true),
    row(&["cert-chain-*"], NGINX, false),
    row(&["x-ssl-client-*", "x-ssl-issuer"], HAPROXY, true),
    row(&["x-client-cert-leaf"], GOOGLE, true),
    row(&["x-client-cert-*"], GOOGLE, false),
    row(&["x-client-cert", "x-client-dn"], PUPPET, true),
    row(&["cf-cert-*", "cf-client-cert-*"], CLOUDFLARE, true),
    row(&["cf-cert-*", "cf-client-cert-*"], CLOUDFLARE_REVOKED, true),
    // A rule can write these headers whether the certificate was verified or not:
    // https://developers.cloudflare.com/ssl/client-certificates/forward-a-client-certificate/
    row(&["client-cert"], CLOUDFLARE, false),
    row(&["client-cert"], CLOUDFLARE_REVOKED, false),
];

/// The last words of the names of headers that say something about the connection or about the check.
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
    let headers = Headers::of(believed, certificates);
    let found = headers.all.iter().map(|header| Verification {
        about: header.about.clone(),
        statements: headers.statements(header),
    });
    found.filter(|it| !it.statements.is_empty()).collect()
}

/// The believed headers.
struct Headers<'a> {
    all: Vec<Header<'a>>,
    /// The results that the products send which are there.
    results: Vec<&'static str>,
}

struct Header<'a> {
    about: &'a HeaderName,
    /// With hyphens in place of underscores and dots.
    name: String,
    /// Whether the configuration says that it holds a certificate.
    is_certificate: bool,
}

impl<'a> Headers<'a> {
    fn of(believed: &'a [HeaderName], certificates: &[HeaderName]) -> Self {
        let all = believed.iter().map(|about| Header {
            about,
            name: about.as_str().replace(['_', '.'], "-"),
            is_certificate: certificates.contains(about),
        });
        let all: Vec<Header<'_>> = all.collect();
        let there = ROWS.iter().filter(|row| row.is_there);
        let there = there.filter(|row| all.iter().any(|header| row.describes(header)));
        Self {
            results: there.map(|row| row.result.name).collect(),
            all,
        }
    }

    fn statements(&self, header: &Header<'_>) -> Vec<Statement> {
        let mut statements = self.own_statements(header);
        let is_there = |statement: &Statement| statement.may_be_sent && is_known(&header.name);
        if header.says_nothing() || statements.iter().any(is_there) {
            return statements;
        }
        // A header whose name begins with the whole name of a certificate's header describes the same certificate:
        // `x-device-cert-cn`.
        for (end, _) in header.name.match_indices('-') {
            let (certificate, _) = header.name.split_at(end);
            if let Some(other) = self.all.iter().find(|other| other.name == certificate) {
                statements.extend(self.own_statements(other));
            } else if !beginnings(certificate).is_empty() {
                let is_own = !is_known(&header.name);
                statements.push(conventional(results(certificate), is_own));
            }
        }
        statements
    }

    /// The statements about the certificate in this header itself.
    fn own_statements(&self, header: &Header<'_>) -> Vec<Statement> {
        let rows = ROWS.iter().filter(|row| row.describes(header));
        let mut statements: Vec<Statement> = rows
            .map(|row| row.statement(self.results.contains(&row.result.name)))
            .collect();
        let name = &header.name;
        let beginnings = beginnings(name);
        if beginnings.is_empty() && !header.is_certificate {
            return statements;
        }
        // By themselves, the products do not send these headers.
        statements.push(conventional(results(name), !is_known(name)));
        // Another last word may mean anything, so only a result that is believed counts: `x-device-verify` for
        // `x-device-leaf`.
        if let (true, Some((beginning, _))) = (beginnings.is_empty(), name.rsplit_once('-')) {
            statements.push(conventional(vec![format!("{beginning}-verify")], false));
        }
        statements
    }
}

impl Header<'_> {
    /// Whether this is a header about the connection or about the check.
    fn says_nothing(&self) -> bool {
        !self.is_certificate && ends_in(&self.name, STATES).is_some()
    }
}

impl Row {
    fn describes(&self, header: &Header<'_>) -> bool {
        let mut patterns = self.describe.iter();
        let matches = patterns.any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => header.name.starts_with(beginning),
            None => header.name == *pattern,
        });
        matches && !header.says_nothing()
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

const fn conventional(names: Vec<String>, may_be_sent: bool) -> Statement {
    Statement {
        names,
        success: SUCCESS,
        verifies: true,
        may_be_sent,
    }
}

impl Statement {
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

/// The names of the result for a header with a certificate. By convention, it has the same beginning, or the whole name
/// in front: `x-device-verify` or `x-device-cert-verify`.
fn results(certificate: &str) -> Vec<String> {
    let beginnings = beginnings(certificate).into_iter();
    let results = beginnings.map(|it| format!("{it}verify"));
    results.chain([format!("{certificate}-verify")]).collect()
}

/// What is in front of the last words, as long as they say that the header holds a certificate: `x-device-cert-` and
/// `x-device-` for `x-device-cert-pem`.
fn beginnings(name: &str) -> Vec<String> {
    let mut beginnings = Vec::new();
    let mut rest = name;
    while let Some(beginning) = ends_in(rest, HOLDS) {
        beginnings.push(beginning.to_owned());
        rest = beginning.strip_suffix('-').unwrap_or_default();
    }
    beginnings
}

fn is_known(name: &str) -> bool {
    recognise::classify(name) == Some(recognise::Kind::Identity)
}
