//! Shows how a request is resolved, and what to change if the result is wrong.
//!
//! ```text
//! cargo run --example explain -- --trust 10.0.0.0/8 --peer 10.0.0.1 request.txt
//! cargo run -p tower-forwarded-explain -- --trust 10.0.0.0/8 --listen 0.0.0.0:3000
//! ```

mod configuration;
mod dump;
mod head;
mod json;
#[cfg(feature = "explain-service")]
mod live;

use std::{
    fs,
    io::{self, BufReader, IsTerminal, Read},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use tower_forwarded::{Explanation, Peer, PeerError, TrustedProxies, explain};

/// What stands below the options.
macro_rules! help {
    ($program:expr) => {
        concat!(
            "Exit status: 0 if nothing looks wrong, 1 if there is advice, 2 if the input cannot be read.\n\nExamples:",
            "\n  curl -v http://10.0.0.5/ 2>&1 | ", $program, " --trust 10.0.0.0/8 --peer 10.0.0.1 -",
            "\n  ", $program, " --trust loopback,10.0.0.0/8 --headers forwarded --peer 10.0.0.1 request.txt",
            "\n  ", $program, " --config app.toml --section forwarded --peer 10.0.0.1 request.har",
            "\n  ", $program, " --trust '*' --set headers_client=x-client-ip --set scheme=https headers.json",
            "\n  ", $program, " --trust 10.0.0.0/8 --headers aws-alb --listen 0.0.0.0:3000",
            "\n  ", $program, " --json <cases.jsonl",
        )
    };
}

/// Shows how a request is resolved: which proxy wrote which header, what was ignored and why, and what to change if the
/// result is wrong.
#[derive(Parser)]
#[command(
    name = env!("CARGO_BIN_NAME"),
    version,
    after_help = help!(env!("CARGO_BIN_NAME"))
)]
struct Arguments {
    /// The proxies to trust: addresses, networks, loopback, private, link-local, cgnat, unix, none or *
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    trust: Option<String>,

    /// Trust exactly this many proxies, with any addresses, instead of --trust
    #[arg(long, value_name = "N", conflicts_with_all = ["trust", "hops"])]
    count: Option<String>,

    /// The other end of the connection: an address, an address with a port, unix or none. By default, the peer in the
    /// capture; if it has none, the first trusted address
    #[arg(long, value_name = "ADDR")]
    peer: Option<PeerArgument>,

    /// The headers that the nearest proxy writes: x-forwarded, forwarded or another preset
    #[arg(long, value_name = "PRESET")]
    headers: Option<String>,

    /// Trust at most this many proxies, the peer included; `all` for no limit
    #[arg(long, value_name = "N")]
    hops: Option<String>,

    /// Believe these forwarded hosts, such as api.example.com or *.example.com
    #[arg(long, value_name = "PATTERNS")]
    hosts: Option<String>,

    /// Believe these headers that name the user: names of headers, or presets such as authelia
    #[arg(long, value_name = "NAMES")]
    identity: Option<String>,

    /// Believe a forwarded port
    #[arg(long)]
    port: bool,

    /// Believe a forwarded path prefix
    #[arg(long)]
    prefix: bool,

    /// The scheme of the connection itself, http or https
    #[arg(long)]
    scheme: Option<String>,

    /// Any other key of the configuration, such as headers_scheme=x-scheme; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Read the configuration of your service, in TOML or JSON; the options above override it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The table of the configuration, such as `server.forwarded`; by default, the only one that has `trust` or `count`
    #[arg(long, value_name = "NAME", requires = "config")]
    section: Option<String>,

    /// Write JSON. Without --trust, --count and --config, read one JSON object on each line, with a request and its
    /// configuration, and write one result on each line
    #[arg(long)]
    json: bool,

    /// Stand in for your app: listen on this address (0.0.0.0:3000 or unix:/path/to/socket), and show each request on
    /// the terminal and to the browser that sent it
    #[cfg(feature = "explain-service")]
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["file", "peer"])]
    listen: Option<live::Address>,

    /// A captured request: a head, `curl -v`, `tcpdump -A`, JSON, a HAR or a printed map; - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

