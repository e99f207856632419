//! The header in which a proxy states whether it verified a certificate.

use http::{HeaderName, HeaderValue};

use crate::headers::recognise;

/// How a proxy states whether it verified the certificate in one header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verification {
    /// The header with the certificate.
    pub(super) certificate: HeaderName,
    /// The names that the header with the result can have. It can also have another spelling of them.
    names: Vec<String>,
    /// The values that mean success.
    success: &'static [&'static str],
}

impl Verification {
    /// By convention, the name of the result has the same beginning: `ssl-client-verify` for `ssl-client-cert`. Beside
    /// a header of one's own, the result can also have the whole name in front: `x-device-cert-verify`. `None` if the
    /// name does not say that the header holds a certificate.
    pub(super) fn of(certificate: &HeaderName) -> Option<Self> {
        let name = certificate.as_str();
        // https://cloud.google.com/load-balancing/docs/https/custom-headers
        if name == "x-client-cert-leaf" {
            return Some(Self {
                certificate: certificate.clone(),
                names: vec!["x-client-cert-chain-verified".to_owned()],
                success: &["true"],
            });
        }
        // A product's other headers have no result.
        let (endings, whole_name) = match is_known(name) {
            true => (&["cert", "der"][..], None),
            false => (
                &["cert", "certificate", "crt", "pem", "der"][..],
                Some(format!("{name}-verify")),
            ),
        };
        let stem = endings
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .filter(|stem| stem.ends_with(['-', '_']))?;
        let names = [format!("{stem}verify")].into_iter().chain(whole_name);
        Some(Self::named(certificate, names.collect()))
    }

    /// The result for a header that holds a certificate according to the configuration, whatever its name.
    #[cfg(feature = "client-cert")]
    pub(super) fn of_any(certificate: &HeaderName) -> Self {
        let result = || Self::named(certificate, vec![format!("{certificate}-verify")]);
        Self::of(certificate).unwrap_or_else(result)
    }

    fn named(certificate: &HeaderName, names: Vec<String>) -> Self {
        Self {
            certificate: certificate.clone(),
            names,
            // nginx and Apache write `SUCCESS`. HAProxy writes an error number, and 0 means no error.
            success: &["SUCCESS", "0"],
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

    /// Whether this crate knows all headers that can state the result.
    pub(super) fn is_known(&self) -> bool {
        self.names.iter().all(|name| is_known(name))
    }

    /// Whether a proxy may state the result although nobody configured that it does. Otherwise only a client would.
    pub(super) fn may_be_sent(&self) -> bool {
        self.is_known() || !is_known(self.certificate.as_str())
    }
}

fn is_known(name: &str) -> bool {
    recognise::classify(name) == Some(recognise::Kind::Identity)
}
