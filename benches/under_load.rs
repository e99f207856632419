//! Measures an axum hello-world on a real socket, with and without the layer. It measures the server's processor time
//! for each request, because the number of requests per second says more about the machine than about the layer.
//!
//! The servers take turns. The bare app is measured twice: the difference shows how exact the other figures are.
//!
//! ```text
//! cargo bench -p tower-forwarded-benches --bench under_load
//! ```

#![allow(missing_docs)]

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
};

#[allow(dead_code)]
#[path = "support/floor.rs"]
mod floor;

use axum::{Router, extract::ConnectInfo, routing::get};
use tower::layer::layer_fn;
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

const CONNECTIONS: usize = 8;

const REQUEST: &[u8] =
    b"GET /users?page=2 HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: Mozilla/5.0\r\n\
    accept: text/html\r\naccept-encoding: gzip, deflate, br\r\naccept-language: en-US,en;q=0.9\r\n\
    cookie: session=0123456789abcdef\r\nreferer: https://app.example.com/\r\n\
    x-amzn-trace-id: Root=1-67891233-abcdef012345678912345678\r\n\
    x-forwarded-for: 203.0.113.7\r\nx-forwarded-proto: https\r\nx-forwarded-port: 443\r\n\r\n";

/// A server on its own thread, and connections to it.
struct Server {
    name: &'static str,
    /// The file in which the kernel reports how long the thread ran.
    schedstat: String,
    connections: Vec<TcpStream>,
    /// The nanoseconds per request of each round.
    rounds: Vec<f64>,
}

impl Server {
    fn start(name: &'static str, app: Router) -> Self {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            pin(1);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                    .await
                    .expect("a port");
                let thread = fs::read_link("/proc/thread-self").expect("Linux");
                let address = listener.local_addr().expect("an address");
                send.send((thread, address)).expect("a receiver");
                let app = app.into_make_service_with_connect_info::<SocketAddr>();
                axum::serve(listener, app).await.expect("a server");
            });
        });
        let (thread, address) = receive.recv().expect("a server");
        let connections = (0..CONNECTIONS).map(|_| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("an option");
            stream
        });
        Self {
            name,
            schedstat: format!("/proc/{}/schedstat", thread.display()),
            connections: connections.collect(),
            rounds: Vec::new(),
        }
    }

    fn nanoseconds(&self) -> f64 {
        let text = fs::read_to_string(&self.schedstat).expect("Linux");
        let first = text.split(' ').next().expect("a number");
        first.parse().expect("a number")
    }

    fn round(&mut self, requests: usize) {
        let before = self.nanoseconds();
        let mut answer = [0; 1024];
        for _ in 0..requests / CONNECTIONS {
            for stream in &mut self.connections {
                stream.write_all(REQUEST).expect("a request");
            }
            for stream in &mut self.connections {
                let length = stream.read(&mut answer).expect("an answer");
                assert!(
                    answer[..length].ends_with(b"hello"),
                    "{}",
                    answer[..length].escape_ascii()
                );
            }
        }
        self.rounds
            .push((self.nanoseconds() - before) / requests as f64);
    }
}

/// Keeps the thread on one processor: the servers on one, the client on another.
fn pin(place: usize) {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    if let Some(core) = cores.get(place) {
        core_affinity::set_for_current(*core);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let hello = || {
        // Does what a handler typically does: it looks up the client.
        let hello = |ConnectInfo(_): ConnectInfo<SocketAddr>| async { "hello" };
        Router::new().route("/users", get(hello))
    };
    let trust: TrustedProxies = "127.0.0.1".parse().expect("a list");
    let layer = ForwardedLayer::new(trust).headers(Headers::AWS_ALB);
    let mut servers = [
        Server::start("bare axum", hello()),
        Server::start("bare axum, again", hello()),
        Server::start(
            "a layer that does nothing",
            hello().layer(layer_fn(Nothing)),
        ),
        Server::start("the floor", hello().layer(layer_fn(floor::Floor))),
        Server::start("ForwardedLayer", hello().layer(layer)),
    ];
    pin(0);
    let test = std::env::args().any(|argument| argument == "--test");
    let (rounds, requests) = if test { (1, 800) } else { (60, 8_000) };
    for round in 0..=rounds {
        for server in &mut servers {
            server.round(requests);
            if round == 0 && !test {
                server.rounds.clear();
            }
        }
    }
    println!("| server | processor time a request | to bare axum | to a layer that does nothing |");
    println!("|---|---|---|---|");
    let ratio = |server: &Server, base: &Server| {
        let rounds = server.rounds.iter().zip(&base.rounds);
        median(rounds.map(|(own, base)| own / base).collect())
    };
    for server in &servers {
        println!(
            "| {} | {:.2} µs | {:.3} | {:.3} |",
            server.name,
            median(server.rounds.clone()) / 1e3,
            ratio(server, &servers[0]),
            ratio(server, &servers[2]),
        );
    }
}

/// The smallest possible layer.
#[derive(Clone)]
struct Nothing<S>(S);

impl<S: tower::Service<R>, R> tower::Service<R> for Nothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}
