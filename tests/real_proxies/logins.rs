//! Tests proxies that know who logged in. The outcome is this user or nobody, for anything that the client writes.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    process::Command,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, http::HeaderMap, response::IntoResponse, routing::get};
use http::{Request, StatusCode};
use tokio::net::{TcpListener, TcpSocket};
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies};

use super::{
    app::{self, Seen},
    fixture::{Certificate, Kind, Own, Program, Proxy, Upstream, free_port},
    strips::keep,
};
use crate::support::{
    process::Process,
    wire::{self, Answer, Version},
};

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9));

macro_rules! own {
    ($name:literal, $program:ident, $($file:literal),*) => {
        Kind::Own(&Own {
            name: $name,
            program: Program::$program,
            files: &[$(($file, include_str!(concat!("../proxies/", $file)))),*],
        })
    };
}

/// The headers of our authenticator's response.
const LOGIN: [&str; 3] = ["remote-user", "remote-email", "remote-groups"];

/// The headers that a client writes to become the administrator.
const FORGED: [(&str, &str); 16] = [
    ("Remote-User", "admin"),
    ("Remote-Email", "admin@example.com"),
    ("Remote-Groups", "admins"),
    ("Remote_User", "admin"),
    ("remote_groups", "admins"),
    ("X-Remote-User", "admin"),
    ("X_Remote_User", "admin"),
    ("X-Forwarded-User", "admin"),
    ("X-Auth-Request-Email", "admin@example.com"),
    ("X-WebAuth-User", "admin"),
    ("X-authentik-username", "admin"),
    ("Cf-Access-Authenticated-User-Email", "admin@example.com"),
    ("OIDC_CLAIM_email", "admin@example.com"),
    ("OIDC-CLAIM-email", "admin@example.com"),
    ("OIDC_CLAIM-email", "admin@example.com"),
    ("OIDC_CLAIM_groups", "admins"),
];

/// The client tries to make a proxy drop its own headers, and writes them with other spellings.
const RESPELLED: [(&str, &str); 7] = [
    (
        "Connection",
        "close, Remote-User, Remote-Groups, X-Remote-User, OIDC_CLAIM_email",
    ),
    ("Remote_User", "admin"),
    ("Remote.User", "admin"),
    ("Remote_Groups", "admins"),
    ("X_Remote_User", "admin"),
    ("X.Remote.User", "admin"),
    ("OIDC.CLAIM.email", "admin@example.com"),
];

async fn send(to: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(CLIENT, 0)).unwrap();
    let stream = socket.connect(to).await.unwrap();
    let mut request = Request::builder()
        .uri(path)
        .header("host", to.to_string())
        .header("accept", "text/html");
    if headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.method("POST");
    }
    for (name, value) in headers.iter().filter(|(name, _)| *name != "body") {
        request = request.header(*name, *value);
    }
    let body = headers.iter().find(|(name, _)| *name == "body");
    let body = body.map_or_else(Body::empty, |(_, body)| Body::from((*body).to_owned()));
    let answer = wire::over(stream, Version::Http1, request.body(body).unwrap());
    answer.await.unwrap()
}

