//! Finds a request head in what people have at hand: `curl -v`, `tcpdump -A`, an echo server, or a
//! [dump](super::dump).

use http::{HeaderName, HeaderValue, Method, Request, Uri};

use crate::dump::{self, Dump};

/// A request, and who sent it if the text says it.
pub struct Captured {
    pub request: Request<()>,
    pub peer: Option<String>,
}

/// Reads the first request of `text`.
///
/// # Errors
///
/// A sentence that says what was looked for and where.
pub fn parse(text: &str) -> Result<Captured, String> {
    let has_request_line = text.lines().any(|line| request_line(line).is_some());
    let is_plain = text.lines().any(is_plain_field);
    // What stands below a command is its response.
    let is_command = text.contains("curl ") && text.contains("-H ");
    if !has_request_line && (is_command || !is_plain) {
        if let Some(dump) = dump::find(text) {
            return from_dump(dump);
        }
    }
    let mut request = from_lines(text)?;
    if !has_request_line {
        assume_host(&mut request, None);
    }
    // whoami writes it above the request: below the request line, it is a header.
    let before = text.lines().take_while(|line| request_line(line).is_none());
    let peer = before
        .filter(|_| has_request_line)
        .find_map(|line| line.trim().strip_prefix("RemoteAddr: "));
    Ok(Captured {
        request,
        peer: peer.map(str::to_owned),
    })
}

/// A line that is a field of a request as it stands: a name, a colon, and no quotes.
fn is_plain_field(line: &str) -> bool {
    let line = line.trim().trim_start_matches('>').trim_start();
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !name.is_empty()
    };
    line.split_once(": ").is_some_and(|(name, value)| {
        is_name(name) && !value.starts_with(['"', '\'', '{']) && !value.contains("map[")
    })
}

fn from_dump(dump: Dump) -> Result<Captured, String> {
    let mut request = Request::new(());
    if let Some(method) = dump.method.and_then(|method| method.parse().ok()) {
        *request.method_mut() = method;
    }
    // What stands there as the URL may be one that the program made of it: its path is enough.
    let target = dump.target.and_then(|target| target.parse::<Uri>().ok());
    if let Some(path) = target.as_ref().and_then(Uri::path_and_query) {
        *request.uri_mut() = path.clone().into();
    }
    let authority = target.as_ref().and_then(Uri::authority);
    let authority = authority.map(ToString::to_string);
    for (name, value) in dump.fields {
        if let (Ok(name), Ok(value)) = (
            name.parse::<HeaderName>(),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            append(&mut request, name, value)?;
        }
    }
    assume_host(&mut request, authority);
    Ok(Captured {
        request,
        peer: dump.peer,
    })
}

/// Adds a field; there is a bound to how many names a map can hold.
fn append(request: &mut Request<()>, name: HeaderName, value: HeaderValue) -> Result<(), String> {
    let full = request.headers_mut().try_append(name, value).is_err();
    if full {
        return Err("these are more headers than any server accepts".to_owned());
    }
    Ok(())
}

/// Programs leave the host out of what they print; a request has one.
fn assume_host(request: &mut Request<()>, authority: Option<String>) {
    let headers = request.headers();
    if headers.contains_key("host") || request.uri().authority().is_some() {
        return;
    }
    let told = ["x-forwarded-host", "x-original-host"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok());
    let host = authority
        .or_else(|| told.map(str::to_owned))
        .unwrap_or_else(|| "example.com".to_owned());
    if let Ok(value) = HeaderValue::from_str(&host) {
        eprintln!(
            "explain: the capture has no Host; it is taken to be {}",
            host.escape_debug()
        );
        request.headers_mut().insert("host", value);
    }
}

/// Reads a head as it was sent.
fn from_lines(text: &str) -> Result<Request<()>, String> {
    // `curl -v` marks what it sent with `>`; its other lines are about something else.
    let sent: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix('>'))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let all: Vec<&str> = text.lines().collect();
    let is_curl = sent.iter().any(|line| request_line(line).is_some());
    let lines = if is_curl { sent } else { all };

    let mut request = Request::new(());
    let fields =
        match lines.iter().enumerate().find_map(|(number, line)| {
            request_line(line).map(|(method, uri)| (number, method, uri))
        }) {
            Some((number, method, uri)) => {
                *request.method_mut() = method;
                *request.uri_mut() = uri;
                lines.get(number + 1..).unwrap_or_default()
            }
            // An echo server may show the fields alone.
            None => &lines[..],
        };
    let mut authority = None;
    let mut path = None;
    for line in fields {
        let line = line.trim();
        if line.is_empty() {
            if request.headers().is_empty() {
                continue;
            }
            break;
        }
        if let Some(pseudo) = line.strip_prefix(':') {
            match pseudo.split_once(": ") {
                Some(("authority", value)) => authority = Some(value.to_owned()),
                Some(("path", value)) => path = Some(value.to_owned()),
                _ => {}
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let (Ok(name), Ok(value)) = (
            name.trim().parse::<HeaderName>(),
            HeaderValue::from_bytes(value.trim().as_bytes()),
        ) else {
            continue;
        };
        append(&mut request, name, value)?;
    }
    if let Some(path) = path {
        *request.uri_mut() = path
            .parse()
            .map_err(|error| format!("the path `{}`: {error}", path.escape_debug()))?;
    }
    if let (Some(authority), false) = (authority, request.headers().contains_key("host")) {
        let value = HeaderValue::from_str(&authority)
            .map_err(|_| format!("`{}` is no authority", authority.escape_debug()))?;
        request.headers_mut().insert("host", value);
    }
    if request.headers().is_empty() {
        return Err(format!(
            "no request head in {} lines: looked for a line like `GET /users HTTP/1.1` and fields like \
             `X-Forwarded-For: 203.0.113.7` below it, as curl -v, tcpdump -A or an echo server show them; for \
             JSON with headers, a HAR, a map as Rust, Go, Python or Ruby print it; and for `HTTP_X_…` or \
             name=value lines",
            text.lines().count()
        ));
    }
    Ok(request)
}

/// `GET /users HTTP/1.1`, at the end of a line: tcpdump shows packet headers before it.
fn request_line(line: &str) -> Option<(Method, Uri)> {
    let mut words = line.trim_end().rsplitn(3, ' ');
    let version = words.next()?;
    if !version.starts_with("HTTP/") {
        return None;
    }
    let target = words.next()?.parse().ok()?;
    let before = words.next()?;
    // A header that ends like a request line is none.
    let is_name = |name: &str| name.parse::<HeaderName>().is_ok();
    if line
        .trim_start()
        .split_once(": ")
        .is_some_and(|(name, _)| is_name(name))
    {
        return None;
    }
    let method: String = before
        .chars()
        .rev()
        .take_while(char::is_ascii_uppercase)
        .collect();
    let method: String = method.chars().rev().collect();
    // Packet headers may end in a capital letter.
    let known = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE",
    ];
    let method = match known.iter().find(|known| method.ends_with(**known)) {
        Some(known) => known,
        None => method.as_str(),
    };
    Some((method.parse().ok()?, target))
}
