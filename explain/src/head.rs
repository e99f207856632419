//! Finds a request head in the output of `curl -v`, `tcpdump -A` or an echo server, or in a [dump](super::dump).

use http::{HeaderName, HeaderValue, Method, Request, Uri};

use crate::dump::{self, Dump};

/// A request, and its peer if the text says it.
pub struct Captured {
    pub request: Request<()>,
    pub peer: Option<String>,
}

/// Reads the first request of `text`.
///
/// # Errors
///
/// The error is a sentence that says what was looked for and where.
pub fn parse(text: &str) -> Result<Captured, String> {
    let has_request_line = text.lines().any(|line| request_line(line).is_some());
    let is_plain = text.lines().any(is_plain_field);
    // The lines below a command are its response.
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
    // whoami writes this line above the request. Below the request line it would be a header.
    let before = text.lines().take_while(|line| request_line(line).is_none());
    let peer = before
        .filter(|_| has_request_line)
        .find_map(|line| line.trim().strip_prefix("RemoteAddr: "));
    Ok(Captured {
        request,
        peer: peer.map(str::to_owned),
    })
}

/// Whether the line is a header line as in a request: a name, a colon and a value without quotes.
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
    // The program may have built this URL itself, so take only its path as the target.
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

/// Adds a header. It fails if the map is full.
fn append(request: &mut Request<()>, name: HeaderName, value: HeaderValue) -> Result<(), String> {
    let full = request.headers_mut().try_append(name, value).is_err();
    if full {
        return Err("the request has more headers than any server accepts".to_owned());
    }
    Ok(())
}

/// Adds a host if there is none. Every request has a host, but some programs do not print it.
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
            "explain: the capture has no Host header, so the host is assumed to be {}",
            host.escape_debug()
        );
        request.headers_mut().insert("host", value);
    }
}

/// Reads a request head that has the form in which it was sent.
fn from_lines(text: &str) -> Result<Request<()>, String> {
    // `curl -v` marks the lines that it sent with `>`. Its other lines are not part of the request.
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
            // Some echo servers show only the headers.
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
            .map_err(|_| format!("`{}` is not a valid authority", authority.escape_debug()))?;
        request.headers_mut().insert("host", value);
    }
    if request.headers().is_empty() {
        return Err(format!(
            "no request head in {} lines: expected a line like `GET /users HTTP/1.1` with headers like \
             `X-Forwarded-For: 203.0.113.7` below it, as curl -v, tcpdump -A or an echo server print them; JSON \
             with headers; a HAR file; a map as Rust, Go, Python or Ruby print it; or lines like `HTTP_X_…` or \
             name=value",
            text.lines().count()
        ));
    }
    Ok(request)
}

/// `GET /users HTTP/1.1` at the end of a line. In the output of tcpdump, packet headers come before it.
fn request_line(line: &str) -> Option<(Method, Uri)> {
    let mut words = line.trim_end().rsplitn(3, ' ');
    let version = words.next()?;
    if !version.starts_with("HTTP/") {
        return None;
    }
    let target = words.next()?.parse().ok()?;
    let before = words.next()?;
    // A header line can end like a request line, but it is not a request line.
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
    // Packet headers may end in a capital letter, directly in front of the method.
    let known = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE",
    ];
    let method = match known.iter().find(|known| method.ends_with(**known)) {
        Some(known) => known,
        None => method.as_str(),
    };
    Some((method.parse().ok()?, target))
}
