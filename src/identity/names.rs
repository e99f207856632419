//! The names of the headers that the layer believes about who the client is.

use http::HeaderName;

use super::{presets, verification::Verification};
use crate::headers::{Headers, HeadersError, recognise, recognise::needed_by_http};

/// The believed headers, in the order in which they were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BelievedNames {
    names: Vec<HeaderName>,
    /// Whether one of these headers, or a header with the verification result of a certificate, is not a known header.
    /// Then the layer must search each request for it.
    pub(crate) has_own: bool,
    /// The headers that hold a certificate according to the configuration.
    pub(crate) certificates: Vec<HeaderName>,
    /// For each believed header that holds a certificate, how a proxy states whether it verified it.
    verifications: Vec<Verification>,
}

impl BelievedNames {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &HeaderName> {
        self.names.iter()
    }

    pub(crate) fn contains(&self, name: &HeaderName) -> bool {
        self.names.contains(name)
    }

    /// Whether this is a believed name, or another spelling of one.
    pub(crate) fn resemble(&self, name: &str) -> bool {
        self.names
            .iter()
            .any(|believed| recognise::fold_alike(believed.as_str(), name))
    }

    /// How a proxy states whether it verified the certificate in this header.
    pub(super) fn verification_of(&self, certificate: &HeaderName) -> Option<&Verification> {
        let mut all = self.verifications.iter();
        all.find(|verification| verification.certificate == *certificate)
    }

    /// Whether this header would state whether a believed certificate was verified.
    pub(super) fn verify(&self, name: &str) -> bool {
        let mut all = self.verifications.iter();
        all.any(|verification| verification.is_in(name))
    }

    /// Adds a header, or all headers of a preset with this name.
    pub(crate) fn add(&mut self, name: &str) -> Result<(), HeadersError> {
        if let Some(preset) = presets::find(name) {
            return preset.into_iter().try_for_each(|name| self.add(name));
        }
        let header = parse(name)?;
        if self.contains(&header) {
            return Ok(());
        }
        // Many gateways treat two names as the same if they differ only in underscores or dots.
        if self.resemble(header.as_str()) {
            return Err(HeadersError::ReadTwice {
                name: name.to_owned(),
            });
        }
        let verification = Verification::of(&header);
        self.has_own |= recognise::classify(header.as_str()).is_none();
        self.names.push(header);
        self.verify_by(verification);
        Ok(())
    }

    fn verify_by(&mut self, verification: Option<Verification>) {
        self.has_own |= verification.as_ref().is_some_and(|it| !it.is_known());
        self.verifications.extend(verification);
    }

    /// Returns an error that names the first header which `headers` already reads for another purpose.
    pub(crate) fn differs_from(&self, headers: &Headers) -> Result<(), HeadersError> {
        match self.names.iter().find(|name| is_read(name, headers)) {
            None => Ok(()),
            Some(name) => Err(HeadersError::ReadTwice {
                name: name.to_string(),
            }),
        }
    }

    /// Drops the names that these `headers`, which were chosen later, read for another purpose.
    pub(crate) fn forget_what_is_read(&mut self, headers: &Headers) {
        self.names.retain(|name| !is_read(name, headers));
        self.certificates.retain(|name| !is_read(name, headers));
        self.verifications
            .retain(|verification| !is_read(&verification.certificate, headers));
    }

    /// Adds a header that holds a certificate.
    #[cfg(feature = "client-cert")]
    pub(crate) fn add_certificate(&mut self, name: &str) -> Result<(), HeadersError> {
        let header = parse(name)?;
        self.add(name)?;
        if !self.certificates.contains(&header) {
            if self.verification_of(&header).is_none() {
                self.verify_by(Some(Verification::of_any(&header)));
            }
            self.certificates.push(header);
        }
        Ok(())
    }
}

/// Whether `headers` reads this header for something other than who the client is.
fn is_read(name: &HeaderName, headers: &Headers) -> bool {
    let kind = headers.recognise(name.as_str());
    kind.is_some_and(|kind| kind != recognise::Kind::Identity)
}

/// Parses a name that can say who the client is. Returns an error for a header that says where the request came from,
/// and for a header that HTTP itself needs.
fn parse(name: &str) -> Result<HeaderName, HeadersError> {
    let invalid = || HeadersError::NoIdentity {
        name: name.to_owned(),
    };
    let header: HeaderName = name.parse().map_err(|_| invalid())?;
    let is_needed = needed_by_http(&header);
    match recognise::classify(header.as_str()) {
        // The tables write `*` for a family of headers. A believed header must be named in full.
        _ if name.contains('*') => Err(invalid()),
        None if !is_needed => Ok(header),
        Some(recognise::Kind::Identity) => Ok(header),
        _ => Err(invalid()),
    }
}
