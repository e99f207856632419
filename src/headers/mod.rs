//! Which fields the nearest proxy writes.

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

/// Which fields the nearest proxy writes; only these are believed (rule R11).
///
/// A proxy passes on every field that it does not write itself. Believing one of those is believing
/// the client, so the choice here is as much a matter of security as the choice of whom to trust.
///
/// Take the preset of the product that talks to the service. If there is none,
/// [`X_FORWARDED`](Self::X_FORWARDED) and [`FORWARDED`](Self::FORWARDED) are the two families that
/// most can write. [`client_field`](Self::client_field) and [`client_list_field`](Self::client_list_field)
/// name a field of your own.
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
    /// Holds the client's IPv6 address where `client` holds one of 240.0.0.0/4 in its stead.
    pub(crate) client_v6: Field,
    pub(crate) scheme: Field,
    /// Read where `scheme` is missing.
    pub(crate) other_scheme: Field,
    /// Nobody states the scheme, and nobody is expected to.
    pub(crate) no_scheme: bool,
    pub(crate) host: Field,
    pub(crate) port: Field,
    pub(crate) prefix: Field,
    /// Those among the scheme, host, port and prefix fields that hold lists, since proxies append to
    /// them. The others hold one value: a comma in it is text of the client's.
    pub(crate) lists: FieldSet,
    /// The names that are not known, by [`Role`].
    custom: [Option<HeaderName>; CUSTOM],
    has_custom: bool,
}

/// What a field says. As a number, its place among the names that users gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Scheme,
    Host,
    Port,
    Prefix,
}

/// How the client field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClientSyntax {
    /// A list of nodes, each hop adding its peer: `X-Forwarded-For`.
    List,
    /// RFC 7239, which says scheme and host too.
    Forwarded,
    /// One address.
    Single,
    /// One address and a port without brackets around IPv6: `CloudFront-Viewer-Address`.
    SingleWithPort,
}

/// How a scheme field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SchemeSyntax {
    /// A scheme, or a list of them: `X-Forwarded-Proto`.
    Name,
    /// A scheme or a switch: `X-Forwarded-Ssl: on`.
    Switch,
    /// Cloudflare's JSON object.
    CfVisitor,
    /// It is there for https, and not for http: `X-ARR-SSL`.
    Presence,
}

const X_FORWARDED_PROTO: Field = known::field("x-forwarded-proto");
const CF_VISITOR: Field = known::field("cf-visitor");
const X_ARR_SSL: Field = known::field("x-arr-ssl");

impl Headers {
    /// Reads no field yet.
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

    /// The name of the preset in kebab-case; `custom` for others.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// One field of your own that holds the client's address and nothing else.
    ///
    /// Every proxy that can be the peer must set it, replacing what the client sent; two lines of it
    /// are malformed, never a choice.
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
    /// If `name` is no field name, or is one that carries more than an address (`Forwarded`,
    /// `X-Forwarded-For`).
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

    /// A field of your own that is a list like `X-Forwarded-For`: each proxy appends the address of its peer.
    ///
    /// For HAProxy's `option forwardfor header …`, ingress-nginx's `forwarded-for-header`, and others that
    /// can call it otherwise.
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
    /// If `name` is no field name, or has a syntax of its own (`Forwarded`, `CloudFront-Viewer-Address`).
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

    /// Reads no scheme: every request has that of the [connection](crate::ForwardedLayer::connection_scheme).
    ///
    /// For a proxy that states none. HAProxy's `option forwardfor`, for one, writes `X-Forwarded-For` and
    /// passes a client's own `X-Forwarded-Proto` on. There is no finding
    /// [`SchemeMissing`](crate::Finding::SchemeMissing) then.
    ///
    /// ```
    /// use tower_forwarded::{ForwardedLayer, Headers, Scheme, TrustedProxies};
    ///
    /// // The proxy in front takes https only, and does not say so.
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

