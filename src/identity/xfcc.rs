//! `X-Forwarded-Client-Cert`, a list to which each Envoy appends what its own client presented.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert>

use http::HeaderName;

use crate::syntax::{forwarded::OutsideQuotes, list::FromRight};

pub(crate) fn is_name(name: &HeaderName) -> bool {
    name == "x-forwarded-client-cert"
}

/// The part of a line that so many proxies wrote, an element each; what stands left of it may be the client's.
///
/// `None` if there are fewer elements: then the outermost proxy wrote none, since its client presented no
/// certificate, and the leftmost is about a proxy.
pub(crate) fn vouched(line: &[u8], hops: usize) -> Option<&[u8]> {
    // Envoy can write JSON too, which is not read here. What it wrote itself stands at the right end.
    if line.trim_ascii_end().ends_with(b"}]") {
        return None;
    }
    let nth = hops.checked_sub(1)?;
    let element = FromRight::<_, OutsideQuotes>::new(std::iter::once(line)).nth(nth)?;
    line.get(element.start..)
}

/// The element that is about the client.
#[cfg(feature = "client-cert")]
pub(crate) fn about_the_client(line: &[u8], hops: usize) -> Option<&[u8]> {
    let nth = hops.checked_sub(1)?;
    FromRight::<_, OutsideQuotes>::new(std::iter::once(line))
        .nth(nth)?
        .text
}
