//! Tests the example `reload`, which updates its trust set from lists, with real requests.

use std::{
    fs,
    io::{Read, Write},
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

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
    reload.wait_for("line 1: `<html>` is not a trusted proxy");
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
    // The program keeps running.
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
    for (arguments, text) in [
        (
            &["--list", "http://127.0.0.1:1/"][..],
            "http://127.0.0.1:1/",
        ),
        (
            &["--list", "x", "--aws", "A", "--azure", "B"],
            "cannot be used with",
        ),
        (&[], "--list"),
    ] {
        let output = Command::new(example("reload"))
            .args(arguments)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(text) && !output.status.success(), "{told}");
    }
    let output = Command::new(example("reload"))
        .args(["--every", "0", "--list", "x"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("--every 0"),
        "{output:?}"
    );
}

/// A server that answers each connection with the current bytes.
fn answers(bytes: &Arc<Mutex<String>>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let bytes = bytes.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(bytes.lock().unwrap().as_bytes());
        }
    });
    format!("http://{address}/list")
}

fn ok(length: usize, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_followed_and_half_a_list_an_empty_one_or_an_error_keeps_the_last() {
    let good = "127.0.0.1\n10.0.0.0/8\n";
    let bytes = Arc::new(Mutex::new(ok(good.len(), good)));
    let mut reload = Process::start(
        Command::new(example("reload"))
            .args(["--port", "0", "--every", "0.05", "--list"])
            .arg(answers(&bytes)),
    );
    let text = reload.wait_for("trusts [10.0.0.0/8, 127.0.0.1/32");
    let address = text
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap();
    let address = address.parse().unwrap();
    assert_eq!(asked(address).await, "203.0.113.7");
    for (answer, told) in [
        // The connection ends early, after a complete line.
        (ok(good.len(), "127.0.0.1\n"), "the last set stays"),
        (ok(0, ""), "the list contains no networks"),
        (ok(13, "# maintenance"), "the list contains no networks"),
        (ok(6, "<html>"), "line 1: `<html>`"),
        (
            "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "503",
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\n10.0.0.0/8\n".to_owned(),
            "how long it is",
        ),
        (ok(9, "127.0.0.9"), "now [127.0.0.9/32"),
    ] {
        *bytes.lock().unwrap() = answer.clone();
        reload.wait_for(told);
        let expected = match told.starts_with("now") {
            true => "127.0.0.1",
            false => "203.0.113.7",
        };
        assert_eq!(asked(address).await, expected, "{answer}");
        // Each answer is different, so each is reported once. Wait until the program has read it a few times.
        tokio::time::sleep(Duration::from_millis(200)).await;
        *bytes.lock().unwrap() = ok(good.len(), good);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let output = reload.output();
    for once in ["503", "line 1: `<html>`", "how long it is"] {
        assert_eq!(output.matches(once).count(), 1, "{once}: {output}");
    }
    assert!(output.contains("can be read again"), "{output}");
}

#[test]
fn the_lists_that_providers_publish_are_read_in_their_formats() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.json");
    for (arguments, text, told) in [
        (
            &["--aws", "CLOUDFRONT_ORIGIN_FACING"][..],
            r#"{"prefixes": [{"ip_prefix": "120.52.22.96/27", "region": "GLOBAL", "service": "CLOUDFRONT_ORIGIN_FACING"}], "ipv6_prefixes": []}"#,
            "120.52.22.96/27",
        ),
        (
            &["--azure", "AzureFrontDoor.Backend"],
            r#"{"values": [{"name": "AzureFrontDoor.Backend", "properties": {"addressPrefixes": ["4.150.241.128/25"]}}]}"#,
            "4.150.241.128/25",
        ),
        (
            &["--fastly"],
            r#"{"addresses": ["23.235.32.0/20"], "ipv6_addresses": []}"#,
            "23.235.32.0/20",
        ),
        (
            &["--google", "europe-west1"],
            r#"{"prefixes": [{"ipv4Prefix": "8.34.208.0/23", "service": "Google Cloud", "scope": "europe-west1"}]}"#,
            "8.34.208.0/23",
        ),
    ] {
        fs::write(&path, text).unwrap();
        let mut reload = Process::start(
            Command::new(example("reload"))
                .args(["--port", "0", "--list"])
                .arg(&path)
                .args(arguments),
        );
        reload.wait_for(&format!("trusts [{told}"));
    }
}
