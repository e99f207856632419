//! One pass over the header map finds every field of interest.

use http::{HeaderMap, HeaderValue, header};

use super::{
    Headers,
    known::{self, Field, Kind, NONE},
};

/// The field lines of one name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines<'a> {
    headers: &'a HeaderMap,
    name: &'a str,
    last: Option<&'a HeaderValue>,
    count: usize,
}

impl<'a> Lines<'a> {
    fn none(headers: &'a HeaderMap) -> Self {
        Self {
            headers,
            name: "",
            last: None,
            count: 0,
        }
    }

    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// The only line; `None` if there is none or more than one.
    pub(crate) fn single(&self) -> Option<&'a [u8]> {
        match self.count {
            1 => self.last.map(HeaderValue::as_bytes),
            _ => None,
        }
    }

    /// Every line, the last one first.
    pub(crate) fn from_last(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let more = (self.count > 1).then(|| self.headers.get_all(self.name).iter().rev().skip(1));
        self.last
            .into_iter()
            .chain(more.into_iter().flatten())
            .map(HeaderValue::as_bytes)
    }
}

/// What a request says about where it came from.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    /// The forwarding fields that are there, believed or not.
    pub(crate) present: u64,
    /// Some are spelled with underscores.
    pub(crate) underscored: bool,
    pub(crate) host: Lines<'a>,
    pub(crate) client: Lines<'a>,
    pub(crate) scheme: Lines<'a>,
    pub(crate) other_scheme: Lines<'a>,
    pub(crate) forwarded_host: Lines<'a>,
    pub(crate) port: Lines<'a>,
    pub(crate) prefix: Lines<'a>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(headers: &'a HeaderMap, wanted: &Headers) -> Self {
        let none = Lines::none(headers);
        let mut scan = Scan {
            present: 0,
            underscored: false,
            host: none,
            client: none,
            scheme: none,
            other_scheme: none,
            forwarded_host: none,
            port: none,
            prefix: none,
        };
        for (name, value) in headers {
            if *name == header::HOST {
                scan.host.add("host", value);
                continue;
            }
            let field = match known::classify(name.as_str()) {
                Some(Kind::Field(field)) => field,
                Some(Kind::Underscored(_)) => {
                    scan.underscored = true;
                    continue;
                }
                None => match wanted.custom_field(name) {
                    Some(field) => field,
                    None => continue,
                },
            };
            scan.present |= known::bit(field);
            if let Some(lines) = scan.lines_of(field, wanted) {
                lines.add(name.as_str(), value);
            }
        }
        scan
    }

    fn lines_of(&mut self, field: Field, wanted: &Headers) -> Option<&mut Lines<'a>> {
        debug_assert_ne!(field, NONE);
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

impl<'a> Lines<'a> {
    fn add(&mut self, name: &'a str, value: &'a HeaderValue) {
        self.name = name;
        self.last = Some(value);
        self.count = self.count.saturating_add(1);
    }
}