fn seen(answer: &Answer) -> Seen {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// Our authenticator. It knows alice and bob, and bob is in no group.
async fn authenticator() -> SocketAddr {
    async fn auth(headers: HeaderMap) -> impl IntoResponse {
        let cookie = headers
            .get("cookie")
            .map(|cookie| cookie.as_bytes().to_vec());
        match cookie.as_deref() {
            Some(b"who=alice") => (
                StatusCode::OK,
                [
                    ("remote-user", "alice"),
                    ("remote-email", "alice@example.com"),
                    ("remote-groups", "staff"),
                ],
            )
                .into_response(),
            Some(b"who=bob") => (StatusCode::OK, [("remote-user", "bob")]).into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/auth", get(auth));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

fn layer(identity: &[&str]) -> ForwardedLayer {
    let trust: TrustedProxies = "127.0.0.1".parse().unwrap();
    ForwardedLayer::new(trust)
        .headers(Headers::X_FORWARDED)
        .believe_identity(identity)
        .unwrap()
}

/// Waits until a proxy responds correctly. Some proxies listen before they have read their routes.
async fn wait_for(proxy: &Proxy, cookie: &str) {
    let started = Instant::now();
    while send(proxy.address, "/", &[("cookie", cookie)]).await.status != StatusCode::OK {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the proxy is not ready"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}

/// The forged headers that reached the app.
fn passed_on(seen: &Seen) -> BTreeSet<&'static str> {
    let names = FORGED.into_iter().filter(|(name, value)| {
        let line = format!("{}: {value}", name.to_lowercase());
        seen.wire.contains(&line)
    });
    names.map(|(name, _)| name).collect()
}

/// # Panics
///
/// If the outcome is not the user who logged in. The message contains the proxy, the case and the outcome.
async fn forward_auth(kind: Kind, fields: &str) {
    let folder = tempfile::tempdir().unwrap();
    let app = app::serve(layer(&LOGIN), &folder.path().join("app.sock")).await;
    let auth = authenticator().await.to_string();
    let port = auth.split(':').next_back().unwrap();
    let fill = [
        ("@AUTH@", &*auth),
        ("@AUTHPORT@", port),
        ("@FIELDS@", fields),
    ];
    let upstream = Upstream::Http1(app.tcp);
    let proxy = Proxy::start_filled(kind, &upstream, &Certificate::new(), &fill);
    wait_for(&proxy, "who=alice").await;
    let mut passed = BTreeSet::new();
    for (cookie, user) in [
        (
            "who=alice",
            &[
                ("remote-user", "alice"),
                ("remote-email", "alice@example.com"),
                ("remote-groups", "staff"),
            ][..],
        ),
        ("who=bob", &[("remote-user", "bob")]),
    ] {
        // A client can make some proxies drop their own headers, and can write them with another spelling.
        let headers = [&[("cookie", cookie)][..], &RESPELLED].concat();
        let respelled = self::seen(&send(proxy.address, "/", &headers).await);
        let all = pairs(user);
        for (name, value) in &respelled.identity {
            assert_eq!(
                all.get(name),
                Some(value),
                "{}: {respelled:#?}",
                kind.name()
            );
        }
        for forged in [&[][..], &FORGED] {
            let headers = [&[("cookie", cookie)][..], forged].concat();
            let seen = seen(&send(proxy.address, "/", &headers).await);
            let told = format!("{}, {cookie}: {seen:#?}", kind.name());
            let identity: BTreeMap<String, String> = seen.identity.iter().cloned().collect();
            assert_eq!(identity, pairs(user), "{told}");
            assert!(
                !seen.headers.iter().any(|line| line.contains("admin")),
                "{told}"
            );
            passed.extend(passed_on(&seen));
        }
    }
    // No unknown user gets past the proxy, and a client that connects directly to the app has no identity.
    let forged = [&[("cookie", "who=eve")][..], &FORGED].concat();
    let answer = send(proxy.address, "/", &forged).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let direct = seen(&send(app.tcp, "/", &forged).await);
    assert!(direct.identity.is_empty(), "{direct:#?}");
    assert!(
        !direct.headers.iter().any(|line| line.contains("admin")),
        "{direct:#?}"
    );
    keep(kind.name(), &FORGED.map(|(name, _)| name), &passed);
}

const OVERWRITES: &str = "auth_request_set $user $upstream_http_remote_user;
      auth_request_set $email $upstream_http_remote_email;
      auth_request_set $groups $upstream_http_remote_groups;
      proxy_set_header Remote-User $user;
      proxy_set_header Remote-Email $email;
      proxy_set_header Remote-Groups $groups;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx: tests/run"]
async fn nginx_auth_request_says_who_logged_in() {
    forward_auth(
        own!("auth-request-nginx", Nginx, "auth-nginx.conf"),
        OVERWRITES,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs caddy: tests/run"]
async fn caddy_forward_auth_says_who_logged_in() {
    forward_auth(own!("forward-auth-caddy", Caddy, "auth-Caddyfile"), "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs traefik: tests/run"]
async fn traefik_forward_auth_says_who_logged_in() {
    let kind = own!(
        "forward-auth-traefik",
        Traefik,
        "auth-traefik.yml",
        "auth-traefik-routes.yml"
    );
    forward_auth(kind, "").await;
}

/// Envoy's filter copies the headers of the authenticator's response, but does not remove a client's other headers.
/// Another filter must strip those first.
const STRIPS: &str = r#"          - name: envoy.filters.http.header_mutation
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
              mutations: { request_mutations: [ { remove: remote-user }, { remove: remote-email }, { remove: remote-groups } ] }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs envoy: tests/run"]
async fn envoy_ext_authz_says_who_logged_in() {
    forward_auth(own!("ext-authz-envoy", Envoy, "auth-envoy.yaml"), STRIPS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs envoy: tests/run"]
async fn envoy_ext_authz_alone_leaves_a_clients_own_groups() {
    let folder = tempfile::tempdir().unwrap();
    let app = app::serve(layer(&LOGIN), &folder.path().join("app.sock")).await;
    let auth = authenticator().await;
    let (port, auth) = (auth.port().to_string(), auth.to_string());
    let kind = own!("ext-authz-envoy", Envoy, "auth-envoy.yaml");
    let fill = [("@AUTH@", &*auth), ("@AUTHPORT@", &port), ("@FIELDS@", "")];
    let proxy = Proxy::start_filled(kind, &Upstream::Http1(app.tcp), &Certificate::new(), &fill);
    wait_for(&proxy, "who=bob").await;
    let forged = [("cookie", "who=bob"), ("remote-groups", "admins")];
    let seen = seen(&send(proxy.address, "/", &forged).await);
    let groups = ("remote-groups".to_owned(), "admins".to_owned());
    assert!(seen.identity.contains(&groups), "{seen:#?}");
}

/// Shows a premise that only the proxy can ensure: `auth_request` alone overwrites nothing. The page in the docs says
/// how to test a proxy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx: tests/run"]
async fn nginx_that_overwrites_nothing_makes_whoever_logs_in_whom_they_like() {
    let folder = tempfile::tempdir().unwrap();
    let app = app::serve(layer(&LOGIN), &folder.path().join("app.sock")).await;
    let auth = authenticator().await.to_string();
    let kind = own!("auth-request-nginx", Nginx, "auth-nginx.conf");
    let fill = [("@AUTH@", &*auth), ("@FIELDS@", "")];
    let proxy = Proxy::start_filled(kind, &Upstream::Http1(app.tcp), &Certificate::new(), &fill);
    wait_for(&proxy, "who=bob").await;
    let forged = [("cookie", "who=bob"), ("remote-user", "admin")];
    let seen = seen(&send(proxy.address, "/", &forged).await);
    assert_eq!(
        seen.identity,
        [("remote-user".to_owned(), "admin".to_owned())]
    );
}

/// The cookies that a response sets, for the next request.
fn cookies(jar: &mut BTreeMap<String, String>, answer: &Answer) -> String {
    for value in answer.headers.get_all("set-cookie") {
        let pair = value.to_str().unwrap().split(';').next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        jar.insert(name.to_owned(), value.to_owned());
    }
    let pairs = jar.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("; ")
}

/// The URL to which a response redirects the client.
fn location(answer: &Answer) -> (SocketAddr, String) {
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
    let location: http::Uri = answer.headers["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let path = location.path_and_query().unwrap().to_string();
    (
        location.authority().unwrap().as_str().parse().unwrap(),
        path,
    )
}

/// Logs in with the authorization code flow, as a browser does, and returns the cookies.
async fn log_in(proxy: SocketAddr, user: &str) -> String {
    let mut jar = BTreeMap::new();
    let asked = send(proxy, "/", &[]).await;
    let cookie = cookies(&mut jar, &asked);
    let (provider, path) = location(&asked);
    let form = format!("sub={user}");
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", &form.len().to_string()),
        ("body", &form),
    ];
    let authorized = send(provider, &path, &form).await;
    let (back, path) = location(&authorized);
    assert_eq!(back, proxy);
    let answer = send(proxy, &path, &[("cookie", &cookie)]).await;
    location(&answer);
    cookies(&mut jar, &answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs apache2, mod_auth_openidc and oidc-provider-mock: tests/run"]
async fn mod_auth_openidc_says_who_logged_in_at_an_openid_provider() {
    let port = free_port();
    let issuer = format!("http://127.0.0.1:{port}");
    let users = [
        r#"{"sub": "alice", "email": "alice@example.com"}"#,
        r#"{"sub": "bob", "email": "bob@example.com"}"#,
    ];
    let mut command = Command::new("oidc-provider-mock");
    command.args(["--port", &port.to_string()]);
    command.args(["--user-claims", users[0], "--user-claims", users[1]]);
    let mut provider = Process::start(&mut command);
    provider.wait_until("listens", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let identity = ["OIDC_CLAIM_email", "OIDC_CLAIM_sub", "X-Remote-User"];
    let folder = tempfile::tempdir().unwrap();
    let app = app::serve(layer(&identity), &folder.path().join("app.sock")).await;
    let kind = own!("mod-auth-openidc", Apache, "oidc-apache.conf");
    let fill = [("@ISSUER@", &*issuer)];
    let proxy = Proxy::start_filled(kind, &Upstream::Http1(app.tcp), &Certificate::new(), &fill);
    let mut passed = BTreeSet::new();
    for user in ["alice", "bob"] {
        let cookie = log_in(proxy.address, user).await;
        let email = format!("{user}@example.com");
        let expected = pairs(&[
            ("oidc_claim_email", &email),
            ("oidc_claim_sub", user),
            ("x-remote-user", &email),
        ]);
        let headers = [&[("cookie", &*cookie)][..], &RESPELLED].concat();
        let respelled = self::seen(&send(proxy.address, "/", &headers).await);
        for (name, value) in &respelled.identity {
            assert_eq!(expected.get(name), Some(value), "{user}: {respelled:#?}");
        }
        for forged in [&[][..], &FORGED] {
            let headers = [&[("cookie", &*cookie)][..], forged].concat();
            let seen = seen(&send(proxy.address, "/", &headers).await);
            let identity: BTreeMap<String, String> = seen.identity.iter().cloned().collect();
            assert_eq!(identity, expected, "{user}: {seen:#?}");
            // The layer also removes the proxy's other claims and the token.
            let left = seen.headers.iter().filter(|line| line.starts_with("oidc"));
            assert_eq!(left.count(), 2, "{seen:#?}");
            assert!(
                !seen.headers.iter().any(|line| line.contains("admin")),
                "{seen:#?}"
            );
            passed.extend(passed_on(&seen));
        }
    }
    // There is no identity without a login, on a path that is open for everybody, or without the proxy.
    for (to, path) in [(proxy.address, "/open"), (app.tcp, "/")] {
        let seen = seen(&send(to, path, &FORGED).await);
        assert!(seen.identity.is_empty(), "{seen:#?}");
        assert!(
            !seen.headers.iter().any(|line| line.contains("admin")),
            "{seen:#?}"
        );
    }
    keep(kind.name(), &FORGED.map(|(name, _)| name), &passed);
}
