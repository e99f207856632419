//! Tests every form of a certificate, and values that are not certificates.

use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};

/// A `SEQUENCE` with this many bytes in it.
pub(super) fn der(length: usize) -> Vec<u8> {
    let bytes = std::iter::repeat_n(0xff, length);
    let head = match length {
        0..0x80 => vec![0x30, u8::try_from(length).unwrap()],
        0x80..0x100 => vec![0x30, 0x81, u8::try_from(length).unwrap()],
        _ => {
            let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
            vec![0x30, 0x82, high, low]
        }
    };
    head.into_iter().chain(bytes).collect()
}

pub(super) fn leaf(length: usize) -> CertificateDer<'static> {
    CertificateDer::from(der(length))
}

fn any(value: &str) -> Result<Option<Chain>, Malformed> {
    parse(value.as_bytes(), Syntax::Any, 1)
}

fn pem(der: &[u8], newline: &str) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----{newline}{}{newline}-----END CERTIFICATE-----{newline}",
        lines.join(newline)
    )
}

/// Percent-encodes every byte except those in `safe` and the unreserved ones.
fn escaped(text: &str, safe: &[u8]) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || safe.contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[test]
fn every_way_to_write_pem_gives_the_bytes_that_were_presented() {
    for length in [0, 5, 127, 128, 255, 256, 700, 4000] {
        let expected = Ok(Some(vec![leaf(length)]));
        let der = der(length);
        let plain = pem(&der, "\n");
        let written = [
            // nginx, `$ssl_client_escaped_cert`; ingress-nginx.
            escaped(&plain, b""),
            // AWS ALB leaves `+`, `=` and `/`.
            escaped(&plain, b"+=/"),
            // Apache writes a space for each newline.
            pem(&der, " "),
            // nginx, `$ssl_client_cert`.
            pem(&der, "\t"),
            // Go's url.QueryEscape.
            escaped(&plain, b" ").replace(' ', "+"),
            // HAProxy, Caddy, Traefik, Azure.
            STANDARD.encode(&der),
            // OpenShift's router.
            format!("\"{}\"", STANDARD.encode(&der)),
            // Cloudflare, and other products that leave the padding out.
            STANDARD.encode(&der).trim_end_matches('=').to_owned(),
            // The RFC 9440 form in a header of your own.
            format!(":{}:", STANDARD.encode(&der)),
            escaped(&STANDARD.encode(&der), b""),
        ];
        for value in written {
            assert_eq!(any(&value), expected, "{length}: {value}");
        }
    }
}

#[test]
fn a_chain_comes_out_with_the_leaf_first() {
    let expected = Ok(Some(vec![leaf(5), leaf(300), leaf(7)]));
    let (a, b, c) = (der(5), der(300), der(7));
    let pems = [pem(&a, "\n"), pem(&b, "\n"), pem(&c, "\n")].concat();
    assert_eq!(any(&escaped(&pems, b"")), expected);
    let traefik = [&a, &b, &c].map(|der| STANDARD.encode(der)).join(",");
    assert_eq!(any(&traefik), expected);
}

#[test]
fn what_is_no_certificate_is_malformed_and_never_a_short_one() {
    let truncated = STANDARD.encode(&der(300)[..200]);
    let longer = STANDARD.encode([der(5), vec![0]].concat());
    for value in [
        "none",
        "test",
        "MIIB",
        "SUCCESS",
        "%2D%2D",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE----- MIIB",
        "-----BEGIN PRIVATE KEY----- MAUwAwIBAA== -----END PRIVATE KEY-----",
        "\u{e9}",
        "%ff%fe",
        ":MIIB",
        ",",
        &truncated,
        &longer,
        &format!("{},,{}", STANDARD.encode(der(5)), STANDARD.encode(der(5))),
        &format!("{} x", pem(&der(5), " ")),
        // A certificate that is longer than a header may be.
        &STANDARD.encode(der(60_000)),
    ] {
        assert_eq!(any(value), Err(Malformed), "{value}");
    }
}

