//! Which authority the client requested (rules R8 and R9).

use std::{borrow::Cow, cell::RefCell};

use http::{Uri, header, uri::Authority};

use super::{
    observer::{Observer, Role, Source},
    resolving::{Resolving, Walked},
};
use crate::{
    resolution::{Finding, scheme::Scheme},
    syntax::authority::{self, HostPort},
};

/// A host that a trusted proxy forwarded, not yet compared with the request's own.
pub(super) struct ForwardedHost<'a> {
    /// `None` if the header does not hold exactly one value.
    text: Option<Cow<'a, [u8]>>,
    last_line: &'a [u8],
    source: Source,
}

impl ForwardedHost<'_> {
    /// The value, or the last line if there is not exactly one value.
    fn text(&self) -> &[u8] {
        self.text.as_deref().unwrap_or(self.last_line)
    }

    fn host(&self) -> Option<HostPort<'_>> {
        authority::parse(self.text.as_deref()?)
    }
}

impl<'a, O: Observer> Resolving<'a, O> {
    #[inline]
    pub(super) fn forwarded_host(
        &self,
        walked: &Walked<'a>,
        pairs: usize,
    ) -> Option<ForwardedHost<'a>> {
        if let Some(text) = &walked.host {
            return Some(ForwardedHost {
                text: Some(text.clone()),
                last_line: b"",
                source: Source::Parameter("host"),
            });
        }
        let lines = self.scan.forwarded_host;
        if lines.is_empty() {
            return None;
        }
        let field = self.headers().host;
        let (text, number) = self.said(authority::LONGEST, field, &lines, pairs);
        Some(ForwardedHost {
            text: text.map(Cow::Borrowed),
            last_line: lines.last().unwrap_or_default(),
            source: Source::Element(field, number),
        })
    }

    /// The authority: from a forwarded host if that is allowed, else from the target or `Host`.
    #[inline]
    pub(super) fn authority(
        &mut self,
        uri: &Uri,
        forwarded: Option<&ForwardedHost<'a>>,
        port: Option<u16>,
    ) {
        let scheme = self.resolution.scheme;
        self.resolution.authority = match forwarded {
            None => self.own_authority(uri, scheme, port),
            Some(forwarded) => self.forwarded_authority(uri, scheme, forwarded, port),
        };
    }

    fn forwarded_authority(
        &mut self,
        uri: &Uri,
        scheme: Scheme,
        forwarded: &ForwardedHost<'a>,
        port: Option<u16>,
    ) -> Option<Authority> {
        let (source, text) = (forwarded.source, forwarded.text());
        let Some(host) = forwarded.host() else {
            self.value(Role::Host, source, text, Err(Finding::HostInvalid));
            return self.own_authority(uri, scheme, port);
        };
        let stated = with_port(host, text, scheme, port);
        if self.allows(&host, scheme, port) {
            self.believe_host(source, text, &stated);
            let authority = shared(&stated)?;
            self.edits.set_host = !self.host_is(&authority);
            return Some(authority);
        }
        let own = self.own_authority(uri, scheme, port);
        // Most proxies forward the same host that they send in `Host`. That is no reason for a finding.
        if own.as_ref().is_some_and(|own| *stated == *own.as_str()) {
            self.believe_host(source, text, &stated);
        } else {
            self.value(Role::Host, source, text, Err(Finding::HostNotAllowed));
        }
        own
    }

    /// Keeps the forwarded host, in its canonical form, since it agrees with the authority.
    fn believe_host(&mut self, source: Source, text: &[u8], canonical: &str) {
        self.value(Role::Host, source, text, Ok(()));
        self.believed.insert(self.headers().host);
        self.edits.set_forwarded_host =
            self.scan.forwarded_host.single() != Some(canonical.as_bytes());
    }

    /// Compares the host and the port that the authority would have.
    fn allows(&self, host: &HostPort<'_>, scheme: Scheme, port: Option<u16>) -> bool {
        let port = host.port.or(port).unwrap_or_else(|| scheme.default_port());
        let mut patterns = self.rules.hosts.iter();
        patterns.any(|pattern| pattern.matches(host.host, Some(port)))
    }

    /// The authority from the request's target, else from `Host`.
    #[inline]
    fn own_authority(&mut self, uri: &Uri, scheme: Scheme, port: Option<u16>) -> Option<Authority> {
        let (source, text) = match uri.authority() {
            Some(target) => (Source::Target, target.as_str().as_bytes()),
            None => match self.scan.host.single() {
                Some(line) => (Source::Host, line),
                None => (Source::Host, self.host_of_lines(scheme)?),
            },
        };
        let kept = match port {
            None => kept_authority(text, scheme),
            Some(_) => None,
        };
        let is_as_it_came = kept.is_some() && source == Source::Host && self.scan.host.is_single();
        let authority = kept.or_else(|| {
            authority::parse(text).and_then(|host| shared(&with_port(host, text, scheme, port)))
        });
        self.value(
            Role::Host,
            source,
            text,
            authority.as_ref().map(drop).ok_or(Finding::HostInvalid),
        );
        let authority = authority?;
        self.edits.set_host = !is_as_it_came && !self.host_is(&authority);
        Some(authority)
    }

    /// The text of `Host`, if all its lines mean the same authority.
    #[cold]
    fn host_of_lines(&mut self, scheme: Scheme) -> Option<&'a [u8]> {
        let lines = self.scan.host;
        let mut earlier = None;
        let mut meant = lines
            .rev(self.scan.headers, Some(&header::HOST), &mut earlier)
            .map(|line| authority::parse(line).map(|host| (line, host.canonical(line, scheme))));
        let first = meant.next().flatten();
        match first {
            Some((line, first))
                if meant.all(|other| other.is_some_and(|(_, other)| other == first)) =>
            {
                Some(line)
            }
            _ => {
                let text = lines.last().unwrap_or_default();
                self.value(Role::Host, Source::Host, text, Err(Finding::HostInvalid));
                None
            }
        }
    }

    #[inline]
    fn host_is(&self, authority: &Authority) -> bool {
        self.scan.host.single() == Some(authority.as_str().as_bytes())
    }
}

