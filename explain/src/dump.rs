//! Finds headers in the output of programs: JSON, HAR, maps as Rust, Go, Python, Ruby and others print them, CGI
//! variables, and lines of `name=value`.

use serde_json::Value;

/// The parts of a request that were found in a dump.
#[derive(Debug, Default)]
pub struct Dump {
    /// Whether some of the fields are typical for a request.
    telling: bool,
    pub method: Option<String>,
    pub target: Option<String>,
    pub fields: Vec<(String, String)>,
    /// The peer, if the dump says it.
    pub peer: Option<String>,
}

impl Dump {
    /// Adds a field. Some CGI variables set the peer, the method or the target instead.
    fn add(&mut self, name: &str, value: &str) {
        let name = name.trim();
        // A client cannot set these: they are CGI variables, and in CGI the name of a header starts with `HTTP_`.
        match name {
            "REMOTE_ADDR" => {
                self.peer.get_or_insert_with(|| value.trim().to_owned());
                return;
            }
            "REQUEST_METHOD" => {
                self.method.get_or_insert_with(|| value.trim().to_owned());
                return;
            }
            "REQUEST_URI" => {
                self.target.get_or_insert_with(|| value.trim().to_owned());
                return;
            }
            _ => {}
        }
        // CGI (RFC 3875, section 4.1.18) writes names in capitals with underscores.
        let name = match name.strip_prefix("HTTP_") {
            Some(rest) => rest.replace('_', "-"),
            None => name.to_owned(),
        };
        if name.parse::<http::HeaderName>().is_ok() {
            let name = name.to_ascii_lowercase();
            self.telling |= is_telling(&name);
            self.fields.push((name, value.trim().to_owned()));
        }
    }

    /// Whether the fields look like those of a request.
    const fn is_a_request(&self) -> bool {
        self.telling
    }
}

fn is_telling(name: &str) -> bool {
    const TELLING: [&str; 8] = [
        "host",
        "forwarded",
        "user-agent",
        "accept",
        "origin",
        "referer",
        "via",
        "cookie",
    ];
    name.starts_with("x-forwarded")
        || name.starts_with("x-real-ip")
        || name.starts_with("cf-")
        || TELLING.contains(&name)
}

/// Finds the fields in a dump of any known form.
pub fn find(text: &str) -> Option<Dump> {
    if let Some(dump) = whole_json(text) {
        return Some(dump);
    }
    // People post the request first. After it comes what their programs did with it.
    const LOOKED_AT: usize = 64 << 10;
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    [curl, json, quoted, go_map, pairs]
        .into_iter()
        .filter_map(|read| read(text))
        .find(Dump::is_a_request)
}

/// A command: `curl -H 'X-Forwarded-For: 203.0.113.7' http://127.0.0.1:8080/users`.
fn curl(text: &str) -> Option<Dump> {
    if !text.contains("curl") {
        return None;
    }
    let mut dump = Dump::default();
    let mut rest = text;
    while let Some(at) = rest.find("-H ").map(|at| (at, 3)).or_else(|| {
        // This looks for one spelling after the other, because a command uses only one of them.
        rest.find("--header ").map(|at| (at, 9))
    }) {
        let (before, after) = (&rest[..at.0], &rest[at.0 + at.1..]);
        target(before, &mut dump);
        let after = after.trim_start();
        let Some(quote) = after.chars().next() else {
            break;
        };
        let (field, more) = match quote {
            '"' | '\'' => after[1..].split_once(quote)?,
            _ => after.split_once(' ').unwrap_or((after, "")),
        };
        if let Some((name, value)) = field.split_once(':') {
            dump.add(name, value);
        }
        rest = more;
    }
    target(rest, &mut dump);
    (!dump.fields.is_empty()).then_some(dump)
}

/// Takes the URL out of a part of a command.
fn target(part: &str, dump: &mut Dump) {
    let words = part.split_whitespace().map(unquoted);
    let url = words.into_iter().find(|word| {
        word.contains("://") || word.starts_with("127.0.0.1") || word.starts_with("localhost")
    });
    if let Some(url) = url {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        dump.target
            .get_or_insert_with(|| format!("{scheme}://{rest}"));
    }
}

/// A text that is JSON as a whole. Its length is not limited, because HAR files are long.
fn whole_json(text: &str) -> Option<Dump> {
    let value = serde_json::from_str(text).ok()?;
    let mut dump = Dump::default();
    gather(&value, &mut dump);
    dump.is_a_request().then_some(dump)
}

