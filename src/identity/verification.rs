//! The headers in which a proxy states whether it verified a certificate.

use http::{HeaderName, HeaderValue};

use crate::headers::recognise;

/// Headers of one product that describe a certificate, and the headers that state whether it was verified.
struct Product {
    /// A `*` at the end stands for any text.
    describe: &'static [&'static str],
    verified: (&'static str, &'static [&'static str]),
    revoked: Option<(&'static str, &'static [&'static str])>,
    /// Whether the product sends the result without a rule of the user. Otherwise only a client might.
    may_be_sent: bool,
}

/// nginx and Apache write `SUCCESS`. HAProxy writes an error number, and 0 means no error.
const SUCCESS: &[&str] = &["SUCCESS", "0"];

const PRODUCTS: &[Product] = &[
    Product {
        describe: &["ssl-client-*"],
        verified: ("ssl-client-verify", SUCCESS),
        revoked: None,
        may_be_sent: true,
    },
    Product {
        describe: &["x-ssl-client-*", "x-ssl-issuer"],
        verified: ("x-ssl-client-verify", SUCCESS),
        revoked: None,
        may_be_sent: true,
    },
    // https://cloud.google.com/load-balancing/docs/https/custom-headers
    Product {
        describe: &["x-client-cert-*"],
        verified: ("x-client-cert-chain-verified", &["true"]),
        revoked: None,
        may_be_sent: true,
    },
    // https://puppet.com/docs/puppet/8/external_ssl_termination.html
    Product {
        describe: &["x-client-cert", "x-client-dn"],
        verified: ("x-client-verify", SUCCESS),
        revoked: None,
        may_be_sent: true,
    },
    // A certificate that is valid and revoked is verified too:
    // https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/cf.tls_client_auth.cert_verified
    Product {
        describe: &["cf-cert-*", "cf-client-cert-*"],
        verified: ("cf-cert-verified", &["true", "SUCCESS"]),
        revoked: Some(("cf-cert-revoked", &["false", "0"])),
        may_be_sent: true,
    },
    // Cloudflare fills them in whatever the result is:
    // https://developers.cloudflare.com/ssl/client-certificates/forward-a-client-certificate/
    Product {
        describe: &["client-cert", "client-cert-chain"],
        verified: ("cf-cert-verified", &["true", "SUCCESS"]),
        revoked: Some(("cf-cert-revoked", &["false", "0"])),
        may_be_sent: false,
    },
];

/// The ends of the names of headers that hold a certificate.
const CERTIFICATE: &[&str] = &["cert", "certificate", "crt", "pem", "der"];

/// The ends of the names of headers that say something about the connection, and nothing about who the client is.
const STATES: &[&str] = &[
    "verify",
    "verified",
    "present",
    "presented",
    "revoked",
    "error",
];

/// How a proxy states whether it verified the certificate that one header describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verification {
    /// The header that describes the certificate.
    pub(super) about: HeaderName,
    pub(super) results: Vec<Statement>,
}

/// A header that states a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The names that it can have. It can also have another spelling of them.
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
    let families = Families::of(believed, certificates);
    let found = believed.iter().map(|about| Verification {
        about: about.clone(),
        results: families.results(about),
    });
    found.filter(|it| !it.results.is_empty()).collect()
}

/// The headers of one's own that describe a certificate.
struct Families<'a> {
    certificates: &'a [HeaderName],
    /// The beginnings of the names of believed headers that state a result, such as `x-device-` of `x-device-verify`.
    results: Vec<String>,
    /// The believed headers that hold a certificate, such as `x-device-cert`, and the beginnings of their names.
    holders: Vec<(String, String)>,
}

impl<'a> Families<'a> {
    fn of(believed: &[HeaderName], certificates: &'a [HeaderName]) -> Self {
        let own = || believed.iter().filter(|name| !is_known(name.as_str()));
        let results = own().filter_map(|name| stem(&folded(name), &["verify"]));
        let holders = own().filter_map(|name| {
            let name = folded(name);
            stem(&name, CERTIFICATE).map(|stem| (name, stem))
        });
        Self {
            certificates,
            results: results.filter(|stem| is_distinct(stem)).collect(),
            holders: holders.filter(|(_, stem)| is_distinct(stem)).collect(),
        }
    }

    fn results(&self, about: &HeaderName) -> Vec<Statement> {
        let name = folded(about);
        if stem(&name, STATES).is_some() {
            return Vec::new();
        }
        let product = PRODUCTS.iter().find(|it| it.describes(&name));
        let mut results = product.map_or_else(Vec::new, Product::results);
        let is_own = !is_known(&name);
        let names = match is_own {
            true => self.own(about, &name),
            // By themselves, the products do not send these headers.
            false => {
                let leaf = name.strip_suffix("-chain").unwrap_or(&name);
                let stem = stem(leaf, &["cert", "der"]);
                stem.map_or_else(Vec::new, |stem| vec![verify(&stem)])
            }
        };
        if !names.is_empty() {
            results.push(Statement {
                names,
                success: SUCCESS,
                verifies: true,
                may_be_sent: is_own,
            });
        }
        results
    }

    /// The names of the result for a header of one's own.
    ///
    /// By convention, the result has the same beginning: `x-device-verify` for `x-device-cert`. It can also have the
    /// whole name in front: `x-device-cert-verify`. A name, a serial number or a fingerprint beside it, such as
    /// `x-device-cn`, describes the same certificate.
    fn own(&self, about: &HeaderName, name: &str) -> Vec<String> {
        let mut names = Vec::new();
        let holds = stem(name, CERTIFICATE);
        names.extend(holds.as_deref().map(verify));
        if holds.is_some() || self.certificates.contains(about) {
            names.push(format!("{name}-verify"));
        }
        for (holder, stem) in &self.holders {
            if name.starts_with(stem) {
                names.extend([verify(stem), format!("{holder}-verify")]);
            }
        }
        let results = self.results.iter();
        let beside = results.filter(|stem| name.starts_with(stem.as_str()));
        names.extend(beside.map(|stem| verify(stem)));
        names.sort();
        names.dedup();
        names
    }
}

impl Product {
    fn describes(&self, name: &str) -> bool {
        let mut patterns = self.describe.iter();
        patterns.any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == *pattern,
        })
    }

    fn results(&self) -> Vec<Statement> {
        let statement = |(name, success): (&str, _), verifies| Statement {
            names: vec![name.to_owned()],
            success,
            verifies,
            may_be_sent: self.may_be_sent,
        };
        let revoked = self.revoked.map(|it| statement(it, false));
        [statement(self.verified, true)]
            .into_iter()
            .chain(revoked)
            .collect()
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

fn verify(stem: &str) -> String {
    format!("{stem}verify")
}

/// The part of the name before the last word, if that is one of these.
fn stem(name: &str, words: &[&str]) -> Option<String> {
    let mut stems = words.iter().filter_map(|word| name.strip_suffix(word));
    let stem = stems.find(|stem| stem.ends_with('-'))?;
    Some(stem.to_owned())
}

/// Whether names with this beginning belong together. Many headers begin with `x-`.
fn is_distinct(stem: &str) -> bool {
    stem != "x-"
}

/// The name with hyphens in place of underscores and dots.
fn folded(name: &HeaderName) -> String {
    name.as_str().replace(['_', '.'], "-")
}

pub(super) fn is_known(name: &str) -> bool {
    recognise::classify(name) == Some(recognise::Kind::Identity)
}
