//! Tests each row of the table in docs/migration.md, and the addresses that other frameworks trust by default.

use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use crate::support::*;

/// The words for a framework's default, the addresses that it trusts, and addresses that it does not trust.
const ROWS: [(&str, &str, &[&str], &[&str]); 7] = [
    (
        "Spring Boot, server.tomcat.remoteip.internal-proxies",
        "loopback, private, link-local, cgnat",
        &[
            "10.1.2.3",
            "172.31.0.1",
            "192.168.9.9",
            "169.254.1.1",
            "127.0.0.9",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
        ],
        &["172.32.0.1", "100.128.0.1", "203.0.113.7"],
    ),
    (
        "Rails from 8.1 on, ActionDispatch::RemoteIp::TRUSTED_PROXIES",
        "loopback, private, link-local",
        &[
            "127.0.0.1",
            "::1",
            "fc00::1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.9.9",
            "169.254.1.1",
            "fe80::1",
        ],
        &["100.64.0.1", "203.0.113.7", "2001:db8::1"],
    ),
    (
        "Express, loopback",
        "loopback",
        &["127.0.0.1", "127.9.9.9", "::1"],
        &["10.0.0.1", "169.254.1.1"],
    ),
    (
        "Express, linklocal",
        "link-local",
        &["169.254.1.1", "fe80::1"],
        &["127.0.0.1", "10.0.0.1"],
    ),
    (
        "Express, uniquelocal",
        "private",
        &[
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "fc00::1",
            "fd00::1",
        ],
        &["127.0.0.1", "169.254.1.1", "fe80::1"],
    ),
    (
        "uvicorn, the default of forwarded-allow-ips",
        "127.0.0.1",
        &["127.0.0.1"],
        &["::1", "127.0.0.2", "10.0.0.0"],
    ),
    (
        "gunicorn, the default of forwarded-allow-ips",
        "127.0.0.1, ::1",
        &["127.0.0.1", "::1"],
        &["127.0.0.2", "10.0.0.1"],
    ),
];

#[test]
fn the_words_here_trust_what_the_settings_there_trust() {
    for (setting, words, inside, outside) in ROWS {
        let proxies: TrustedProxies = words.parse().unwrap();
        for address in inside {
            assert!(
                proxies.contains(address.parse().unwrap()),
                "{setting}: {address}"
            );
        }
        for address in outside {
            assert!(
                !proxies.contains(address.parse().unwrap()),
                "{setting}: {address}"
            );
        }
    }
    let empty = "none".parse::<TrustedProxies>().unwrap();
    assert_eq!(empty, TrustedProxies::none());
    for word in ["linklocal", "uniquelocal"] {
        assert!(word.parse::<TrustedProxies>().is_err(), "{word}");
    }
}

#[test]
fn gunicorns_default_headers_for_https_are_read() {
    for (name, value) in [
        ("x-forwarded-protocol", "ssl"),
        ("x-forwarded-ssl", "on"),
        ("x-forwarded-proto", "https"),
    ] {
        let headers = Headers::X_FORWARDED.with_scheme_field(name).unwrap();
        let fields = [("x-forwarded-for", "203.0.113.7"), (name, value)];
        let resolution = resolve(&layer().headers(headers), &fields);
        assert!(resolution.scheme().is_https(), "{name}");
        assert_eq!(findings(&resolution), "");
    }
}

/// A client can forge its address with these settings, but not with the ones that the table names.
#[test]
fn what_is_forged_with_these_settings_is_not_with_the_ones_that_the_table_names() {
    let forged = [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.66"),
        ("x-forwarded-proto", "https"),
    ];
    let client_of =
        |proxies: TrustedProxies| client(&resolve(&ForwardedLayer::new(proxies), &forged));
    // Express `true`, uvicorn `*` and gin's default believe the leftmost address.
    assert_eq!(client_of(TrustedProxies::any().unlimited_hops()), "6.6.6.6");
    assert_eq!(client_of(TrustedProxies::any()), "203.0.113.66");
    // Express 2 and Werkzeug x_for=2 believe any client that bypasses the outer proxy.
    assert_eq!(client_of(TrustedProxies::count(2)), "6.6.6.6");
    assert_eq!(
        client_of("*, 173.245.48.0/20".parse().unwrap()),
        "203.0.113.66"
    );
}

