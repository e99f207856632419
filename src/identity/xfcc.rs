//! `X-Forwarded-Client-Cert`, a list. Each Envoy appends an element about the certificate that its own client
//! presented.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert>

use http::HeaderName;

use crate::syntax::{forwarded::OutsideQuotes, list::FromRight};

pub(crate) fn is_name(name: &HeaderName) -> bool {
    name == "x-forwarded-client-cert"
}

/// The part of a line that the trusted proxies wrote: one element for each of `hops` proxies, from the right. The
/// client may have written the elements to the left of it.
///
/// Returns `None` if there are fewer elements. Then the outermost proxy wrote none, since its client presented no
/// certificate, and the leftmost element describes a proxy.
pub(crate) fn vouched(line: &[u8], hops: usize) -> Option<&[u8]> {
    // Envoy can also write JSON, which is not read here. Envoy's own element is at the right end.
    if line.trim_ascii_end().ends_with(b"}]") {
        return None;
    }
    let nth = hops.checked_sub(1)?;
    let element = FromRight::new(std::iter::once(line), OutsideQuotes).nth(nth)?;
    line.get(element.start..)
}

/// The element that describes the client.
#[cfg(feature = "client-cert")]
pub(crate) fn about_the_client(line: &[u8], hops: usize) -> Option<&[u8]> {
    let nth = hops.checked_sub(1)?;
    FromRight::new(std::iter::once(line), OutsideQuotes)
        .nth(nth)?
        .text
}
