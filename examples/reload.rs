//! A trust set that follows a file and a name, while requests run.
//!
//! ```text
//! cargo run --features arc-swap --example reload -- --list proxies.txt --name balancer.internal
//! ```
//!
//! The file has one address or network a line, as providers publish them; the name is looked up anew
//! each time, as for a balancer whose addresses change. What cannot be read keeps the last good set.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use axum::{Router, routing::get};
use clap::Parser;
use tokio::net::{TcpListener, lookup_host};
use tower_forwarded::{ClientIp, ForwardedLayer, SwapProxies, TrustedProxies};

/// Serves an app that says who you are, and trusts what a file and a name say.
#[derive(Parser)]
#[command(name = "reload")]
struct Arguments {
    /// A list of addresses and networks, one a line
    #[arg(long, value_name = "FILE")]
    list: PathBuf,

    /// A name whose addresses are trusted too
    #[arg(long, value_name = "HOST")]
    name: Option<String>,

    /// Seconds between two looks
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS")]
    every: f64,

    /// Where to listen on loopback
    #[arg(long, default_value_t = 3000, value_name = "PORT")]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reload: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let every = Duration::try_from_secs_f64(arguments.every)
        .ok()
        .filter(|every| !every.is_zero())
        .ok_or_else(|| format!("--every {}: not a time between two looks", arguments.every))?;
    // The first look has to succeed: without it, nobody would be trusted, and nobody would know why.
    let proxies = SwapProxies::new(look(&arguments).await?);
    let app = Router::new()
        .route(
            "/",
            get(|ClientIp(ip): ClientIp| async move { ip.to_string() }),
        )
        .layer(ForwardedLayer::new(proxies.clone()));

    let listener = TcpListener::bind(("127.0.0.1", arguments.port))
        .await
        .map_err(|error| format!("port {}: {error}", arguments.port))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    println!("http://{address}/ trusts {:?}", proxies.load());

    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            match look(&arguments).await {
                Ok(set) if set == *proxies.load() => {}
                Ok(set) => {
                    println!("now {set:?}");
                    proxies.store(set);
                }
                Err(error) => eprintln!("reload: {error}; the last set stays"),
            }
        }
    });
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app)
        .await
        .map_err(|error| error.to_string())
}

async fn look(arguments: &Arguments) -> Result<TrustedProxies, String> {
    let path = arguments.list.display();
    let text = tokio::fs::read_to_string(&arguments.list)
        .await
        .map_err(|error| format!("{path}: {error}"))?;
    let listed = TrustedProxies::from_list(&text).map_err(|error| format!("{path}: {error}"))?;
    let Some(name) = &arguments.name else {
        return Ok(listed);
    };
    let addresses = lookup_host((name.as_str(), 0))
        .await
        .map_err(|error| format!("{name}: {error}"))?;
    let named: TrustedProxies = addresses
        .map(|address| ipnet::IpNet::from(address.ip()))
        .collect();
    Ok(listed.union(&named))
}
