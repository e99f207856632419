//! The whole setup on one machine: a TLS-terminating load balancer, and behind it an app, once with the layer and once
//! without.
//!
//! ```text
//! cargo run --example server
//! ```

mod app;
mod balancer;
mod page;

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use tokio::net::TcpListener;
use tower_forwarded::TrustedProxies;

/// Starts a TLS-terminating load balancer and an app on loopback, and prints their addresses.
#[derive(Parser)]
#[command(name = "server")]
pub(crate) struct Arguments {
    /// The HTTPS port of the page
    #[arg(long, default_value_t = 8443, value_name = "PORT")]
    https_port: u16,

    /// The HTTPS port of the app with the layer; to a browser, another port is another origin
    #[arg(long, default_value_t = 8444, value_name = "PORT")]
    with_port: u16,

    /// The HTTPS port of the app without the layer
    #[arg(long, default_value_t = 8445, value_name = "PORT")]
    without_port: u16,

    /// The HTTP port, which redirects to https, as a load balancer does
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    http_port: u16,

    /// The proxies that the app trusts; at most one hop
    #[arg(long, default_value = "127.0.0.1", value_name = "LIST")]
    trust: TrustedProxies,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    // Listen before printing, so that the printed addresses are true.
    let page = listen(arguments.https_port, "--https-port").await?;
    let with = listen(arguments.with_port, "--with-port").await?;
    let without = listen(arguments.without_port, "--without-port").await?;
    let http = listen(arguments.http_port, "--http-port").await?;
    let inside_with = listen(0, "").await?;
    let inside_without = listen(0, "").await?;
    let ports = page::Ports {
        page: port(&page)?,
        with: port(&with)?,
        without: port(&without)?,
        http: port(&http)?,
    };

    // The load balancer connects from 127.0.0.1, and so does every client on this machine. Without the limit of one
    // hop, the layer would take a client for a second proxy.
    let trust = arguments.trust.hops(1);
    let token: &'static str = made_up().map_err(|_| "no random numbers")?.leak();
    let app = app::with_layer(trust, ports, token).map_err(|error| error.to_string())?;
    let bare = app::without_layer(ports);
    let (upstream_with, upstream_without) = (address(&inside_with)?, address(&inside_without)?);
    let tls = balancer::certificate()?;

    print_addresses(ports, upstream_with, token);
    let balancer = async {
        tokio::join!(
            balancer::https(page, tls.clone(), upstream_with),
            balancer::https(with, tls.clone(), upstream_with),
            balancer::https(without, tls.clone(), upstream_without),
            balancer::http(http, ports.page),
        );
        Ok(())
    };
    tokio::select! {
        result = balancer => result,
        result = app::serve(inside_with, app) => result,
        result = app::serve(inside_without, bare) => result,
        result = tokio::signal::ctrl_c() => {
            println!("\nStopped.");
            result.map_err(|error| error.to_string())
        }
    }
}

async fn listen(port: u16, option: &str) -> Result<TcpListener, String> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("port {port} is taken: choose another with {option}")
            }
            _ => format!("port {port}: {error}; choose another with {option}"),
        })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| error.to_string())
}

fn port(listener: &TcpListener) -> Result<u16, String> {
    Ok(address(listener)?.port())
}

/// Creates a token that nobody knows before the start.
fn made_up() -> Result<String, rustls::crypto::GetRandomFailed> {
    let mut bytes = [0; 16];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn print_addresses(ports: page::Ports, app: SocketAddr, token: &str) {
    let page::Ports {
        page,
        with,
        without,
        http,
    } = ports;
    println!(
        "\
The page            https://localhost:{page}/   (your browser will warn about the certificate,
                                               which is new and self-signed)
App with the layer  https://localhost:{with}/users
App without it      https://localhost:{without}/users
Plain http          http://localhost:{http}/    responds with a 301 to https, as a load balancer does
Explanation         https://localhost:{with}/why?token={token}
The app itself      http://{app}/

Try:
  curl -sk  https://localhost:{with}/users/ -H 'X-Forwarded-For: 6.6.6.6'
  curl -sik https://localhost:{without}/users -H 'Origin: https://localhost:{page}'
  curl -sik https://localhost:{with}/users -H 'Origin: https://localhost:{page}'

Ctrl-C stops it."
    );
}