/// The client, the scheme and the host of a request from [`PROXY`].
fn came_out(layer: &ForwardedLayer, fields: &[(&str, &str)]) -> String {
    let resolution = resolve(layer, fields);
    let host = resolution.host().unwrap_or("-");
    format!("{} {}://{host}", client(&resolution), resolution.scheme())
}

fn trusting(text: &str) -> ForwardedLayer {
    ForwardedLayer::new(text.parse::<TrustedProxies>().unwrap())
}

const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");
const FORGED: [(&str, &str); 2] = [("x-forwarded-for", "6.6.6.6, 203.0.113.7"), HTTPS];
const TRUE: &str = "203.0.113.7 https://app.internal";

/// Does what the second cell of a row says, and returns whether the row is true.
fn holds(there: &str) -> bool {
    let all = |trust: &str| came_out(&trusting(trust), &FORGED) == TRUE;
    let leftmost = ForwardedLayer::new(TrustedProxies::any().unlimited_hops());
    let believes_the_leftmost = came_out(&leftmost, &FORGED).starts_with("6.6.6.6 ");
    let counted = |count: usize, list: &str| {
        let layer = ForwardedLayer::new(TrustedProxies::count(count));
        came_out(&layer, &[("x-forwarded-for", list), HTTPS])
    };
    let two = counted(2, "6.6.6.6, 203.0.113.7, 130.176.1.9") == TRUE
        && counted(2, "203.0.113.7").starts_with("10.0.0.1 ");
    let cloudflare = || {
        let layer = trusting("10.0.0.0/8").headers(Headers::CLOUDFLARE);
        let fields = [
            ("cf-connecting-ip", "203.0.113.7"),
            HTTPS,
            ("x-forwarded-for", "6.6.6.6"),
        ];
        let stranger = through(&layer, Some("203.0.113.66:1"), request("/", &fields));
        came_out(&layer, &fields) == TRUE && client(&resolution(&stranger)) == "203.0.113.66"
    };
    let host = |layer: ForwardedLayer| {
        let fields = [FORGED[0], HTTPS, ("x-forwarded-host", "api.example.com")];
        let unbelieved = came_out(&trusting("10.0.0.0/8"), &fields) == TRUE;
        unbelieved && came_out(&layer, &fields).ends_with("https://api.example.com")
    };
    let believing = || {
        trusting("10.0.0.0/8")
            .believe_hosts(["api.example.com"])
            .unwrap()
    };
    match there {
        "uvicorn `--forwarded-allow-ips=10.0.0.0/8`"
        | "gin `SetTrustedProxies([]string{\"10.0.0.0/8\"})`"
        | "chi `ClientIPFromXFF(\"10.0.0.0/8\")`" => all("10.0.0.0/8"),
        "uvicorn `--forwarded-allow-ips=\"*\"`" | "Werkzeug `ProxyFix(app, x_for=1)`" => {
            all("*") && believes_the_leftmost
        }
        // The variable is not set here. tests/trust.rs tests that it is read.
        "uvicorn `FORWARDED_ALLOW_IPS`" => {
            TrustedProxies::from_env("TOWER_FORWARDED_NOT_SET").is_err()
        }
        "uvicorn, gunicorn `FORWARDED_ALLOW_IPS=\"\"`" => {
            came_out(&trusting("none"), &FORGED) == "10.0.0.1 http://app.internal"
        }
        "gunicorn `--forwarded-allow-ips`" => trusting("127.0.0.1, ::1")
            .policy()
            .resolve(
                Some("127.0.0.1:1".parse().unwrap()),
                &request("/", &FORGED).into_parts().0,
            )
            .is_trusted(),
        "gunicorn `secure_scheme_headers`" | "Django `SECURE_PROXY_SSL_HEADER`" => {
            let headers = Headers::X_FORWARDED
                .with_scheme_field("x-forwarded-ssl")
                .unwrap();
            let layer = trusting("10.0.0.0/8").headers(headers);
            let fields = [
                FORGED[0],
                ("x-forwarded-ssl", "on"),
                ("x-forwarded-proto", "http"),
            ];
            let stranger = through(&layer, Some("203.0.113.66:1"), request("/", &fields));
            came_out(&layer, &fields) == TRUE && !resolution(&stranger).scheme().is_https()
        }
        "ASP.NET Core `ForwardLimit = 2`" => {
            let limited = "10.0.0.0/8".parse::<TrustedProxies>().unwrap().hops(2);
            let fields = [("x-forwarded-for", "6.6.6.6, 10.0.0.3, 10.0.0.2"), HTTPS];
            came_out(&ForwardedLayer::new(limited), &fields).starts_with("10.0.0.3 ")
                && came_out(&trusting("10.0.0.0/8"), &fields).starts_with("6.6.6.6 ")
        }
        "ASP.NET Core `AllowedHosts`" | "Django `USE_X_FORWARDED_HOST`" => host(believing()),
        "ASP.NET Core `KnownIPNetworks`, `KnownProxies`"
        | "Express `app.set('trust proxy', 'loopback, 10.0.0.0/8')`" => all("loopback, 10.0.0.0/8"),
        "Express `linklocal`, `uniquelocal`" => ["linklocal", "uniquelocal"].iter().all(|word| {
            let error = word.parse::<TrustedProxies>().unwrap_err().to_string();
            error.contains("link-local") && error.contains("private")
        }),
        "Express `app.set('trust proxy', 2)`"
        | "Werkzeug `ProxyFix(app, x_for=2)`"
        | "chi `ClientIPFromXFFTrustedProxies(2)`" => two && all("*, 173.245.48.0/20"),
        "Express `app.set('trust proxy', true)`" | "gin without it" => believes_the_leftmost,
        "Rails `config.action_dispatch.trusted_proxies`" => all("loopback, private, link-local"),
        "Spring `server.forward-headers-strategy=native`, with Tomcat" => {
            all("loopback, private, link-local, cgnat") && host(believing())
        }
        "nginx `set_real_ip_from`, `real_ip_recursive on`" => {
            let fields = [("x-forwarded-for", "6.6.6.6, 203.0.113.7, 10.0.0.2"), HTTPS];
            came_out(&trusting("10.0.0.0/8"), &fields) == TRUE
        }
        "gin `TrustedPlatform = gin.PlatformCloudflare`"
        | "chi `ClientIPFromHeader(\"CF-Connecting-IP\")`" => cloudflare(),
        // Only named peers are believed.
        "Spring `ForwardedHeaderFilter`" | "chi `RealIP` (deprecated), gorilla `ProxyHeaders`" => {
            let seen = through(&trusting("none"), Some(PROXY), request("/", &FORGED));
            field(&seen, "x-forwarded-for").is_empty()
        }
        // These are separate layers, with tests in tests/allowed_hosts.rs and tests/redirect.rs.
        "Rails `config.hosts`" | "Django `ALLOWED_HOSTS`" => {
            tower_forwarded::AllowedHostsLayer::new(["api.example.com"]).is_ok()
        }
        "Rails `config.force_ssl`" => {
            let year = std::time::Duration::from_secs(31_536_000);
            let layer = tower_forwarded::HttpsRedirectLayer::new().hsts_with_subdomains(year);
            format!("{layer:?}").contains("includeSubDomains")
        }
        _ => panic!("the row `{there}` has no test"),
    }
}

#[test]
fn every_row_of_the_table_holds() {
    let page = include_str!("../docs/migration.md");
    let (_, table) = page.split_once("| there | here |\n|---|---|\n").unwrap();
    let rows: Vec<&str> = table
        .lines()
        .take_while(|line| line.starts_with("| "))
        .collect();
    assert!(rows.len() >= 31, "{}", rows.len());
    for row in rows {
        let there = row.trim_start_matches("| ").split(" | ").next().unwrap();
        assert!(holds(there), "{row}");
    }
}
