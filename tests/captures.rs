//! Tests that the example `explain` reads requests in all supported forms, and the whole configuration.

use std::fs;

use crate::support::explain_program as program;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The last line that the program writes.
fn outcome(arguments: &[&str], input: &str) -> String {
    let output = program(arguments, input);
    assert_ne!(output.status.code(), Some(2), "{input}\n{output:?}");
    let text = text(&output.stdout);
    text.lines()
        .last()
        .unwrap()
        .trim_start_matches("outcome")
        .trim()
        .to_owned()
}

/// One request in all the forms in which people post requests.
#[test]
fn a_request_is_the_same_in_every_form() {
    let forms = [
        // An echo service.
        r#"{"args": {}, "headers": {"Host": "api.example.com", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}, "url": "http://x/users"}"#,
        // Lists of values, after the beginning of a log line.
        r#"2026-11-26 INFO seen {"request":{"remote_ip":"10.0.0.1","method":"GET","uri":"/users","headers":{"Host":["api.example.com"],"X-Forwarded-For":["203.0.113.7"],"X-Forwarded-Proto":["https"]}}}"#,
        // Pairs, as in ASGI and in this program's own cases.
        r#"[["host", "api.example.com"], ["x-forwarded-for", "203.0.113.7"], ["x-forwarded-proto", "https"]]"#,
        // HAR.
        r#"{"log": {"version": "1.2", "entries": [{"request": {"method": "GET", "url": "https://api.example.com/users",
            "headers": [{"name": "Host", "value": "api.example.com"}, {"name": "X-Forwarded-For", "value": "203.0.113.7"},
            {"name": "X-Forwarded-Proto", "value": "https"}]}, "response": {"headers": [{"name": "Host", "value": "wrong"}]}}]}}"#,
        // Rust.
        r#"headers: {"host": "api.example.com", "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}"#,
        // Go.
        "2026/11/26 DEBUG Headers: map[Accept:[*/*] Host:[api.example.com] X-Forwarded-For:[203.0.113.7] X-Forwarded-Proto:[https]]",
        // Python.
        "{'Host': 'api.example.com', 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https', 'Accept': None}",
        "'headers': [(b'host', b'api.example.com'), (b'x-forwarded-for', b'203.0.113.7'), (b'x-forwarded-proto', b'https')]",
        // Ruby.
        r#"{"HTTP_HOST"=>"api.example.com", "HTTP_X_FORWARDED_FOR"=>"203.0.113.7", "HTTP_X_FORWARDED_PROTO"=>"https", "REMOTE_ADDR"=>"10.0.0.1"}"#,
        // node, C#.
        "  host: 'api.example.com',\n  'x-forwarded-for': '203.0.113.7',\n  'x-forwarded-proto': 'https',\n  'host': 'api.example.com'",
        r#"["Host"]=["api.example.com"], ["X-Forwarded-For"]=["203.0.113.7"], ["X-Forwarded-Proto"]=["https"]"#,
        // CGI, as phpinfo and Tomcat show it.
        "HTTP_HOST | api.example.com\nHTTP_X_FORWARDED_FOR | 203.0.113.7\nHTTP_X_FORWARDED_PROTO | https\nREMOTE_ADDR | 10.0.0.1",
        "HTTP_HOST=api.example.com\nHTTP_X_FORWARDED_FOR=203.0.113.7\nHTTP_X_FORWARDED_PROTO=https\n",
        "[HTTP_HOST] => api.example.com\n[HTTP_X_FORWARDED_FOR] => 203.0.113.7\n[HTTP_X_FORWARDED_PROTO] => https\n",
        "    header=Host=api.example.com\n    header=X-Forwarded-For=203.0.113.7\n    header=X-Forwarded-Proto=https\n",
        // A log of nginx or HAProxy that writes names and values.
        r#"10.0.0.1 "GET / HTTP" host="api.example.com" x_forwarded_for="203.0.113.7" x_forwarded_proto=https rt=0.1"#,
        // The request as it was sent: after other lines with the peer, as whoami prints it, and indented in capitals.
        "Hostname: 4123d0073d4c\nIP: 172.21.0.2\nRemoteAddr: 10.0.0.1:60392\nGET / HTTP/1.1\nHost: api.example.com\nX-Forwarded-For: 203.0.113.7\nX-Forwarded-Proto: https\n",
        "      HOST: api.example.com\n      X-FORWARDED-FOR: 203.0.113.7\n      SEC-WEBSOCKET-EXTENSIONS:\n      X-FORWARDED-PROTO: https\n",
    ];
    for form in forms {
        let trust = ["--trust", "10.0.0.1/32"];
        let outcome = outcome(&trust, form);
        let (client, url) = outcome.split_once(" asked for ").unwrap();
        assert_eq!(client, "203.0.113.7", "{form}");
        assert!(url.starts_with("https://api.example.com/"), "{form}: {url}");
    }
}

