//! Tests the promise exhaustively in a small scope: with every text that a client can write from a few symbols, in
//! front of the elements that trusted proxies append. `SMALL_SCOPE` is the greatest number of symbols; `tests/run`
//! sets it. `FIELD_LINES` is the greatest number of forged headers out of all known names.
//!
//! The test proves that no such text changes the outcome. It says nothing about longer texts and other bytes. The
//! random property and the fuzzer test those.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use http::{HeaderName, HeaderValue, Request, header::HOST, request::Parts};
use tower_forwarded::{
    Finding, Findings, ForwardedLayer, Headers, Peer, Resolution, TrustedProxies,
};

use crate::support::products::PRODUCTS;

/// A place where a client can write, and the text that proxies append there.
struct Place {
    name: &'static str,
    layer: ForwardedLayer,
    peer: &'static str,
    /// The header that the client writes into.
    header: &'static str,
    /// The elements that proxies append to the client's text, in the same line or in lines of their own.
    appended: &'static [&'static str],
    /// The other headers of the request.
    others: &'static [(&'static str, &'static str)],
    symbols: &'static [&'static str],
    /// Findings that a client can cause for its own request.
    may_find: &'static [Finding],
}

/// The symbols of addresses, and the address of a trusted proxy.
const ADDRESS: &[&str] = &[
    "1", "0", ".", ":", ",", ";", "\"", "\\", "[", "]", "%", " ", "\t", "f", "é", "10.0.0.3",
];
/// The symbols of RFC 7239 elements.
const ELEMENT: &[&str] = &[
    ",",
    ";",
    "=",
    "\"",
    "\\",
    "[",
    "]",
    " ",
    "\t",
    "é",
    "for=",
    "proto=http",
    "host=x",
    "1",
    ":",
    "10.0.0.3",
];
/// The symbols of other values.
const VALUE: &[&str] = &[
    ",", ";", "=", "\"", "\\", "/", ".", " ", "\t", "é", ":", "%", "http", "a", "Hash=", "1",
];

const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");
const FOR: (&str, &str) = ("x-forwarded-for", "203.0.113.7");
const PROXY: &str = "10.0.0.1:40000";

fn layer(headers: Headers) -> ForwardedLayer {
    let trust: TrustedProxies = "10.0.0.0/8".parse().unwrap();
    ForwardedLayer::new(trust).headers(headers)
}

