//! The example that follows a file, under real requests.

use std::{fs, process::Command, time::Duration};

use crate::support::{
    process::Process,
    wire::{Version, send_to},
    *,
};

async fn asked(address: std::net::SocketAddr) -> String {
    let fields = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
    ];
    send_to(
        address,
        Version::Http1,
        "GET",
        "http://api.example.com/",
        &fields,
    )
    .await
    .body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_follows_its_file_and_keeps_the_last_good_set() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("proxies.txt");
    fs::write(&list, "10.0.0.0/8\n").unwrap();
    let mut reload = Process::start(
        Command::new(example("reload"))
            .args(["--port", "0", "--every", "0.05", "--list"])
            .arg(&list),
    );
    let text = reload.wait_for("trusts [10.0.0.0/8, hops: Unlimited]\n");
    let address = text
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(asked(address).await, "127.0.0.1");

    fs::write(&list, "10.0.0.0/8\n127.0.0.1 # the balancer\n").unwrap();
    reload.wait_for("now [10.0.0.0/8, 127.0.0.1/32");
    assert_eq!(asked(address).await, "203.0.113.7");

    fs::write(&list, "<html>").unwrap();
    reload.wait_for("line 1: `<html>` is no trusted proxy");
    assert_eq!(asked(address).await, "203.0.113.7");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_trusts_the_addresses_of_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("proxies.txt");
    fs::write(&list, "10.0.0.0/8\n").unwrap();
    let mut reload = Process::start(
        Command::new(example("reload"))
            .args(["--port", "0", "--name", "localhost", "--list"])
            .arg(&list),
    );
    let text = reload.wait_for("trusts [");
    assert!(text.contains("127.0.0.1/32"), "{text}");
    let address = text
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(asked(address).await, "203.0.113.7");
    // It stays up.
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[test]
fn what_cannot_be_read_at_the_start_is_an_error() {
    let output = Command::new(example("reload"))
        .args(["--list", "/no/such/file"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("/no/such/file"),
        "{output:?}"
    );
    let output = Command::new(example("reload"))
        .args(["--every", "0", "--list", "x"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("--every 0"),
        "{output:?}"
    );
}
