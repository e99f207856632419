//! Reads client certificates in every form in which proxies pass them on.

mod pem;
mod rfc9440;
mod xfcc;

use http::{HeaderMap, HeaderName};
use rustls_pki_types::CertificateDer;

use super::{
    fate::{self, Fate},
    names::BelievedNames,
    xfcc::about_the_client,
};
use crate::{
    resolution::{ClientCert, XfccElement},
    rules::Rules,
};

/// A header, or an element of a list, with more bytes than this is not read as a certificate. hyper accepts a head of
/// about 400 KiB.
const LONGEST: usize = 64 * 1024;

/// The client's own certificate, and those above it.
type Chain = Vec<CertificateDer<'static>>;

/// A header holds something that is not a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// How a header holds a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    /// `Client-Cert`: one byte sequence.
    Rfc9440,
    /// `X-Forwarded-Client-Cert`.
    Xfcc,
    /// PEM or DER, in any of the forms that [`pem`] reads.
    Any,
}

/// The headers that hold a certificate. Envoy and RFC 9440 define their own names. The other names come from the
/// documentation of nginx, HAProxy, Apache, Traefik, AWS, Azure, Cloudflare, Google and Kong.
const KNOWN: [(&str, Syntax); 14] = [
    ("client-cert", Syntax::Rfc9440),
    ("x-forwarded-client-cert", Syntax::Xfcc),
    ("x-amzn-mtls-clientcert", Syntax::Any),
    ("x-amzn-mtls-clientcert-leaf", Syntax::Any),
    ("ssl-client-cert", Syntax::Any),
    ("ssl_client_cert", Syntax::Any),
    ("x-ssl-client-cert", Syntax::Any),
    ("x-ssl-client-der", Syntax::Any),
    ("x-client-cert", Syntax::Any),
    ("x-arr-clientcert", Syntax::Any),
    ("x-forwarded-tls-client-cert", Syntax::Any),
    ("cf-client-cert-der-base64", Syntax::Any),
    ("cloudfront-viewer-cert-pem", Syntax::Any),
    ("x-client-cert-leaf", Syntax::Rfc9440),
];

/// The headers with a certificate, and for each the header that holds the rest of its chain.
const CHAINS: [(&str, &str); 2] = [
    ("client-cert", "client-cert-chain"),
    ("x-client-cert-leaf", "x-client-cert-chain"),
];

fn syntax_of(name: &HeaderName, believed: &BelievedNames) -> Option<Syntax> {
    let known = KNOWN.iter().find(|(known, _)| *known == name.as_str());
    match known {
        Some((_, syntax)) => Some(*syntax),
        None => believed.certificates.contains(name).then_some(Syntax::Any),
    }
}

/// The certificate in the first header that is believed and holds one.
///
/// # Errors
///
/// Returns an error if such a header holds something else, and no header after it holds a certificate. Also returns an
/// error if the header with the chain is malformed.
pub(crate) fn read(
    headers: &HeaderMap,
    rules: &Rules,
    hops: usize,
) -> Result<Option<ClientCert>, Malformed> {
    let is_believed =
        |name: &HeaderName| fate::fate(name, headers, rules, hops) == Some(Fate::Believed);
    let mut result = Ok(None);
    for name in rules.identity.iter() {
        let Some(syntax) = syntax_of(name, &rules.identity) else {
            continue;
        };
        let Some(value) = headers.get(name).filter(|_| is_believed(name)) else {
            continue;
        };
        match parse(value.as_bytes(), syntax, hops) {
            Err(Malformed) => result = Err(Malformed),
            Ok(None) => {}
            Ok(Some(mut certificates)) => {
                let chain_of = CHAINS.iter().find(|(of, _)| *of == name.as_str());
                let chain = chain_of
                    .and_then(|(_, chain)| rules.identity.iter().find(|name| *name == *chain))
                    .filter(|name| is_believed(name))
                    .and_then(|name| headers.get(name));
                let chain = match chain {
                    Some(chain) if chain.len() > LONGEST => return Err(Malformed),
                    Some(chain) => rfc9440::list(chain.as_bytes())?,
                    None => Vec::new(),
                };
                certificates.extend(chain);
                let is_verified = fate::states_verification(name, headers, rules, hops);
                return Ok(client_cert(certificates, is_verified));
            }
        }
    }
    result
}

/// What Envoy says about the client's certificate, without the certificate itself.
pub(crate) fn xfcc_element(headers: &HeaderMap, rules: &Rules, hops: usize) -> Option<XfccElement> {
    let name = rules
        .identity
        .iter()
        .find(|name| super::xfcc::is_name(name))?;
    let value = headers.get(name)?;
    let is_believed = fate::fate(name, headers, rules, hops) == Some(Fate::Believed);
    if !is_believed {
        return None;
    }
    let element = about_the_client(value.as_bytes(), hops).filter(|it| it.len() <= LONGEST)?;
    let names = xfcc::Element::parse(element)?.names;
    (names != XfccElement::default()).then_some(names)
}

fn client_cert(mut certificates: Chain, is_verified: bool) -> Option<ClientCert> {
    let chain = certificates.split_off(1.min(certificates.len()));
    Some(ClientCert {
        der: certificates.pop()?,
        chain,
        is_verified,
    })
}

/// Returns `Ok(None)` if the header says that there is no certificate.
fn parse(value: &[u8], syntax: Syntax, hops: usize) -> Result<Option<Chain>, Malformed> {
    // The client can write other elements of a list. So only the length of its own element counts.
    let text = match syntax {
        Syntax::Xfcc => about_the_client(value, hops).ok_or(Malformed)?,
        Syntax::Rfc9440 | Syntax::Any => value,
    };
    if text.len() > LONGEST {
        return Err(Malformed);
    }
    match syntax {
        Syntax::Rfc9440 => Ok(rfc9440::item(text)?.map(|leaf| vec![leaf])),
        Syntax::Any => pem::read(text),
        // Cloud Foundry's router writes plain base64 into this header.
        Syntax::Xfcc if text.starts_with(b"MI") && !text.contains(&b';') => pem::read(text),
        Syntax::Xfcc => xfcc::Element::parse(text).ok_or(Malformed)?.certificates(),
    }
}

/// Checks that these bytes are exactly one DER `SEQUENCE` (X.690, sections 8.1 and 10.1), as every certificate is. This
/// check is needed because a word such as `none` is valid base64 too.
fn certificate(der: Vec<u8>) -> Result<CertificateDer<'static>, Malformed> {
    let is_sequence = match der.as_slice() {
        [0x30, length @ 0x00..=0x7f, rest @ ..] | [0x30, 0x81, length, rest @ ..] => {
            rest.len() == usize::from(*length)
        }
        [0x30, 0x82, high, low, rest @ ..] => {
            rest.len() == usize::from(u16::from_be_bytes([*high, *low]))
        }
        // A longer certificate does not fit into a header.
        _ => false,
    };
    if is_sequence {
        Ok(CertificateDer::from(der))
    } else {
        Err(Malformed)
    }
}

#[cfg(test)]
mod tests;
