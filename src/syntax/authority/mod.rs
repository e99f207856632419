//! `host[:port]`, as in `Host`, in a target URI and in forwarding headers.

use super::{ipv4, node};
use crate::resolution::scheme::Scheme;

/// The longest host that is accepted: a DNS name has at most 255 octets (RFC 1035, section 2.3.4).
const LONGEST_HOST: usize = 255;
/// A host, a colon and five digits.
pub(crate) const LONGEST: usize = LONGEST_HOST + 6;

/// A host and the port after it, borrowed from the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostPort<'a> {
    /// A reg-name, an IPv4 address or `[IPv6]`. It contains only ASCII letters, digits and marks.
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
}

/// Parses an authority without userinfo (rule R8).
pub(crate) fn parse(text: &[u8]) -> Option<HostPort<'_>> {
    if text.len() > LONGEST {
        return None;
    }
    let end = match text {
        [b'[', ..] => text.iter().position(|&byte| byte == b']')?.checked_add(1)?,
        _ => text
            .iter()
            .position(|&byte| byte == b':')
            .unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at_checked(end)?;
    match host {
        [b'[', inner @ .., b']'] => {
            node::ipv6(inner)?;
        }
        _ if host.len() > LONGEST_HOST || !is_name(host) => return None,
        _ => {}
    }
    let port = match rest {
        [] => None,
        [b':', port @ ..] => Some(node::decimal_port(port).filter(|&port| port != 0)?),
        _ => return None,
    };
    let host = std::str::from_utf8(host).ok()?;
    Some(HostPort { host, port })
}

/// Whether this is a name made of nonempty labels, or a dotted-decimal IPv4 address.
///
/// A name whose last label is a number is not accepted. A browser would read `1.2.3`, `010.0.0.1` or `0x7f.1` as
/// another address (URL Standard, "ends in a number checker").
fn is_name(host: &[u8]) -> bool {
    let name = host.strip_suffix(b".").unwrap_or(host);
    let mut before = b'.';
    for &byte in name {
        let allowed = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !allowed || (byte == b'.' && before == b'.') {
            return false;
        }
        before = byte;
    }
    // Reject a name without labels, and one with an empty label at the end.
    before != b'.' && (!ends_in_number(name) || ipv4::parse(host).is_some())
}

fn ends_in_number(name: &[u8]) -> bool {
    let Some(last) = name.rsplit(|&byte| byte == b'.').next() else {
        return false;
    };
    match last {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        _ => last.iter().all(u8::is_ascii_digit),
    }
}

impl<'a> HostPort<'a> {
    /// Whether this is the given host, ignoring case and a dot at the end.
    pub(crate) fn host_is(&self, host: &str) -> bool {
        let own = self.host.strip_suffix('.').unwrap_or(self.host);
        own.eq_ignore_ascii_case(host.strip_suffix('.').unwrap_or(host))
    }

    /// The port, unless it is the default port of the scheme.
    pub(crate) fn explicit_port(&self, scheme: Scheme) -> Option<u16> {
        self.port.filter(|&port| port != scheme.default_port())
    }

    /// Returns the lowercase form without the default port of the scheme. `text` is the text that this value was parsed
    /// from. If it is already in this form, nothing is allocated.
    pub(crate) fn canonical(&self, text: &'a [u8], scheme: Scheme) -> std::borrow::Cow<'a, str> {
        let port = self.explicit_port(scheme);
        let lowercase = !self.host.bytes().any(|byte| byte.is_ascii_uppercase());
        if lowercase && port.is_none() {
            return self.host.into();
        }
        if lowercase && text.len() == self.host.len().saturating_add(port.map_or(0, width)) {
            if let Ok(text) = std::str::from_utf8(text) {
                return text.into();
            }
        }
        let mut canonical = self.host.to_ascii_lowercase();
        if let Some(port) = port {
            canonical.push(':');
            canonical.push_str(&port.to_string());
        }
        canonical.into()
    }
}

/// The number of bytes of a colon and `port`, without leading zeros.
const fn width(port: u16) -> usize {
    match port {
        0..=9 => 2,
        10..=99 => 3,
        100..=999 => 4,
        1_000..=9_999 => 5,
        _ => 6,
    }
}

#[cfg(test)]
mod tests;
