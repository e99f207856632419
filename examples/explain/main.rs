//! Why a request came out as it did.
//!
//! ```text
//! cargo run --example explain -- --trust 10.0.0.0/8 --peer 10.0.0.1 request.txt
//! ```
#![allow(clippy::exit)]

mod head;
mod json;

use std::{
    fs,
    io::{self, BufReader, IsTerminal, Read},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use tower_forwarded::{
    Explanation, ForwardedLayer, Headers, Peer, Scheme, TrustedProxies, explain,
};

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
  explain --json <cases.jsonl"
)]
struct Arguments {
    /// The trusted proxies: addresses, networks, loopback, private, link-local, unix, *
    #[arg(
        long,
        value_name = "LIST",
        required_unless_present = "json",
        allow_hyphen_values = true
    )]
    trust: Option<TrustedProxies>,

    /// The other end of the connection: an address, address:port or unix. Without it, the first
    /// trusted address is taken
    #[arg(long, value_name = "ADDR")]
    peer: Option<Peer>,

    /// Which fields the nearest proxy writes: x-forwarded, forwarded, or a preset
    #[arg(long, value_name = "PRESET", default_value = "x-forwarded")]
    headers: Headers,

    /// At most this many trusted proxies, the peer included; `all` for no limit
    #[arg(long, value_name = "N")]
    hops: Option<Hops>,

    /// Forwarded hosts to believe
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    hosts: Vec<String>,

    /// Believe a forwarded port
    #[arg(long)]
    port: bool,

    /// Believe a forwarded path prefix
    #[arg(long)]
    prefix: bool,

    /// The scheme of the connection itself
    #[arg(long, default_value = "http")]
    scheme: Scheme,

    /// Answer in JSON. Without --trust, read one case a line, each with its own configuration, and
    /// write one answer a line
    #[arg(long)]
    json: bool,

    /// A captured request head; - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

#[derive(Clone, Copy)]
enum Hops {
    AtMost(usize),
    All,
}

impl std::str::FromStr for Hops {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            _ => text
                .parse()
                .map(Self::AtMost)
                .map_err(|_| format!("`{text}` is neither a number of hops nor `all`")),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.trust {
        Some(_) => one(arguments),
        None => cases(&arguments),
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

fn one(arguments: Arguments) -> Result<ExitCode, String> {
    let text = if arguments.file.as_os_str() == "-" {
        let mut text = Vec::new();
        io::stdin().lock().read_to_end(&mut text).map(|_| text)
    } else {
        fs::read(&arguments.file)
    }
    .map_err(|error| format!("{}: {error}", arguments.file.display()))?;
    let request = head::parse(&String::from_utf8_lossy(&text))?;

    let mut trust = arguments.trust.unwrap_or_default();
    match arguments.hops {
        Some(Hops::AtMost(hops)) => trust = trust.hops(hops),
        Some(Hops::All) => trust = trust.unlimited_hops(),
        None => {}
    }
    let peer = match arguments.peer {
        Some(peer) => Some(peer),
        None => assumed_peer(&trust),
    };
    let mut layer = ForwardedLayer::new(trust)
        .headers(arguments.headers)
        .connection_scheme(arguments.scheme)
        .believe_hosts(&arguments.hosts)
        .map_err(|error| error.to_string())?;
    if arguments.port {
        layer = layer.believe_port();
    }
    if arguments.prefix {
        layer = layer.believe_prefix();
    }
    let explanation = explain(peer, &request.into_parts().0, layer.policy());
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