fn places() -> Vec<Place> {
    let x = || layer(Headers::X_FORWARDED);
    let list = |name| layer(Headers::X_FORWARDED.with_lists([name]).unwrap());
    let believing = |name| x().believe_identity([name]).unwrap();
    let address = |name, appended| Place {
        name,
        layer: x(),
        peer: PROXY,
        header: "x-forwarded-for",
        appended,
        others: &[HTTPS],
        symbols: ADDRESS,
        may_find: &[],
    };
    let element = |name, appended| Place {
        name,
        layer: layer(Headers::FORWARDED),
        peer: PROXY,
        header: "forwarded",
        appended,
        others: &[],
        symbols: ELEMENT,
        may_find: &[],
    };
    let other = |name, layer, header, appended, may_find| Place {
        name,
        layer,
        peer: PROXY,
        header,
        appended,
        others: &[FOR, HTTPS],
        symbols: VALUE,
        may_find,
    };
    vec![
        address("X-Forwarded-For, one proxy", &["203.0.113.7"]),
        address("X-Forwarded-For, two", &["203.0.113.7:4711", "10.0.0.2"]),
        address("X-Forwarded-For, IPv6", &["[2001:db8::7]:4711"]),
        address("X-Forwarded-For, hidden", &["unknown"]),
        Place {
            layer: ForwardedLayer::new(TrustedProxies::count(2)),
            ..address(
                "X-Forwarded-For, two that are counted",
                &["203.0.113.7", "192.0.2.1"],
            )
        },
        element(
            "Forwarded, as nghttpx writes it",
            &["by=_a;for=203.0.113.7;host=api.example.com;proto=https"],
        ),
        element(
            "Forwarded, quoted",
            &["for=\"[2001:db8::7]:4711\";proto=https;host=\"api.example.com:8443\""],
        ),
        element(
            "Forwarded, with a host that the client chose",
            &["host=\"a\\\",for=1;\\\\b\";for=203.0.113.7;proto=https"],
        ),
        element(
            "Forwarded, two",
            &["for=203.0.113.7;proto=https", "for=10.0.0.2;proto=http"],
        ),
        other(
            "X-Forwarded-Proto, a list",
            list("x-forwarded-proto"),
            "x-forwarded-proto",
            &["https"],
            &[],
        ),
        other(
            "X-Forwarded-Scheme, a list",
            layer(
                Headers::X_FORWARDED
                    .with_scheme_field("x-forwarded-scheme")
                    .and_then(|headers| headers.with_lists(["x-forwarded-scheme"]))
                    .unwrap(),
            ),
            "x-forwarded-scheme",
            &["https"],
            &[],
        ),
        other(
            "X-Forwarded-Port, a list",
            list("x-forwarded-port").believe_port(),
            "x-forwarded-port",
            &["8443"],
            &[],
        ),
        other(
            "X-Forwarded-Host, a list",
            list("x-forwarded-host").believe_hosts(["*"]).unwrap(),
            "x-forwarded-host",
            &["api.example.com"],
            &[],
        ),
        other(
            "X-Forwarded-Host, that is not believed",
            x(),
            "x-forwarded-host",
            &[],
            &[Finding::HostNotAllowed, Finding::HostInvalid],
        ),
        other(
            "X-Forwarded-Prefix, that is not believed",
            x(),
            "x-forwarded-prefix",
            &[],
            &[],
        ),
        other(
            "X-Forwarded-Port, that is not believed",
            x(),
            "x-forwarded-port",
            &[],
            &[],
        ),
        other(
            "Forwarded, that is not believed",
            x(),
            "forwarded",
            &[],
            &[],
        ),
        other(
            "X-Forwarded-Client-Cert",
            believing("x-forwarded-client-cert"),
            "x-forwarded-client-cert",
            &["Hash=ab;URI=spiffe://td/shop"],
            &[],
        ),
        other(
            "Remote-User, that is not believed",
            x(),
            "remote-user",
            &[],
            &[Finding::IdentityIgnored],
        ),
        other(
            "another spelling of a login that is believed",
            believing("remote-user"),
            "remote_user",
            &[],
            &[Finding::IdentityIgnored],
        ),
        Place {
            peer: "203.0.113.7:40000",
            others: &[],
            may_find: &[Finding::PeerUntrusted],
            ..address("X-Forwarded-For, from a stranger", &[])
        },
        Place {
            peer: "203.0.113.7:40000",
            may_find: &[Finding::PeerUntrusted],
            ..element("Forwarded, from a stranger", &[])
        },
    ]
}

/// How the client's text and the appended elements are joined into lines.
#[derive(Clone, Copy, Debug)]
enum Joined {
    Comma,
    CommaAndSpace,
    Lines,
}

