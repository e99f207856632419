//! Which headers the nearest proxy writes.

pub(crate) mod edit;
pub(crate) mod field_set;
pub(crate) mod known;
mod presets;
pub(crate) mod recognise;
pub(crate) mod scan;
pub(crate) mod unwanted;

use std::fmt;

use http::HeaderName;

use self::{
    field_set::FieldSet,
    known::{CUSTOM, FIRST_CUSTOM, Field, NONE},
    recognise::Kind,
};

/// The headers that the nearest proxy writes. The layer believes only these (rule R11).
///
/// A proxy passes through every header that it does not write itself. If you believe such a header, you believe the
/// client. So this choice matters for security as much as the choice of trusted proxies.
///
/// Use the preset of the product that connects to the service. If there is none, [`X_FORWARDED`](Self::X_FORWARDED) and
/// [`FORWARDED`](Self::FORWARDED) are the two families that most products can write. To read a header with another
/// name, use [`client_field`](Self::client_field) or [`client_list_field`](Self::client_list_field).
///
/// | preset | client | scheme | host, with [`believe_hosts`] | port, with [`believe_port`] | prefix, with [`believe_prefix`] |
/// |---|---|---|---|---|---|
#[doc = include_str!("presets.md")]
///
/// [`believe_hosts`]: crate::ForwardedLayer::believe_hosts
/// [`believe_port`]: crate::ForwardedLayer::believe_port
/// [`believe_prefix`]: crate::ForwardedLayer::believe_prefix
///
/// ```
/// use tower_forwarded::Headers;
///
/// assert_eq!("aws-alb".parse(), Ok(Headers::AWS_ALB));
/// assert_eq!(Headers::CLOUDFLARE.to_string(), "cloudflare");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Headers {
    name: &'static str,
    pub(crate) client: Field,
    pub(crate) client_syntax: ClientSyntax,
    /// Holds the client's IPv6 address if `client` holds an address in 240.0.0.0/4 instead.
    pub(crate) client_v6: Field,
    pub(crate) scheme: Field,
    /// Read if `scheme` is missing.
    pub(crate) other_scheme: Field,
    /// No proxy states the scheme, and the layer does not expect it.
    pub(crate) no_scheme: bool,
    pub(crate) host: Field,
    pub(crate) port: Field,
    pub(crate) prefix: Field,
    /// The scheme, host, port and prefix fields that hold lists, since proxies append to them. The others hold one
    /// value: a comma in it is text from the client.
    pub(crate) lists: FieldSet,
    /// The header names that the user gave and that are not known, by [`Role`].
    custom: [Option<HeaderName>; CUSTOM],
    has_custom: bool,
}

/// What a field says. As a number, it is the index in `Headers::custom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Scheme,
    Host,
    Port,
    Prefix,
}

/// The syntax of the client field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClientSyntax {
    /// A list of nodes, to which each hop appends its peer: `X-Forwarded-For`.
    List,
    /// RFC 7239, which also states the scheme and the host.
    Forwarded,
    /// One address.
    Single,
    /// One address and a port, without brackets around IPv6 addresses: `CloudFront-Viewer-Address`.
    SingleWithPort,
}

/// The syntax of a scheme field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SchemeSyntax {
    /// A scheme, or a list of them: `X-Forwarded-Proto`.
    Name,
    /// A scheme or a switch: `X-Forwarded-Ssl: on`.
    Switch,
    /// Cloudflare's JSON object.
    CfVisitor,
    /// Present on https requests, and absent on http requests: `X-ARR-SSL`.
    Presence,
}

const X_FORWARDED_PROTO: Field = known::field("x-forwarded-proto");
const CF_VISITOR: Field = known::field("cf-visitor");
const X_ARR_SSL: Field = known::field("x-arr-ssl");

impl Headers {
    /// A value that reads no header yet.
    const fn nothing(name: &'static str) -> Self {
        Self {
            name,
            client: NONE,
            client_syntax: ClientSyntax::Single,
            client_v6: NONE,
            scheme: NONE,
            other_scheme: NONE,
            no_scheme: false,
            host: NONE,
            port: NONE,
            prefix: NONE,
            lists: FieldSet::EMPTY,
            custom: [const { None }; CUSTOM],
            has_custom: false,
        }
    }

