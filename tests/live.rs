//! Tests `explain --listen`, which replaces the app and shows each request that a load balancer sends.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use crate::support::{example, process::Process};

/// Starts the program, and returns it with the address that it listens on.
fn start(arguments: &[&str], listen: &str) -> (Process, String) {
    let mut command = Command::new(example("explain"));
    let mut process = Process::start(command.args(arguments).args(["--listen", listen]));
    let text = process.wait_for("explain: listening on ");
    let (_, address) = text.split_once("listening on ").unwrap();
    let (address, _) = address.split_once(';').unwrap();
    (process, address.to_owned())
}

/// The response to a request, as text.
fn ask(mut stream: impl Read + Write, line: &str, headers: &[&str]) -> String {
    let head = format!(
        "{line} HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\n{}\r\n\r\n",
        headers.join("\r\n")
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap()
}

/// The headers that a load balancer sends for a request with a forged address.
const FORWARDED: [&str; 2] = [
    "x-forwarded-for: 198.51.100.66, 203.0.113.7",
    "x-forwarded-proto: https",
];

#[test]
fn each_request_is_shown_on_the_terminal_and_to_the_browser_that_sent_it() {
    let (mut program, address) = start(
        &["--trust", "127.0.0.1", "--headers", "aws-alb"],
        "127.0.0.1:0",
    );
    let outcome = "203.0.113.7 asked for https://api.example.com/users?a=b";
    let browser = [&FORWARDED[..], &["accept: text/html"]].concat();
    let page = ask(connect(&address), "GET /users?a=b", &browser);
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("<!doctype html>"), "{page}");
    assert!(
        page.contains(&format!("<p class=\"good\">{outcome}.</p>")),
        "{page}"
    );
    let text = ask(connect(&address), "GET /users?a=b", &FORWARDED);
    assert!(text.contains(&format!("outcome   {outcome}\n")), "{text}");
    // The program shows requests with any method and any path.
    ask(connect(&address), "DELETE /deep/er", &FORWARDED);
    let terminal = program.wait_for("DELETE /deep/er HTTP/1.1\n203.0.113.7 asked for ");
    let shown = format!("GET /users?a=b HTTP/1.1\n{outcome}.\n\npeer      127.0.0.1:");
    assert_eq!(terminal.matches(&shown).count(), 2, "{terminal}");
}

#[test]
fn a_peer_that_is_not_trusted_is_told_and_nobody_sees_what_others_sent() {
    let (program, address) = start(&["--trust", "10.0.0.0/8"], "127.0.0.1:0");
    let secret = [&FORWARDED[..], &["x-forwarded-host: secret.example"]].concat();
    let first = ask(connect(&address), "GET /", &secret);
    assert!(
        first.contains("The peer 127.0.0.1 is not trusted"),
        "{first}"
    );
    let other = ask(connect(&address), "GET /", &["accept: application/json"]);
    assert!(other.contains("\"advice\""), "{other}");
    assert!(!other.contains("secret.example"), "{other}");
    // The program shows no credentials.
    let cookie = ["cookie: session=abcdef", "authorization: Bearer abcdef"];
    let page = ask(connect(&address), "GET /", &cookie);
    assert!(!page.contains("abcdef"), "{page}");
    assert!(!program.output().contains("abcdef"));
}

#[test]
fn what_a_client_writes_is_text_on_both_screens() {
    let (mut program, address) = start(&["--trust", "127.0.0.1"], "127.0.0.1:0");
    let forged = [
        "accept: text/html",
        "x-forwarded-for: <script>alert(1)</script>",
        "x-forwarded-proto: {{came}}",
        "x-forwarded-host: \u{9b}31m\u{202e}",
    ];
    let page = ask(connect(&address), "GET /'{{steps}}", &forged);
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(
        !page.contains("<script>") && !page.contains("<b>"),
        "{page}"
    );
    assert_eq!(page.matches("id=\"steps\"").count(), 1, "{page}");
    let terminal = program.wait_for("outcome ");
    let is_odd = |char: char| char.is_control() && char != '\n' || char == '\u{202e}';
    assert!(!terminal.contains(is_odd), "{terminal:?}");
}

