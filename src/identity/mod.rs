//! Identity headers: headers that say who the client is (rule R18).

#[cfg(feature = "client-cert")]
pub(crate) mod client_cert;
pub(crate) mod fate;
pub(crate) mod known;
pub(crate) mod names;
mod presets;
mod verification;
pub(crate) mod xfcc;

use std::fmt;

/// A preset: the headers in which one product says who the client is.
///
/// Pass it to [`believe_identity`](crate::ForwardedLayer::believe_identity).
///
/// A preset lists the headers that a product sets. It does not promise that the product strips these headers from the
/// client's request. That depends on the product and on its configuration. The documentation of each preset says what
/// is known about it.
///
/// | preset | headers |
/// |---|---|
#[doc = include_str!("presets.md")]
///
/// ```
/// use tower_forwarded::{ForwardedLayer, Identity, TrustedProxies};
///
/// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?)
///     .believe_identity(Identity::AUTHELIA)?;
///
/// assert_eq!("authelia".parse(), Ok(Identity::AUTHELIA));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    name: &'static str,
    headers: &'static [&'static str],
}

impl Identity {
    const fn new(name: &'static str, headers: &'static [&'static str]) -> Self {
        Self { name, headers }
    }

    /// Returns the name of the preset in kebab-case.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the names of its headers, in lowercase.
    #[must_use]
    pub const fn headers(&self) -> &'static [&'static str] {
        self.headers
    }
}

impl IntoIterator for Identity {
    type Item = &'static str;
    type IntoIter = std::iter::Copied<std::slice::Iter<'static, &'static str>>;

    fn into_iter(self) -> Self::IntoIter {
        self.headers.iter().copied()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("name", &self.name)
            .field("headers", &self.headers)
            .finish()
    }
}