/// A JSON value anywhere in the text, such as the response of an echo service or a part of a log line.
fn json(text: &str) -> Option<Dump> {
    let starts = text.match_indices(['{', '[']).map(|(at, _)| at);
    // A log has many brackets. The first complete value that holds headers counts.
    starts.take(200).find_map(|at| {
        let mut values = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
        let value = values.next()?.ok()?;
        let mut dump = Dump::default();
        gather(&value, &mut dump);
        dump.is_a_request().then_some(dump)
    })
}

/// Takes the headers out of a value, and the method, target and peer next to them.
fn gather(value: &Value, dump: &mut Dump) {
    match value {
        Value::Object(object) => {
            // HAR: takes the first request of the log.
            if let Some(first) = value.pointer("/log/entries/0/request") {
                return gather(first, dump);
            }
            let headers = object.iter().find(|(key, _)| {
                matches!(
                    key.to_ascii_lowercase().as_str(),
                    "headers" | "header" | "multivalueheaders"
                )
            });
            for (name, value) in object {
                match value {
                    Value::String(text) if headers.is_none() => dump.add(name, text),
                    Value::Array(lines)
                        if headers.is_none() && lines.iter().all(Value::is_string) =>
                    {
                        for line in lines.iter().filter_map(Value::as_str) {
                            dump.add(name, line);
                        }
                    }
                    Value::String(text) => beside(name, text, dump),
                    _ => {}
                }
            }
            match headers {
                Some((_, headers)) => {
                    gather(headers, dump);
                    // Lambda and API Gateway.
                    let source = [
                        "/requestContext/identity/sourceIp",
                        "/requestContext/http/sourceIp",
                    ];
                    if let Some(peer) = source.iter().find_map(|at| value.pointer(at)?.as_str()) {
                        dump.peer.get_or_insert_with(|| peer.to_owned());
                    }
                }
                None if !dump.is_a_request() => {
                    for inner in object.values() {
                        if !dump.is_a_request() {
                            gather(inner, dump);
                        }
                    }
                }
                None => {}
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Array(pair) => {
                        if let [Value::String(name), Value::String(value)] = pair.as_slice() {
                            dump.add(name, value);
                        }
                    }
                    Value::Object(object) => {
                        let text = |keys: [&str; 2]| {
                            keys.iter().find_map(|key| object.get(*key)?.as_str())
                        };
                        match (text(["name", "key"]), text(["value", "values"])) {
                            (Some(name), Some(value)) => dump.add(name, value),
                            _ if !dump.is_a_request() => gather(item, dump),
                            _ => {}
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Takes the method, the target or the peer from a key next to the object of headers.
fn beside(name: &str, text: &str, dump: &mut Dump) {
    match name.to_ascii_lowercase().as_str() {
        "method" | "httpmethod" => dump.method = Some(text.to_owned()),
        "url" | "uri" | "path" | "rawpath" | "requesturi" => {
            dump.target.get_or_insert_with(|| text.to_owned());
        }
        "remote_ip" | "remoteaddr" | "remoteaddress" | "remote_addr" => {
            dump.peer = Some(text.to_owned());
        }
        _ => {}
    }
}

/// Maps with quoted names: a `HeaderMap` that Rust printed with `{:?}`, dicts of Python, hashes of Ruby, tuples of
/// bytes as in ASGI, `["name"]=["value"]` of C#.
fn quoted(text: &str) -> Option<Dump> {
    let mut dump = Dump::default();
    let tokens = tokens(text);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let Token::Text(name) = token else {
            at += 1;
            continue;
        };
        let mut next = at + 1;
        let mut between = String::new();
        while let Some(Token::Mark(mark)) = tokens.get(next) {
            between.push(*mark);
            next += 1;
        }
        let is_tuple =
            between == "," && at > 0 && matches!(tokens.get(at - 1), Some(Token::Mark('(' | '[')));
        let is_pair = matches!(
            &*between,
            ":" | "=>" | "=" | ":[" | "=>[" | "]=[" | "]=" | ":("
        );
        match tokens.get(next) {
            Some(Token::Text(value)) if is_pair || is_tuple => {
                dump.add(name, value);
                at = next + 1;
                // More values of the same name.
                while between.ends_with('[') {
                    match (tokens.get(at), tokens.get(at + 1)) {
                        (Some(Token::Mark(',')), Some(Token::Text(more))) => {
                            dump.add(name, more);
                            at += 2;
                        }
                        _ => break,
                    }
                }
            }
            _ => at += 1,
        }
    }
    (!dump.fields.is_empty()).then_some(dump)
}

enum Token {
    /// The text between quotes.
    Text(String),
    Mark(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(char) = chars.next() {
        match char {
            // An apostrophe inside a word does not open a quoted text.
            '\'' if before.is_alphanumeric() && before != 'b' => {}
            '"' | '\'' => {
                let mut inside = String::new();
                while let Some(next) = chars.next() {
                    match next {
                        '\\' => inside.extend(chars.next()),
                        next if next == char => break,
                        next => inside.push(next),
                    }
                }
                tokens.push(Token::Text(inside));
            }
            char if char.is_whitespace() => {}
            char if char.is_alphanumeric() => {}
            char => tokens.push(Token::Mark(char)),
        }
        before = char;
    }
    tokens
}

/// `map[Accept:[*/*] X-Forwarded-For:[203.0.113.7]]`: Go's `http.Header`.
fn go_map(text: &str) -> Option<Dump> {
    let (_, mut rest) = text.split_once("map[")?;
    let mut dump = Dump::default();
    while let Some((name, after)) = rest.split_once(":[") {
        // A value may contain an IPv6 address in brackets.
        let mut depth = 1;
        let end = after.find(|char| {
            depth += match char {
                '[' => 1,
                ']' => -1,
                _ => 0,
            };
            depth == 0
        })?;
        let name = name
            .rsplit([' ', '[', ']', '\n'])
            .next()
            .unwrap_or_default();
        dump.add(name, &after[..end]);
        rest = &after[end + 1..];
    }
    Some(dump)
}

/// `NAME=value`, `NAME | value`, `header=NAME=value`, `NAME: value`; one or more in a line.
fn pairs(text: &str) -> Option<Dump> {
    let mut dump = Dump::default();
    for line in text.lines() {
        let line = line.trim().trim_end_matches(',');
        let line = line.strip_prefix("header=").unwrap_or(line);
        let whole = [" | ", "\t", " => ", "=", ": "]
            .iter()
            .filter_map(|separator| line.split_once(separator))
            .map(|(name, value)| (name.trim().trim_matches(['[', ']', '"', '\'']), value))
            .find(|(name, _)| is_header_like(name));
        match whole {
            // A line with more than one `=` is probably a log line, which the other arm reads.
            Some((name, value)) if !value.contains('=') || name.starts_with("HTTP_") => {
                dump.add(name, unquoted(value));
            }
            _ => {
                // Logs write the names of their variables with underscores.
                for (name, value) in log_fields(line) {
                    dump.add(&name.replace('_', "-"), value);
                }
            }
        }
    }
    (!dump.fields.is_empty()).then_some(dump)
}

/// `name=value` and `name="a value"` in a log line.
fn log_fields(line: &str) -> Vec<(&str, &str)> {
    let mut fields = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before
            .rsplit([' ', '\t', '"', ',', ';', '[', '{'])
            .next()
            .unwrap_or_default();
        let (value, more) = match after.strip_prefix('"') {
            // A log escapes the quotation marks that a client wrote, so an escaped one does not end the value.
            Some(inside) => {
                let mut escaped = false;
                let end = inside.find(|char| {
                    let ends = char == '"' && !escaped;
                    escaped = char == '\\' && !escaped;
                    ends
                });
                match end {
                    Some(end) => (&inside[..end], &inside[end + 1..]),
                    None => (inside, ""),
                }
            }
            None => after.split_once([' ', '\t']).unwrap_or((after, "")),
        };
        if is_header_like(name) {
            fields.push((name, value));
        }
        rest = more;
    }
    fields
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

/// Whether a word is probably the name of a header or of a CGI variable.
fn is_header_like(name: &str) -> bool {
    let lower = name.to_ascii_lowercase().replace('_', "-");
    let known = [
        "host",
        "forwarded",
        "origin",
        "referer",
        "via",
        "accept",
        "method",
    ];
    !name.contains(' ')
        && (name.starts_with("HTTP_")
            || lower.starts_with("x-")
            || lower.starts_with("cf-")
            || lower.starts_with("remote-addr")
            || lower.starts_with("request-")
            || lower.starts_with("sec-fetch")
            || lower.ends_with("-forwarded-for")
            || known.contains(&lower.as_str()))
}
