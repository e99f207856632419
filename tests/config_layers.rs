//! Tests the configuration of all layers in one section: each key has its effect, and the order of layers is right.

use std::{collections::BTreeSet, convert::Infallible};

use http::{Request, Response};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_forwarded::{Config, ConfigError, Peer};
use tower_http::cors::CorsLayer;

use crate::support::*;

fn config(text: &str) -> Config {
    let text = format!("trust = '10.0.0.0/8'\n{text}");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The response of a service behind all layers of a section and a CORS layer.
async fn respond(config: &Config, request: Request<()>) -> Response<String> {
    let inner = service_fn(async |_: Request<()>| {
        let mut response = Response::new("inner".to_owned());
        let location = "http://app.internal/x".parse().unwrap();
        response.headers_mut().insert("location", location);
        let cookie = "a=b".parse().unwrap();
        response.headers_mut().insert("set-cookie", cookie);
        Ok::<_, Infallible>(response)
    });
    let cors = CorsLayer::new().allow_origin(["https://app.example.com".parse().unwrap()]);
    let service = config.layers(cors).layer(inner);
    service.oneshot(request).await.unwrap()
}

/// A request from the load balancer or from another peer.
fn from(peer: &str, path: &str, fields: &[(&str, &str)]) -> Request<()> {
    let fields = [&[("origin", "https://app.example.com")], fields].concat();
    let mut request = request(path, &fields);
    let peer: Peer = peer.parse().unwrap();
    request.extensions_mut().insert(peer);
    request
}

const HTTPS: &[(&str, &str)] = &[
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
];
const HTTP: &[(&str, &str)] = &[
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "http"),
];

fn header<'a>(response: &'a Response<String>, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn layers_that_are_off_pass_everything_on() {
    for text in [
        "",
        "trusted_peers = false\nhttps_redirect = false\nlocation = false",
        // A layer that is off can keep its options.
        "https_redirect = { enabled = false, hsts_max_age = 60 }",
    ] {
        let config = config(text);
        for (peer, fields) in [("10.0.0.1", HTTP), ("198.51.100.66", HTTPS)] {
            let response = respond(&config, from(peer, "/", fields)).await;
            assert_eq!(response.status(), 200, "{text}");
            assert_eq!(header(&response, "location"), "http://app.internal/x");
            assert_eq!(header(&response, "strict-transport-security"), "");
        }
        assert!(config.outbound().is_none());
        // Without CORS, an empty ServiceBuilder takes its place.
        let inner =
            service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(String::new())));
        let service = config.layers(ServiceBuilder::new()).layer(inner);
        let response = service.oneshot(from("10.0.0.1", "/", HTTPS)).await;
        assert_eq!(response.unwrap().status(), 200);
        // Layers that are off do not need a ForwardedLayer.
        let inner =
            service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(String::new())));
        let service = ServiceBuilder::new()
            .layer(config.trusted_peers())
            .layer(config.allowed_hosts())
            .layer(config.reject())
            .layer(config.https_redirect())
            .layer(config.location())
            .service(inner);
        assert_eq!(
            service.oneshot(request("/", &[])).await.unwrap().status(),
            200
        );
    }
}

