//! The values other than the client's address: scheme, port and prefix (rules R6, R7 and R9).

use std::sync::Arc;

use super::{
    observer::{Observer, Role, Source},
    resolving::{Resolving, Walked},
};
use crate::{
    headers::{
        Headers, SchemeSyntax,
        known::Field,
        scan::{Lines, Rev},
    },
    resolution::{Finding, scheme::Scheme},
    syntax::{
        self,
        list::{AtCommas, Element, FromRight},
    },
};

/// What the proxies stated about the scheme.
pub(super) enum Stated {
    Scheme(Scheme),
    /// Stated, but not a valid scheme.
    Invalid,
    Nothing,
}

impl From<Option<Scheme>> for Stated {
    fn from(parsed: Option<Scheme>) -> Self {
        parsed.map_or(Self::Invalid, Self::Scheme)
    }
}

impl<'a, O: Observer> Resolving<'a, O> {
    /// The scheme that the trusted proxies stated.
    #[inline]
    pub(super) fn stated_scheme(&mut self, walked: &Walked<'a>, pairs: usize) -> Stated {
        let no_scheme = self.headers().no_scheme;
        if let Some(text) = walked.scheme.as_ref().filter(|_| !no_scheme) {
            let scheme = Scheme::from_bytes(text);
            self.value(
                Role::Scheme,
                Source::Parameter("proto"),
                text,
                scheme.map(drop).ok_or(Finding::SchemeInvalid),
            );
            return scheme.into();
        }
        let headers = self.headers();
        let (field, lines) = match (self.scan.scheme, self.scan.other_scheme) {
            (lines, _) if !lines.is_empty() => (headers.scheme, lines),
            (_, lines) if !lines.is_empty() => (headers.other_scheme, lines),
            _ if Headers::scheme_syntax(headers.scheme) == SchemeSyntax::Presence
                && self.is_proxied() =>
            {
                let absent = Source::Lines(headers.scheme);
                self.value(Role::Scheme, absent, b"", Ok(()));
                return Stated::Scheme(Scheme::Http);
            }
            _ => return Stated::Nothing,
        };
        let (text, number) = self.said(64, field, &lines, pairs);
        let syntax = Headers::scheme_syntax(field);
        let scheme = text.and_then(|text| match syntax {
            SchemeSyntax::Name => Scheme::from_bytes(text),
            SchemeSyntax::Switch => syntax::scheme::parse_switch(text).map(|(scheme, _)| scheme),
            SchemeSyntax::CfVisitor => syntax::scheme::parse_cf_visitor(text),
            SchemeSyntax::Presence => (!text.is_empty()).then_some(Scheme::Https),
        });
        self.value(
            Role::Scheme,
            Source::Element(field, number),
            text.or(lines.last()).unwrap_or_default(),
            scheme.map(drop).ok_or(Finding::SchemeInvalid),
        );
        if let Some(scheme) = scheme {
            self.believed.insert(field);
            let word = match syntax {
                SchemeSyntax::Name => Some(scheme.as_str()),
                // What the proxy wrote, without the elements of a client.
                SchemeSyntax::Switch if self.headers().lists.contains(field) => text
                    .and_then(syntax::scheme::parse_switch)
                    .map(|(_, word)| word),
                _ => None,
            };
            self.edits.set_scheme = word
                .filter(|word| lines.single() != Some(word.as_bytes()))
                .map(|word| (field, word));
        }
        scheme.into()
    }

    /// The value of a header other than the client header, and the number of its element, counted from the right.
    ///
    /// If a header that holds one value has two lines, it has no value. In a list, the element at the client's position
    /// counts (rule R6).
    #[inline]
    pub(super) fn said(
        &self,
        longest: usize,
        field: Field,
        lines: &Lines<'a>,
        pairs: usize,
    ) -> (Option<&'a [u8]>, usize) {
        if self.headers().lists.contains(field) {
            let name = self.headers().header_name(field);
            paired(
                lines.rev(self.scan.headers, name, &mut None),
                longest,
                pairs,
            )
        } else {
            (lines.single(), 1)
        }
    }

    #[inline]
    pub(super) fn port(&mut self, pairs: usize) -> Option<u16> {
        let lines = self.scan.port;
        if !self.rules.port || lines.is_empty() {
            return None;
        }
        let field = self.headers().port;
        let (text, number) = self.said(64, field, &lines, pairs);
        let port = text
            .and_then(syntax::node::decimal_port)
            .filter(|&port| port != 0);
        self.value(
            Role::Port,
            Source::Element(field, number),
            text.or(lines.last()).unwrap_or_default(),
            port.map(drop).ok_or(Finding::PortInvalid),
        );
        let port = port?;
        self.believed.insert(field);
        let alone = lines.single().is_some_and(|line| Some(line) == text);
        self.edits.set_port = (!alone).then_some(port);
        Some(port)
    }

    /// Every proxy on the way stripped its own part of the path. So the parts are joined, starting with the first line
    /// (rule R9).
    #[inline]
    pub(super) fn prefix(&mut self) {
        if self.rules.prefix && !self.scan.prefix.is_empty() {
            self.resolution.prefix = self.stated_prefix();
        }
    }

    #[cold]
    fn stated_prefix(&mut self) -> Option<Arc<str>> {
        let lines = self.scan.prefix;
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
                    Source::Lines(field),
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
}

/// The element of a list that counts (rule R6): number min(n, h) from the right. Returns it with that number.
fn paired<'a>(lines: Rev<'a, '_>, longest: usize, h: usize) -> (Option<&'a [u8]>, usize) {
    let mut number = 0_usize;
    let mut last: Option<Element<'a>> = None;
    for element in FromRight::new(lines, AtCommas { longest }).take(h) {
        number = number.saturating_add(1);
        last = Some(element);
    }
    (last.and_then(|element| element.text), number)
}
