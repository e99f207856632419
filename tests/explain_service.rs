//! Tests the debug endpoint: it calls its guard first, and then explains the request that it got.

use axum::{Router, http::StatusCode, routing::get};
use tower_forwarded::{ForwardedLayer, Headers, TrustedProxies, explain_service};

use crate::support::wire::{Server, Version, send, serve};

const HONEST: [(&str, &str); 3] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
    ("x-token", "secret"),
];

async fn server() -> Server {
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap());
    let why = explain_service(&layer, |request, _| {
        request
            .headers
            .get("x-token")
            .is_some_and(|token| token == "secret")
    });
    let inside = why.clone();
    serve(
        Router::new()
            .route("/", get(|| async { "app" }))
            .route_service("/inside", inside)
            .layer(layer)
            .route_service("/why", why),
    )
    .await
}

async fn ask(server: &Server, path: &str, fields: &[(&str, &str)]) -> crate::support::wire::Answer {
    let uri = format!("http://api.example.com{path}");
    send(server, Version::Http1, "GET", &uri, fields).await
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&HONEST[..], more].concat()
}

#[tokio::test]
async fn a_request_that_the_guard_refuses_finds_nothing() {
    let server = server().await;
    for fields in [&HONEST[..2], &[("x-token", "guess")]] {
        for path in ["/why", "/why?format=json", "/inside"] {
            let answer = ask(&server, path, fields).await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (StatusCode::NOT_FOUND, "")
            );
            assert_eq!(answer.field("content-type"), "", "{path}");
        }
    }
}

#[tokio::test]
async fn the_guard_sees_the_request_as_it_came_and_what_was_resolved() {
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap());
    let why = explain_service(&layer, |request, resolution| {
        // A client cannot pretend to have another address.
        assert_eq!(
            request.headers["x-forwarded-for"],
            "192.0.2.66, 203.0.113.7"
        );
        resolution.client() == Some("192.0.2.66".parse().unwrap())
    });
    let server = serve(Router::new().route_service("/why", why)).await;
    let fields = [("x-forwarded-for", "192.0.2.66, 203.0.113.7")];
    assert_eq!(
        ask(&server, "/why", &fields).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn one_request_is_told_as_text_as_data_and_as_a_page() {
    let server = server().await;
    for (path, accept, kind) in [
        ("/why", "*/*", "text/plain; charset=utf-8"),
        ("/why", "text/plain", "text/plain; charset=utf-8"),
        ("/why", "application/json", "application/json"),
        (
            "/why",
            "text/plain, application/json",
            "text/plain; charset=utf-8",
        ),
        (
            "/why",
            "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
            "text/html; charset=utf-8",
        ),
        ("/why?a&format=json", "text/html", "application/json"),
        ("/why?format=text", "text/html", "text/plain; charset=utf-8"),
        ("/why?format=html", "*/*", "text/html; charset=utf-8"),
        ("/why?format=yaml", "application/json", "application/json"),
    ] {
        let answer = ask(&server, path, &with(&[("accept", accept)])).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.field("content-type"), kind, "{path} {accept}");
        assert_eq!(answer.field("cache-control"), "no-store");
        assert_eq!(answer.field("x-content-type-options"), "nosniff");
        let uri = format!("https://api.example.com{}", path.replace('&', "&amp;"));
        let told = answer.body.contains(&uri) || answer.body.contains(&uri.replace("&amp;", "&"));
        assert!(
            told && answer.body.contains("203.0.113.7"),
            "{}",
            answer.body
        );
    }
    let answer = ask(&server, "/why", &with(&[("accept", "application/json")])).await;
    let data: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(data["client"], "203.0.113.7");
    assert_eq!(data["steps"]["trusted_by"], "127.0.0.1/32");
    let text = ask(&server, "/why?format=text", &with(&[])).await.body;
    let page = ask(&server, "/why?format=html", &with(&[])).await.body;
    let has_line = |line: &str| page.contains(&escaped(line));
    assert!(text.lines().count() > 3, "{text}");
    for line in text
        .lines()
        .filter(|line| !line.contains("/why") && !line.starts_with("peer"))
    {
        assert!(has_line(line), "{line}\n{page}");
    }
}

