//! Tests the examples that users copy as a whole, with requests like those of the proxy in front of each example.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use crate::support::{process::Process, *};

/// The service's response to a load balancer that forwards a client's request. The client forged an address.
fn ask(mut stream: impl Read + Write) -> String {
    let head = "GET / HTTP/1.1\r\nhost: api.example.com\r\nx-forwarded-for: 198.51.100.66, 203.0.113.7\r\n\
        x-forwarded-proto: https\r\nforwarded: for=198.51.100.66\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn start(name: &str, arguments: &[&str]) -> (Process, TcpStream) {
    let mut process = Process::start(Command::new(example(name)).args(arguments));
    let text = process.wait_for("listening on http://");
    let address = text.trim().rsplit('/').next().unwrap().to_owned();
    (process, TcpStream::connect(address).unwrap())
}

#[test]
fn axum_sees_the_client() {
    let (_process, stream) = start("axum", &["127.0.0.1:0"]);
    assert_eq!(
        ask(stream),
        "203.0.113.7 requested https://api.example.com/\n"
    );
}

#[test]
fn hyper_sees_the_client() {
    let (_process, stream) = start("hyper", &["127.0.0.1:0"]);
    assert_eq!(
        ask(stream),
        "Some(203.0.113.7) requested https://api.example.com/\n"
    );
}

#[cfg(feature = "serde")]
#[test]
fn a_configuration_file_is_the_policy() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "[forwarded]\ntrust = [\"loopback\", \"10.0.0.0/8\"]\nheaders = \"aws-alb\"\n\
                allowed_hosts = [\"api.example.com\"]\n";
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().to_str().unwrap();
    let (_process, stream) = start("config", &[path, "127.0.0.1:0"]);
    assert_eq!(
        ask(stream),
        "203.0.113.7 requested https://api.example.com/\n"
    );
    // The error message contains the wrong text.
    std::fs::write(file.path(), text.replace("aws-alb", "aws-elb")).unwrap();
    let output = Command::new(example("config")).arg(path).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && error.contains("aws-elb"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn behind_a_unix_socket_axum_sees_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let mut process = Process::start(Command::new(example("unix_socket")).arg(&path));
    process.wait_for("listening on");
    let stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    assert_eq!(
        ask(stream),
        "203.0.113.7 requested https://api.example.com/\n"
    );
}
