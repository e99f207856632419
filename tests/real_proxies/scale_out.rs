//! Three replicas of the app behind HAProxy and behind Envoy. While clients send requests, the replicas restart one after
//! the other, and the trust set changes on one replica after the other. Every answer must be right by one of the two
//! sets, and none may be lost. The clients repeat nothing.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use http_body_util::BodyExt;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::sleep};
use tower_forwarded::{ForwardedLayer, Headers, Resolution, SwapProxies, TrustedProxies};

use super::{
    client::{Client, HOST},
    fixture::{Certificate, Kind, Own, Program, Proxy, Upstream},
    soak::connect,
};

/// The client itself is a proxy: it sends requests of this address.
const ITS_CLIENT: &str = "203.0.113.7";
const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9));

const WORKERS: u64 = 6;

/// With the first set, only the load balancer is trusted. With the second, its client is trusted too.
fn sets() -> [TrustedProxies; 2] {
    ["127.0.0.1", "127.0.0.1, 127.0.0.9"].map(|set| set.parse().unwrap())
}

/// One replica of the app.
struct Replica {
    address: SocketAddr,
    headers: Headers,
    trust: SwapProxies,
    served: Arc<AtomicU64>,
    is_draining: Arc<AtomicBool>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Replica {
    async fn start(address: SocketAddr, headers: Headers, set: TrustedProxies) -> Self {
        let (trust, is_draining) = (SwapProxies::new(set), Arc::new(AtomicBool::new(false)));
        let (health, last) = (is_draining.clone(), is_draining.clone());
        let health = move || async move {
            match health.load(Relaxed) {
                false => StatusCode::OK,
                true => StatusCode::SERVICE_UNAVAILABLE,
            }
        };
        let served = Arc::new(AtomicU64::new(0));
        let count = served.clone();
        let whose = move |resolution: Resolution, request: Request| async move {
            count.fetch_add(1, Relaxed);
            // A slow request, so that some are under way when a replica stops.
            if request.uri().path().ends_with('7') {
                sleep(Duration::from_millis(50)).await;
            }
            format!("{} {}", resolution.client().unwrap(), request.uri())
        };
        let app = Router::new()
            .route("/healthz", get(health))
            .fallback(whose)
            .layer(axum::middleware::map_response(
                move |mut response: Response| {
                    let last = last.load(Relaxed);
                    async move {
                        if last {
                            let close = HeaderValue::from_static("close");
                            response.headers_mut().insert(header::CONNECTION, close);
                        }
                        response
                    }
                },
            ))
            .layer(ForwardedLayer::new(trust.clone()).headers(headers.clone()));
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let app = app.into_make_service_with_connect_info::<SocketAddr>();
            let server = axum::serve(listener, app).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
            server.await.unwrap();
        });
        Self {
            address,
            headers,
            trust,
            served,
            is_draining,
            stop,
            server,
        }
    }

    /// Takes the replica out of the rotation, stops it, and starts it again with another set.
    async fn restart(self, set: TrustedProxies) -> Self {
        self.is_draining.store(true, Relaxed);
        sleep(Duration::from_secs(2)).await;
        self.stop.send(()).unwrap();
        self.server.await.unwrap();
        let replica = Self::start(self.address, self.headers, set).await;
        // Until the load balancer has checked it.
        sleep(Duration::from_millis(1500)).await;
        replica
    }
}

#[derive(Debug, Default)]
struct Counts {
    /// By the first set, and by the second.
    right: [AtomicU64; 2],
    wrong: AtomicU64,
    lost: AtomicU64,
}

impl Counts {
    fn of_set(&self, set: usize) -> u64 {
        self.right[set].load(Relaxed)
    }
}