    /// Reads the scheme from this field instead.
    ///
    /// `CF-Visitor` is read as Cloudflare writes it, and `X-Forwarded-Proto` holds one of `http`,
    /// `https`, `ws`, `wss`. `X-ARR-SSL` describes the certificate of a request that came by https, so it says https by
    /// being there. Any other field may also hold `on`, `off`, `1`, `0`, `true`, `false` or `ssl`.
    /// With [`FORWARDED`](Self::FORWARDED) it is used where no element says `proto`.
    ///
    /// # Errors
    ///
    /// If `name` is no field name, or is read for something else already.
    pub fn with_scheme_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.other_scheme = NONE;
        self.set(Role::Scheme, name)?;
        self.no_scheme = false;
        Ok(self)
    }

    /// Reads the host from this field, for the names allowed with
    /// [`believe_hosts`](crate::ForwardedLayer::believe_hosts).
    ///
    /// It holds one host. If your proxies append to it, say so with [`with_lists`](Self::with_lists).
    ///
    /// # Errors
    ///
    /// If `name` is no field name, or is read for something else already.
    pub fn with_host_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.set(Role::Host, name)?;
        Ok(self)
    }

    /// Reads the port from this field, with
    /// [`believe_port`](crate::ForwardedLayer::believe_port).
    ///
    /// It holds one port. If your proxies append to it, say so with [`with_lists`](Self::with_lists).
    ///
    /// # Errors
    ///
    /// If `name` is no field name, or is read for something else already.
    pub fn with_port_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.set(Role::Port, name)?;
        Ok(self)
    }

    /// Reads the path prefix from this field, with
    /// [`believe_prefix`](crate::ForwardedLayer::believe_prefix).
    ///
    /// Each line of it is one prefix; the lines are joined from the first on. If your proxies write
    /// several prefixes into one line, say so with [`with_lists`](Self::with_lists).
    ///
    /// # Errors
    ///
    /// If `name` is no field name, or is read for something else already.
    pub fn with_prefix_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.set(Role::Prefix, name)?;
        Ok(self)
    }

    /// Says that your proxies append to these fields, so that they hold lists.
    ///
    /// A list of schemes, hosts or ports is read from the right, through the element that pairs with
    /// the client's address (rule R6). A list of prefixes is joined from the left (rule R9).
    ///
    /// Without this call, each of these fields holds one value, and a comma makes it invalid. Most
    /// proxies *set* these fields, often from text that the client chose: behind nginx, Caddy or Traefik,
    /// `Host: x,admin.example.com` becomes `X-Forwarded-Host: x,admin.example.com`. Read as a list, that
    /// is another host. Say that a field is a list only if each proxy that can be the peer appends to
    /// it. A host that holds a comma is then cut at that comma, so let the outermost proxy refuse such
    /// hosts.
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
    /// If a name is not the scheme, host, port or prefix field of these headers.
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
                .filter(|&field| field != NONE && field != CF_VISITOR)
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
            // Two that differ in nothing but underscores or dots are one to many gateways.
            .any(|read| recognise::fold_alike(read.as_str(), header.as_str()));
        if read_already {
            return Err(HeadersError::ReadTwice {
                name: name.to_owned(),
            });
        }
        if let Some(slot) = self.custom.get_mut(usize::from(place)) {
            *slot = custom;
        }
        self.has_custom = self.custom.iter().any(Option::is_some);
        let read = match role {
            Role::Client => &mut self.client,
            Role::Scheme => &mut self.scheme,
            Role::Host => &mut self.host,
            Role::Port => &mut self.port,
            Role::Prefix => &mut self.prefix,
        };
        let before = std::mem::replace(read, field);
        if before != field {
            self.lists = self.lists.without(FieldSet::of([before]));
        }
        self.name = "custom";
        Ok(())
    }

    /// Drops the name of one's own for this role.
    fn forget(&mut self, role: Role) {
        if let Some(slot) = self.custom.get_mut(role as usize) {
            *slot = None;
        }
        self.has_custom = self.custom.iter().any(Option::is_some);
    }

    /// The preset whose client field is there, if this one's is not.
    #[cold]
    pub(crate) fn other_family(&self, present: FieldSet) -> Option<&'static Self> {
        let is_there = |preset: &&Self| present.contains(preset.client);
        Self::presets()
            .iter()
            .find(is_there)
            .filter(|_| !present.contains(self.client))
    }

    /// What a header of this name, which is lowercase, is: a field that is known, or one that the user named.
    #[inline(always)]
    pub(crate) fn recognise_fast(&self, name: &str) -> Option<Kind> {
        match recognise::classify(name) {
            None if self.has_custom => self.recognise_custom(name),
            known => known,
        }
    }

    #[inline(never)]
    pub(crate) fn recognise(&self, name: &str) -> Option<Kind> {
        self.recognise_fast(name)
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

/// Why a text names no fields.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadersError {
    /// There is no preset of that name.
    #[error("`{}` is no preset: expected one of {}", name.escape_debug(), presets.join(", "))]
    UnknownPreset {
        /// The name.
        name: String,
        /// The names that there are.
        presets: Vec<&'static str>,
    },
    /// The text is no field name (RFC 9110, section 5.1), or one that cannot serve here.
    #[error("`{}` cannot be the name of a forwarding field", name.escape_debug())]
    InvalidName {
        /// The name.
        name: String,
    },
    /// The text is no name of a header that can say who the client is.
    #[error(
        "`{}` cannot be the name of a header that says who the client is",
        name.escape_debug()
    )]
    NoIdentity {
        /// The name.
        name: String,
    },
    /// The field is a spelling with underscores or dots, which is always removed (rule R11).
    #[error("`{}` is never believed: write it with hyphens", name.escape_debug())]
    Underscored {
        /// The name.
        name: String,
    },
    /// The values of a [required](crate::ForwardedLayer::require) header cannot serve. They are not shown.
    #[error("the secret in `{}`: {reason}", name.escape_debug())]
    Secret {
        /// The name of the header.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The field is read for something else already.
    #[error("`{}` is read for something else already: one field cannot say two things", name.escape_debug())]
    ReadTwice {
        /// The name.
        name: String,
    },
    /// The field is not one that can hold a list here.
    #[error(
        "`{}` cannot be a list: expected the scheme, host, port or prefix field of these headers",
        name.escape_debug()
    )]
    NotAList {
        /// The name.
        name: String,
    },
    /// The field is a list, and has a preset of its own.
    #[error(
        "`{}` holds a list, not one address: use Headers::X_FORWARDED or Headers::FORWARDED",
        name.escape_debug()
    )]
    NotASingleValue {
        /// The name.
        name: String,
    },
    /// The field is no list of addresses, but has a syntax and a preset of its own.
    #[error(
        "`{}` is no list of addresses but has a syntax of its own: use its preset",
        name.escape_debug()
    )]
    OwnSyntax {
        /// The name.
        name: String,
    },
}
