//! Why a request came out as it did.
//!
//! ```text
//! cargo run --example explain -- --trust 10.0.0.0/8 --peer 10.0.0.1 request.txt
//! ```
#![allow(clippy::exit)]

mod configuration;
mod dump;
mod head;
mod json;

use std::{
    fs,
    io::{self, BufReader, IsTerminal, Read},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use tower_forwarded::{Explanation, Peer, PeerError, TrustedProxies, explain};

/// Tells how a request is resolved: who vouches for what, what was ignored and why, and what to
/// change if that is not what was meant.
#[derive(Parser)]
#[command(
    name = "explain",
    after_help = "\
Exit status: 0 if nothing looks wrong, 1 if there is advice, 2 for input that cannot be read.

Examples:
  curl -v http://10.0.0.5/ 2>&1 | explain --trust 10.0.0.0/8 --peer 10.0.0.1 -
  explain --trust loopback,10.0.0.0/8 --headers forwarded --peer 10.0.0.1 request.txt
  explain --config app.toml --section forwarded --peer 10.0.0.1 request.har
  explain --trust '*' --set headers_client=x-client-ip --set scheme=https headers.json
  explain --json <cases.jsonl"
)]
struct Arguments {
    /// The trusted proxies: addresses, networks, loopback, private, link-local, cgnat, unix, none, *
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    trust: Option<String>,

    /// Count this many proxies, whoever they are, instead of --trust
    #[arg(long, value_name = "N", conflicts_with_all = ["trust", "hops"])]
    count: Option<String>,

    /// The other end of the connection: an address, address:port, unix or none. Without it, the capture's, else
    /// the first trusted address is taken
    #[arg(long, value_name = "ADDR")]
    peer: Option<PeerArgument>,

    /// Which fields the nearest proxy writes: x-forwarded, forwarded, or a preset
    #[arg(long, value_name = "PRESET")]
    headers: Option<String>,

    /// At most this many trusted proxies, the peer included; `all` for no limit
    #[arg(long, value_name = "N")]
    hops: Option<String>,

    /// Forwarded hosts to believe
    #[arg(long, value_name = "PATTERNS")]
    hosts: Option<String>,

    /// Headers that are believed to say who the client is, or presets: remote-user,authelia
    #[arg(long, value_name = "NAMES")]
    identity: Option<String>,

    /// Believe a forwarded port
    #[arg(long)]
    port: bool,

    /// Believe a forwarded path prefix
    #[arg(long)]
    prefix: bool,

    /// The scheme of the connection itself
    #[arg(long)]
    scheme: Option<String>,

    /// Any other key of Config, such as headers_scheme=x-scheme; can be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// The service's own configuration, in TOML or JSON; options here go before it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The table of the configuration, as `server.forwarded`; without it, the only one that has `trust`
    #[arg(long, value_name = "NAME", requires = "config")]
    section: Option<String>,

    /// Answer in JSON. Without --trust, --count and --config, read one case a line, each with its own
    /// configuration, and write one answer a line
    #[arg(long)]
    json: bool,

    /// A captured request: a head, `curl -v`, `tcpdump -A`, JSON, a HAR, a printed map; - for standard input
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
    let arguments = Arguments::parse();
    let names_nobody =
        arguments.trust.is_none() && arguments.count.is_none() && arguments.config.is_none();
    let result = match (names_nobody, arguments.json) {
        (true, true) => cases(&arguments),
        (true, false) => Err("nobody is named as a proxy: --trust, --count or --config".to_owned()),
        (false, _) => one(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("explain: {error}");
            ExitCode::from(2)
        }
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
        eprintln!("explain: the peer is taken to be {peer}; say who it was with --peer");
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
