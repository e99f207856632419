//! A resolution in progress.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use http::uri::Authority;

use super::{
    edits::{ClientEdit, Edits, Outcome},
    head::Head,
    hops_seen::hops_seen,
    identity::who,
    observer::{Observer, Role, Source, Step},
};
use crate::{
    headers::{ClientSyntax, Headers, field_set::FieldSet, scan::Scan},
    peer::Peer,
    resolution::{Details, Finding, Findings, Resolution, scheme::Scheme},
    rules::Rules,
    trust::HopLimit,
};

/// The result of the walk.
#[derive(Debug, Default)]
pub(crate) struct Walked<'a> {
    pub(crate) client: Option<(IpAddr, Option<u16>)>,
    /// The number of accepted elements (h in rule R6).
    pub(crate) accepted: usize,
    /// How to keep the part that trusted proxies wrote; `None` if there is none and the header must be removed.
    pub(crate) edit: Option<ClientEdit>,
    /// The scheme and the host that the outermost element with such a value states (RFC 7239, rule R6).
    pub(crate) scheme: Option<Cow<'a, [u8]>>,
    pub(crate) host: Option<Cow<'a, [u8]>>,
    /// The number of elements from the right up to the last one that is vouched for.
    pub(crate) elements: usize,
    /// Which element states the host, counted from the right.
    pub(crate) host_number: usize,
    /// Whether elements further to the right also state a host, or an invalid scheme.
    pub(crate) inner_statements: bool,
}

/// A resolution in progress.
pub(crate) struct Resolving<'a, O> {
    pub(crate) rules: &'a Rules,
    pub(crate) scan: &'a Scan<'a>,
    pub(crate) findings: Findings,
    pub(crate) edits: Edits,
    /// The headers that stay.
    pub(crate) believed: FieldSet,
    pub(crate) observer: &'a mut O,
}

/// What was found. If nobody named the client, the peer takes its place later.
pub(crate) struct Found {
    pub(crate) client: Option<(IpAddr, Option<u16>)>,
    pub(crate) hops: usize,
    pub(crate) scheme: Scheme,
    pub(crate) authority: Option<Authority>,
    pub(crate) prefix: Option<Arc<str>>,
}

impl<'a, O: Observer> Resolving<'a, O> {
    #[inline]
    pub(crate) fn new(rules: &'a Rules, scan: &'a Scan<'a>, observer: &'a mut O) -> Self {
        Self {
            rules,
            scan,
            findings: Findings::NONE,
            edits: Edits {
                underscored: scan.underscored,
                ..Edits::default()
            },
            believed: FieldSet::EMPTY,
            observer,
        }
    }

    /// Rule R3: the peer is the client, and its forwarding headers do not count.
    pub(crate) fn believe_nobody(
        mut self,
        peer: Option<Peer>,
        head: Head<'_>,
        finding: Option<Finding>,
    ) -> Outcome {
        if let Some(finding) = finding {
            self.findings.insert(finding);
        } else if peer.is_none() {
            self.findings.insert(Finding::PeerUnknown);
        } else if !self.scan.present.is_empty() || self.scan.underscored {
            self.findings.insert(Finding::PeerUntrusted);
        }
        let scheme = self.rules.connection_scheme.of(head.extensions);
        let authority = self.authority(head.uri, scheme, None, None);
        self.finish(
            peer,
            Found {
                client: None,
                hops: 0,
                scheme,
                authority,
                prefix: None,
            },
        )
    }

    /// Whether proxies are counted, and the list has fewer elements than that. A header that holds the client alone has
    /// nothing to count.
    #[inline]
    pub(crate) fn has_too_few_hops(&self, walked: &Walked<'a>, hops: HopLimit) -> bool {
        let is_list = || {
            matches!(
                self.headers().client_syntax,
                ClientSyntax::List | ClientSyntax::Forwarded
            )
        };
        let too_few = |count| count > 1 && walked.accepted < count;
        hops.counted().is_some_and(too_few) && is_list()
    }

    /// Whether the peer forwards the request of a client. If it sent any header of the family, it should also have sent
    /// the client header. If it sent none, the request is its own.
    #[inline]
    pub(crate) fn is_proxied(&self) -> bool {
        !self.scan.client.is_empty() || self.scan.present.intersects(self.family())
    }