/// The canonical authority. If it has no port, a forwarded port is added.
fn with_port<'a>(
    mut host: HostPort<'a>,
    text: &'a [u8],
    scheme: Scheme,
    port: Option<u16>,
) -> Cow<'a, str> {
    host.port = host.port.or(port);
    host.canonical(text, scheme)
}

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept::NONE) };
}

/// The last authorities of each thread, so that a service with few names does not allocate one for each request. A
/// request gets a clone of a kept authority, since the first clone of every authority allocates too.
struct Kept {
    authorities: [Option<Authority>; NAMES],
    oldest: usize,
}

/// How many authorities are kept.
const NAMES: usize = 4;

impl Kept {
    const NONE: Self = Self {
        authorities: [const { None }; NAMES],
        oldest: 0,
    };

    #[inline]
    fn find(&self, text: &[u8]) -> Option<&Authority> {
        let mut kept = self.authorities.iter().flatten();
        kept.find(|authority| authority.as_str().as_bytes() == text)
    }

    /// Keeps an authority in place of the oldest one.
    #[cold]
    fn keep(&mut self, authority: &Authority) {
        if let Some(place) = self.authorities.get_mut(self.oldest) {
            *place = Some(authority.clone());
        }
        self.oldest = self.oldest.wrapping_add(1) % NAMES;
    }
}

/// A kept authority, if `text` is its canonical form with this scheme.
#[inline]
fn kept_authority(text: &[u8], scheme: Scheme) -> Option<Authority> {
    KEPT.with(|kept| {
        let kept = kept.try_borrow().ok()?;
        let authority = kept.find(text)?;
        let names_default_port = text.ends_with(match scheme {
            Scheme::Http => b":80",
            Scheme::Https => b":443",
        });
        (!names_default_port).then(|| authority.clone())
    })
}

/// Makes an [`Authority`] from a text that is canonical.
fn shared(text: &str) -> Option<Authority> {
    KEPT.with(|kept| {
        let Ok(mut kept) = kept.try_borrow_mut() else {
            return text.parse().ok();
        };
        match kept.find(text.as_bytes()) {
            Some(authority) => Some(authority.clone()),
            None => {
                let authority = text.parse().ok()?;
                kept.keep(&authority);
                Some(authority)
            }
        }
    })
}