/// A peer, or that there is none.
#[derive(Clone, Copy)]
struct PeerArgument(Option<Peer>);

impl std::str::FromStr for PeerArgument {
    type Err = PeerError;

    fn from_str(text: &str) -> Result<Self, PeerError> {
        match text {
            "none" => Ok(Self(None)),
            _ => text.parse().map(Some).map(Self),
        }
    }
}

fn main() -> ExitCode {
    run(&Arguments::parse()).unwrap_or_else(|error| {
        eprintln!("explain: {error}");
        ExitCode::from(2)
    })
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let names_nobody =
        arguments.trust.is_none() && arguments.count.is_none() && arguments.config.is_none();
    let missing = || "no proxies are named: add --trust, --count or --config".to_owned();
    #[cfg(feature = "explain-service")]
    if let Some(address) = &arguments.listen {
        if names_nobody {
            return Err(missing());
        }
        let layer = configuration::read(arguments)?.layer();
        live::run(layer, address, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    match (names_nobody, arguments.json) {
        (true, true) => cases(arguments),
        (true, false) => Err(missing()),
        (false, _) => one(arguments),
    }
}

fn cases(arguments: &Arguments) -> Result<ExitCode, String> {
    let output = io::stdout().lock();
    if arguments.file.as_os_str() == "-" {
        json::run(io::stdin().lock(), output)?;
    } else {
        let file = fs::File::open(&arguments.file)
            .map_err(|error| format!("{}: {error}", arguments.file.display()))?;
        json::run(BufReader::new(file), output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn one(arguments: &Arguments) -> Result<ExitCode, String> {
    let text = if arguments.file.as_os_str() == "-" {
        let mut text = Vec::new();
        io::stdin().lock().read_to_end(&mut text).map(|_| text)
    } else {
        fs::read(&arguments.file)
    }
    .map_err(|error| format!("{}: {error}", arguments.file.display()))?;
    let config = configuration::read(arguments)?;
    let captured = head::parse(&String::from_utf8_lossy(&text))?;
    let told = captured.peer.as_deref().and_then(|peer| peer.parse().ok());
    let peer = match (arguments.peer, told) {
        (Some(PeerArgument(peer)), _) => peer,
        (None, Some(peer)) => Some(peer),
        (None, None) => assumed_peer(&config.trust),
    };
    let layer = config.layer();
    let explanation = explain(peer, &captured.request.into_parts().0, layer.policy());
    let text = if arguments.json {
        let json = serde_json::to_string_pretty(&explanation).map_err(|error| error.to_string())?;
        json::ascii(&json)
    } else {
        in_colours(&explanation)
    };
    json::write(io::stdout().lock(), &format!("{text}\n"))?;
    Ok(match explanation.advice().next() {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::from(1),
    })
}

/// A captured head does not say who sent it; most likely it was the proxy.
fn assumed_peer(trust: &TrustedProxies) -> Option<Peer> {
    let peer = match trust.networks().next() {
        Some(network) => {
            let address = network.hosts().next().unwrap_or_else(|| network.addr());
            address.to_string().parse().ok()
        }
        None if trust.contains_any_peer() => "10.0.0.1".parse().ok(),
        None => trust.contains_unix().then(Peer::unix),
    };
    if let Some(peer) = &peer {
        eprintln!("explain: assuming that the peer is {peer}; if it is not, add --peer");
    }
    peer
}

/// The text, with colours on a terminal.
fn in_colours(explanation: &Explanation) -> String {
    let text = explanation.to_string();
    if !io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some() {
        return text;
    }
    let (advice, steps) = text.split_once("\n\n").unwrap_or((&text, ""));
    let colour = match explanation.advice().next() {
        None => "32",
        Some(_) => "33",
    };
    let mut coloured = format!("\x1b[1;{colour}m{advice}\x1b[0m\n");
    for line in steps.lines() {
        coloured.push_str(&match line.split_at_checked(10) {
            Some((label, rest)) => format!("\n\x1b[2m{label}\x1b[0m{rest}"),
            None => format!("\n{line}"),
        });
    }
    coloured
}
