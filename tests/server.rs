//! Tests the example server as a new user would use it.

use std::process::Command;

use crate::support::{process::Process, *};

#[test]
fn it_says_where_to_look_and_stops_at_ctrl_c() {
    let mut server = Process::start(Command::new(example("server")).args(FREE_PORTS));
    let text = server.wait_for("Ctrl-C stops it.");
    assert_eq!(text.matches("  curl -s").count(), 3, "{text}");
    assert!(text.contains("https://localhost:"), "{text}");
    let status = server.signal("INT");
    assert!(status.success(), "{status}");
    assert!(
        server.output().ends_with("Stopped.\n"),
        "{}",
        server.output()
    );
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for option in [
        "--https-port",
        "--with-port",
        "--without-port",
        "--http-port",
    ] {
        let arguments = FREE_PORTS.map(String::from);
        let mut arguments = arguments.to_vec();
        let at = arguments
            .iter()
            .position(|argument| argument == option)
            .unwrap();
        arguments[at + 1].clone_from(&port);
        let output = Command::new(example("server"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            error,
            format!("server: port {port} is taken: choose another with {option}\n")
        );
    }
}

#[test]
fn help_says_what_can_be_set_and_a_wrong_network_is_named() {
    let output = Command::new(example("server"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    for option in [
        "--https-port",
        "--with-port",
        "--without-port",
        "--http-port",
        "--trust",
    ] {
        assert!(help.contains(option), "{help}");
    }
    let output = Command::new(example("server"))
        .args(["--trust", "10.0.0.5/8"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("10.0.0.0/8"),
        "{output:?}"
    );
}

#[tokio::test]
async fn the_app_shows_what_a_client_wrote_as_it_is_and_answers_for_its_own_hosts() {
    use crate::support::wire::{Version, send_to};

    let mut server = Process::start(Command::new(example("server")).args(FREE_PORTS));
    let text = server.wait_for("Ctrl-C stops it.");
    let after = |mark: &str| {
        let word = text.split_once(mark).unwrap().1;
        word.split_whitespace().next().unwrap().to_owned()
    };
    let app = after("The app itself      http://");
    let app = app.trim_end_matches('/').parse().unwrap();
    let token = after("/why?token=");
    let ask = async |uri: &str, fields: &[(&str, &str)]| {
        send_to(app, Version::Http1, "GET", &format!("http://{uri}"), fields).await
    };
    // Placeholders are replaced only in the template, not in text from the request.
    let page = ask("localhost/", &[("x-note", "{{token}}{{sent}}")]).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("x-note: {{token}}{{sent}}"),
        "{}",
        page.body
    );
    assert!(page.body.len() < 20_000, "{}", page.body.len());
    // The response does not contain a host that is invalid or not the service's own.
    for (host, status) in [("evil.example", 421), ("a..b", 400)] {
        let answer = ask("localhost/users", &[]).await;
        assert_eq!(answer.field("location"), "http://localhost/users/");
        let answer = raw(
            app,
            &format!("GET /users HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"),
        );
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(!answer.contains(host), "{answer}");
    }
    // Anyone with the token can use /why, from any address.
    let why = format!("localhost/why?token={token}");
    assert_eq!(ask(&why, &[]).await.status, 200);
    for path in ["/why", "/why?token=", "/why?token=x", "/why?a=b&token=0"] {
        let answer = ask(&format!("localhost{path}"), &[]).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

/// The response to these bytes.
fn raw(to: std::net::SocketAddr, bytes: &str) -> String {
    use std::io::{Read, Write};

    let mut stream = std::net::TcpStream::connect(to).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
