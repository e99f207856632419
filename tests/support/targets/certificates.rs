//! A second implementation that reads the headers with client certificates. It is simple and slow. It gives an answer
//! only if there is exactly one right answer.

/// The certificates in a header, the client's own first. The list is empty if the header says that there is none.
pub type Answer = Option<Vec<Vec<u8>>>;

/// Reads a header with this name. Returns `Err` if readers may differ, such as about padding and unused bits.
pub fn read(name: &str, value: &[u8]) -> Result<Answer, Unclear> {
    let Ok(text) = std::str::from_utf8(value) else {
        // The text to the left of the last element does not matter.
        return if name == "x-forwarded-client-cert" {
            Err(Unclear)
        } else {
            Ok(None)
        };
    };
    if !text.is_ascii() {
        return Err(Unclear);
    }
    match name {
        "client-cert" => byte_sequence(text),
        "x-forwarded-client-cert" => element(text),
        _ => any(text),
    }
}

/// There may be more than one right answer.
pub struct Unclear;

/// RFC 9440, section 2.2, without parameters.
fn byte_sequence(text: &str) -> Result<Answer, Unclear> {
    let text = text.trim_matches(' ');
    if text.contains(';') || text.contains('\t') {
        return Err(Unclear);
    }
    let Some(inner) = text
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'))
    else {
        return Ok(None);
    };
    if inner.contains(':') {
        return Ok(None);
    }
    if inner.is_empty() {
        return Ok(Some(Vec::new()));
    }
    Ok(base64(inner)?.and_then(certificate).map(|der| vec![der]))
}

fn any(text: &str) -> Result<Answer, Unclear> {
    let text = text.trim();
    let text = if text.len() > 1 && text.starts_with('"') && text.ends_with('"') {
        &text[1..text.len() - 1]
    } else {
        text
    };
    if text.is_empty() || text == "(null)" {
        return Ok(Some(Vec::new()));
    }
    if text.starts_with(':') {
        return byte_sequence(text);
    }
    let Some(text) = percent_decoded(text) else {
        return Ok(None);
    };
    if !text.is_ascii() {
        return Err(Unclear);
    }
    if !text.contains("-----") {
        return chain(text.split(',').map(|part| part.trim().to_owned()));
    }
    // After removing all white space, the blocks follow each other directly.
    const BEGIN: &str = "-----BEGINCERTIFICATE-----";
    const END: &str = "-----ENDCERTIFICATE-----";
    let squeezed: String = text
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}'))
        .collect();
    let whole = "-----BEGIN CERTIFICATE-----";
    if squeezed.matches(BEGIN).count() != text.matches(whole).count()
        || squeezed.matches(END).count() != text.matches("-----END CERTIFICATE-----").count()
    {
        return Err(Unclear);
    }
    let mut bodies = Vec::new();
    let mut rest = squeezed.as_str();
    while !rest.is_empty() {
        let Some(inner) = rest.strip_prefix(BEGIN) else {
            return Ok(None);
        };
        let Some(end) = inner.find(END) else {
            return Ok(None);
        };
        bodies.push(inner[..end].to_owned());
        rest = &inner[end + END.len()..];
    }
    chain(bodies.into_iter().filter(|body| !body.is_empty()))
}

fn chain(parts: impl Iterator<Item = String>) -> Result<Answer, Unclear> {
    let mut chain = Vec::new();
    for part in parts {
        match base64(&part)?.and_then(certificate) {
            Some(der) => chain.push(der),
            None => return Ok(None),
        }
    }
    Ok(Some(chain))
}

/// The last element of Envoy's list. It is read from the left, which is possible only if all quotes are closed.
fn element(text: &str) -> Result<Answer, Unclear> {
    let (mut elements, mut quoted, mut escaped) = (vec![vec![String::new()]], false, false);
    for char in text.trim().chars() {
        let element = elements.last_mut().ok_or(Unclear)?;
        match char {
            '\\' if !quoted => return Err(Unclear),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                elements.push(vec![String::new()]);
                continue;
            }
            ';' if !quoted => {
                element.push(String::new());
                continue;
            }
            _ => {}
        }
        element.last_mut().ok_or(Unclear)?.push(char);
    }
    let pairs = elements.pop().ok_or(Unclear)?;
    if quoted
        || pairs
            .iter()
            .any(|pair| pair.trim() != pair || pair.is_empty())
    {
        return Err(Unclear);
    }
    // Only base64, as Cloud Foundry writes it.
    if let [only] = &*pairs
        && only.starts_with("MI")
        && !only.contains(';')
    {
        return any(only);
    }
    let (mut cert, mut whole, mut seen) = (None, None, Vec::new());
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=') else {
            return Ok(None);
        };
        let key = key.to_ascii_lowercase();
        if key.is_empty() || !key.chars().all(|char| char.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        let value = match value.strip_prefix('"') {
            None if value.contains('"') => return Ok(None),
            None => value.to_owned(),
            // Accept one string only, with nothing after it.
            Some(rest) => match unescaped(rest) {
                Some(inner) => inner,
                None => return Ok(None),
            },
        };
        if key == "cert" {
            cert = Some(value);
        } else if key == "chain" {
            whole = Some(value);
        }
        if ["cert", "chain", "hash", "subject"].contains(&&*key) {
            if seen.contains(&key) {
                return Ok(None);
            }
            seen.push(key);
        }
    }
    let read = |text: Option<String>| text.map_or(Ok(Some(Vec::new())), |text| any(&text));
    let (Some(cert), Some(whole)) = (read(cert)?, read(whole)?) else {
        return Ok(None);
    };
    match (cert.is_empty(), whole.is_empty()) {
        (true, _) => Ok(Some(whole)),
        (false, true) => Ok((cert.len() == 1).then_some(cert)),
        (false, false) => Ok((cert.first() == whole.first()).then_some(whole)),
    }
}

/// The rest of a quoted string after its first quotation mark. Nothing may follow its last one.
fn unescaped(rest: &str) -> Option<String> {
    let mut inner = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(inner),
            '\\' => inner.push(chars.next()?),
            char => inner.push(char),
        }
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let is_form = text.contains("BEGIN+CERTIFICATE");
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        match (bytes[at], hex) {
            (b'%', Some(hex)) => {
                decoded.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
                at += 2;
            }
            (b'+', _) if is_form => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8(decoded).ok()
}

fn base64(text: &str) -> Result<Option<Vec<u8>>, Unclear> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    let mut bits = Vec::new();
    for byte in bare.bytes() {
        let Some(value) = ALPHABET.iter().position(|&other| other == byte) else {
            return Ok(None);
        };
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let left = bits.split_off(bits.len() / 8 * 8);
    let is_padded = text.len() & 3 == 0 && padding < 3;
    if left.len() > 5 || left.contains(&1) || !is_padded || bare.is_empty() {
        return Err(Unclear);
    }
    let bytes = bits
        .chunks(8)
        .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | *bit as u8));
    Ok(Some(bytes.collect()))
}

/// Accepts one `SEQUENCE` of less than 64 KiB, with nothing after it.
fn certificate(der: Vec<u8>) -> Option<Vec<u8>> {
    let (length, at) = match *der.get(1)? {
        short @ 0..=0x7f => (usize::from(short), 2),
        0x81 => (usize::from(*der.get(2)?), 3),
        0x82 => (
            usize::from(*der.get(2)?) * 256 + usize::from(*der.get(3)?),
            4,
        ),
        _ => return None,
    };
    (der[0] == 0x30 && der.len() == at + length).then_some(der)
}