#[tokio::test]
async fn each_layer_that_is_on_acts_with_its_options() {
    let status = async |text: &str, request| {
        let response = respond(&config(text), request).await;
        let with_cors = !header(&response, "access-control-allow-origin").is_empty();
        (response.status().as_u16(), with_cors)
    };
    let peers = "trusted_peers = { exempt_paths = ['/healthz'] }";
    let stranger = "198.51.100.66";
    assert_eq!(status(peers, from(stranger, "/", &[])).await, (403, false));
    assert_eq!(
        status(peers, from(stranger, "/healthz", &[])).await,
        (200, true)
    );
    assert_eq!(
        status(peers, from("10.0.0.1", "/", HTTPS)).await,
        (200, true)
    );

    let hosts = "allowed_hosts = { hosts = ['api.example.com'], exempt_paths = '/healthz' }";
    assert_eq!(
        status(hosts, from("10.0.0.1", "/", HTTPS)).await,
        (421, false)
    );
    assert_eq!(
        status(hosts, from("10.0.0.1", "/healthz", HTTPS)).await,
        (200, true)
    );
    let own = from("10.0.0.1", "http://api.example.com/", HTTPS);
    assert_eq!(status(hosts, own).await, (200, true));
    let address = || from("10.0.0.1", "http://192.0.2.1/", HTTPS);
    assert_eq!(status(hosts, address()).await, (421, false));
    let more = "allowed_hosts = { hosts = 'api.example.com', addresses = true, status = 400 }";
    assert_eq!(status(more, address()).await, (200, true));
    assert_eq!(
        status(more, from("10.0.0.1", "/", HTTPS)).await,
        (400, false)
    );
    // A list without a table is enough.
    assert_eq!(
        status("allowed_hosts = ['api.example.com']", address()).await,
        (421, false)
    );

    let reject = "reject = ['peer-untrusted', 'for-malformed']";
    assert_eq!(
        status(reject, from(stranger, "/", HTTPS)).await,
        (400, true)
    );
    assert_eq!(status(reject, from(stranger, "/", &[])).await, (200, true));
    let table = "reject = { findings = 'peer-untrusted' }";
    assert_eq!(status(table, from(stranger, "/", HTTPS)).await, (400, true));
}

#[tokio::test]
async fn a_redirect_from_a_section_keeps_the_cors_headers() {
    let config = config(
        "https_redirect = { exempt_paths = ['/healthz'], hsts_max_age = 60, ports = ['8080:8443'], \
         moved_permanently_for_get = true }",
    );
    let response = respond(&config, from("10.0.0.1", "/a?b", HTTP)).await;
    assert_eq!(response.status(), 301);
    assert_eq!(header(&response, "location"), "https://app.internal/a?b");
    assert_eq!(
        header(&response, "access-control-allow-origin"),
        "https://app.example.com"
    );
    let port = from("10.0.0.1", "http://app.internal:8080/", HTTP);
    let response = respond(&config, port).await;
    assert_eq!(header(&response, "location"), "https://app.internal:8443/");
    let response = respond(&config, from("10.0.0.1", "/healthz", HTTP)).await;
    assert_eq!(response.status(), 200);
    let response = respond(&config, from("10.0.0.1", "/", HTTPS)).await;
    assert_eq!(header(&response, "strict-transport-security"), "max-age=60");
    for (option, expected) in [
        (
            "hsts_include_subdomains = true",
            "max-age=60; includeSubDomains",
        ),
        (
            "hsts_preload = true",
            "max-age=60; includeSubDomains; preload",
        ),
        (
            "hsts_include_subdomains = true, hsts_preload = true",
            "max-age=60; includeSubDomains; preload",
        ),
    ] {
        let text = format!("https_redirect = {{ hsts_max_age = 60, {option} }}");
        let response = respond(&self::config(&text), from("10.0.0.1", "/", HTTPS)).await;
        assert_eq!(header(&response, "strict-transport-security"), expected);
    }
}

#[tokio::test]
async fn a_section_repairs_locations_and_cookies() {
    let request = || from("10.0.0.1", "http://api.example.com/", HTTPS);
    let response = respond(&config("location = true"), request()).await;
    assert_eq!(header(&response, "location"), "http://app.internal/x");
    assert_eq!(header(&response, "set-cookie"), "a=b");
    let text = "[location]\nbackends = ['app.internal']\nsecure_cookies = true";
    let response = respond(&config(text), request()).await;
    assert_eq!(header(&response, "location"), "https://api.example.com/x");
    assert_eq!(header(&response, "set-cookie"), "a=b; Secure");
}

