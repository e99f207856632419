//! The walk: from the peer and the header fields to the [`Resolution`].
//!
//! Pure: nothing is changed, no service is in sight. Each step is shown to an [`Observer`], which is
//! `()` in the layer and costs nothing there.

mod host;
mod walk;

use std::{borrow::Cow, sync::Arc};

use http::{Extensions, HeaderMap, Method, Request, Uri, request::Parts};

use crate::{
    Finding, Peer, Resolution, Scheme, Trust,
    headers::{
        ClientSyntax, Headers, SchemeSyntax,
        known::{Field, FieldSet},
        scan::{Lines, Scan},
    },
    policy::Rules,
    resolution::Findings,
    syntax::{
        self,
        list::{AtCommas, Element, FromRight},
    },
};
pub(crate) use walk::{End, LONGEST_NODE, Verdict, trusts_everyone};

/// The parts of a request that are read.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) extensions: &'a Extensions,
}

impl<'a> Head<'a> {
    pub(crate) fn of(parts: &'a Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }

    pub(crate) fn of_request<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}

/// Sees each step of a resolution.
pub(crate) trait Observer {
    fn see(&mut self, step: Step<'_>);
}

impl Observer for () {
    #[inline(always)]
    fn see(&mut self, _: Step<'_>) {}
}

/// One step of a resolution, for those who want to tell it.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// Whether the peer is believed at all.
    Peer {
        peer: Option<Peer>,
        trusted: bool,
        present: FieldSet,
    },
    /// An element of the client field; each is vouched for by the hop to its right.
    Element {
        text: Option<&'a [u8]>,
        verdict: Verdict,
    },
    /// Why the walk ended.
    End(End),
    /// A value that was read beside the client's address.
    Value {
        role: Role,
        /// Where it came from.
        source: Source<'a>,
        text: &'a [u8],
        believed: Result<(), Finding>,
    },
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
pub(crate) enum Source<'a> {
    /// A forwarding field, its element counted from the right.
    Field(&'a str, usize),
    /// A prefix field, of which every part counts.
    Prefix(&'a str),
    /// A parameter of the `Forwarded` element at which the walk ended.
    Parameter(&'a str),
    /// The request's target.
    Target,
    /// The `Host` field.
    Host,
}

/// A resolution, and how the request has to change to say the same.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) resolution: Resolution,
    pub(crate) edits: Edits,
}

/// How the header fields have to change (rules R11, R13). Positions only, so that the request can be
/// borrowed again to change it.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// Fields to remove.
    pub(crate) remove: FieldSet,
    /// Fields spelled with underscores are there.
    pub(crate) underscored: bool,
    pub(crate) client: ClientEdit,
    /// The scheme field that was read, if it does not say the resolved scheme, and only that.
    pub(crate) set_scheme: Option<Field>,
    pub(crate) set_forwarded_host: bool,
    pub(crate) set_port: Option<u16>,
    pub(crate) set_prefix: bool,
    pub(crate) set_host: bool,
    /// `Host` is there and not understood (rule R13).
    pub(crate) remove_host: bool,
}

/// How the client field has to change to hold its vouched part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClientEdit {
    #[default]
    Keep,
    /// The only line, from this byte on.
    Suffix(usize),
    /// Write this many elements from the right anew, the host into one of them (`Forwarded` only, counted
    /// from the right, 0 for none).
    Rebuild { elements: usize, host: usize },
}

/// Where the walk led.
#[derive(Debug, Default)]
pub(crate) struct Walked<'a> {
    pub(crate) client: Option<(std::net::IpAddr, Option<u16>)>,
    /// Accepted elements (h in rule R6).
    pub(crate) accepted: usize,
    /// The vouched part; `None` if there is none and the field has to go.
    pub(crate) edit: Option<ClientEdit>,
    /// What the outermost element says that states one (RFC 7239, rule R6).
    pub(crate) scheme: Option<Cow<'a, [u8]>>,
    pub(crate) host: Option<Cow<'a, [u8]>>,
    /// Elements from the right up to the last that is vouched for.
    pub(crate) elements: usize,
    /// Which element states the host, counted from the right.
    pub(crate) host_number: usize,
    /// Elements nearer than these state a host, or a scheme that is none, too.
    pub(crate) inner_statements: bool,
}

/// Resolves a request.
pub(crate) fn resolve<O: Observer>(
    peer: Option<Peer>,
    head: Head<'_>,
    rules: &Rules,
    trust: &dyn Trust,
    observer: &mut O,
) -> Outcome {
    let headers = &rules.headers;
    let scan = Scan::new(head.headers, headers);
    let limit = trust.hop_limit().unwrap_or(usize::MAX);
    let trusted = limit > 0 && peer.is_some_and(|peer| trust.trusts_peer(peer));
    observer.see(Step::Peer {
        peer,
        trusted,
        present: scan.present,
    });

    let mut resolving = Resolving {
        rules,
        scan: &scan,
        findings: Findings::NONE,
        edits: Edits {
            underscored: scan.underscored,
            ..Edits::default()
        },
        believed: FieldSet::EMPTY,
        observer,
    };
    if !trusted {
        if peer.is_none() {
            resolving.findings.insert(Finding::PeerUnknown);
        } else if !scan.present.is_empty() || scan.underscored {
            resolving.findings.insert(Finding::PeerUntrusted);
        }
        let scheme = rules.connection_scheme.connection_scheme(head.extensions);
        let authority = resolving.authority(head.uri, scheme, None, None);
        return resolving.finish(peer, None, 0, scheme, authority, None);
    }

    let mut walked = Walked::default();
    resolving.walk(trust, limit, &mut walked);
    let pairs = walked.accepted.max(1);
    // The field is there in any family of which one field is there, else the peer speaks for itself.
    let speaks = !scan.client.is_empty() || scan.present.intersects(resolving.family());
    if speaks && scan.client.is_empty() {
        resolving.findings.insert(Finding::ForMissing);
    }
    let scheme = match resolving.scheme(&walked, pairs) {
        Some(Ok(scheme)) => scheme,
        stated => {
            if stated.is_none() && speaks {
                resolving.findings.insert(Finding::SchemeMissing);
            }
            rules.connection_scheme.connection_scheme(head.extensions)
        }
    };
    let host = resolving.forwarded_host(&walked, pairs);
    let port = resolving.port(pairs);
    let authority = resolving.authority(head.uri, scheme, host.as_ref(), port);
    let prefix = resolving.prefix();
    resolving.client_edit(&walked, scheme, authority.as_ref());
    resolving.finish(peer, walked.client, pairs, scheme, authority, prefix)
}

/// A resolution in the making.
pub(crate) struct Resolving<'a, O> {
    pub(crate) rules: &'a Rules,
    pub(crate) scan: &'a Scan<'a>,
    pub(crate) findings: Findings,
    pub(crate) edits: Edits,
    /// The fields that stay.
    pub(crate) believed: FieldSet,
    pub(crate) observer: &'a mut O,
}