#[test]
fn a_proxy_that_knows_no_certificate_is_believed() {
    for value in [
        "",
        " ",
        "\"\"",
        "::",
        "(null)",
        "-----BEGIN CERTIFICATE----------END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE----- -----END CERTIFICATE-----",
    ] {
        assert_eq!(any(value), Ok(None), "{value}");
    }
    assert_eq!(parse(b"::", Syntax::Rfc9440, 1), Ok(None));
}

#[test]
fn rfc_9440_takes_one_byte_sequence_and_nothing_else() {
    let item = format!(":{}:", STANDARD.encode(der(300)));
    let read = |value: &str| parse(value.as_bytes(), Syntax::Rfc9440, 1);
    assert_eq!(read(&item), Ok(Some(vec![leaf(300)])));
    for value in [
        STANDARD.encode(der(300)),
        format!("{item}, {item}"),
        "\"text\"".to_owned(),
        "?1".to_owned(),
        ":MIIB".to_owned(),
        ":AAAA:".to_owned(),
    ] {
        assert_eq!(read(&value), Err(Malformed), "{value}");
    }
    assert_eq!(
        rfc9440::list(format!("{item},  {item}").as_bytes()),
        Ok(vec![leaf(300), leaf(300)])
    );
    assert_eq!(rfc9440::list(b"a, b"), Err(Malformed));
}

#[test]
fn an_element_of_envoy_gives_leaf_and_chain_once_each() {
    let (a, b) = (pem(&der(5), "\n"), pem(&der(300), "\n"));
    let (cert, chain) = (escaped(&a, b""), escaped(&[a.clone(), b].concat(), b""));
    let read = |value: String, hops| parse(value.as_bytes(), Syntax::Xfcc, hops);
    let both = Ok(Some(vec![leaf(5), leaf(300)]));
    let dn = "Subject=\"/C=US/O=a, b; \\\"c\\\"=d\"";
    let element =
        format!("By=spiffe://a;Hash=ab;Cert=\"{cert}\";Chain=\"{chain}\";{dn};DNS=a;DNS=b");
    assert_eq!(read(element.clone(), 1), both);
    assert_eq!(read(format!("hash=ab;CHAIN={chain}"), 1), both);
    // The client of the nearest proxy, and the client of the proxy before it.
    let other = format!("Hash=cd;Cert={}", escaped(&pem(&der(9), "\n"), b""));
    assert_eq!(read(format!("{element},{other}"), 2), both);
    assert_eq!(
        read(format!("{element},{other}"), 1),
        Ok(Some(vec![leaf(9)]))
    );
    // The chain belongs to another certificate.
    let other_chain = escaped(&pem(&der(9), "\n"), b"");
    let mixed = format!("Cert={cert};Chain={other_chain}");
    assert_eq!(read(mixed, 1), Err(Malformed));
    // A quote that a client left open does not hide the elements after it.
    assert_eq!(
        read(format!("Subject=\"x,{other}"), 1),
        Ok(Some(vec![leaf(9)]))
    );
    // Cloud Foundry.
    assert_eq!(
        read(STANDARD.encode(der(4000)), 1),
        Ok(Some(vec![leaf(4000)]))
    );
    // Azure Container Apps.
    let azure = format!("Hash=ab;Cert=\"{a}\";Chain=\"{a}\";");
    assert_eq!(read(azure, 1), Ok(Some(vec![leaf(5)])));
    // The element holds no certificate.
    assert_eq!(read("Hash=ab;URI=spiffe://a/b".to_owned(), 1), Ok(None));
    for malformed in [
        "x",
        "Hash",
        "=a",
        "Hash=\"a",
        "Hash=a\"b",
        "Cert=x",
        "Hash=a;Hash=b",
    ] {
        assert_eq!(read(malformed.to_owned(), 1), Err(Malformed), "{malformed}");
    }
}