#[test]
fn the_peer_of_a_capture_counts_where_none_is_named() {
    let dump = r#"{"REMOTE_ADDR": "192.168.50.44", "HTTP_X_FORWARDED_FOR": "203.0.113.7", "HTTP_HOST": "a.example"}"#;
    assert!(outcome(&["--trust", "192.168.50.44"], dump).starts_with("203.0.113.7 "));
    assert!(outcome(&["--trust", "10.0.0.0/8"], dump).starts_with("192.168.50.44 "));
    let named = ["--trust", "10.0.0.0/8", "--peer", "10.0.0.1"];
    assert!(outcome(&named, dump).starts_with("203.0.113.7 "));
    let nobody = ["--trust", "10.0.0.0/8", "--peer", "none"];
    assert!(outcome(&nobody, dump).starts_with("an unknown client "));
}

#[test]
fn what_is_hopeless_is_told_with_what_was_looked_for() {
    for input in [
        "hello\n",
        "",
        "{}",
        "[1, 2]",
        "map[]",
        "a=b\nc=d\n",
        "<html>",
    ] {
        let output = program(&["--trust", "*"], input);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{input}: {output:?}");
        for looked_for in ["`GET /users HTTP/1.1`", "curl -v", "JSON", "HAR", "Python"] {
            assert!(told.contains(looked_for), "{input}: {told}");
        }
    }
}

const HEAD: &str =
    "GET / HTTP/1.1\nHost: a.example\nX-IPs: 6.6.6.6, 203.0.113.7, 10.0.0.2\nX-Scheme: https\n";

#[test]
fn the_services_own_configuration_is_read_and_options_go_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let toml = folder.path().join("app.toml");
    fs::write(
        &toml,
        "name = 'shop'\n[server]\nport = 80\n[server.forwarded]\ntrust = ['10.0.0.0/8']\n\
         headers = { client = 'x-ips', list = true, scheme = 'x-scheme' }\n[other]\ntrust = '*'\n",
    )
    .unwrap();
    let toml = toml.to_str().unwrap();
    let ours = [
        "--config",
        toml,
        "--section",
        "server.forwarded",
        "--peer",
        "10.0.0.1",
    ];
    assert_eq!(
        outcome(&ours, HEAD),
        "203.0.113.7 asked for https://a.example/"
    );
    let before = [&ours[..], &["--trust", "10.0.0.1"]].concat();
    assert_eq!(
        outcome(&before, HEAD),
        "10.0.0.2 asked for https://a.example/"
    );
    let set = [
        "--trust",
        "10.0.0.0/8",
        "--peer",
        "10.0.0.1",
        "--set",
        "headers_client=x-ips",
        "--set",
        "headers_list=true",
        "--set",
        "headers_scheme=none",
        "--scheme",
        "https",
    ];
    assert_eq!(
        outcome(&set, HEAD),
        "203.0.113.7 asked for https://a.example/"
    );
    let json = folder.path().join("app.json");
    fs::write(
        &json,
        r#"{"count": 2, "headers": {"client": "x-ips", "list": true, "scheme": "x-scheme"}}"#,
    )
    .unwrap();
    let counted = ["--config", json.to_str().unwrap(), "--peer", "10.0.0.1"];
    assert_eq!(
        outcome(&counted, HEAD),
        "203.0.113.7 asked for https://a.example/"
    );

    for (arguments, told) in [
        (&["--config", "/no/such/file"][..], "/no/such/file"),
        (&["--config", toml, "--section", "nowhere"], "`nowhere`"),
        (&["--config", toml], "other, server.forwarded"),
        (&["--config", toml, "--section", "server"], "trust"),
        (
            &["--trust", "*", "--set", "headers_cleint=x"],
            "`headers_cleint`",
        ),
        (&["--trust", "*", "--set", "port"], "`port`"),
        (&["--trust", "*", "--count", "2"], "cannot be used with"),
        (&["--trust", "*", "--set", "require=x"], "require_env"),
    ] {
        let output = program(arguments, HEAD);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(
            text(&output.stderr).contains(told),
            "{arguments:?}: {output:?}"
        );
    }
}