impl Place {
    fn request(&self) -> Parts {
        let mut request = Request::get("/path").header("host", "app.internal");
        for (name, value) in self.others.iter().filter(|(name, _)| *name != self.header) {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn write(&self, parts: &mut Parts, text: &str, joined: Joined) {
        let comma = match joined {
            Joined::Comma => ",",
            Joined::CommaAndSpace => ", ",
            Joined::Lines => "",
        };
        let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).unwrap();
        parts.headers.remove(self.header);
        if comma.is_empty() {
            for line in std::iter::once(text).chain(self.appended.iter().copied()) {
                parts.headers.append(self.header, value(line));
            }
        } else {
            let mut line = text.to_owned();
            for element in self.appended {
                line.push_str(comma);
                line.push_str(element);
            }
            parts.headers.insert(self.header, value(&line));
        }
    }

    /// The outcome if the client writes nothing.
    fn truth(&self, joined: Joined) -> (Resolution, Parts) {
        let mut parts = self.request();
        match self.appended {
            [] => {}
            [first, rest @ ..] => {
                let honest = Self {
                    appended: rest,
                    layer: self.layer.clone(),
                    ..*self
                };
                honest.write(&mut parts, first, joined);
            }
        }
        let resolution = self.layer.policy().resolve(self.peer(), &parts);
        self.layer.rewrite(self.peer(), &mut parts);
        (resolution, parts)
    }

    fn peer(&self) -> Option<Peer> {
        Some(self.peer.parse().unwrap())
    }

    /// Whether two outcomes are the same, except for findings that the client may cause.
    fn is_same(&self, outcome: &Resolution, truth: &Resolution) -> bool {
        let may_find: Findings = self.may_find.iter().copied().collect();
        let mut findings = outcome.findings().iter();
        outcome == truth
            || (findings.all(|it| truth.findings().contains(it) || may_find.contains(it))
                && outcome.client_addr() == truth.client_addr()
                && outcome.client() == truth.client()
                && outcome.client_port() == truth.client_port()
                && outcome.scheme() == truth.scheme()
                && outcome.authority() == truth.authority()
                && outcome.prefix() == truth.prefix()
                && outcome.hops() == truth.hops()
                && outcome.is_trusted() == truth.is_trusted()
                && outcome.identity() == truth.identity()
                && outcome.hops_seen() == truth.hops_seen())
    }

    /// Tries every text that begins with the symbol number `first`, up to `length` symbols.
    fn try_all(&self, first: usize, length: usize, joined: Joined) -> u64 {
        let (truth, rewritten) = self.truth(joined);
        let peer = self.peer();
        let mut parts = self.request();
        let mut tried = 0;
        let mut digits = vec![first];
        let mut text = String::new();
        loop {
            text.clear();
            text.extend(digits.iter().map(|&digit| self.symbols[digit]));
            self.write(&mut parts, &text, joined);
            let outcome = self.layer.policy().resolve(peer, &parts);
            assert!(
                self.is_same(&outcome, &truth),
                "{}, {joined:?}: the client wrote `{text}`\n{outcome:#?}\nwithout it: {truth:#?}",
                self.name
            );
            // The rewritten request does not contain the client's text either.
            if digits.len() <= 3 {
                let mut parts = parts.clone();
                self.layer.rewrite(peer, &mut parts);
                assert_eq!(parts.headers, rewritten.headers, "{}: `{text}`", self.name);
                assert_eq!(parts.uri, rewritten.uri, "{}: `{text}`", self.name);
            }
            tried += 1;
            // The next text is longer. If it cannot be longer, the last place that has a next symbol gets it.
            if digits.len() < length {
                digits.push(0);
                continue;
            }
            loop {
                // The first symbol is fixed.
                if digits.len() == 1 {
                    return tried;
                }
                match digits.last_mut() {
                    Some(digit) if *digit + 1 < self.symbols.len() => {
                        *digit += 1;
                        break;
                    }
                    _ => {
                        digits.pop();
                    }
                }
            }
        }
    }
}

/// Runs the jobs on all cores, and returns the total number of texts that they tried.
fn on_all_cores<T: Sync>(jobs: &[T], run: impl Fn(&T) -> u64 + Sync) -> u64 {
    let (next, tried) = (AtomicU64::new(0), AtomicU64::new(0));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    tried.fetch_add(run(job), Ordering::Relaxed);
                }
            });
        }
    });
    tried.into_inner()
}

#[test]
fn no_text_of_a_few_symbols_changes_the_outcome() {
    let length: usize = std::env::var("SMALL_SCOPE").map_or(3, |text| text.parse().unwrap());
    let places = places();
    let mut jobs = Vec::new();
    for place in &places {
        for joined in [Joined::Comma, Joined::CommaAndSpace, Joined::Lines] {
            // Envoy appends to the existing line. If there are two lines, neither is believed.
            let is_one_line = place.header == "x-forwarded-client-cert";
            if is_one_line && matches!(joined, Joined::Lines) {
                continue;
            }
            // Without appended elements, the text is always one line.
            if place.appended.is_empty() && !matches!(joined, Joined::Comma) {
                continue;
            }
            let firsts = 0..place.symbols.len();
            jobs.extend(firsts.map(|first| (place, first, joined)));
        }
    }
    let tried = on_all_cores(&jobs, |(place, first, joined)| {
        place.try_all(*first, length, *joined)
    });
    println!("{tried} texts of up to {length} symbols");
    let texts = |symbols: u64| {
        (1..=length as u32)
            .map(|length| symbols.pow(length))
            .sum::<u64>()
    };
    assert_eq!(tried, jobs.len() as u64 / 16 * texts(16));
}

/// All header names that the layer knows, from the pages that list them.
fn known_names() -> (Vec<String>, Vec<String>) {
    let names = |page: &str| {
        let mut names: Vec<String> = page
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|name| name.to_ascii_lowercase().replace('*', "any"))
            .filter(|name| name.parse::<http::HeaderName>().is_ok())
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let forwarding = names(include_str!("../src/headers/known.md"));
    let identity = names(include_str!("../src/identity/known.md"));
    assert!(forwarding.len() > 70 && identity.len() > 60);
    (forwarding, identity)
}