    /// The name of the preset in kebab-case, or `custom` if this is not a preset.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Reads the client's address from one header of your own, which holds nothing else.
    ///
    /// Every proxy that can be the peer must set this header and overwrite what the client sent. If a request has two
    /// lines of this header, the header is malformed. The layer never chooses between the lines.
    ///
    /// ```
    /// use tower_forwarded::Headers;
    ///
    /// let headers = Headers::client_field("X-Client-Address")?.with_scheme_field("X-Url-Scheme")?;
    /// # Ok::<(), tower_forwarded::HeadersError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `name` is not a valid name for a forwarding header, or if the header carries more than an address
    /// (`Forwarded`, `X-Forwarded-For`).
    pub fn client_field(name: &str) -> Result<Self, HeadersError> {
        let mut headers = Self::nothing("custom");
        headers.set(Role::Client, name)?;
        headers.client_syntax = match headers.field_name(headers.client) {
            "forwarded" | "x-forwarded-for" => {
                return Err(HeadersError::NotASingleValue {
                    name: name.to_owned(),
                });
            }
            "cloudfront-viewer-address" => ClientSyntax::SingleWithPort,
            _ => ClientSyntax::Single,
        };
        Ok(headers)
    }

    /// Reads the client's address from a header of your own that is a list like `X-Forwarded-For`: each proxy appends
    /// the address of its peer.
    ///
    /// Use it for HAProxy's `option forwardfor header …`, for ingress-nginx's `forwarded-for-header`, and for other
    /// proxies that can write the list under another name.
    ///
    /// ```
    /// use tower_forwarded::Headers;
    ///
    /// let headers = Headers::client_list_field("X-Client-IPs")?.with_scheme_field("X-Forwarded-Proto")?;
    /// # Ok::<(), tower_forwarded::HeadersError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `name` is not a valid name for a forwarding header, or if the header has its own syntax (`Forwarded`,
    /// `CloudFront-Viewer-Address`).
    pub fn client_list_field(name: &str) -> Result<Self, HeadersError> {
        let mut headers = Self::nothing("custom");
        headers.set(Role::Client, name)?;
        if matches!(
            headers.field_name(headers.client),
            "forwarded" | "cloudfront-viewer-address"
        ) {
            return Err(HeadersError::OwnSyntax {
                name: name.to_owned(),
            });
        }
        headers.client_syntax = ClientSyntax::List;
        Ok(headers)
    }

