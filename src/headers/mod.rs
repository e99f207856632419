//! Which fields the nearest proxy writes.

pub(crate) mod known;
mod presets;
pub(crate) mod scan;

use std::{fmt, str::FromStr};

use http::HeaderName;

use self::known::{FIRST_CUSTOM, Field, Kind, NONE};

/// Which fields the nearest proxy writes; only these are believed (rule R11).
///
/// A proxy passes on every field that it does not write itself. Believing one of those is believing
/// the client, so the choice here is as much a matter of security as the choice of whom to trust.
///
/// Take the preset of the product that talks to the service. If there is none,
/// [`X_FORWARDED`](Self::X_FORWARDED) and [`FORWARDED`](Self::FORWARDED) are the two families that
/// most can write, and [`client_field`](Self::client_field) names a field of your own.
///
/// | preset | client | scheme | host, with [`hosts`] | port, with [`believe_port`] | prefix, with [`believe_prefix`] |
/// |---|---|---|---|---|---|
#[doc = include_str!("presets.md")]
///
/// [`hosts`]: crate::ForwardedLayer::hosts
/// [`believe_port`]: crate::ForwardedLayer::believe_port
/// [`believe_prefix`]: crate::ForwardedLayer::believe_prefix
///
/// ```
/// use tower_forwarded::Headers;
///
/// assert_eq!("aws-alb".parse(), Ok(Headers::AWS_ALB));
/// assert_eq!(Headers::CLOUDFLARE.to_string(), "cloudflare");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    name: &'static str,
    pub(crate) client: Field,
    pub(crate) client_syntax: ClientSyntax,
    /// Elements that the nearest proxy appends behind the client's.
    pub(crate) own_elements: usize,
    pub(crate) scheme: Field,
    /// Read where `scheme` is missing.
    pub(crate) other_scheme: Field,
    pub(crate) host: Field,
    pub(crate) port: Field,
    pub(crate) prefix: Field,
    /// Names that are not known, by number from [`FIRST_CUSTOM`] on.
    custom: Vec<HeaderName>,
}

/// How the client field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// A list of schemes: `X-Forwarded-Proto`.
    List,
    /// A scheme or a switch, alone: `X-Forwarded-Ssl: on`.
    Single,
    /// Cloudflare's JSON object.
    CfVisitor,
}

const X_FORWARDED_PROTO: Field = known::field("x-forwarded-proto");
const CF_VISITOR: Field = known::field("cf-visitor");

impl Headers {
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
        let mut headers = Self {
            name: "custom",
            client: NONE,
            client_syntax: ClientSyntax::Single,
            own_elements: 0,
            scheme: NONE,
            other_scheme: NONE,
            host: NONE,
            port: NONE,
            prefix: NONE,
            custom: Vec::new(),
        };
        headers.client = headers.field(name)?;
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

