//! IPv4 addresses in dotted-decimal form, as strict as RFC 3986 (no leading zeros).

use std::net::Ipv4Addr;

/// Parses an address, with nothing in front of it.
pub(crate) fn parse(text: &[u8]) -> Option<Ipv4Addr> {
    match at_end(text)? {
        (address, []) => Some(address),
        _ => None,
    }
}

/// Parses an address at the end of `text`. Also returns what is in front of it, which can be a digit of a number that is
/// too long.
#[inline]
pub(super) fn at_end(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let (d, text) = last_octet(text)?;
    let (c, text) = last_octet(text.strip_suffix(b".")?)?;
    let (b, text) = last_octet(text.strip_suffix(b".")?)?;
    let (a, text) = last_octet(text.strip_suffix(b".")?)?;
    Some((Ipv4Addr::new(a, b, c, d), text))
}

/// Parses a number below 256 at the end of `text`.
#[inline]
fn last_octet(text: &[u8]) -> Option<(u8, &[u8])> {
    let [rest @ .., ones @ b'0'..=b'9'] = text else {
        return None;
    };
    let ones = ones.wrapping_sub(b'0');
    let [rest @ .., tens @ b'0'..=b'9'] = rest else {
        return Some((ones, rest));
    };
    let tens = tens.wrapping_sub(b'0');
    let value = tens.wrapping_mul(10).wrapping_add(ones);
    let [rest @ .., hundreds @ b'0'..=b'9'] = rest else {
        return if tens > 0 { Some((value, rest)) } else { None };
    };
    match hundreds {
        b'1' => Some((value.wrapping_add(100), rest)),
        b'2' if value < 56 => Some((value.wrapping_add(200), rest)),
        _ => None,
    }
}
