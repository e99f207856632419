//! `Client-Cert` and `Client-Cert-Chain` (RFC 9440, section 2): structured fields.

use rustls_pki_types::CertificateDer;
use sfv::{BareItem, Item, List, ListEntry, Parser};

use super::{Chain, Malformed, certificate};

/// Reads one byte sequence. An empty one means that there is no certificate: Caddy's placeholder is then empty.
pub(super) fn item(value: &[u8]) -> Result<Option<CertificateDer<'static>>, Malformed> {
    let item: Item = Parser::new(value).parse().map_err(|_| Malformed)?;
    bytes(item)
}

/// Reads a list of byte sequences.
pub(super) fn list(value: &[u8]) -> Result<Chain, Malformed> {
    let list: List = Parser::new(value).parse().map_err(|_| Malformed)?;
    let certificates = list.into_iter().map(|entry| match entry {
        ListEntry::Item(item) => bytes(item)?.ok_or(Malformed),
        ListEntry::InnerList(_) => Err(Malformed),
    });
    certificates.collect()
}

fn bytes(item: Item) -> Result<Option<CertificateDer<'static>>, Malformed> {
    match item.bare_item {
        BareItem::ByteSequence(bytes) if bytes.is_empty() => Ok(None),
        BareItem::ByteSequence(bytes) => certificate(bytes).map(Some),
        _ => Err(Malformed),
    }
}
