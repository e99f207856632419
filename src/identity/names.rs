//! The names of the headers that the layer believes about who the client is.

use http::HeaderName;

use super::{
    presets,
    verification::{self, Statement, Verification},
};
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
    /// For each believed header that describes a certificate, how a proxy states whether it verified it.
    verifications: Vec<Verification>,
    /// The names of the headers that state it.
    result_names: Vec<String>,
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

    /// How a proxy states whether it verified the certificate that this header describes.
    pub(super) fn statements_about(&self, header: &HeaderName) -> &[Statement] {
        let mut all = self.verifications.iter();
        let verification = all.find(|verification| verification.about == *header);
        verification.map_or(&[], |it| &it.statements)
    }

    /// Whether this header would state whether a believed certificate was verified.
    pub(super) fn state_result(&self, name: &str) -> bool {
        let mut results = self.result_names.iter();
        results.any(|result| recognise::fold_alike(name, result))
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
        self.names.push(header);
        self.relate();
        Ok(())
    }

    /// Finds the headers that belong together. That depends on all names.
    fn relate(&mut self) {
        self.verifications = verification::of_all(&self.names, &self.certificates);
        let all = self.verifications.iter().flat_map(|it| &it.statements);
        self.result_names = all.flat_map(|it| it.names.clone()).collect();
        self.result_names.sort();
        self.result_names.dedup();
        let names = self.names.iter().map(HeaderName::as_str);
        let mut all = names.chain(self.result_names.iter().map(String::as_str));
        self.has_own = all.any(|name| recognise::classify(name).is_none());
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
        self.relate();
    }

    /// Adds a header that holds a certificate.
    #[cfg(feature = "client-cert")]
    pub(crate) fn add_certificate(&mut self, name: &str) -> Result<(), HeadersError> {
        let header = parse(name)?;
        self.add(name)?;
        if !self.certificates.contains(&header) {
            self.certificates.push(header);
            self.relate();
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
