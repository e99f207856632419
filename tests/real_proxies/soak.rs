//! Sends many requests through HAProxy and Envoy while many things happen at the same time. Clients are honest and
//! hostile. Connections are kept, opened again and cut off. Proxies restart, and the trust set is swapped ten times a
//! second. The test compares every response with the truth.
//!
//! ```text
//! SOAK_REQUESTS=5000000 cargo test --release -p tower-forwarded-checks --test checks -- --ignored --nocapture soak
//! ```

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::Request};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, net::TcpListener};
use tower_forwarded::{ForwardedLayer, Headers, Resolution, SwapProxies, TrustedProxies};

use super::{
    client::{Client, HOST},
    fixture::{Certificate, Kind, Proxy, Upstream},
};

const WORKERS: u8 = 12;

#[derive(Default)]
struct Counts {
    asked: AtomicU64,
    right: AtomicU64,
    wrong: AtomicU64,
    /// There was no response, and the connection did not end either.
    lost: AtomicU64,
    /// The connection ended, such as when a proxy restarts. The request was sent again.
    interrupted: AtomicU64,
    cut_off: AtomicU64,
    connections: AtomicU64,
}

/// An app whose response contains the client and the URI with the scheme.
async fn serve(layer: ForwardedLayer) -> SocketAddr {
    let app = Router::new()
        .fallback(|resolution: Resolution, request: Request| async move {
            let forged = request.headers().values().any(|value| {
                let value = value.as_bytes();
                value
                    .windows(6)
                    .any(|part| part == b"forged" || part == b"198.51")
            });
            let client = resolution.client().unwrap();
            format!("{client} {} forged: {forged}", request.uri())
        })
        .layer(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// Adds the headers of a hostile client to every second request.
fn forge(request: http::request::Builder, turn: u64) -> http::request::Builder {
    match turn % 8 {
        1 => request
            .header("x-forwarded-for", "198.51.100.66")
            .header("x-forwarded-proto", "http"),
        3 => request
            .header("x-forwarded-for", "198.51.100.66, 127.0.0.1")
            .header("x-forwarded-host", "forged.example"),
        5 => request
            .header(
                "forwarded",
                "for=198.51.100.66;host=forged.example;proto=http,for=\"",
            )
            .header("x_forwarded_for", "198.51.100.66"),
        7 => request
            .header("x-forwarded-for", "198.51.100.66, ".repeat(100))
            .header("x-envoy-external-address", "198.51.100.66"),
        _ => request,
    }
}

pub async fn connect(client: &Client, from: IpAddr, to: SocketAddr) -> Option<SendRequest<Body>> {
    let io = TokioIo::new(client.connect(from, to, "http/1.1").await.ok()?);
    let (sender, connection) = handshake(io).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

async fn work(worker: u8, client: Client, to: SocketAddr, wanted: u64, counts: Arc<Counts>) {
    let from = IpAddr::from([127, 0, 1, worker]);
    let mut sender = None;
    while counts.asked.fetch_add(1, Relaxed) < wanted {
        let turn = counts
            .asked
            .load(Relaxed)
            .wrapping_mul(31)
            .wrapping_add(u64::from(worker));
        if turn % 997 == 0 {
            // Send half a request, then close the connection.
            if let Ok(mut stream) = client.connect(from, to, "http/1.1").await {
                let _ = stream
                    .write_all(b"GET /cut HTTP/1.1\r\nhost: api.example.test\r\nx-forw")
                    .await;
            }
            counts.cut_off.fetch_add(1, Relaxed);
        }
        if turn % 211 == 0 {
            sender = None;
        }
        let expected = format!("{from} https://{HOST}/{worker}/{turn} forged: false");
        loop {
            let mut connection = match sender.take() {
                Some(sender) => sender,
                None => match connect(&client, from, to).await {
                    Some(sender) => {
                        counts.connections.fetch_add(1, Relaxed);
                        sender
                    }
                    None => {
                        counts.interrupted.fetch_add(1, Relaxed);
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue;
                    }
                },
            };
            let request = Request::get(format!("/{worker}/{turn}")).header("host", HOST);
            let request = forge(request, turn).body(Body::empty()).unwrap();
            let answer = async {
                let answer = connection.send_request(request).await.ok()?;
                let status = answer.status();
                let body = answer.into_body().collect().await.ok()?.to_bytes();
                Some((status, String::from_utf8_lossy(&body).into_owned()))
            };
            match tokio::time::timeout(Duration::from_secs(30), answer).await {
                Err(_) => {
                    counts.lost.fetch_add(1, Relaxed);
                    break;
                }
                Ok(None) => {
                    counts.interrupted.fetch_add(1, Relaxed);
                }
                Ok(Some((status, body))) => {
                    if body == expected {
                        counts.right.fetch_add(1, Relaxed);
                    } else {
                        counts.wrong.fetch_add(1, Relaxed);
                        eprintln!("{status} {body}\nexpected {expected}");
                    }
                    sender = Some(connection);
                    break;
                }
            }
        }
    }
}

/// The resident memory of this process in MiB. The process contains the app and its clients.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs haproxy and envoy: tests/run"]
async fn soak() {
    let wanted: u64 = std::env::var("SOAK_REQUESTS").map_or(20_000, |text| text.parse().unwrap());
    let certificate = Certificate::new();
    let trust = SwapProxies::new("127.0.0.1".parse().unwrap());
    // For a client on loopback, Envoy writes an address of the machine into X-Forwarded-For.
    let envoys = Headers::client_field("x-envoy-external-address").unwrap();
    let envoys = envoys.with_scheme_field("x-forwarded-proto").unwrap();
    let mut proxies = Vec::new();
    for (kind, headers) in [(Kind::Haproxy, Headers::HAPROXY), (Kind::Envoy, envoys)] {
        let app = serve(ForwardedLayer::new(trust.clone()).headers(headers)).await;
        proxies.push(Proxy::start(kind, &Upstream::Http1(app), &certificate));
    }
    let client = Client::new(certificate.der.clone());
    for proxy in &proxies {
        client
            .wait_for(IpAddr::from([127, 0, 0, 9]), proxy.address)
            .await;
    }
    let counts = Arc::new(Counts::default());
    let started = Instant::now();
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let to = proxies[usize::from(worker % 2)].address;
            tokio::spawn(work(worker, client.clone(), to, wanted, counts.clone()))
        })
        .collect();

    let ended = Arc::new(AtomicBool::new(false));
    let swapping = tokio::spawn({
        let (ended, trust) = (ended.clone(), trust.clone());
        async move {
            let few: TrustedProxies = "127.0.0.1".parse().unwrap();
            let networks =
                (0..1000_u32).map(|index| format!("10.{}.{}.0/25", index / 256, index % 256));
            let many: TrustedProxies = networks.collect::<Vec<_>>().join(",").parse().unwrap();
            let many = many.union(&few);
            let mut swaps = 0_u64;
            while !ended.load(Relaxed) {
                trust.store(if swaps.is_multiple_of(2) {
                    many.clone()
                } else {
                    few.clone()
                });
                swaps += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            swaps
        }
    });
    let restarting = std::thread::spawn({
        let (ended, counts) = (ended.clone(), counts.clone());
        move || {
            let (mut restarts, mut memory) = (0_usize, Vec::new());
            let mut last = Instant::now();
            while !ended.load(Relaxed) {
                std::thread::sleep(Duration::from_millis(200));
                // Start to measure after a twentieth of the requests, when the process has warmed up.
                if counts.asked.load(Relaxed) > wanted / 20 {
                    memory.push(resident());
                }
                if last.elapsed() > Duration::from_secs(if wanted > 100_000 { 10 } else { 1 }) {
                    let which = restarts % proxies.len();
                    proxies[which].restart();
                    restarts += 1;
                    last = Instant::now();
                }
            }
            (restarts, memory)
        }
    });
    for worker in workers {
        worker.await.unwrap();
    }
    ended.store(true, Relaxed);
    let swaps = swapping.await.unwrap();
    let (restarts, memory) = tokio::task::spawn_blocking(|| restarting.join().unwrap())
        .await
        .unwrap();
    let (first, last) = (
        memory.first().copied().unwrap_or_default(),
        memory.last().copied().unwrap_or_default(),
    );
    let peak = memory.iter().max().copied().unwrap_or_default();
    let of = |count: &AtomicU64| count.load(Relaxed);
    println!(
        "{} requests in {:.0} s: {} right, {} wrong, {} lost; {} connections, {} cut off, {} interrupted and asked \
         again; {swaps} swaps, {restarts} restarts; resident {first} MiB warm, {last} at the end, {peak} at most",
        wanted,
        started.elapsed().as_secs_f64(),
        of(&counts.right),
        of(&counts.wrong),
        of(&counts.lost),
        of(&counts.connections),
        of(&counts.cut_off),
        of(&counts.interrupted),
    );
    assert_eq!(
        (of(&counts.right), of(&counts.wrong), of(&counts.lost)),
        (wanted, 0, 0)
    );
    assert!(
        restarts > 0 && swaps > 1,
        "{restarts} restarts, {swaps} swaps"
    );
    assert!(
        last <= first + first / 4 + 8,
        "resident memory grew: {memory:?}"
    );
}
