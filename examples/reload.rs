//! Trusted proxies that follow published lists and a DNS name while requests run.
//!
//! ```text
//! cargo run -p tower-forwarded-checks --example reload -- --list https://www.cloudflare.com/ips-v4 \\
//!     --list https://www.cloudflare.com/ips-v6
//! cargo run -p tower-forwarded-checks --example reload -- \\
//!     --list https://ip-ranges.amazonaws.com/ip-ranges.json --aws CLOUDFRONT_ORIGIN_FACING
//! cargo run -p tower-forwarded-checks --example reload -- --list proxies.txt --name balancer.internal
//! ```
//!
//! A list is a file or a URL. It has one address or network on each line, or the format that an option names. A DNS
//! name is looked up again each time, for example for a load balancer whose addresses change. The set is replaced only
//! when all of it was read. If something cannot be read or is empty, the last good set stays, and the example reports
//! it once.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use clap::Parser;
use tokio::net::{TcpListener, lookup_host};
use tower_forwarded::{ClientIp, ForwardedLayer, ListError, SwapProxies, TrustedProxies};

/// Serves an app that responds with your address, and trusts the proxies on lists and behind a DNS name.
#[derive(Parser)]
#[command(name = "reload")]
struct Arguments {
    /// A list of addresses and networks; can be given more than once
    #[arg(long, value_name = "FILE or URL", required = true)]
    list: Vec<String>,

    #[command(flatten)]
    format: Format,

    /// A DNS name whose addresses are trusted too
    #[arg(long, value_name = "HOST")]
    name: Option<String>,

    /// Seconds between two updates
    #[arg(long, default_value_t = 3600.0, value_name = "SECONDS")]
    every: f64,

    /// The loopback port to listen on
    #[arg(long, default_value_t = 3000, value_name = "PORT")]
    port: u16,
}

/// The format of the lists, if it is not one entry on each line.
#[derive(clap::Args)]
#[group(multiple = false)]
struct Format {
    /// The lists are AWS's ip-ranges.json, and the networks of this AWS service are trusted
    #[arg(long, value_name = "SERVICE")]
    aws: Option<String>,

    /// The lists are Azure's service tags, and the networks of this tag are trusted
    #[arg(long, value_name = "TAG")]
    azure: Option<String>,

    /// The lists are Fastly's public IP list
    #[arg(long)]
    fastly: bool,

    /// The lists are Google's cloud.json, and the networks of this scope are trusted
    #[arg(long, value_name = "SCOPE")]
    google: Option<String>,
}

impl Format {
    fn read(&self, text: &str) -> Result<TrustedProxies, ListError> {
        if let Some(service) = &self.aws {
            TrustedProxies::from_aws_ip_ranges(text, service, None)
        } else if let Some(tag) = &self.azure {
            TrustedProxies::from_azure_service_tags(text, tag)
        } else if let Some(scope) = &self.google {
            TrustedProxies::from_google_ip_ranges(text, Some(scope))
        } else if self.fastly {
            TrustedProxies::from_fastly_ip_list(text)
        } else {
            TrustedProxies::from_list(text)
        }
    }
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
    let arguments = Arc::new(arguments);
    // The first update must succeed. Otherwise no proxy would be trusted, and the reason would be hard to find.
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
        let mut last_error = None;
        loop {
            tokio::time::sleep(every).await;
            match look(&arguments).await {
                Ok(set) => {
                    if last_error.take().is_some() {
                        println!("reload: all can be read again");
                    }
                    if set != *proxies.load() {
                        println!("now {set:?}");
                        proxies.store(set);
                    }
                }
                Err(error) => {
                    if last_error.as_ref() != Some(&error) {
                        eprintln!("reload: {error}; the last set stays");
                    }
                    last_error = Some(error);
                }
            }
        }
    });
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app)
        .await
        .map_err(|error| error.to_string())
}

/// Reads the whole set. Fails if any part of it cannot be read.
async fn look(arguments: &Arc<Arguments>) -> Result<TrustedProxies, String> {
    let mut set = TrustedProxies::none();
    for index in 0..arguments.list.len() {
        let arguments = arguments.clone();
        // The HTTP client and file access block their thread.
        let listed = tokio::task::spawn_blocking(move || {
            let place = &arguments.list[index];
            let text = fetch(place).map_err(|error| format!("{place}: {error}"))?;
            let listed = arguments.format.read(&text);
            listed.map_err(|error| format!("{place}: {error}"))
        });
        set = set.union(&listed.await.map_err(|error| error.to_string())??);
    }
    if let Some(name) = &arguments.name {
        let addresses = lookup_host((name.as_str(), 0))
            .await
            .map_err(|error| format!("{name}: {error}"))?;
        let named: TrustedProxies = addresses
            .map(|address| ipnet::IpNet::from(address.ip()))
            .collect();
        set = set.union(&named);
    }
    Ok(set)
}

fn fetch(place: &str) -> Result<String, String> {
    if !place.contains("://") {
        return std::fs::read_to_string(place).map_err(|error| error.to_string());
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        // An https URL must not be redirected to http.
        .https_only(place.starts_with("https://"))
        .build()
        .into();
    let mut response = agent.get(place).call().map_err(|error| error.to_string())?;
    // A body that ends with the connection may be incomplete.
    let headers = response.headers();
    if !headers.contains_key("content-length") && !headers.contains_key("transfer-encoding") {
        return Err("the response does not say how long it is".to_owned());
    }
    let body = response.body_mut().with_config().limit(32 << 20);
    body.read_to_string().map_err(|error| error.to_string())
}