async fn work(
    worker: u64,
    client: Client,
    to: SocketAddr,
    ended: Arc<AtomicBool>,
    counts: Arc<Counts>,
) {
    let mut sender = connect(&client, CLIENT, to).await.unwrap();
    let mut turn = worker;
    while !ended.load(Relaxed) {
        turn += WORKERS;
        if turn.is_multiple_of(101) {
            sender = connect(&client, CLIENT, to).await.unwrap();
        }
        let request = Request::get(format!("/{turn}")).header("host", HOST);
        let request = request
            .header("x-forwarded-for", ITS_CLIENT)
            .body(Body::empty());
        let answer = async {
            let answer = sender.send_request(request.unwrap()).await.ok()?;
            let body = answer.into_body().collect().await.ok()?.to_bytes();
            Some(String::from_utf8_lossy(&body).into_owned())
        };
        let expected = [CLIENT.to_string(), ITS_CLIENT.to_owned()]
            .map(|client| format!("{client} https://{HOST}/{turn}"));
        let Ok(Some(body)) = tokio::time::timeout(Duration::from_secs(30), answer).await else {
            counts.lost.fetch_add(1, Relaxed);
            sender = connect(&client, CLIENT, to).await.unwrap();
            continue;
        };
        match expected.iter().position(|expected| *expected == body) {
            Some(set) => counts.right[set].fetch_add(1, Relaxed),
            None => {
                eprintln!("{body}\nexpected one of {expected:?}");
                counts.wrong.fetch_add(1, Relaxed)
            }
        };
    }
}

async fn run(own: &'static Own, headers: Headers) {
    let [one, other] = sets();
    let mut replicas = Vec::new();
    for _ in 0..3 {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        replicas.push(Replica::start(free, headers.clone(), one.clone()).await);
    }
    let addresses = [0, 1, 2].map(|index: usize| replicas[index].address);
    let ports = addresses.map(|address| address.port().to_string());
    let marks: Vec<_> = ["@PORT_OF_1@", "@PORT_OF_2@", "@PORT_OF_3@"]
        .into_iter()
        .zip(ports.iter().map(String::as_str))
        .collect();
    let certificate = Certificate::new();
    let upstream = Upstream::Replicas(addresses);
    let proxy = Proxy::start_filled(Kind::Own(own), &upstream, &certificate, &marks);
    let client = Client::new(certificate.der.clone());
    client.wait_for(CLIENT, proxy.address).await;
    sleep(Duration::from_millis(1500)).await;

    let (ended, counts) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(Counts::default()),
    );
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (ended, counts) = (ended.clone(), counts.clone());
            tokio::spawn(work(worker, client.clone(), proxy.address, ended, counts))
        })
        .collect();
    for (set, index) in [(&other, 1), (&one, 0), (&other, 1)] {
        for replica in &replicas {
            replica.trust.store(set.clone());
            sleep(Duration::from_millis(200)).await;
        }
        // Requests that began before the last change have ended after this time.
        sleep(Duration::from_millis(500)).await;
        let (old, new) = (counts.of_set(1 - index), counts.of_set(index));
        sleep(Duration::from_millis(500)).await;
        assert_eq!(counts.of_set(1 - index), old, "an answer by the old set");
        assert!(counts.of_set(index) > new, "{counts:?}");
    }
    let mut restarted = Vec::new();
    for replica in replicas {
        restarted.push(replica.restart(one.clone()).await);
    }
    // Every replica serves, and by the set that it started with.
    let old = counts.of_set(1);
    let served = || restarted.iter().map(|replica| replica.served.load(Relaxed));
    let before: Vec<u64> = served().collect();
    sleep(Duration::from_millis(500)).await;
    assert!(served().zip(before).all(|(now, before)| now > before));
    assert_eq!(counts.of_set(1), old, "an answer by the old set");
    ended.store(true, Relaxed);
    for worker in workers {
        worker.await.unwrap();
    }
    println!("{}: {counts:?}", own.name);
    let of = |count: &AtomicU64| count.load(Relaxed);
    assert_eq!((of(&counts.wrong), of(&counts.lost)), (0, 0), "{counts:?}");
    assert!(
        counts.of_set(0) > 500 && counts.of_set(1) > 500,
        "{counts:?}"
    );
}

macro_rules! own {
    ($name:literal, $program:ident, $file:literal) => {
        Own {
            name: $name,
            program: Program::$program,
            files: &[($file, include_str!(concat!("../proxies/", $file)))],
        }
    };
}

static HAPROXY: Own = own!("scale-haproxy", Haproxy, "scale-haproxy.cfg");
static ENVOY: Own = own!("scale-envoy", Envoy, "scale-envoy.yaml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs haproxy: tests/run"]
async fn replicas_behind_haproxy_restart_and_change_their_trust_and_lose_nothing() {
    run(&HAPROXY, Headers::HAPROXY).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs envoy: tests/run"]
async fn replicas_behind_envoy_restart_and_change_their_trust_and_lose_nothing() {
    run(&ENVOY, Headers::ENVOY).await;
}