    /// Reads no scheme from headers. Every request has the scheme of the
    /// [connection](crate::ForwardedLayer::connection_scheme).
    ///
    /// Use it for a proxy that does not send the scheme. For example, HAProxy with `option forwardfor` writes
    /// `X-Forwarded-For`, but passes a client's own `X-Forwarded-Proto` through. With this call, the layer does not
    /// report the finding [`SchemeMissing`](crate::Finding::SchemeMissing).
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Headers, Scheme, TrustedProxies};
    ///
    /// // The proxy in front accepts only https, and does not send the scheme.
    /// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?)
    ///     .headers(Headers::X_FORWARDED.without_scheme())
    ///     .connection_scheme(Scheme::Https);
    /// # Ok::<(), tower_forwarded::TrustError>(())
    /// ```
    #[must_use]
    pub fn without_scheme(mut self) -> Self {
        self.lists = self
            .lists
            .without(FieldSet::of([self.scheme, self.other_scheme]));
        self.scheme = NONE;
        self.other_scheme = NONE;
        self.no_scheme = true;
        self.forget(Role::Scheme);
        self.name = "custom";
        self
    }

    /// Reads the scheme from this header instead.
    ///
    /// `CF-Visitor` is read in Cloudflare's format. `X-Forwarded-Proto` holds one of `http`, `https`, `ws`, `wss`.
    /// `X-ARR-SSL` describes the certificate of an https request, so the request is https if this header is present.
    /// Any other header may also hold `on`, `off`, `1`, `0`, `true`, `false` or `ssl`. With
    /// [`FORWARDED`](Self::FORWARDED), the layer reads this header only if no element contains `proto`.
    ///
    /// # Errors
    ///
    /// If `name` is not a valid name for a forwarding header, or if the layer already reads this header for something
    /// else.
    pub fn with_scheme_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.other_scheme = NONE;
        self.set(Role::Scheme, name)?;
        self.no_scheme = false;
        Ok(self)
    }

    /// Reads the host from this header, for the names that you allow with
    /// [`believe_hosts`](crate::ForwardedLayer::believe_hosts).
    ///
    /// The header holds one host. If your proxies append to it, declare it as a list with
    /// [`with_lists`](Self::with_lists).
    ///
    /// # Errors
    ///
    /// If `name` is not a valid name for a forwarding header, or if the layer already reads this header for something
    /// else.
    pub fn with_host_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.set(Role::Host, name)?;
        Ok(self)
    }

    /// Reads the port from this header, if you opt in with [`believe_port`](crate::ForwardedLayer::believe_port).
    ///
    /// The header holds one port. If your proxies append to it, declare it as a list with
    /// [`with_lists`](Self::with_lists).
    ///
    /// # Errors
    ///
    /// If `name` is not a valid name for a forwarding header, or if the layer already reads this header for something
    /// else.
    pub fn with_port_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.set(Role::Port, name)?;
        Ok(self)
    }

    /// Reads the path prefix from this header, if you opt in with
    /// [`believe_prefix`](crate::ForwardedLayer::believe_prefix).
    ///
    /// Each line of the header is one prefix. The layer joins the lines, starting with the first. If your proxies write
    /// several prefixes into one line, declare the header as a list with [`with_lists`](Self::with_lists).
    ///
    /// # Errors
    ///
    /// If `name` is not a valid name for a forwarding header, or if the layer already reads this header for something
    /// else.
    pub fn with_prefix_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.set(Role::Prefix, name)?;
        Ok(self)
    }

    /// Declares these headers as lists, because your proxies append to them.
    ///
    /// The layer reads a list of schemes, hosts or ports from the right, up to and including the element that pairs
    /// with the client's address (rule R6). It joins a list of prefixes from the left (rule R9).
    ///
    /// Without this call, each of these headers holds one value, and a comma makes it invalid. The reason is that most
    /// proxies *set* these headers, often to text that the client chose. For example, behind nginx, Caddy or Traefik,
    /// `Host: x,admin.example.com` becomes `X-Forwarded-Host: x,admin.example.com`. If the layer read this as a list,
    /// it would get another host.
    ///
    /// So declare a header as a list only if each proxy that can be the peer appends to it. The layer then cuts a host
    /// that contains a comma at that comma, so let the outermost proxy reject such hosts.
    ///
    /// If the client's address is in a header that holds nothing else ([`client_field`](Self::client_field)), no position
    /// pairs with it. Then the last element of each list counts, which the nearest proxy wrote.
    ///
    /// ```
    /// use tower_forwarded::Headers;
    ///
    /// let headers = Headers::X_FORWARDED.with_lists(["X-Forwarded-Proto"])?;
    /// # Ok::<(), tower_forwarded::HeadersError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a name is not the scheme, host, port or prefix header of this value, or if it can be no list (`CF-Visitor`,
    /// `X-ARR-SSL`).
    pub fn with_lists<I>(mut self, names: I) -> Result<Self, HeadersError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for name in names {
            let name = name.as_ref();
            let readable = [
                self.scheme,
                self.other_scheme,
                self.host,
                self.port,
                self.prefix,
            ];
            let field = readable
                .into_iter()
                .find(|&field| self.field_name(field).eq_ignore_ascii_case(name))
                .filter(|&field| field != NONE && ![CF_VISITOR, X_ARR_SSL].contains(&field))
                .ok_or_else(|| HeadersError::NotAList {
                    name: name.to_owned(),
                })?;
            self.lists.insert(field);
        }
        self.name = "custom";
        Ok(self)
    }

    /// Reads `name` for this role. If it is not a known field, it becomes the custom field of the role.
    fn set(&mut self, role: Role, name: &str) -> Result<(), HeadersError> {
        let header: HeaderName = name.parse().map_err(|_| HeadersError::InvalidName {
            name: name.to_owned(),
        })?;
        let place = role as Field;
        let (field, custom) = match recognise::classify(header.as_str()) {
            Some(Kind::Field(field)) => (field, None),
            Some(Kind::Underscored(_)) => {
                return Err(HeadersError::Underscored {
                    name: name.to_owned(),
                });
            }
            None if recognise::needed_by_http(&header) || recognise::holds_credentials(&header) => {
                return Err(HeadersError::InvalidName {
                    name: name.to_owned(),
                });
            }
            Some(Kind::Host | Kind::Identity) => {
                return Err(HeadersError::InvalidName {
                    name: name.to_owned(),
                });
            }
            None => (FIRST_CUSTOM.saturating_add(place), Some(header.clone())),
        };
        let others = [
            (Role::Client, self.client),
            (Role::Scheme, self.scheme),
            (Role::Scheme, self.other_scheme),
            (Role::Host, self.host),
            (Role::Port, self.port),
            (Role::Prefix, self.prefix),
        ];
        let read_already = others
            .into_iter()
            .filter(|(other, _)| *other != role)
            .filter_map(|(_, field)| self.header_name(field))
            // Many gateways treat two names as the same if they differ only in underscores or dots.
            .any(|read| recognise::fold_alike(read.as_str(), header.as_str()));
        if read_already {
            return Err(HeadersError::ReadTwice {
                name: name.to_owned(),
            });
        }
        let custom_before = match self.custom.get_mut(usize::from(place)) {
            Some(slot) => std::mem::replace(slot, custom.clone()),
            None => None,
        };
        self.has_custom = self.custom.iter().any(Option::is_some);
        let read = match role {
            Role::Client => &mut self.client,
            Role::Scheme => &mut self.scheme,
            Role::Host => &mut self.host,
            Role::Port => &mut self.port,
            Role::Prefix => &mut self.prefix,
        };
        let before = std::mem::replace(read, field);
        // Two names of the user's own have the same number.
        if before != field || custom_before != custom {
            self.lists = self.lists.without(FieldSet::of([before]));
        }
        self.name = "custom";
        Ok(())
    }

    /// Removes the header name that the user gave for this role.
    fn forget(&mut self, role: Role) {
        if let Some(slot) = self.custom.get_mut(role as usize) {
            *slot = None;
        }
        self.has_custom = self.custom.iter().any(Option::is_some);
    }

    /// Reads nothing from the user's own header `name`. The client is then the peer if this was its header.
    pub(crate) fn ignore(&mut self, name: &HeaderName) {
        let is_it = |custom: &Option<HeaderName>| {
            let custom = custom.as_ref();
            custom.is_some_and(|custom| recognise::fold_alike(custom.as_str(), name.as_str()))
        };
        for (slot, number) in self.custom.iter_mut().zip(FIRST_CUSTOM..) {
            if !is_it(slot) {
                continue;
            }
            *slot = None;
            self.lists = self.lists.without(FieldSet::of([number]));
            for read in [
                &mut self.client,
                &mut self.scheme,
                &mut self.host,
                &mut self.port,
                &mut self.prefix,
            ] {
                if *read == number {
                    *read = NONE;
                }
            }
        }
        self.has_custom = self.custom.iter().any(Option::is_some);
    }

    /// A preset whose client field is present, if the client field of `self` is not.
    pub(crate) fn other_family(&self, present: FieldSet) -> Option<&'static Self> {
        let is_there = |preset: &&Self| present.contains(preset.client);
        let mut presets = Self::presets().iter();
        presets
            .find(is_there)
            .filter(|_| self.misses_family(present))
    }

    /// Whether the client field of a preset is present, and that of `self` is not.
    #[cold]
    pub(crate) fn misses_family(&self, present: FieldSet) -> bool {
        present.intersects(presets::CLIENTS) && !present.contains(self.client)
    }

    /// What a header with this lowercase name is: a known field, or one that the user named.
    #[inline(never)]
    pub(crate) fn recognise(&self, name: &str) -> Option<Kind> {
        match recognise::classify(name) {
            None if self.has_custom => self.recognise_custom(name),
            known => known,
        }
    }

    #[cold]
    fn recognise_custom(&self, name: &str) -> Option<Kind> {
        let fields = FIRST_CUSTOM..;
        let custom = self.custom.iter().zip(fields);
        custom
            .filter_map(|(custom, field)| Some((custom.as_ref()?.as_str(), field)))
            .find_map(|(custom, field)| match custom {
                same if same == name => Some(Kind::Field(field)),
                other if recognise::fold_alike(other, name) => Some(Kind::Underscored(field)),
                _ => None,
            })
    }

    /// The name of a field; `None` for [`NONE`].
    pub(crate) fn header_name(&self, field: Field) -> Option<&HeaderName> {
        known::NAMES.get(usize::from(field)).or_else(|| {
            let place = usize::from(field.checked_sub(FIRST_CUSTOM)?);
            self.custom.get(place)?.as_ref()
        })
    }

    /// The name of a field as text; empty for [`NONE`].
    pub(crate) fn field_name(&self, field: Field) -> &str {
        self.header_name(field).map_or("", HeaderName::as_str)
    }

    pub(crate) fn scheme_syntax(field: Field) -> SchemeSyntax {
        match field {
            X_FORWARDED_PROTO => SchemeSyntax::Name,
            CF_VISITOR => SchemeSyntax::CfVisitor,
            X_ARR_SSL => SchemeSyntax::Presence,
            _ => SchemeSyntax::Switch,
        }
    }

    /// The fields of the family, as a set.
    pub(crate) fn family(&self) -> FieldSet {
        FieldSet::of([
            self.client,
            self.scheme,
            self.other_scheme,
            self.host,
            self.port,
            self.prefix,
        ])
    }
}

impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Headers");
        debug.field("name", &self.name);
        for (role, field) in [
            ("client", self.client),
            ("client_v6", self.client_v6),
            ("scheme", self.scheme),
            ("other_scheme", self.other_scheme),
            ("host", self.host),
            ("port", self.port),
            ("prefix", self.prefix),
        ] {
            if field != NONE {
                debug.field(role, &self.field_name(field));
            }
        }
        let mut lists = Vec::new();
        self.lists.each(|field| lists.push(self.field_name(field)));
        if !lists.is_empty() {
            debug.field("lists", &lists);
        }
        if self.name == "custom" && self.client_syntax == ClientSyntax::List {
            debug.field("client_is_list", &true);
        }
        if self.no_scheme {
            debug.field("no_scheme", &true);
        }
        debug.finish()
    }
}

impl Default for Headers {
    fn default() -> Self {
        Self::X_FORWARDED
    }
}

/// Why a preset, a header name or a secret cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadersError {
    /// There is no preset with this name.
    #[error("`{}` is not a preset: expected one of {}", name.escape_debug(), presets.join(", "))]
    UnknownPreset {
        /// The name.
        name: String,
        /// The names of all presets.
        presets: Vec<&'static str>,
    },
    /// The text is not a header name (RFC 9110, section 5.1), or this header cannot be used here.
    #[error(
        "`{}` cannot be used here: it is not the name of a header, or it is a header with its own meaning",
        name.escape_debug()
    )]
    InvalidName {
        /// The name.
        name: String,
    },
    /// A header with this name cannot say who the client is.
    #[error(
        "`{}` cannot be the name of a header that says who the client is",
        name.escape_debug()
    )]
    NoIdentity {
        /// The name.
        name: String,
    },
    /// The name is spelled with underscores or dots. The layer always removes such headers (rule R11).
    #[error("`{}` is never believed: write the name with hyphens", name.escape_debug())]
    Underscored {
        /// The name.
        name: String,
    },
    /// The values of a [required](crate::ForwardedLayer::require) header cannot be used. The error does not contain
    /// them.
    #[error("the secret in `{}`: {reason}", name.escape_debug())]
    Secret {
        /// The name of the header.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The layer already reads this header for something else.
    #[error("`{}` is already read for something else: one header cannot have two meanings", name.escape_debug())]
    ReadTwice {
        /// The name.
        name: String,
    },
    /// This header cannot hold a list here.
    #[error(
        "`{}` cannot be a list: expected the header for the scheme, host, port or prefix",
        name.escape_debug()
    )]
    NotAList {
        /// The name.
        name: String,
    },
    /// The header is a list, and has its own preset.
    #[error(
        "`{}` contains a list, not one address: use Headers::X_FORWARDED or Headers::FORWARDED",
        name.escape_debug()
    )]
    NotASingleValue {
        /// The name.
        name: String,
    },
    /// The header is not a list of addresses. It has its own syntax and its own preset.
    #[error(
        "`{}` is not a list of addresses. It has its own syntax: use its preset",
        name.escape_debug()
    )]
    OwnSyntax {
        /// The name.
        name: String,
    },
}