#[cfg(unix)]
#[test]
fn a_terminal_that_stands_still_stops_no_response() {
    use std::{io::BufRead, process::Stdio};

    let mut program = Command::new(example("explain"))
        .args(["--trust", "127.0.0.1", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut errors = std::io::BufReader::new(program.stderr.take().unwrap());
    errors.read_line(&mut line).unwrap();
    let (_, address) = line.split_once("listening on ").unwrap();
    let address = address.split(';').next().unwrap();
    // Nobody reads the pipe, which holds 64 KiB.
    let long = format!("GET /{}", "a".repeat(1500));
    for _ in 0..100 {
        let text = ask(connect(address), &long, &FORWARDED);
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    }
    program.kill().unwrap();
    program.wait().unwrap();
}

#[test]
fn no_user_name_and_no_password_is_shown() {
    let (mut program, address) = start(&["--trust", "127.0.0.1"], "127.0.0.1:0");
    let forged = [
        "accept: text/html",
        "x-forwarded-host: b:SECRET@evil.example",
    ];
    for line in ["GET http://a:SECRET@api.example.com/y", "GET /x"] {
        let page = ask(connect(&address), line, &forged);
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(!page.contains("SECRET"), "{page}");
        assert!(page.contains("***@evil.example"), "{page}");
    }
    let terminal = program.wait_for("GET /x HTTP/1.1\n");
    assert!(!terminal.contains("SECRET"), "{terminal}");
}

#[test]
fn as_json_each_request_is_one_line() {
    let (mut program, address) = start(&["--trust", "127.0.0.1", "--json"], "127.0.0.1:0");
    ask(connect(&address), "GET /one", &FORWARDED);
    ask(connect(&address), "GET /two", &FORWARDED);
    let text = program.wait_for("/two");
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[1].to_string().contains("https://api.example.com/two"));
}

#[cfg(unix)]
#[test]
fn it_listens_on_a_unix_socket_and_takes_over_one_that_nobody_listens_on() {
    use std::os::unix::net::{UnixListener, UnixStream};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    drop(UnixListener::bind(&path).unwrap());
    let listen = format!("unix:{}", path.display());
    let (_program, address) = start(&["--trust", "unix", "--headers", "nginx"], &listen);
    assert_eq!(address, listen);
    let text = ask(UnixStream::connect(&path).unwrap(), "GET /", &FORWARDED);
    assert!(
        text.contains("203.0.113.7 asked for https://api.example.com/"),
        "{text}"
    );
    // The program removes no file that is not a socket.
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "notes").unwrap();
    let output = Command::new(example("explain"))
        .args(["--trust", "unix", "--listen"])
        .arg(format!("unix:{}", file.display()))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "notes");
    // The program does not replace a socket on which another process listens.
    let second = Command::new(example("explain"))
        .args(["--trust", "unix", "--listen", &listen])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        second.status.code() == Some(2) && error.contains(&listen),
        "{error}"
    );
}

#[test]
fn a_mistake_is_told_before_anything_listens() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, expected) in [
        (&["--listen", "127.0.0.1:0"][..], "no proxies are named"),
        (
            &["--trust", "10.0.0.5/8", "--listen", "127.0.0.1:0"],
            "trust: `10.0.0.5/8`",
        ),
        (
            &["--trust", "*", "--listen", "3000"],
            "an address and a port",
        ),
        (
            &["--trust", "*", "--listen", "unix:"],
            "an address and a port",
        ),
        (&["--trust", "*", "--listen", &taken], &taken),
        (
            &["--trust", "*", "--listen", "127.0.0.1:0", "request.txt"],
            "cannot be used with",
        ),
        (
            &[
                "--trust",
                "*",
                "--listen",
                "127.0.0.1:0",
                "--peer",
                "10.0.0.1",
            ],
            "cannot be used with",
        ),
    ] {
        let output = Command::new(example("explain"))
            .args(arguments)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}
