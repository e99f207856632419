//! Tests the configuration from files and environment variables.

use tower_forwarded::{Config, Headers, Scheme};

use crate::support::*;

#[test]
fn toml_json_and_variables_say_the_same() {
    let from_toml: Config = toml::from_str(
        r#"
        trust = ["10.0.0.0/8", "unix"]
        headers = "forwarded"
        hops = 2
        hosts = ["api.example.com", "*.example.org"]
        port = true
        prefix = true
        scheme = "https"
        "#,
    )
    .unwrap();
    let from_json: Config = serde_json::from_str(
        r#"{"trust": "10.0.0.0/8, unix", "headers": "forwarded", "hops": "2", "hosts": "api.example.com, *.example.org",
            "port": "true", "prefix": true, "scheme": "https"}"#,
    )
    .unwrap();
    let variables = [
        ("APP_TRUST", "10.0.0.0/8, unix"),
        ("APP_HEADERS", "forwarded"),
        ("APP_HOPS", "2"),
        ("APP_HOSTS", "api.example.com,*.example.org"),
        ("APP_PORT", "true"),
        ("APP_PREFIX", "true"),
        ("APP_SCHEME", "https"),
        ("PATH", "/bin"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let from_variables = Config::from_variables("APP_", variables).unwrap();
    assert_eq!(from_toml, from_json);
    assert_eq!(from_toml, from_variables);
    assert_eq!(from_toml.headers, Headers::FORWARDED);
    assert_eq!(from_toml.scheme, Scheme::Https);
}

#[test]
fn every_key_has_its_effect() {
    let layer = |text: &str| toml::from_str::<Config>(text).unwrap().layer();
    let fields = [
        ("x-forwarded-for", "198.51.100.66, 203.0.113.7, 10.0.0.2"),
        ("x-forwarded-host", "api.example.com"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "/api"),
    ];
    let url = |text: &str| resolve(&layer(text), &fields).origin().unwrap().url("/x");
    let trust = "trust = '10.0.0.0/8'\n";
    assert_eq!(url(trust), "http://app.internal/x");
    assert_eq!(
        url(&format!("{trust}scheme = 'https'")),
        "https://app.internal/x"
    );
    assert_eq!(
        url(&format!("{trust}hosts = ['*.example.com']")),
        "http://api.example.com/x"
    );
    assert_eq!(
        url(&format!("{trust}port = true")),
        "http://app.internal:8443/x"
    );
    assert_eq!(
        url(&format!("{trust}prefix = true")),
        "http://app.internal/api/x"
    );
    let client_of = |text: &str| client(&resolve(&layer(text), &fields));
    assert_eq!(client_of(trust), "203.0.113.7");
    assert_eq!(client_of("trust = []"), "10.0.0.1");
    assert_eq!(client_of("trust = '*'"), "10.0.0.2");
    assert_eq!(client_of("trust = '*'\nhops = 2"), "10.0.0.2");
    assert_eq!(client_of("trust = '*, 10.0.0.2'"), "203.0.113.7");
    assert_eq!(client_of("trust = '*, 10.0.0.2'\nhops = 1"), "10.0.0.2");
    assert_eq!(client_of("trust = '*'\nhops = 'all'"), "198.51.100.66");
    assert_eq!(client_of(&format!("{trust}hops = 1")), "10.0.0.2");
    assert_eq!(
        client_of(&format!("{trust}headers = 'forwarded'")),
        "10.0.0.1"
    );
}

#[test]
fn an_error_names_the_key_and_the_text() {
    for (text, key, found) in [
        ("trust = ['10.0.0.5/8']", "trust:", "`10.0.0.5/8`"),
        ("trust = 'a,'", "trust:", "`a,`"),
        ("trust = 7", "trust:", "`7`"),
        ("trust = [7]", "trust:", "7"),
        (
            "trust = {}",
            "trust:",
            "a table is not valid: expected a list",
        ),
        ("trust = 1979-05-27", "trust:", "a table is not valid"),
        (
            "trust = []\nhosts = { a = 'b' }",
            "hosts:",
            "expected a list of texts",
        ),
        (
            "trust = []\nheaders = { client = 'a b' }",
            "headers_client:",
            "`a b`",
        ),
        (
            "trust = []\nheaders = { clients = 'x-a' }",
            "`headers_clients`",
            "headers_client",
        ),
        (
            "trust = []\nheaders = { preset = 'nginx', client = 'x-a' }",
            "headers_client:",
            "`x-a`",
        ),
        (
            "trust = []\nheaders = { list = true }",
            "headers_list:",
            "`x-forwarded`",
        ),
        (
            "trust = []\nheaders_scheme = 'host'",
            "headers_scheme:",
            "`host`",
        ),
        (
            "trust = []\nheaders_host = 'x-forwarded-for'",
            "headers_host:",
            "`x-forwarded-for`",
        ),
        (
            "trust = []\nheaders_port = 'x_forwarded_port'",
            "headers_port:",
            "`x_forwarded_port`",
        ),
        ("trust = []\nheaders_prefix = ''", "headers_prefix:", "``"),
        (
            "trust = []\nheaders_lists = 'x-a'",
            "headers_lists:",
            "`x-a`",
        ),
        ("trust = []\nheaders_list = 'yes'", "headers_list:", "`yes`"),
        ("", "trust:", "missing"),
        ("trust = []\nheaders = 'x'", "headers:", "`x`"),
        ("trust = []\nheaders = ['x']", "headers:", "\"x\""),
        (
            "trust = []\nhops = 'few'",
            "hops:",
            "`few` is not valid: expected a number of hops or `all`",
        ),
        ("trust = []\nhops = 1.5", "hops:", "`1.5`"),
        ("trust = []\nhosts = ['a b']", "hosts:", "`a b`"),
        (
            "trust = []\nport = 'on'",
            "port:",
            "`on` is not valid: expected `true` or `false`",
        ),
        ("trust = []\nscheme = 'gopher'", "scheme:", "`gopher`"),
        ("trust = []\nhost = 'a'", "`host`", "hosts"),
        (
            "count = 'x'",
            "count:",
            "`x` is not valid: expected a number of proxies",
        ),
        (
            "trust = '*'\ncount = 2",
            "count:",
            "`2` cannot be combined with `trust`",
        ),
        // A `count` trusts more than `none`, so one of the two is a mistake.
        (
            "trust = 'none'\ncount = 2",
            "count:",
            "`2` cannot be combined with `trust`",
        ),
        (
            "trust = []\nkeep = ['x-a', 'host']",
            "keep:",
            "`host` is not valid: expected the name of a header",
        ),
        (
            "trust = []\ntrusted_peers = 'on'",
            "trusted_peers:",
            "`on` is not valid",
        ),
        (
            "trust = []\ntrusted_peers_exempt_paths = '/'",
            "trusted_peers_exempt_paths:",
            "has no effect without `trusted_peers`: expected `trusted_peers = true`",
        ),
        (
            "trust = []\ntrusted_peers = { exempt_paths = ['healthz'] }",
            "trusted_peers_exempt_paths:",
            "`healthz` is not valid: expected a path that starts with `/`",
        ),
        (
            "trust = []\nallowed_hosts = { addresses = true }",
            "allowed_hosts_addresses:",
            "has no effect without `allowed_hosts`: expected the names",
        ),
        ("trust = []\nallowed_hosts = {}", "allowed_hosts:", "a list"),
        (
            "trust = []\nallowed_hosts = 'a b'",
            "allowed_hosts:",
            "`a b`",
        ),
        (
            "trust = []\nallowed_hosts = { hosts = 'a', status = 404 }",
            "allowed_hosts_status:",
            "`404` is not valid: expected 421 or 400",
        ),
        ("trust = []\nreject = 'x'", "reject:", "`x`"),
        ("trust = []\nreject = []", "reject:", "the list is empty"),
        (
            "trust = []\nallowed_hosts = []",
            "allowed_hosts:",
            "the list is empty: expected one entry or more",
        ),
        (
            "trust = []\nkeep = 'x-a, x-b'\nremove = 'X-B'",
            "keep:",
            "`x-b` is not valid: expected a header that `remove` does not name",
        ),
        (
            "trust = []\nkeep = 'x_b'\nremove = 'X-B'",
            "keep:",
            "`x_b` is not valid: expected a header that `remove` does not name",
        ),
        (
            "trust = []\nhttps_redirect = { ports = ['80:443', '80:8443'] }",
            "https_redirect_ports:",
            "a port for http is set twice",
        ),
        (
            "trust = []\nheaders = { host = 'None' }",
            "headers_host:",
            "`None` is not valid: expected the name of a header",
        ),
        (
            "trust = []\nheaders = { client = 'Cookie' }",
            "headers_client:",
            "`Cookie`",
        ),
        (
            "trust = []\nheaders = { scheme = 'authorization' }",
            "headers_scheme:",
            "`authorization`",
        ),
        (
            "trust = []\nheaders = { port = 'content-length' }",
            "headers_port:",
            "`content-length`",
        ),
        (
            "trust = []\nremove = 'x-internal-*'",
            "remove:",
            "`x-internal-*` is not valid: expected the name of a header",
        ),
        (
            "trust = []\ntrusted_peers = { exempt_paths = ['/healthz', ''] }",
            "trusted_peers_exempt_paths:",
            "`` is not valid: expected a path that starts with `/`",
        ),
        ("trust = []\nreject = {}", "reject:", "a list"),
        (
            "trust = []\nhttps_redirect = { ports = ['8080'] }",
            "https_redirect_ports:",
            "`8080` is not valid: expected two ports as `8080:8443`",
        ),
        (
            "trust = []\nhttps_redirect = { ports = ['0:8443'] }",
            "https_redirect_ports:",
            "`0:8443`",
        ),
        (
            "trust = []\nhttps_redirect = { hsts_max_age = '1y' }",
            "https_redirect_hsts_max_age:",
            "`1y` is not valid: expected a number of seconds",
        ),
        (
            "trust = []\nhttps_redirect = { hsts_preload = true }",
            "https_redirect_hsts_preload:",
            "without `https_redirect_hsts_max_age`",
        ),
        (
            "trust = []\nhttps_redirect = { hsts_max_age = 1, hsts_preload = true, hsts_include_subdomains = false }",
            "https_redirect_hsts_include_subdomains:",
            "`false` is not valid",
        ),
        (
            "trust = []\nhttps_redirect = { hsts = 1 }",
            "`https_redirect_hsts` is not a known key",
            "expected one of https_redirect_enabled, https_redirect_exempt_paths, ",
        ),
        (
            "trust = []\nlocation_backends = 'a'",
            "location_backends:",
            "expected `location = true`",
        ),
        (
            "trust = []\noutbound = 'x'",
            "outbound:",
            "`x` is not valid: expected `x-forwarded`, `forwarded` or both",
        ),
        ("trust = []\noutbound = []", "outbound:", "expected `x-forw"),
        (
            "trust = []\noutbound_by = '_a'",
            "outbound_by:",
            "without `outbound`",
        ),
        (
            "trust = []\noutbound = { headers = 'forwarded', by = 'a' }",
            "outbound_by:",
            "`a`",
        ),
        (
            "trust = []\noutbound = { headers = 'forwarded', remove = 'a b' }",
            "outbound_remove:",
            "`a b`",
        ),
        (
            "trust = []\nrequire = 'a b'\nrequire_env = 'PATH'",
            "require:",
            "`a b`",
        ),
        (
            "trust = []\nrequire = 'Authorization'\nrequire_env = 'PATH'",
            "require:",
            "`Authorization`",
        ),
        (
            "trust = []\nrequire = { header = 'x-a', env = 'PATH', file = '/x' }",
            "require_file:",
            "`/x` cannot be combined",
        ),
    ] {
        let error = toml::from_str::<Config>(text).unwrap_err().to_string();
        assert!(
            error.contains(key) && error.contains(found),
            "{text}: {error}"
        );
    }
    let error =
        Config::from_variables("APP_", [("APP_TYPO".to_owned(), String::new())]).unwrap_err();
    assert!(error.to_string().contains("`APP_TYPO`"), "{error}");
    let absent = r#"{"trust": [], "hops": null, "hosts": null, "port": null, "scheme": null}"#;
    assert_eq!(
        serde_json::from_str::<Config>(absent).unwrap(),
        toml::from_str("trust = []").unwrap()
    );
    let twice = r#"{"trust": [], "port": true, "port": false}"#;
    let error = serde_json::from_str::<Config>(twice)
        .unwrap_err()
        .to_string();
    assert!(error.contains("port: is set twice"), "{error}");
}

#[test]
fn numbers_are_read_as_json_writes_them_and_what_is_no_table_is_told() {
    let numbers: Config =
        serde_json::from_str(r#"{"trust": ["10.0.0.0/8"], "hops": 2, "port": true}"#).unwrap();
    let texts: Config =
        serde_json::from_str(r#"{"trust": "10.0.0.0/8", "hops": "2", "port": "true"}"#).unwrap();
    assert_eq!(numbers, texts);
    let error = serde_json::from_str::<Config>("[1]")
        .unwrap_err()
        .to_string();
    assert!(error.contains("a table with the keys trust"), "{error}");
}

#[test]
fn a_list_with_the_word_none_is_the_word() {
    let read = |trust: &str| toml::from_str::<Config>(&format!("trust = {trust}"));
    assert_eq!(read("['none']"), read("'none'"));
    assert!(read("['none', '10.0.0.1']").is_err());
    // An entry of a list is one entry.
    assert!(read("['10.0.0.1, 10.0.0.2']").is_err());
}

#[test]
fn the_environment_is_read_by_its_prefix() {
    // No variable has this prefix.
    let error = Config::from_env("TOWER_FORWARDED_TESTS_").unwrap_err();
    assert_eq!(
        error.to_string(),
        "TOWER_FORWARDED_TESTS_TRUST: is missing: list your proxies, such as 10.0.0.0/16, or write `none` to trust nobody"
    );
}

#[test]
fn the_documented_prefix_and_gunicorns_variable_do_not_break_each_other() {
    let read = |variables: &[(&str, &str)]| {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_variables("FORWARDED_", variables)
    };
    // The variable of uvicorn and gunicorn has no effect here.
    let both = [
        ("FORWARDED_ALLOW_IPS", "*"),
        ("FORWARDED_TRUST", "10.0.0.0/8"),
    ];
    assert_eq!(read(&both), read(&both[1..]));
    let error = read(&both[..1]).unwrap_err().to_string();
    assert!(error.starts_with("FORWARDED_TRUST: is missing"), "{error}");
    // Another variable with this prefix is an error.
    let typo = [both[1], ("FORWARDED_ALLOW_IP", "*")];
    let error = read(&typo).unwrap_err().to_string();
    assert!(error.starts_with("`FORWARDED_ALLOW_IP` is not"), "{error}");
}

#[test]
fn headers_are_kept_and_removed_by_a_configuration_too() {
    let text = "trust = '10.0.0.0/8'\nkeep = ['x-real-ip']\nremove = 'x-user, x-role'";
    let layer = toml::from_str::<Config>(text).unwrap().layer();
    let fields = [("x-real-ip", "6.6.6.6"), ("x-user", "a"), ("x_role", "b")];
    let seen = through(&layer, Some(PROXY), request("/", &fields));
    assert_eq!(field(&seen, "x-real-ip"), "6.6.6.6");
    assert_eq!(field(&seen, "x-user") + &field(&seen, "x_role"), "");
    // The layer always writes `Host`, also if code adds the name to a configuration.
    let mut config: Config = toml::from_str(text).unwrap();
    config.keep.push(http::header::HOST);
    config.remove.push(http::header::HOST);
    let seen = through(
        &config.layer(),
        Some(PROXY),
        request("/", &[("host", "A.example")]),
    );
    assert_eq!(field(&seen, "host"), "a.example");
    // Code can also choose headers that a configuration would refuse beside `identity`.
    let mut config: Config = toml::from_str("trust = '10.0.0.0/8'\nidentity = 'x-team'").unwrap();
    config.headers = Headers::client_field("x-team").unwrap();
    let fields = [("x-team", "203.0.113.7")];
    let seen = through(&config.layer(), Some(PROXY), request("/", &fields));
    assert!(resolution(&seen).identity().is_empty());
    assert_eq!(client(&resolution(&seen)), "203.0.113.7");
    for (key, value) in [("keep", "['a b']"), ("remove", "'host'")] {
        let text = format!("trust = []\n{key} = {value}");
        let error = toml::from_str::<Config>(&text).unwrap_err().to_string();
        assert!(error.contains(&format!("{key}: `")), "{error}");
    }
}

/// Headers with unusual names for everything.
fn renamed() -> Headers {
    let headers = Headers::client_list_field("x-ips").unwrap();
    let headers = headers.with_scheme_field("x-proto").unwrap();
    let headers = headers.with_host_field("x-name").unwrap();
    let headers = headers.with_port_field("x-number").unwrap();
    let headers = headers.with_prefix_field("x-path").unwrap();
    headers.with_lists(["x-proto", "x-path"]).unwrap()
}

#[test]
fn headers_of_ones_own_are_the_same_by_table_by_key_and_by_variable() {
    let trust = "trust = '10.0.0.0/8'";
    let keys = [
        ("client", "'x-ips'"),
        ("list", "true"),
        ("scheme", "'x-proto'"),
        ("host", "'x-name'"),
        ("port", "'x-number'"),
        ("prefix", "'x-path'"),
        ("lists", "['x-proto', 'x-path']"),
    ];
    let table = keys.map(|(key, value)| format!("{key} = {value}"));
    let flat = keys.map(|(key, value)| format!("headers_{key} = {value}\n"));
    let by_table: Config =
        toml::from_str(&format!("{trust}\nheaders = {{ {} }}", table.join(", "))).unwrap();
    let by_key: Config = toml::from_str(&format!("{trust}\n{}", flat.concat())).unwrap();
    let variables = keys
        .map(|(key, value)| {
            let name = format!("APP_HEADERS_{}", key.to_uppercase());
            (name, value.replace(['[', ']', '\''], ""))
        })
        .into_iter()
        .chain([("APP_TRUST".to_owned(), "10.0.0.0/8".to_owned())]);
    let by_variable = Config::from_variables("APP_", variables).unwrap();
    assert_eq!(by_table, by_key);
    assert_eq!(by_table, by_variable);
    assert_eq!(by_table.headers, renamed());

    #[derive(serde::Deserialize)]
    struct Own {
        headers: Headers,
    }
    let own: Own = toml::from_str(&format!("headers = {{ {} }}", table.join(", "))).unwrap();
    assert_eq!(own.headers, renamed());
    let own: Own = toml::from_str("headers = 'aws-alb'").unwrap();
    assert_eq!(own.headers, Headers::AWS_ALB);

    let fields = [
        ("x-ips", "6.6.6.6, 203.0.113.7, 10.0.0.2"),
        ("x-proto", "http, https, http"),
        ("x-forwarded-for", "6.6.6.6"),
    ];
    let seen = through(&by_table.layer(), Some(PROXY), request("/", &fields));
    assert_eq!(client(&resolution(&seen)), "203.0.113.7");
    assert_eq!(resolution(&seen).scheme(), Scheme::Https);
    assert_eq!(field(&seen, "x-ips"), "203.0.113.7, 10.0.0.2");
    assert_eq!(field(&seen, "x-forwarded-for"), "");
}

#[test]
fn a_preset_with_one_header_changed_and_a_scheme_that_nobody_states() {
    let headers = |text: &str| {
        let text = format!("trust = []\nheaders = {text}");
        toml::from_str::<Config>(&text).unwrap().headers
    };
    assert_eq!(
        headers("{ preset = 'nginx', scheme = 'x-scheme' }"),
        Headers::NGINX.with_scheme_field("x-scheme").unwrap()
    );
    assert_eq!(
        headers("{ scheme = 'none' }"),
        Headers::X_FORWARDED.without_scheme()
    );
    let null = r#"{"trust": [], "headers": {"client": "x-ips", "list": true, "scheme": null, "host": null}}"#;
    assert_eq!(
        serde_json::from_str::<Config>(null).unwrap().headers,
        Headers::client_list_field("x-ips")
            .unwrap()
            .without_scheme()
    );
    let flat = r#"{"trust": [], "headers_client": "x-ips", "headers_list": true, "headers_scheme": null, "headers_port": null}"#;
    assert_eq!(
        serde_json::from_str::<Config>(flat).unwrap(),
        serde_json::from_str(null).unwrap()
    );
    // An unknown key is an error.
    let variables = [("APP_TRUST", "none"), ("APP_HEADERS_CLEINT", "x-a")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let error = Config::from_variables("APP_", variables)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(
            "`APP_HEADERS_CLEINT` is not a known key: expected one of APP_HEADERS_PRESET, APP_HEADERS_CLIENT, "
        ),
        "{error}"
    );
}

#[test]
fn a_preset_beside_a_switch_that_is_off_is_the_preset() {
    let config: Config =
        toml::from_str("trust = []\nheaders = 'nginx'\nheaders_list = false").unwrap();
    assert_eq!(config.headers, Headers::NGINX);
    let config: Config = toml::from_str("trust = []\nheaders = {}").unwrap();
    assert_eq!(config.headers, Headers::X_FORWARDED);
}

#[test]
fn what_is_no_table_is_told_the_keys_of_one() {
    let error = serde_json::from_str::<Config>("3").unwrap_err().to_string();
    for text in [
        "invalid type: integer `3`",
        "a table with the keys trust, ",
        "headers, ",
    ] {
        assert!(error.contains(text), "{text}: {error}");
    }
    // The keys of tables, such as `trusted_peers.exempt_paths`, are not among them.
    assert!(!error.contains("exempt_paths"), "{error}");
}