/// Tries all subsets of the first `count` numbers with up to `size` members whose first member is `first`.
fn subsets(count: usize, first: usize, size: usize, seen: &mut impl FnMut(&[usize])) {
    fn grow(count: usize, size: usize, chosen: &mut Vec<usize>, seen: &mut impl FnMut(&[usize])) {
        seen(chosen);
        if chosen.len() < size {
            for next in chosen[chosen.len() - 1] + 1..count {
                chosen.push(next);
                grow(count, size, chosen, seen);
                chosen.pop();
            }
        }
    }
    grow(count, size, &mut vec![first], seen);
}

#[test]
fn no_few_headers_out_of_all_known_names_change_the_outcome() {
    let number = |variable: &str| -> Option<usize> {
        let text = std::env::var(variable).ok()?;
        Some(text.parse().unwrap())
    };
    let (forwarding, identity) = known_names();
    let all = [&forwarding[..], &identity].concat();
    let chains = chains();
    let runs = match (number("FIELD_LINES"), number("SMALL_SCOPE")) {
        (Some(lines), _) => vec![(&chains[..1], &all, lines)],
        (None, Some(_)) => vec![(&chains[..], &all, 3), (&chains[..1], &forwarding, 4)],
        (None, None) => vec![(&chains[..], &all, 2)],
    };
    for (chains, names, size) in runs {
        let parsed: Vec<HeaderName> = names.iter().map(|it| it.parse().unwrap()).collect();
        for chain in chains {
            let firsts: Vec<usize> = (0..names.len()).collect();
            let tried = on_all_cores(&firsts, |first| chain.try_all(&parsed, *first, size));
            let (name, count) = (chain.name, names.len());
            println!("{name}: {tried} sets of up to {size} of {count} headers");
            assert_eq!(tried, number_of_subsets(count as u64, size as u64));
        }
    }
}

#[test]
fn no_two_headers_out_of_all_known_names_change_the_outcome_behind_any_preset() {
    let (forwarding, identity) = known_names();
    let names = [&forwarding[..], &identity].concat();
    let names: Vec<HeaderName> = names.iter().map(|it| it.parse().unwrap()).collect();
    let chains = PRODUCTS.map(|(name, appends, sets)| Chain {
        name,
        layer: layer(name.parse().unwrap()),
        appends,
        sets,
        login: None,
        prefix: None,
    });
    let firsts = 0..names.len();
    let jobs: Vec<_> = chains
        .iter()
        .flat_map(|chain| firsts.clone().map(move |first| (chain, first)))
        .collect();
    let tried = on_all_cores(&jobs, |(chain, first)| chain.try_all(&names, *first, 2));
    let presets = chains.len();
    println!("{tried} sets of up to two headers behind {presets} presets");
    let sets = number_of_subsets(names.len() as u64, 2);
    assert_eq!(tried, presets as u64 * sets);
}

/// A proxy in front of a layer. The client sends forged headers to it.
struct Chain {
    name: &'static str,
    layer: ForwardedLayer,
    /// What the proxy appends, in lines of their own.
    appends: &'static [(&'static str, &'static str)],
    /// What the proxy overwrites.
    sets: &'static [(&'static str, &'static str)],
    /// The login that the proxy states.
    login: Option<&'static str>,
    /// The prefix that the proxy stripped from the path.
    prefix: Option<&'static str>,
}

/// What a client writes into this header, so that it says something else than the proxy.
fn forged(name: &HeaderName) -> HeaderValue {
    HeaderValue::from_static(match name.as_str() {
        "cf-visitor" => "{\"scheme\":\"http\"}",
        "forwarded" => "for=198.51.100.66;proto=http;host=198.51.100.66",
        "x-forwarded-client-cert" => "Hash=66;URI=spiffe://evil",
        name if name.ends_with("port") => "8081",
        name if ["prefix", "path", "uri"]
            .iter()
            .any(|end| name.ends_with(end)) =>
        {
            "/198.51.100.66"
        }
        name if name.contains("ssl") || name.ends_with("https") => "off",
        name if name.contains("proto") || name.ends_with("scheme") => "http",
        name if name.ends_with("verify") || name.ends_with("verified") => "SUCCESS",
        _ => "198.51.100.66",
    })
}

