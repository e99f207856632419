//! What the layer notices in a request.

use std::{fmt, str::FromStr};

macro_rules! findings {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// Something unusual or wrong that the layer noticed in a request.
        ///
        /// A finding never makes a request fail by itself (rule R16). The [`Resolution`](crate::Resolution) is still
        /// right: it contains nothing from headers that are not trusted. To refuse requests with certain findings, use
        /// [`RejectLayer`](crate::RejectLayer). As text, a finding is in kebab-case.
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
            /// All findings.
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
    /// The peer of the connection is unknown. The layer believes no headers, because it cannot tell who sent them.
    ///
    /// Check that your server passes the peer's address to the layer. With axum, serve the app with
    /// `into_make_service_with_connect_info::<SocketAddr>()`. For other servers, see [`Peer`](crate::Peer).
    PeerUnknown = "peer-unknown",
    /// A peer that is not trusted sent forwarding headers. The layer ignored them, and takes the peer for the client.
    ///
    /// If the peer is your proxy, add its address to [`TrustedProxies`](crate::TrustedProxies). If it is a client,
    /// check why it can reach the service without passing your proxy.
    PeerUntrusted = "peer-untrusted",
    /// A trusted peer did not send the [required](crate::ForwardedLayer::require) secret. The layer believes none of
    /// its headers, and takes the peer for the client.
    ///
    /// Check that your proxy sends the secret. If it does, the request did not come through your proxy, but directly or
    /// through the proxy of another customer.
    SecretMissing = "secret-missing",
    /// The request came through fewer proxies than are [counted](crate::TrustedProxies::count). The layer believes no
    /// headers, and takes the peer for the client.
    ///
    /// Check how many proxies are in front of the service. If the number is right, somebody bypasses the outer proxies.
    HopsMissing = "hops-missing",
    /// A trusted peer sent none of the headers that the layer believes, but it sent the client header of another
    /// family. The layer ignored that header.
    ///
    /// Check which [`Headers`](crate::Headers) your proxy writes. If it overwrites the header of the other family,
    /// choose that family with [`ForwardedLayer::headers`](crate::ForwardedLayer::headers). Behind a proxy that sends
    /// the headers that you believe, no client can cause this finding.
    OtherFamily = "other-family",
    /// A trusted proxy sent other headers of the family, but not the address of its client. The layer takes the last
    /// node that it knows for the client: usually the peer.
    ///
    /// Check that the proxy sends the client header, such as `X-Forwarded-For`, or `for=` in `Forwarded`.
    ForMissing = "for-missing",
    /// An element of the client header is empty, is not a node identifier, or is the unspecified address. The layer
    /// stops reading there. It takes the nearest address to the right for the client, or the peer if there is none.
    ///
    /// Check what the proxy writes that added this element. If it writes addresses only, you may trust one hop too
    /// many: then a client wrote the element.
    ForMalformed = "for-malformed",
    /// A proxy hides the client: it sent `unknown`, `_obfuscated` or a Unix socket instead of an address. The layer
    /// takes the nearest address to the right for the client, or the peer if there is none.
    ///
    /// Check whether the proxy can write the client's address.
    ClientHidden = "client-hidden",
    /// The layer reached the hop limit at a trusted address. It takes this address for the client.
    ///
    /// Check whether the address is one of your proxies. If it is, there is one more hop than you allow: raise the
    /// limit with [`TrustedProxies::hops`](crate::TrustedProxies::hops). If it is a client inside a trusted network,
    /// there is nothing to do.
    HopLimit = "hop-limit",
    /// A trusted proxy did not send the scheme. The layer uses the scheme of the connection itself, which is `http` by
    /// [default](crate::ForwardedLayer::connection_scheme).
    ///
    /// Check that the proxy sends its scheme header, such as `X-Forwarded-Proto`, or `proto=` in `Forwarded`.
    SchemeMissing = "scheme-missing",
    /// A trusted proxy sent a scheme other than http, https, ws and wss. The layer uses the scheme of the connection
    /// itself.
    ///
    /// Check what the proxy writes. If each proxy appends to the header, declare it as a list with
    /// [`Headers::with_lists`](crate::Headers::with_lists).
    SchemeInvalid = "scheme-invalid",
    /// A forwarded host is not one of those that you allow. The layer ignored it, and uses the host of the request
    /// itself.
    ///
    /// If the host is yours and your proxy overwrites the header, allow it with
    /// [`believe_hosts`](crate::ForwardedLayer::believe_hosts). Otherwise it may be a host that the client made up.
    HostNotAllowed = "host-not-allowed",
    /// A host is malformed, missing, or named twice. The layer ignores a forwarded host that is invalid. If there is no
    /// valid host at all, the [`Resolution`](crate::Resolution) has no authority.
    ///
    /// Check that the proxy passes `Host` through, and what it writes into the header for the forwarded host.
    HostInvalid = "host-invalid",
    /// A forwarded port is not a number from 1 to 65535. The layer ignored it.
    ///
    /// Check that the proxy overwrites the port header. If it does not, remove the call to
    /// [`believe_port`](crate::ForwardedLayer::believe_port).
    PortInvalid = "port-invalid",
    /// A forwarded prefix is not a safe path. The layer ignored it.
    ///
    /// Check that the proxy overwrites the prefix header. If it does not, remove the call to
    /// [`believe_prefix`](crate::ForwardedLayer::believe_prefix).
    PrefixInvalid = "prefix-invalid",
    /// The layer removed a header that says who the client is (rule R18). Either you did not name the header in this
    /// spelling, or it came from a peer that is not trusted. A certificate is also removed if the proxy did not verify
    /// it, or if it is not the client's.
    ///
    /// If your proxy sets the header, trust the proxy and name the header with
    /// [`believe_identity`](crate::ForwardedLayer::believe_identity). If a client made the header up, there is nothing
    /// to do.
    IdentityIgnored = "identity-ignored",
    /// A believed header about who the client is has several lines, or does not hold a certificate although it should.
    /// If it has several lines, the layer removes them all, since a client may have written one of them.
    ///
    /// Check that the proxy overwrites the header and does not add a line to it. Check also how it encodes the
    /// certificate: PEM, percent-encoded, or DER in base64.
    IdentityMalformed = "identity-malformed",
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error for a text that does not name a finding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a finding: expected one of {}", text.escape_debug(), Finding::ALL.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(", "))]
pub struct FindingError {
    text: String,
}

impl FindingError {
    /// The text that was parsed.
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
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `finding` is in the set.
    #[must_use]
    pub const fn contains(self, finding: Finding) -> bool {
        self.0 & Self::bit(finding) != 0
    }

    /// The findings that are in both sets.
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
