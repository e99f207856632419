//! A header with which a proxy proves that a request came through it (rule R17).

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use subtle::{Choice, ConstantTimeEq};

use crate::headers::{Headers, HeadersError, recognise};

/// A header, and the values that are accepted. `Debug` does not show the values.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) name: HeaderName,
    values: Vec<Box<[u8]>>,
}

/// The name of the header with a secret. The layer removes it from every request, so it must not be a header that this
/// crate reads, that HTTP needs, or that holds the client's own credentials.
pub(crate) fn header(name: &str, headers: &Headers) -> Result<HeaderName, HeadersError> {
    let invalid = || HeadersError::InvalidName {
        name: name.to_owned(),
    };
    let header: HeaderName = name.parse().map_err(|_| invalid())?;
    // `*` is a letter of names too, but whoever writes it means more than one.
    if name.contains('*')
        || headers.recognise(header.as_str()).is_some()
        || recognise::needed_by_http(&header)
        || recognise::holds_credentials(&header)
    {
        return Err(invalid());
    }
    Ok(header)
}

impl Secret {
    /// `Err` says what is wrong with the values, but does not show them.
    pub(crate) fn new(
        name: HeaderName,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, &'static str> {
        let values: Vec<Box<[u8]>> = values
            .into_iter()
            .map(|value| value.as_ref().as_bytes().into())
            .collect();
        if values.is_empty() {
            return Err("at least one value is needed");
        }
        let is_value = |value: &[u8]| {
            !value.is_empty()
                && value.trim_ascii() == value
                && HeaderValue::from_bytes(value).is_ok()
        };
        if !values.iter().all(|value| is_value(value)) {
            return Err(
                "a value is empty, has white space around it, or is not a valid header value",
            );
        }
        Ok(Self { name, values })
    }

    /// Whether the request carries the secret: exactly one line, equal to one of the values. The time that this takes
    /// reveals nothing about the values except their lengths.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut lines = headers.get_all(&self.name).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return false;
        };
        let equal = self.values.iter().fold(Choice::from(0), |equal, value| {
            equal | value.ct_eq(line.as_bytes())
        });
        equal.into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ({} values)", self.name, self.values.len())
    }
}