fn chains() -> [Chain; 4] {
    const EMAIL: &str = "x-auth-request-email";
    const SETS: &[(&str, &str)] = &[HTTPS, (EMAIL, "alice@example.com"), ("x-secret", "s3cret")];
    const ALL: &[(&str, &str)] = &[
        HTTPS,
        ("x-forwarded-host", "api.example.com"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-prefix", "/app"),
    ];
    let believing = layer(Headers::X_FORWARDED).believe_identity([EMAIL]);
    let hosts = layer(Headers::X_FORWARDED).believe_hosts(["*"]);
    [
        Chain {
            name: "X-Forwarded-For",
            layer: layer(Headers::X_FORWARDED),
            appends: &[FOR],
            sets: &[HTTPS],
            login: None,
            prefix: None,
        },
        Chain {
            name: "Forwarded",
            layer: layer(Headers::FORWARDED),
            appends: &[("forwarded", "for=203.0.113.7;proto=https")],
            sets: &[],
            login: None,
            prefix: None,
        },
        Chain {
            name: "a login and a secret",
            layer: believing.unwrap().require("x-secret", ["s3cret"]).unwrap(),
            appends: &[FOR],
            sets: SETS,
            login: Some("alice@example.com"),
            prefix: None,
        },
        Chain {
            name: "a host, a port and a prefix",
            layer: hosts.unwrap().believe_port().believe_prefix(),
            appends: &[FOR],
            sets: ALL,
            login: None,
            prefix: Some("/app"),
        },
    ]
}

impl Chain {
    fn try_all(&self, names: &[HeaderName], first: usize, size: usize) -> u64 {
        let forged: Vec<HeaderValue> = names.iter().map(forged).collect();
        let peer: Option<Peer> = Some(PROXY.parse().unwrap());
        let parse = |(name, value): (&str, &'static str)| -> (HeaderName, HeaderValue) {
            (name.parse().unwrap(), HeaderValue::from_static(value))
        };
        let appends: Vec<_> = self.appends.iter().copied().map(parse).collect();
        let sets: Vec<_> = self.sets.iter().copied().map(parse).collect();
        let mut tried = 0;
        subsets(names.len(), first, size, &mut |chosen| {
            let (mut parts, ()) = Request::new(()).into_parts();
            let headers = &mut parts.headers;
            headers.insert(HOST, HeaderValue::from_static("api.example.com"));
            for &number in chosen {
                headers.insert(&names[number], forged[number].clone());
            }
            for (name, value) in &appends {
                headers.append(name, value.clone());
            }
            for (name, value) in &sets {
                headers.insert(name, value.clone());
            }
            let outcome = self.layer.rewrite(peer, &mut parts);
            let named = || chosen.iter().map(|&it| &names[it]).collect::<Vec<_>>();
            let client = IpAddr::from([203, 0, 113, 7]);
            assert_eq!(outcome.client(), Some(client), "{:?}", named());
            assert!(outcome.scheme().is_https(), "{:?}", named());
            assert_eq!(parts.uri, "https://api.example.com/", "{:?}", named());
            let login = outcome.identity().values().next();
            assert!(login.map(HeaderValue::as_bytes) == self.login.map(str::as_bytes));
            assert!(outcome.identity().len() <= 1, "{:?}", named());
            assert_eq!(outcome.prefix(), self.prefix, "{:?}", named());
            for &number in chosen {
                let left = parts.headers.get(&names[number]);
                assert!(left != Some(&forged[number]), "{:?}: {left:?}", named());
            }
            tried += 1;
        });
        tried
    }
}

/// How many sets have 1 to `size` of `count` members.
fn number_of_subsets(count: u64, size: u64) -> u64 {
    let mut of_this_size = 1;
    let sizes = (1..=size).map(|size| {
        of_this_size = of_this_size * (count + 1 - size) / size;
        of_this_size
    });
    sizes.sum()
}

/// A test that cannot fail proves nothing. With a proxy that passes the client's text through, this one must fail.
#[test]
#[should_panic(expected = "the client wrote `1")]
fn a_proxy_that_passes_the_clients_list_through_is_found() {
    let mut place = places().swap_remove(0);
    place.appended = &[];
    let (name, symbols) = (place.name, &["1.1.1.1"][..]);
    Place {
        name,
        symbols,
        ..place
    }
    .try_all(0, 1, Joined::Comma);
}