#[test]
fn a_section_says_what_the_next_service_is_told() {
    let text = "record_hops = true\noutbound = { headers = ['forwarded', 'x-forwarded'], by = '_app', remove = 'x-user' }";
    let config = config(text);
    let seen = through(&config.layer(), Some(PROXY), request("/", HTTPS));
    let mut headers = http::HeaderMap::new();
    headers.insert("x_user", "root".parse().unwrap());
    let outbound = config.outbound().unwrap();
    outbound.apply(&mut headers, Some(&resolution(&seen)));
    assert_eq!(headers["x-forwarded-for"], "203.0.113.7, 10.0.0.1");
    assert_eq!(
        headers["forwarded"],
        "for=203.0.113.7;proto=https;host=app.internal, for=10.0.0.1;by=_app"
    );
    assert!(!headers.contains_key("x_user"));
}

#[test]
fn a_section_can_leave_the_uri_and_the_connection_alone() {
    let all = config("keep_uri = true\nkeep_connect_info = true\nrecord_hops = true");
    let seen = through(&all.layer(), Some(PROXY), request("/a", HTTPS));
    assert_eq!(seen.uri(), "/a");
    assert_eq!(resolution(&seen).hops_seen().len(), 1);
    let none = config("keep_uri = false");
    let seen = through(&none.layer(), Some(PROXY), request("/a", HTTPS));
    assert_eq!(seen.uri(), "https://app.internal/a");
    assert!(resolution(&seen).hops_seen().is_empty());
}

/// Every key, with a value that is not its default, and the other keys that it needs.
const VALUES: &[(&str, &str, &str)] = &[
    ("trust", "'192.0.2.0/24'", ""),
    ("count", "2", ""),
    ("hops", "2", ""),
    ("headers", "'aws-alb'", ""),
    ("headers_client", "'x-a'", ""),
    ("headers_list", "true", "headers_client = 'x-a'"),
    ("headers_scheme", "'x-a'", ""),
    ("headers_host", "'x-a'", ""),
    ("headers_port", "'x-a'", ""),
    ("headers_prefix", "'x-a'", ""),
    ("headers_lists", "'x-forwarded-proto'", ""),
    ("hosts", "'a'", ""),
    ("port", "true", ""),
    ("prefix", "true", ""),
    ("scheme", "'https'", ""),
    ("require", "'x-b'", "require_env = 'PATH'"),
    ("require_env", "'PATH'", "require = 'x-b'"),
    ("require_file", "'.gitignore'", "require = 'x-b'"),
    ("identity", "'x-a'", ""),
    #[cfg(feature = "client-cert")]
    ("client_cert", "'x-a'", ""),
    ("keep", "'x-a'", ""),
    ("remove", "'x-a'", ""),
    ("keep_uri", "true", ""),
    ("keep_connect_info", "true", ""),
    ("record_hops", "true", ""),
    ("trusted_peers", "true", ""),
    ("trusted_peers_exempt_paths", "'/a'", "trusted_peers = true"),
    ("allowed_hosts", "'a'", ""),
    ("allowed_hosts_addresses", "true", "allowed_hosts = 'a'"),
    ("allowed_hosts_exempt_paths", "'/a'", "allowed_hosts = 'a'"),
    ("allowed_hosts_status", "400", "allowed_hosts = 'a'"),
    ("reject", "'for-malformed'", ""),
    ("https_redirect", "true", ""),
    (
        "https_redirect_exempt_paths",
        "'/a'",
        "https_redirect = true",
    ),
    (
        "https_redirect_hsts_include_subdomains",
        "true",
        "https_redirect = true\nhttps_redirect_hsts_max_age = 1",
    ),
    ("https_redirect_hsts_max_age", "1", "https_redirect = true"),
    (
        "https_redirect_hsts_preload",
        "true",
        "https_redirect = true\nhttps_redirect_hsts_max_age = 1",
    ),
    (
        "https_redirect_moved_permanently_for_get",
        "true",
        "https_redirect = true",
    ),
    ("https_redirect_ports", "'80:81'", "https_redirect = true"),
    ("location", "true", ""),
    ("location_backends", "'a'", "location = true"),
    ("location_secure_cookies", "true", "location = true"),
    ("outbound", "'forwarded'", ""),
    ("outbound_by", "'_a'", "outbound = 'forwarded'"),
    ("outbound_remove", "'x-a'", "outbound = 'forwarded'"),
];