    pub(crate) fn headers(&self) -> &'a Headers {
        &self.rules.headers
    }

    /// The headers that only a proxy sends, without opt-in headers that are not enabled.
    fn family(&self) -> FieldSet {
        let headers = self.headers();
        let mut family = headers.family();
        if !self.rules.port {
            family = family.without(FieldSet::of([headers.port]));
        }
        if !self.rules.prefix {
            family = family.without(FieldSet::of([headers.prefix]));
        }
        family
    }

    /// Shows a value to the observer, and adds the finding if the value is not believed.
    #[inline]
    pub(crate) fn value(
        &mut self,
        role: Role,
        source: Source,
        text: &[u8],
        believed: Result<(), Finding>,
    ) {
        if let Err(finding) = believed {
            self.findings.insert(finding);
        }
        self.observer.see(Step::Value {
            role,
            source,
            text,
            believed,
        });
    }

    /// Decides how the client header changes: only the part that trusted proxies wrote stays.
    #[inline]
    pub(crate) fn edit_client(
        &mut self,
        walked: &Walked<'a>,
        scheme: Scheme,
        authority: Option<&Authority>,
    ) {
        let Some(mut edit) = walked.edit else {
            return;
        };
        let headers = self.headers();
        self.believed.insert(headers.client);
        if headers.client_syntax == ClientSyntax::Forwarded {
            // A host that is not believed must not stay in the header, nor a scheme in another spelling.
            let host_agrees = walked.host.as_deref().is_none_or(|host| {
                authority.is_some_and(|authority| authority.as_str().as_bytes() == host)
            });
            let scheme_agrees = walked
                .scheme
                .as_deref()
                .is_none_or(|text| text == scheme.as_str().as_bytes());
            if walked.inner_statements || !(host_agrees && scheme_agrees) {
                edit = ClientEdit::Rebuild {
                    elements: walked.elements,
                    host: walked.host_number,
                };
            }
        }
        self.edits.client = edit;
    }

    #[inline]
    pub(crate) fn finish(mut self, peer: Option<Peer>, found: Found) -> Outcome {
        self.edits.remove_host = found.authority.is_none() && !self.scan.host.is_empty();
        self.edits.remove = self.scan.present.without(self.believed);
        self.leave_what_is_kept();
        let is_about_identity = self.scan.identity || self.rules.identity.has_own;
        let details = if is_about_identity || self.rules.record_hops {
            self.details(&found)
        } else {
            None
        };
        let (client, client_port) = match found.client {
            Some((client, port)) => (Some(client), port),
            None => {
                let peer = peer.and_then(|peer| peer.socket_addr());
                (
                    peer.map(|peer| peer.ip()),
                    peer.map(|peer| peer.port()).filter(|&port| port != 0),
                )
            }
        };
        Outcome {
            resolution: Resolution {
                peer,
                client,
                client_port,
                scheme: found.scheme,
                authority: found.authority,
                prefix: found.prefix,
                hops: found.hops,
                findings: self.findings,
                details,
            },
            edits: self.edits,
        }
    }

    /// Collects the details, which few services need.
    #[cold]
    fn details(&mut self, found: &Found) -> Option<Arc<Details>> {
        let mut details = Details::default();
        if self.rules.record_hops {
            let syntax = self.headers().client_syntax;
            details.hops_seen = hops_seen(self.scan, syntax, found.hops, found.client);
        }
        self.edits.identity = who(
            self.scan.headers,
            self.rules,
            found.hops,
            &mut details,
            &mut self.findings,
            self.observer,
        );
        (details != Details::default()).then(|| Arc::new(details))
    }

    /// Drops the edits of headers that the user keeps unchanged.
    #[inline]
    fn leave_what_is_kept(&mut self) {
        let keep = self.rules.keep_known;
        if keep.is_empty() {
            return;
        }
        let headers = self.headers();
        let edits = &mut self.edits;
        edits.remove = edits.remove.without(keep);
        if keep.contains(headers.client) {
            edits.client = ClientEdit::Keep;
        }
        edits.set_scheme = edits.set_scheme.filter(|&field| !keep.contains(field));
        edits.set_forwarded_host &= !keep.contains(headers.host);
        edits.set_port = edits.set_port.filter(|_| !keep.contains(headers.port));
        edits.set_prefix &= !keep.contains(headers.prefix);
    }
}
