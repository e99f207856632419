//! The settings of a layer without its trust, as plain data.

use std::{fmt, sync::Arc};

use http::{Extensions, HeaderName};

use crate::{
    headers::{Headers, field_set::FieldSet, recognise::Kind, unwanted::Unwanted},
    host_pattern::HostPattern,
    identity::names::BelievedNames,
    peer::Peer,
    resolution::scheme::Scheme,
    secret::Secret,
};

/// What the layer believes from trusted proxies, and what it does to the request.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) headers: Headers,
    pub(crate) hosts: Vec<HostPattern>,
    pub(crate) port: bool,
    pub(crate) prefix: bool,
    pub(crate) connection_scheme: ConnectionScheme,
    pub(crate) peer_from: Option<Arc<PeerFrom>>,
    pub(crate) secret: Option<Secret>,
    /// The believed headers that say who the client is.
    pub(crate) identity: BelievedNames,
    pub(crate) keep: Vec<HeaderName>,
    /// Headers that are removed from every request, although they are not forwarding headers.
    pub(crate) remove: Unwanted,
    /// The forwarding headers among `keep`, as a set.
    pub(crate) keep_known: FieldSet,
    pub(crate) record_hops: bool,
    pub(crate) keep_uri: bool,
    pub(crate) keep_connect_info: bool,
}

/// The scheme of the connection on which a request arrived (rule R3).
#[derive(Clone)]
pub(crate) enum ConnectionScheme {
    Fixed(Scheme),
    From(Arc<SchemeFrom>),
}

impl ConnectionScheme {
    pub(crate) fn of(&self, extensions: &Extensions) -> Scheme {
        match self {
            Self::Fixed(scheme) => *scheme,
            Self::From(from) => from(extensions),
        }
    }
}

impl fmt::Debug for ConnectionScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(scheme) => scheme.fmt(f),
            Self::From(_) => f.write_str("From(..)"),
        }
    }
}

pub(crate) type SchemeFrom = dyn Fn(&Extensions) -> Scheme + Send + Sync;

pub(crate) type PeerFrom = dyn Fn(&Extensions) -> Option<Peer> + Send + Sync;

impl Default for Rules {
    fn default() -> Self {
        Self {
            headers: Headers::X_FORWARDED,
            hosts: Vec::new(),
            port: false,
            prefix: false,
            connection_scheme: ConnectionScheme::Fixed(Scheme::Http),
            peer_from: None,
            secret: None,
            identity: BelievedNames::default(),
            keep: Vec::new(),
            remove: Unwanted::default(),
            keep_known: FieldSet::EMPTY,
            record_hops: false,
            keep_uri: false,
            keep_connect_info: false,
        }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("headers", &self.headers)
            .field("hosts", &self.hosts)
            .field("port", &self.port)
            .field("prefix", &self.prefix)
            .field("connection_scheme", &self.connection_scheme)
            .field("peer_from", &self.peer_from.is_some())
            .field("secret", &self.secret)
            .field("identity", &self.identity)
            .field("keep", &self.keep)
            .field("remove", &self.remove)
            .field("record_hops", &self.record_hops)
            .field("keep_uri", &self.keep_uri)
            .field("keep_connect_info", &self.keep_connect_info)
            .finish()
    }
}

impl Rules {
    /// Updates `keep_known`. Must be called after a change of `keep` or `headers`.
    pub(crate) fn update_kept(&mut self) {
        let kept =
            self.keep
                .iter()
                .filter_map(|name| match self.headers.recognise(name.as_str()) {
                    Some(Kind::Field(field)) => Some(field),
                    _ => None,
                });
        self.keep_known = FieldSet::of(kept);
    }

    /// The peer of a request (rule R1).
    #[inline]
    pub(crate) fn peer_of(&self, extensions: &Extensions) -> Option<Peer> {
        Peer::of(extensions).or_else(|| self.peer_from.as_ref().and_then(|from| from(extensions)))
    }
}