/// The keys that an error about `key` proposes.
fn proposed(key: &str) -> Vec<String> {
    match Config::from_variables("", [(key.to_owned(), String::new())]).unwrap_err() {
        ConfigError::UnknownKey { expected, .. } => {
            expected.iter().map(|key| key.to_lowercase()).collect()
        }
        error => panic!("{error}"),
    }
}

#[test]
fn no_key_is_read_and_ignored() {
    let shown = |text: &str| {
        let config = config_of(text);
        format!(
            "{:?} {:?} {:?}",
            config.layer(),
            config.layers(()),
            config.outbound()
        )
    };
    for (key, value, needs) in VALUES {
        let without = shown(needs_alone(key, needs));
        let with = shown(&format!("{needs}\n{key} = {value}"));
        // The output shows neither secrets nor the paths that a closure exempts.
        if !matches!(*key, "require_env" | "require_file") {
            assert_ne!(with, without, "{key}");
        }
    }
    // The list above contains every key.
    let mut all: BTreeSet<String> = proposed("no_such_key").into_iter().collect();
    for table in all.clone() {
        let own = proposed(&format!("{table}_no_such_key"));
        all.extend(own);
    }
    // The first key of a table is also the table's name.
    for key in [
        "headers_preset",
        "require_header",
        "trusted_peers_enabled",
        "allowed_hosts_hosts",
        "reject_findings",
        "https_redirect_enabled",
        "location_enabled",
        "outbound_headers",
    ] {
        assert!(all.remove(key), "{key}");
    }
    let tested: BTreeSet<String> = VALUES.iter().map(|(key, ..)| (*key).to_owned()).collect();
    assert_eq!(all, tested);
}

/// `require_env` cannot be set without its partner, so it is compared with an empty section.
fn needs_alone<'a>(key: &str, needs: &'a str) -> &'a str {
    if key.starts_with("require") {
        ""
    } else {
        needs
    }
}

