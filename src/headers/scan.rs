//! Finds every header of interest in one pass over the header map.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    Headers,
    field_set::FieldSet,
    known::Field,
    recognise::{self, Kind},
};

/// The header lines with one name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lines<'a> {
    last: Option<&'a HeaderValue>,
    count: u32,
}

impl<'a> Lines<'a> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether there is exactly one line.
    pub(crate) const fn is_single(&self) -> bool {
        self.count == 1
    }

    /// The only line; `None` if there is none or more than one.
    pub(crate) fn single(&self) -> Option<&'a [u8]> {
        match (self.count, self.last) {
            (1, Some(value)) => Some(value.as_bytes()),
            _ => None,
        }
    }

    /// The last line.
    pub(crate) fn last(&self) -> Option<&'a [u8]> {
        self.last.map(HeaderValue::as_bytes)
    }

    /// Every line of the header with this name, the last one first. The caller keeps the other lines in `earlier`, which
    /// is filled only when they are needed. That is rare, and without them the iterator fits into registers.
    #[inline]
    pub(crate) fn rev<'s>(
        &self,
        headers: &'a HeaderMap,
        name: Option<&'a HeaderName>,
        earlier: &'s mut Earlier<'a>,
    ) -> Rev<'a, 's> {
        Rev {
            last: self.last,
            more: name.filter(|_| self.count > 1).map(|name| (headers, name)),
            earlier,
        }
    }

    #[inline]
    fn add(&mut self, value: &'a HeaderValue) {
        self.last = Some(value);
        // A request cannot contain four billion lines.
        self.count = self.count.wrapping_add(1);
    }
}

/// All lines of a field except the last, once they were needed.
pub(crate) type Earlier<'a> = Option<http::header::ValueIter<'a, HeaderValue>>;

/// The lines of a field, the last one first.
#[derive(Debug)]
pub(crate) struct Rev<'a, 's> {
    last: Option<&'a HeaderValue>,
    more: Option<(&'a HeaderMap, &'a HeaderName)>,
    earlier: &'s mut Earlier<'a>,
}

impl<'a> Iterator for Rev<'a, '_> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        match self.last.take() {
            Some(last) => Some(last.as_bytes()),
            None => self.earlier_line(),
        }
    }
}

impl<'a> Rev<'a, '_> {
    fn earlier_line(&mut self) -> Option<&'a [u8]> {
        if let Some((headers, name)) = self.more.take() {
            let mut lines = headers.get_all(name).iter();
            lines.next_back();
            *self.earlier = Some(lines);
        }
        self.earlier
            .as_mut()?
            .next_back()
            .map(HeaderValue::as_bytes)
    }
}

/// What the headers of a request say about its origin.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// The forwarding fields that are present, whether they are believed or not.
    pub(crate) present: FieldSet,
    /// Whether a forwarding field is spelled with underscores or dots.
    pub(crate) underscored: bool,
    /// Whether there are headers that say who the client is.
    pub(crate) identity: bool,
    pub(crate) host: Lines<'a>,
    pub(crate) client: Lines<'a>,
    pub(crate) scheme: Lines<'a>,
    pub(crate) other_scheme: Lines<'a>,
    pub(crate) forwarded_host: Lines<'a>,
    pub(crate) port: Lines<'a>,
    pub(crate) prefix: Lines<'a>,
}

impl<'a> Scan<'a> {
    /// Nothing was read yet.
    #[inline]
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        Scan {
            headers,
            present: FieldSet::EMPTY,
            underscored: false,
            identity: false,
            host: Lines::default(),
            client: Lines::default(),
            scheme: Lines::default(),
            other_scheme: Lines::default(),
            forwarded_host: Lines::default(),
            port: Lines::default(),
            prefix: Lines::default(),
        }
    }

    /// Every request runs this loop over all of its headers. Almost none of them matter, so the code for those that do
    /// is in a separate function.
    pub(crate) fn read(&mut self, wanted: &Headers) {
        let fields = self.headers.iter();
        if wanted.has_custom {
            for (name, value) in fields {
                self.take(name.as_str(), value, wanted);
            }
            return;
        }
        for (name, value) in fields {
            let name = name.as_str();
            if recognise::may_matter(name) {
                self.take(name, value, wanted);
            }
        }
    }

    /// Every line of the client header, the last one first.
    #[inline]
    pub(crate) fn client_lines<'s>(
        &self,
        wanted: &'a Headers,
        earlier: &'s mut Earlier<'a>,
    ) -> Rev<'a, 's> {
        let has_more = self.client.count > 1;
        let name = has_more.then(|| wanted.header_name(wanted.client));
        self.client.rev(self.headers, name.flatten(), earlier)
    }

    #[inline(always)]
    fn take(&mut self, name: &str, value: &'a HeaderValue, wanted: &Headers) {
        match recognise::everyday(name) {
            Some(kind) => self.add(kind, value, wanted),
            None => self.take_rare(name, value, wanted),
        }
    }

    #[inline(never)]
    fn take_rare(&mut self, name: &str, value: &'a HeaderValue, wanted: &Headers) {
        if let Some(kind) = wanted.recognise(name) {
            self.add(kind, value, wanted);
        }
    }

    #[inline]
    fn add(&mut self, kind: Kind, value: &'a HeaderValue, wanted: &Headers) {
        match kind {
            Kind::Field(field) => {
                self.present.insert(field);
                if let Some(lines) = self.lines_of(field, wanted) {
                    lines.add(value);
                }
            }
            Kind::Host => self.host.add(value),
            Kind::Underscored(_) => self.underscored = true,
            Kind::Identity => self.identity = true,
        }
    }

    #[inline]
    fn lines_of(&mut self, field: Field, wanted: &Headers) -> Option<&mut Lines<'a>> {
        if field == wanted.client {
            Some(&mut self.client)
        } else if field == wanted.scheme {
            Some(&mut self.scheme)
        } else if field == wanted.other_scheme {
            Some(&mut self.other_scheme)
        } else if field == wanted.host {
            Some(&mut self.forwarded_host)
        } else if field == wanted.port {
            Some(&mut self.port)
        } else if field == wanted.prefix {
            Some(&mut self.prefix)
        } else {
            None
        }
    }
}
