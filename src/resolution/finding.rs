//! What about a request was not as it should be.

use std::{fmt, str::FromStr};

macro_rules! findings {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// Something about a request that was not as it should be.
        ///
        /// A finding never makes a request fail by itself (rule R16): the resolution is the truth as
        /// far as it was vouched for. In text it is kebab-case.
        ///
        /// ```
        /// use tower_forwarded::Finding;
        ///
        /// assert_eq!(Finding::SchemeMissing.to_string(), "scheme-missing");
        /// assert_eq!("hop-limit".parse(), Ok(Finding::HopLimit));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Finding {
            $($(#[$doc])* $variant,)*
        }

        impl Finding {
            /// Every finding there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in kebab-case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

findings! {
    /// Nobody said who the peer is, so nothing is believed.
    PeerUnknown = "peer-unknown",
    /// Forwarding fields came from a peer that is not trusted; they were ignored.
    PeerUntrusted = "peer-untrusted",
    /// A trusted peer did not send the [required](crate::ForwardedLayer::require) secret, so nothing is
    /// believed.
    SecretMissing = "secret-missing",
    /// The request came through fewer proxies than are [counted](crate::TrustedProxies::count), so nothing is
    /// believed.
    HopsMissing = "hops-missing",
    /// A trusted peer sent none of the fields that are believed, and those of another family
    /// ([`Headers`](crate::Headers)). No client behind a right proxy can cause it.
    OtherFamily = "other-family",
    /// A trusted proxy sent other fields of the family, but did not say for whom.
    ForMissing = "for-missing",
    /// An element is empty, no node identifier, or the unspecified address; the walk ended there.
    ForMalformed = "for-malformed",
    /// A proxy hides its client (`unknown` or `_obfuscated`).
    ClientHidden = "client-hidden",
    /// The hop limit ended the walk at a trusted address with more to its left.
    HopLimit = "hop-limit",
    /// A trusted proxy did not say the scheme; the connection's own is taken.
    SchemeMissing = "scheme-missing",
    /// The scheme is none of http, https, ws, wss; the connection's own is taken.
    SchemeInvalid = "scheme-invalid",
    /// A forwarded host is not one of those allowed; it was ignored.
    HostNotAllowed = "host-not-allowed",
    /// A host is malformed, missing, or named twice.
    HostInvalid = "host-invalid",
    /// A forwarded port is no number from 1 to 65535; it was ignored.
    PortInvalid = "port-invalid",
    /// A forwarded prefix is no safe path; it was ignored.
    PrefixInvalid = "prefix-invalid",
    /// A header that says who the client is was removed: nobody believes it, or it came from a peer that is
    /// not trusted (rule R18).
    IdentityIgnored = "identity-ignored",
    /// A header that is believed to say who the client is has several lines, or holds no certificate where one
    /// should be.
    IdentityMalformed = "identity-malformed",
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no finding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no finding: expected one of {}", text.escape_debug(), Finding::ALL.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(", "))]
pub struct FindingError {
    text: String,
}

impl FindingError {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for Finding {
    type Err = FindingError;

    fn from_str(text: &str) -> Result<Self, FindingError> {
        Self::ALL
            .iter()
            .copied()
            .find(|finding| finding.as_str() == text)
            .ok_or_else(|| FindingError {
                text: text.to_owned(),
            })
    }
}

/// A set of [`Finding`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Findings(u32);

impl Findings {
    /// No finding.
    pub const NONE: Self = Self(0);

    /// Whether nothing was found.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `finding` is in the set.
    #[must_use]
    pub const fn contains(self, finding: Finding) -> bool {
        self.0 & Self::bit(finding) != 0
    }

    /// The findings that both sets have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The findings of the set, in the order of [`Finding::ALL`].
    #[must_use]
    pub fn iter(self) -> FindingsIter {
        self.into_iter()
    }

    pub(crate) const fn insert(&mut self, finding: Finding) {
        self.0 |= Self::bit(finding);
    }

    const fn bit(finding: Finding) -> u32 {
        1_u32.wrapping_shl(finding as u32)
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = FindingsIter;

    fn into_iter(self) -> FindingsIter {
        FindingsIter {
            set: self,
            all: Finding::ALL.iter(),
        }
    }
}

/// The findings of a set, in the order of [`Finding::ALL`].
#[derive(Clone, Debug)]
pub struct FindingsIter {
    set: Findings,
    all: std::slice::Iter<'static, Finding>,
}

impl Iterator for FindingsIter {
    type Item = Finding;

    fn next(&mut self) -> Option<Finding> {
        let set = self.set;
        self.all.find(|finding| set.contains(**finding)).copied()
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        let mut set = Self::NONE;
        for finding in findings {
            set.insert(finding);
        }
        set
    }
}

impl fmt::Debug for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Finding::as_str))
            .finish()
    }
}