impl<'a, O: Observer> Resolving<'a, O> {
    fn headers(&self) -> &'a Headers {
        &self.rules.headers
    }

    /// The fields that speak for the peer, without those that were not opted into.
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

    /// Shows a value, and notes the finding if it is not believed.
    pub(crate) fn value(
        &mut self,
        role: Role,
        source: Source<'_>,
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

    /// `None` if nobody states a scheme.
    fn scheme(&mut self, walked: &Walked<'a>, pairs: usize) -> Option<Result<Scheme, ()>> {
        if let Some(text) = &walked.scheme {
            let scheme = syntax::scheme::parse(text);
            self.value(
                Role::Scheme,
                Source::Parameter("proto"),
                text,
                scheme.map(drop).ok_or(Finding::SchemeInvalid),
            );
            return Some(scheme.ok_or(()));
        }
        let headers = self.headers();
        let (field, lines) = match (self.scan.scheme, self.scan.other_scheme) {
            (lines, _) if !lines.is_empty() => (headers.scheme, lines),
            (_, lines) if !lines.is_empty() => (headers.other_scheme, lines),
            _ => return None,
        };
        let (text, number) = self.said::<64>(field, &lines, pairs);
        let scheme = text.and_then(|text| match Headers::scheme_syntax(field) {
            SchemeSyntax::Name => syntax::scheme::parse(text),
            SchemeSyntax::Switch => {
                syntax::scheme::parse(text).or_else(|| syntax::scheme::parse_switch(text))
            }
            SchemeSyntax::CfVisitor => syntax::scheme::parse_cf_visitor(text),
        });
        self.value(
            Role::Scheme,
            Source::Field(headers.field_name(field), number),
            text.or(lines.last()).unwrap_or_default(),
            scheme.map(drop).ok_or(Finding::SchemeInvalid),
        );
        if let Some(scheme) = scheme {
            self.believed.insert(field);
            let says_more = Headers::scheme_syntax(field) == SchemeSyntax::Name
                && lines.single() != Some(scheme.as_str().as_bytes());
            self.edits.set_scheme = says_more.then_some(field);
        }
        Some(scheme.ok_or(()))
    }

    /// What a field says beside the client's address, and by which element, counted from the right.
    ///
    /// A field that holds one value says nothing by two lines. A list speaks through the element that
    /// pairs with the client's (rule R6).
    fn said<const LONGEST: usize>(
        &self,
        field: Field,
        lines: &Lines<'a>,
        pairs: usize,
    ) -> (Option<&'a [u8]>, usize) {
        if self.headers().lists.contains(field) {
            paired::<LONGEST>(self.scan.headers, lines, pairs)
        } else {
            (lines.single(), 1)
        }
    }

    fn port(&mut self, pairs: usize) -> Option<u16> {
        let lines = self.scan.port;
        if !self.rules.port || lines.is_empty() {
            return None;
        }
        let field = self.headers().port;
        let (text, number) = self.said::<64>(field, &lines, pairs);
        let port = text
            .and_then(syntax::node::decimal_port)
            .filter(|&port| port != 0);
        self.value(
            Role::Port,
            Source::Field(self.headers().field_name(field), number),
            text.or(lines.last()).unwrap_or_default(),
            port.map(drop).ok_or(Finding::PortInvalid),
        );
        let port = port?;
        self.believed.insert(field);
        let alone = lines.single().is_some_and(|line| Some(line) == text);
        self.edits.set_port = (!alone).then_some(port);
        Some(port)
    }

    /// Every proxy on the way took its own part off the path, so the parts are joined from the first
    /// line on (rule R9).
    fn prefix(&mut self) -> Option<Arc<str>> {
        let lines = self.scan.prefix;
        if !self.rules.prefix || lines.is_empty() {
            return None;
        }
        let field = self.headers().prefix;
        let name = self.headers().header_name(field)?;
        let is_list = self.headers().lists.contains(field);
        let mut prefix = String::new();
        for line in self.scan.headers.get_all(name) {
            let line = line.as_bytes();
            let parts = line.split(|&byte| byte == b',' && is_list);
            for part in parts {
                let parsed = syntax::prefix::parse(syntax::trim_ows(part));
                let parsed = parsed.filter(|part| is_list || !part.contains(','));
                self.value(
                    Role::Prefix,
                    Source::Prefix(self.headers().field_name(field)),
                    part,
                    parsed.map(drop).ok_or(Finding::PrefixInvalid),
                );
                prefix.push_str(parsed?);
            }
        }
        if prefix.is_empty() {
            return None;
        }
        self.believed.insert(field);
        self.edits.set_prefix = lines.single() != Some(prefix.as_bytes());
        Some(prefix.into())
    }

    /// What becomes of the client field: its vouched part stays.
    fn client_edit(
        &mut self,
        walked: &Walked<'a>,
        scheme: Scheme,
        authority: Option<&http::uri::Authority>,
    ) {
        let Some(mut edit) = walked.edit else {
            return;
        };
        let headers = self.headers();
        self.believed.insert(headers.client);
        if headers.client_syntax == ClientSyntax::Forwarded {
            // A host that is not believed, or a scheme spelled otherwise, must not stay in there.
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

    fn finish(
        &mut self,
        peer: Option<Peer>,
        client: Option<(std::net::IpAddr, Option<u16>)>,
        hops: usize,
        scheme: Scheme,
        authority: Option<http::uri::Authority>,
        prefix: Option<Arc<str>>,
    ) -> Outcome {
        let keep = self.rules.keep_known;
        self.edits.remove = self.scan.present.without(self.believed).without(keep);
        self.edits.remove_host = authority.is_none() && !self.scan.host.is_empty();
        let kept = |field: Field| keep.contains(field);
        let headers = self.headers();
        if kept(headers.client) {
            self.edits.client = ClientEdit::Keep;
        }
        self.edits.set_scheme = self.edits.set_scheme.filter(|&field| !kept(field));
        self.edits.set_forwarded_host &= !kept(headers.host);
        self.edits.set_prefix &= !kept(headers.prefix);
        if kept(headers.port) {
            self.edits.set_port = None;
        }
        let (client, client_port) = match client {
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
                scheme,
                authority,
                prefix,
                trusted: hops > 0,
                hops,
                findings: self.findings,
            },
            edits: std::mem::take(&mut self.edits),
        }
    }
}

/// The element of a list field through which it speaks (rule R6): number min(n, h) from the right,
/// and that number.
pub(crate) fn paired<'a, const LONGEST: usize>(
    headers: &'a HeaderMap,
    lines: &Lines<'a>,
    h: usize,
) -> (Option<&'a [u8]>, usize) {
    let mut number = 0_usize;
    let mut last: Option<Element<'a>> = None;
    let mut earlier = None;
    let lines = lines.rev(headers, &mut earlier);
    for element in FromRight::<_, AtCommas<LONGEST>>::new(lines).take(h) {
        number = number.saturating_add(1);
        last = Some(element);
    }
    (last.and_then(|element| element.text), number)
}
