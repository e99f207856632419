//! The example server as a new user meets it.

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
