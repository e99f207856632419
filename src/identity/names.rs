//! The names of the headers that are believed to say who the client is.

use http::{HeaderName, header};

use super::{known, presets};
use crate::headers::{Headers, HeadersError, recognise};

/// The headers that are believed, in the order in which they were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BelievedNames {
    names: Vec<HeaderName>,
    /// One of them, or of the headers that say whether a certificate was verified, is no known name, so that a
    /// request has to be searched for it.
    pub(crate) has_own: bool,
    /// Those that hold a certificate, by the user's word.
    pub(crate) certificates: Vec<HeaderName>,
}

impl BelievedNames {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &HeaderName> {
        self.names.iter()
    }

    pub(crate) fn contains(&self, name: &HeaderName) -> bool {
        self.names.contains(name)
    }

    /// Whether this is a name that is believed, or another spelling of one.
    pub(crate) fn resemble(&self, name: &str) -> bool {
        self.names
            .iter()
            .any(|believed| recognise::fold_alike(believed.as_str(), name))
    }

    /// Adds a header, or all those of a preset that is named.
    pub(crate) fn add(&mut self, name: &str) -> Result<(), HeadersError> {
        if let Some(preset) = presets::find(name) {
            return preset.into_iter().try_for_each(|name| self.add(name));
        }
        let header = parse(name)?;
        if self.contains(&header) {
            return Ok(());
        }
        // Two that differ in nothing but underscores or dots are one to many gateways.
        if self.resemble(header.as_str()) {
            return Err(HeadersError::ReadTwice {
                name: name.to_owned(),
            });
        }
        let is_own = |name: &str| recognise::classify(name).is_none();
        let verification = known::verification_of(header.as_str());
        self.has_own |= is_own(header.as_str()) || verification.is_some_and(|it| is_own(&it.name));
        self.names.push(header);
        Ok(())
    }

    /// Fails with the first that is read for something else already.
    pub(crate) fn differs_from(&self, headers: &Headers) -> Result<(), HeadersError> {
        match self.names.iter().find(|name| is_read(name, headers)) {
            None => Ok(()),
            Some(name) => Err(HeadersError::ReadTwice {
                name: name.to_string(),
            }),
        }
    }

    /// Forgets those that these headers, which were chosen later, read for something else.
    pub(crate) fn forget_what_is_read(&mut self, headers: &Headers) {
        self.names.retain(|name| !is_read(name, headers));
        self.certificates.retain(|name| !is_read(name, headers));
    }

    /// Adds a header that holds a certificate.
    #[cfg(feature = "client-cert")]
    pub(crate) fn add_certificate(&mut self, name: &str) -> Result<(), HeadersError> {
        let header = parse(name)?;
        self.add(name)?;
        if !self.certificates.contains(&header) {
            self.certificates.push(header);
        }
        Ok(())
    }
}

/// Whether a header is read for something else than who the client is.
fn is_read(name: &HeaderName, headers: &Headers) -> bool {
    let kind = headers.recognise(name.as_str());
    kind.is_some_and(|kind| kind != recognise::Kind::Identity)
}

/// A name that can say who the client is: not one that says where the request came from, or that HTTP itself
/// needs.
fn parse(name: &str) -> Result<HeaderName, HeadersError> {
    let invalid = || HeadersError::NoIdentity {
        name: name.to_owned(),
    };
    let header: HeaderName = name.parse().map_err(|_| invalid())?;
    let does_http_need_it = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::EXPECT,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ]
    .contains(&header);
    match recognise::classify(header.as_str()) {
        // The tables write a family so; what is believed is named in full.
        _ if name.contains('*') => Err(invalid()),
        None if !does_http_need_it => Ok(header),
        Some(recognise::Kind::Identity) => Ok(header),
        _ => Err(invalid()),
    }
}
