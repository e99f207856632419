//! PEM and DER in the forms that headers use: percent-encoded, with spaces instead of newlines, or as plain base64.

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode_str;
use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::{Chain, Malformed, certificate, rfc9440};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Some proxies leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The certificates in a value, the client's own first. `None` if the value says that there is no certificate.
pub(super) fn read(value: &[u8]) -> Result<Option<Chain>, Malformed> {
    let text = std::str::from_utf8(value).map_err(|_| Malformed)?;
    let text = unquoted(text.trim());
    if text.is_empty() || text == "(null)" {
        return Ok(None);
    }
    if text.starts_with(':') {
        return Ok(rfc9440::item(text.as_bytes())?.map(|leaf| vec![leaf]));
    }
    let text = decoded(text)?;
    let chain = if text.contains("-----") {
        blocks(&text)?
    } else {
        // Traefik separates several certificates with commas.
        text.split(',').map(der).collect::<Result<Chain, _>>()?
    };
    Ok(Some(chain).filter(|chain| !chain.is_empty()))
}

/// HAProxy's `%{+Q}` writes quotation marks around a value.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

/// Decodes percent-encoding. Form encoding also writes a space as `+`, and then a `+` as `%2B`.
fn decoded(text: &str) -> Result<Cow<'_, str>, Malformed> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    if text.contains("BEGIN+CERTIFICATE") {
        let spaces = text.replace('+', " ");
        let decoded = percent_decode_str(&spaces).decode_utf8();
        return decoded
            .map(|text| Cow::Owned(text.into_owned()))
            .map_err(|_| Malformed);
    }
    percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| Malformed)
}

/// Reads blocks of PEM, and fails if there is any other text. Any white space may replace the newlines. Skips an
/// empty block: Caddy writes one if there is no certificate.
fn blocks(text: &str) -> Result<Chain, Malformed> {
    let mut chain = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (body, after) = rest
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.split_once(END))
            .ok_or(Malformed)?;
        let lines = body.split(is_white_space).filter(|line| !line.is_empty());
        let body = lines.collect::<Vec<_>>().join("\n");
        if !body.is_empty() {
            let block = format!("{BEGIN}\n{body}\n{END}\n");
            let read = CertificateDer::from_pem_slice(block.as_bytes()).map_err(|_| Malformed)?;
            chain.push(certificate(read.to_vec())?);
        }
        rest = after.trim_start();
    }
    Ok(chain)
}

/// RFC 7468, section 3, counts the vertical tab too.
const fn is_white_space(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter == '\u{b}'
}

fn der(text: &str) -> Result<CertificateDer<'static>, Malformed> {
    let bytes = BASE64.decode(text.trim()).map_err(|_| Malformed)?;
    certificate(bytes)
}