fn config_of(text: &str) -> Config {
    if text.contains("trust = ") || text.contains("count = ") {
        toml::from_str(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
    } else {
        config(text)
    }
}

#[test]
fn every_key_is_in_the_documentation() {
    let page = include_str!("../src/config/mod.rs");
    for (key, ..) in VALUES {
        let in_table = [
            "headers",
            "trusted_peers",
            "allowed_hosts",
            "https_redirect",
            "location",
            "outbound",
        ]
        .iter()
        .find_map(|table| key.strip_prefix(table)?.strip_prefix('_'))
        .unwrap_or(key);
        assert!(page.contains(&format!("| `{in_table}` |")), "{key}");
    }
}

#[test]
fn what_looks_like_a_switch_is_no_name() {
    for key in [
        "hosts",
        "identity",
        "keep",
        "remove",
        "headers",
        "headers_client",
        "headers_host",
        "allowed_hosts",
        "reject",
        "outbound",
        "location_backends",
        "trusted_peers_exempt_paths",
        "trust",
    ] {
        for (value, text) in [("true", "true"), ("false", "false"), ("'false'", "false")] {
            let needs = match key {
                "location_backends" => "location = true",
                "trusted_peers_exempt_paths" => "trusted_peers = true",
                _ => "",
            };
            let trust = if key == "trust" { "" } else { "trust = 'none'" };
            let file = format!("{trust}\n{needs}\n{key} = {value}");
            let error = toml::from_str::<Config>(&file).unwrap_err().to_string();
            let expected = format!("{key}: `{text}` is not valid: expected");
            assert!(error.contains(&expected), "{file}: {error}");
        }
    }
}

#[test]
fn the_first_key_of_a_table_can_be_written_out() {
    let short = "headers = 'nginx'\nallowed_hosts = 'a'\nreject = 'for-malformed'\nhttps_redirect = true\n\
                 outbound = 'forwarded'\ntrusted_peers = true\nlocation = true";
    let long = "headers_preset = 'nginx'\nallowed_hosts_hosts = 'a'\nreject_findings = 'for-malformed'\n\
                https_redirect_enabled = true\noutbound_headers = 'forwarded'\ntrusted_peers_enabled = true\n\
                location_enabled = true";
    assert_eq!(config(short), config(long));
    let both = "trust = []\nreject = 'for-malformed'\nreject_findings = 'for-malformed'";
    let error = toml::from_str::<Config>(both).unwrap_err().to_string();
    assert!(error.contains("reject: is set twice"), "{error}");
    // The error for an unknown key of a table names all keys of the table.
    let typo = "trust = []\nallowed_hosts = { host = 'a' }";
    let error = toml::from_str::<Config>(typo).unwrap_err().to_string();
    let expected = "expected one of allowed_hosts_hosts, allowed_hosts_addresses, ";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn the_variable_with_the_secret_may_have_the_same_prefix() {
    let read = |names_it: &str| {
        let variables = [
            ("FORWARDED_TRUST", "10.0.0.0/8"),
            ("FORWARDED_REQUIRE", "x-origin-verify"),
            ("FORWARDED_REQUIRE_ENV", names_it),
            ("FORWARDED_SECRET", "s3cret"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let error = Config::from_variables("FORWARDED_", variables).unwrap_err();
        error.to_string()
    };
    // A test cannot set a variable, so the error that is left is about the process.
    let error = read("FORWARDED_SECRET");
    let expected = "FORWARDED_REQUIRE_ENV: the environment variable `FORWARDED_SECRET` is not set";
    assert_eq!(error, expected);
    let error = read("PATH");
    let expected = "`FORWARDED_SECRET` is not a known key";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_null_does_not_turn_a_layer_off() {
    let read = |text: &str| serde_json::from_str::<Config>(text).map_err(|it| it.to_string());
    let on = read(r#"{"trust": [], "https_redirect": {"enabled": null}}"#);
    assert_eq!(on, read(r#"{"trust": [], "https_redirect": true}"#));
    for table in [
        r#""allowed_hosts": {"hosts": null}"#,
        r#""allowed_hosts": {"hosts": null, "addresses": true}"#,
        r#""reject": {"findings": null}"#,
        r#""outbound": {"headers": null}"#,
        r#""require": {"header": null, "env": null}"#,
        r#""require": {"header": "x-a", "env": null}"#,
    ] {
        let error = read(&format!(r#"{{"trust": [], {table}}}"#)).unwrap_err();
        assert!(error.contains("expected"), "{table}: {error}");
    }
}

#[test]
fn a_section_as_tables_as_keys_and_as_variables_is_the_same() {
    let tables = r#"
        trust = "10.0.0.0/8"
        [https_redirect]
        hsts_max_age = 60
        exempt_paths = ["/a", "/b/"]
        [allowed_hosts]
        hosts = ["a", "b:8443"]
        status = 400
        [outbound]
        headers = ["x-forwarded"]
    "#;
    let json = r#"{"trust": ["10.0.0.0/8"], "https_redirect": {"enabled": true, "hsts_max_age": 60, "exempt_paths": ["/a", "/b/"],
        "hsts_preload": null}, "allowed_hosts": {"hosts": ["a", "b:8443"], "status": 400}, "outbound": {"headers": "x-forwarded"}}"#;
    let keys = [
        ("TRUST", "10.0.0.0/8"),
        ("HTTPS_REDIRECT", "true"),
        ("HTTPS_REDIRECT_HSTS_MAX_AGE", "60"),
        ("HTTPS_REDIRECT_EXEMPT_PATHS", "/a, /b/"),
        ("ALLOWED_HOSTS", "a, b:8443"),
        ("ALLOWED_HOSTS_STATUS", "400"),
        ("OUTBOUND", "x-forwarded"),
    ];
    let tables: Config = toml::from_str(tables).unwrap();
    let json: Config = serde_json::from_str(json).unwrap();
    let variables = keys.map(|(key, value)| (format!("FORWARDED_{key}"), value.to_owned()));
    let variables = Config::from_variables("FORWARDED_", variables).unwrap();
    assert_eq!(tables, json);
    assert_eq!(tables, variables);
}
