//! A resolution in progress.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use super::{
    edits::{ClientEdit, Edits},
    head::Head,
    hops_seen::hops_seen,
    identity::who,
    observer::{Observer, Role, Source, Step},
};
use crate::{
    headers::{ClientSyntax, Headers, field_set::FieldSet, scan::Scan},
    resolution::{Details, Finding, Findings, Resolution},
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
    /// Each value is written once, in the place where it stays.
    pub(crate) resolution: &'a mut Resolution,
    pub(crate) edits: &'a mut Edits,
    /// The headers that stay.
    pub(crate) believed: FieldSet,
    pub(crate) observer: &'a mut O,
}

impl<'a, O: Observer> Resolving<'a, O> {
    /// Rule R3: the peer is the client, and its forwarding headers do not count.
    pub(crate) fn believe_nobody(&mut self, head: Head<'_>, finding: Option<Finding>) {
        if let Some(finding) = finding {
            self.found(finding);
        } else if self.resolution.peer.is_none() {
            self.found(Finding::PeerUnknown);
        } else if !self.scan.present.is_empty() || self.scan.underscored {
            self.found(Finding::PeerUntrusted);
        }
        self.resolution.scheme = self.rules.connection_scheme.of(head.extensions);
        self.authority(head.uri, None, None);
        self.finish(None);
    }

    /// Forgets what the walk found.
    #[cold]
    pub(crate) fn forget(&mut self) {
        self.resolution.findings = Findings::NONE;
        *self.edits = Edits::default();
        self.believed = FieldSet::EMPTY;
    }

    #[inline]
    pub(crate) fn found(&mut self, finding: Finding) {
        self.resolution.findings.insert(finding);
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
            self.found(finding);
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
    pub(crate) fn edit_client(&mut self, walked: &Walked<'a>) {
        let Some(mut edit) = walked.edit else {
            return;
        };
        let headers = self.headers();
        self.believed.insert(headers.client);
        if headers.client_syntax == ClientSyntax::Forwarded {
            // A host that is not believed must not stay in the header, nor a scheme in another spelling.
            let Resolution {
                scheme, authority, ..
            } = &*self.resolution;
            let authority = authority.as_ref();
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

    /// Writes what depends on all values. If nobody named the client, the peer takes its place.
    #[inline]
    pub(crate) fn finish(&mut self, client: Option<(IpAddr, Option<u16>)>) {
        let authority = &self.resolution.authority;
        self.edits.remove_host = authority.is_none() && !self.scan.host.is_empty();
        self.edits.remove = self.scan.present.without(self.believed);
        self.edits.underscored = self.scan.underscored;
        self.leave_what_is_kept();
        if self.scan.identity || self.rules.identity.has_own || self.rules.record_hops {
            self.details(client);
        }
        let resolution = &mut *self.resolution;
        match client {
            Some((client, port)) => {
                resolution.client = Some(client);
                resolution.client_port = port;
            }
            None => {
                let peer = resolution.peer.and_then(|peer| peer.socket_addr());
                resolution.client = peer.map(|peer| peer.ip());
                resolution.client_port = peer.map(|peer| peer.port()).filter(|&port| port != 0);
            }
        }
    }

    /// Collects the details, which few services need.
    #[cold]
    fn details(&mut self, client: Option<(IpAddr, Option<u16>)>) {
        let mut details = Details::default();
        let hops = self.resolution.hops;
        if self.rules.record_hops {
            details.hops_seen = hops_seen(self.scan, self.headers(), hops, client);
        }
        self.edits.identity = who(
            self.scan.headers,
            self.rules,
            hops,
            &mut details,
            &mut self.resolution.findings,
            self.observer,
        );
        self.resolution.details = (!details.is_empty()).then(|| Arc::new(details));
    }

    /// Drops the edits of headers that the user keeps unchanged.
    #[inline]
    fn leave_what_is_kept(&mut self) {
        let keep = self.rules.keep_known;
        if keep.is_empty() {
            return;
        }
        let headers = self.headers();
        let edits = &mut *self.edits;
        edits.remove = edits.remove.without(keep);
        if keep.contains(headers.client) {
            edits.client = ClientEdit::Keep;
        }
        edits.set_scheme = edits.set_scheme.filter(|&(field, _)| !keep.contains(field));
        edits.set_forwarded_host &= !keep.contains(headers.host);
        edits.set_port = edits.set_port.filter(|_| !keep.contains(headers.port));
        edits.set_prefix &= !keep.contains(headers.prefix);
    }
}
