//! The steps of a resolution, for code that reports them.

use std::net::IpAddr;

use http::HeaderName;

use crate::{
    headers::{field_set::FieldSet, known::Field},
    identity::fate::Fate,
    peer::Peer,
    resolution::Finding,
};

/// Receives each step of a resolution.
pub(crate) trait Observer {
    fn see(&mut self, step: Step<'_>);
}

impl Observer for () {
    #[inline(always)]
    fn see(&mut self, _: Step<'_>) {}
}

/// One step of a resolution, for code that reports it.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// Whether the peer is believed at all.
    Peer {
        peer: Option<Peer>,
        trusted: bool,
        present: FieldSet,
    },
    /// An element of the client header. The proxy to its right vouches for it.
    Element {
        text: Option<&'a [u8]>,
        verdict: Verdict,
    },
    /// Why the walk ended.
    End(End),
    /// A value other than the client's address.
    Value {
        role: Role,
        /// Where it came from.
        source: Source,
        text: &'a [u8],
        believed: Result<(), Finding>,
    },
    /// A header that says who the client is.
    Identity { name: &'a HeaderName, fate: Fate },
}

/// What a value is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Scheme,
    Host,
    Port,
    Prefix,
}

/// Where a value was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// An element of a forwarding header, counted from the right.
    Element(Field, usize),
    /// All lines of a forwarding header, as for a prefix.
    Lines(Field),
    /// A parameter of the outermost `Forwarded` element that states it.
    Parameter(&'static str),
    /// The request's target.
    Target,
    /// The `Host` header.
    Host,
}

/// What an element turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An address that is trusted or not.
    Address { address: IpAddr, trusted: bool },
    /// A client or a proxy on a Unix domain socket.
    Unix { trusted: bool },
    /// There is nothing between two commas of `Forwarded`.
    Nothing,
    /// The proxy hides the client, or does not know it.
    Hidden,
    /// An element of `Forwarded` (RFC 7239) without `for`.
    WithoutFor,
    /// Empty, not a node identifier, the unspecified address, or too long.
    Malformed,
}

/// Why the walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At an address that is not trusted, or after as many proxies as are counted. This address is the client. Nobody
    /// vouches for elements to the left of it.
    Client { more: bool, counted: bool },
    /// Every address is trusted: the leftmost is the client.
    Leftmost,
    /// At a trusted address, because of the hop limit.
    HopLimit { more: bool },
    /// At an element that contains no address.
    Unknown,
    /// There is no client header.
    Missing,
}