#[tokio::test]
async fn the_page_begins_with_what_to_change() {
    let server = server().await;
    let mut fields = with(&[]);
    fields.retain(|(name, _)| *name != "x-forwarded-proto");
    let page = ask(&server, "/why?format=html", &fields).await.body;
    let text = ask(&server, "/why?format=text", &fields).await.body;
    let advice = escaped(text.lines().next().unwrap());
    let head = page.split("<pre").next().unwrap();
    assert!(head.contains(&advice), "{advice}\n{page}");
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[tokio::test]
async fn the_page_shows_no_credentials_and_no_markup_of_a_clients() {
    let server = server().await;
    let fields = with(&[
        ("accept", "text/html"),
        ("cookie", "session=topsecret"),
        ("authorization", "Bearer topsecret"),
        ("x-real-ip", "<script>alert(1)</script>"),
        ("x-forwarded-host", "\"><img src=x onerror=alert(1)>"),
    ]);
    let answer = ask(&server, "/why?x='a", &fields).await;
    assert_eq!(answer.status, StatusCode::OK);
    for never in ["topsecret", "<script", "<img"] {
        assert!(!answer.body.contains(never), "{never}: {}", answer.body);
    }
    assert!(
        answer.body.contains("x-real-ip: &lt;script&gt;"),
        "{}",
        answer.body
    );
    let policy = answer.field("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
}

#[tokio::test]
async fn a_path_that_names_another_host_makes_no_link_to_it() {
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap());
    let why = explain_service(&layer, |_, _| true);
    let server = serve(Router::new().fallback_service(why)).await;
    let answer = ask(&server, "//evil.example/x", &[("accept", "text/html")]).await;
    let links: Vec<&str> = answer
        .body
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(links, ["data:,", "?format=json", "?format=text"]);
}

#[tokio::test]
async fn behind_the_layer_it_says_where_it_belongs_instead_of_explaining_the_wrong_request() {
    let server = server().await;
    let answer = ask(&server, "/inside", &HONEST).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        answer.body.contains("add the route after .layer"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn it_is_for_reading_only() {
    let server = server().await;
    let uri = "http://api.example.com/why";
    let answer = send(&server, Version::Http1, "POST", uri, &HONEST).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.field("allow"), "GET, HEAD");
    let answer = send(&server, Version::Http2, "HEAD", uri, &HONEST).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn it_explains_with_the_rules_of_its_layer() {
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap())
        .headers(Headers::FORWARDED);
    let server =
        serve(Router::new().route_service("/why", explain_service(&layer, |_, _| true))).await;
    let answer = ask(
        &server,
        "/why",
        &[("forwarded", "for=192.0.2.7;proto=https")],
    )
    .await;
    assert!(
        answer
            .body
            .starts_with("192.0.2.7 asked for https://api.example.com/why.\n"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_page_is_no_longer_than_what_was_asked_however_it_is_asked() {
    let layer = ForwardedLayer::new("127.0.0.1".parse::<TrustedProxies>().unwrap());
    let why = explain_service(&layer, |_, _| true);
    let server = serve(Router::new().fallback_service(why)).await;
    let size = async |path: String, fields: Vec<(&'static str, String)>| {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain([("accept", "text/html")])
            .collect();
        let answer = ask(&server, &path, &fields).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.body.len()
    };
    let plain = size("/".to_owned(), vec![]).await;
    for mark in [
        "{{came}}",
        "{{steps}}",
        "{{first}}",
        "{{came}}{{steps}}",
        "{{",
        "}}",
        "&<>\"",
    ] {
        // The http crate's parser accepts some of these characters in a target and refuses others.
        let marks = mark.repeat(7_000 / mark.len());
        let asked = marks.replace(['<', '>', '"', '{', '}'], "%");
        for (path, value) in [
            (format!("/?{asked}"), marks.clone()),
            (format!("/?{}", mark.repeat(300)), String::new()),
        ] {
            let Ok(uri) = path.parse::<http::Uri>() else {
                continue;
            };
            let fields = vec![
                ("x-forwarded-for", value.clone()),
                ("x-forwarded-host", value),
            ];
            let page = size(uri.to_string(), fields).await;
            assert!(
                page < plain + 30_000,
                "{mark}: {page} bytes, {plain} without"
            );
        }
    }
    // The page shows a placeholder from the request unchanged.
    let answer = ask(&server, "/?{{steps}}", &[("accept", "text/html")]).await;
    assert!(
        answer
            .body
            .contains("GET http://api.example.com/?{{steps}} ")
            || answer.body.contains("GET /?{{steps}} ")
    );
}

#[tokio::test]
async fn no_form_shows_a_token_that_a_proxy_put_in() {
    let server = server().await;
    let names = include_str!("../src/identity/known.md");
    let names = names.split('`').skip(1).step_by(2);
    let names: Vec<String> = names.map(|name| name.replace('*', "-x")).collect();
    // hyper accepts a hundred headers.
    for names in names.chunks(60) {
        let tokens = names.iter().map(|name| (name.as_str(), "eyJ.TOKEN"));
        let fields = with(&tokens.collect::<Vec<_>>());
        for path in ["/why", "/why?format=json"] {
            for accept in ["text/html", "text/plain", "application/json"] {
                let fields = [&fields[..], &[("accept", accept)]].concat();
                let answer = ask(&server, path, &fields).await;
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
                assert!(
                    !answer.body.contains("TOKEN"),
                    "{path} {accept}: {}",
                    answer.body
                );
                assert!(answer.body.contains(&names[0]), "{path} {accept}");
            }
        }
    }
}