#[test]
fn advice_as_data_has_a_kind_its_evidence_and_a_cure() {
    let head = "GET / HTTP/1.1\nHost: a.example\nX-Forwarded-For: 203.0.113.7\nX-Forwarded-Proto: http\n\
                Origin: https://a.example\n";
    let output = program(
        &["--trust", "10.0.0.0/8", "--peer", "10.0.0.1", "--json"],
        head,
    );
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let advice = &json["advice"][0];
    assert_eq!(advice["kind"], "https-lost");
    assert_eq!(advice["evidence"][0]["header"], "origin");
    assert_eq!(advice["evidence"][0]["value"], "https://a.example");
    let (cause, cure) = (
        advice["cause"].as_str().unwrap(),
        advice["cure"].as_str().unwrap(),
    );
    assert_eq!(advice["text"], format!("{cause}: {cure}."));
    assert!(cure.contains("use-forwarded-headers"), "{cure}");
}

#[test]
fn a_client_cannot_choose_what_the_program_reads() {
    let trust = ["--trust", "10.0.0.0/8", "--peer", "10.0.0.1"];
    for (input, expected) in [
        // A body that contains a line like those of curl.
        (
            "POST / HTTP/1.1\nHost: a.example\nX-Forwarded-For: 203.0.113.66\nX-Forwarded-Proto: https\n\n> X-Forwarded-For: 6.6.6.6\n",
            "203.0.113.66 asked for https://a.example/",
        ),
        // A header line that ends like a request line.
        (
            "X-Forwarded-For: 203.0.113.66\nX-Forwarded-Proto: https\nHost: a.example\nUser-Agent: GET / HTTP/1.1\n",
            "203.0.113.66 asked for https://a.example/",
        ),
        // Brackets inside the brackets of Go.
        (
            "map[Host:[a.example] X-Forwarded-For:[[2001:db8::6], 203.0.113.66] X-Forwarded-Proto:[https]]",
            "203.0.113.66 asked for https://a.example/",
        ),
        // A quotation mark that was escaped in the log.
        (
            r#"host="a.example" x_forwarded_for="203.0.113.66" x_forwarded_proto="https" agent="\" x_forwarded_for=6.6.6.6""#,
            "203.0.113.66 asked for https://a.example/",
        ),
    ] {
        assert_eq!(outcome(&trust, input), expected, "{input}");
    }
    // A header does not set the peer.
    for input in [
        r#"{"headers": {"Host": "a.example", "Remote-Addr": "10.0.0.1", "Client": "10.0.0.1", "X-Forwarded-For": "6.6.6.6"}}"#,
        "GET / HTTP/1.1\nHost: a.example\nRemoteAddr: 10.0.0.1\nRemote-Addr: 10.0.0.1\nX-Forwarded-For: 6.6.6.6\n",
    ] {
        let told = outcome(&["--trust", "none", "--scheme", "http"], input);
        assert!(told.starts_with("an unknown client "), "{told}");
    }
}

#[test]
fn hostile_input_is_answered_without_a_panic() {
    // Each of these inputs once made the program panic or take tens of seconds.
    let names: String = (0..30_000).map(|name| format!("x-{name}: a\n")).collect();
    let curl = "curl ".to_owned() + &"--header a:b ".repeat(80_000);
    let objects = format!("[{}]", vec!["{\"a\": {\"b\": \"c\"}}"; 20_000].join(","));
    let nested = "{\"a\":".repeat(120) + &"1".repeat(1 << 20) + &"}".repeat(120);
    for input in [
        &names,
        &curl,
        &objects,
        &nested,
        &"\"".repeat(1 << 20),
        &"[".repeat(1 << 20),
    ] {
        let output = program(&["--trust", "*", "--peer", "10.0.0.1"], input);
        assert!(matches!(output.status.code(), Some(0..=2)), "{output:?}");
    }
    let output = program(&["--trust", "*"], ":path: \u{1b}[31m x\nhost: a.example\n");
    assert!(!output.stderr.contains(&0x1b), "{output:?}");
}