    /// Reads the scheme from this field instead.
    ///
    /// `X-Forwarded-Proto` is read as a list and `CF-Visitor` as Cloudflare writes it; any other
    /// field holds one of `http`, `https`, `ws`, `wss`, `on`, `off`, `1`, `0`, `true`, `false`.
    /// With [`FORWARDED`](Self::FORWARDED) it is used where the element says no `proto`.
    ///
    /// # Errors
    ///
    /// If `name` is no field name.
    pub fn with_scheme_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.scheme = self.field(name)?;
        self.other_scheme = NONE;
        self.renamed()
    }

    /// Reads the host from this list field, for the names allowed with
    /// [`hosts`](crate::ForwardedLayer::hosts).
    ///
    /// # Errors
    ///
    /// If `name` is no field name.
    pub fn with_host_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.host = self.field(name)?;
        self.renamed()
    }

    /// Reads the port from this list field, with
    /// [`believe_port`](crate::ForwardedLayer::believe_port).
    ///
    /// # Errors
    ///
    /// If `name` is no field name.
    pub fn with_port_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.port = self.field(name)?;
        self.renamed()
    }

    /// Reads the path prefix from this list field, with
    /// [`believe_prefix`](crate::ForwardedLayer::believe_prefix).
    ///
    /// # Errors
    ///
    /// If `name` is no field name.
    pub fn with_prefix_field(mut self, name: &str) -> Result<Self, HeadersError> {
        self.prefix = self.field(name)?;
        self.renamed()
    }

    fn renamed(mut self) -> Result<Self, HeadersError> {
        self.name = "custom";
        Ok(self)
    }

    /// The number of a name, which becomes a custom field if it is not known.
    fn field(&mut self, name: &str) -> Result<Field, HeadersError> {
        let header: HeaderName = name.parse().map_err(|_| HeadersError::InvalidName {
            name: name.to_owned(),
        })?;
        match known::classify(header.as_str()) {
            Some(Kind::Field(field)) => return Ok(field),
            Some(Kind::Underscored(_)) => {
                return Err(HeadersError::Underscored {
                    name: name.to_owned(),
                });
            }
            Some(Kind::Host) => {
                return Err(HeadersError::InvalidName {
                    name: name.to_owned(),
                });
            }
            None => {}
        }
        let index = match self.custom.iter().position(|known| *known == header) {
            Some(index) => index,
            None => {
                self.custom.push(header);
                self.custom.len().saturating_sub(1)
            }
        };
        Field::try_from(index)
            .ok()
            .and_then(|index| FIRST_CUSTOM.checked_add(index))
            .filter(|&field| field < 64)
            .ok_or_else(|| HeadersError::InvalidName {
                name: name.to_owned(),
            })
    }

    /// What a header is: a field that is known, or one that the user named.
    #[inline]
    pub(crate) fn recognise(&self, name: &HeaderName) -> Option<Kind> {
        match known::classify(name.as_str()) {
            None if !self.custom.is_empty() => self.recognise_custom(name),
            known => known,
        }
    }

    #[cold]
    fn recognise_custom(&self, name: &HeaderName) -> Option<Kind> {
        let same = |custom: &HeaderName| custom == name;
        let folds = |custom: &HeaderName| known::fold_alike(custom.as_str(), name.as_str());
        let position = |is: &dyn Fn(&HeaderName) -> bool| {
            let index = self.custom.iter().position(is)?;
            FIRST_CUSTOM.checked_add(Field::try_from(index).ok()?)
        };
        position(&same)
            .map(Kind::Field)
            .or_else(|| position(&folds).map(Kind::Underscored))
    }

    /// The name of a field; `None` for [`NONE`].
    pub(crate) fn header_name(&self, field: Field) -> Option<&HeaderName> {
        known::NAMES.get(usize::from(field)).or_else(|| {
            let custom = usize::from(field.checked_sub(FIRST_CUSTOM)?);
            self.custom.get(custom)
        })
    }

    /// The name of a field as text; empty for [`NONE`].
    pub(crate) fn field_name(&self, field: Field) -> &str {
        self.header_name(field).map_or("", HeaderName::as_str)
    }

    pub(crate) fn scheme_syntax(field: Field) -> SchemeSyntax {
        match field {
            X_FORWARDED_PROTO => SchemeSyntax::List,
            CF_VISITOR => SchemeSyntax::CfVisitor,
            _ => SchemeSyntax::Single,
        }
    }

    /// The fields of the family, as a set.
    pub(crate) fn family(&self) -> u64 {
        known::set([
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
    #[error("`{}` is no preset: expected one of {}", name.escape_debug(), presets::names())]
    UnknownPreset {
        /// The name.
        name: String,
    },
    /// The text is no field name (RFC 9110, section 5.1), or one that cannot serve here.
    #[error("`{}` cannot be the name of a forwarding field", name.escape_debug())]
    InvalidName {
        /// The name.
        name: String,
    },
    /// The field is a spelling with underscores, which is always removed (rule R11).
    #[error("`{}` is never believed: write it with hyphens", name.escape_debug())]
    Underscored {
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
}

impl FromStr for Headers {
    type Err = HeadersError;

    /// Finds a preset by its kebab-case name.
    fn from_str(name: &str) -> Result<Self, HeadersError> {
        presets::ALL
            .iter()
            .find(|preset| preset.name == name)
            .cloned()
            .ok_or_else(|| HeadersError::UnknownPreset {
                name: name.to_owned(),
            })
    }
}
