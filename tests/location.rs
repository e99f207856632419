//! Tests that `LocationLayer` repairs URLs that an inner service built from its own address.

use std::convert::Infallible;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_forwarded::{ForwardedLayer, HttpsRedirectLayer, LocationLayer, Peer};

use crate::support::*;

/// The headers of the response after the repair.
fn answer(
    repair: &LocationLayer,
    outer: &ForwardedLayer,
    asked: &[(&str, &str)],
    said: &[(HeaderName, &str)],
) -> HeaderMap {
    let inner = service_fn(|_: Request<()>| {
        let mut response = Response::new(String::new());
        for (name, value) in said {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            response.headers_mut().append(name, value);
        }
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut request = request("/", asked);
    request
        .extensions_mut()
        .insert(PROXY.parse::<Peer>().unwrap());
    let answer = now(outer.layer(repair.layer(inner)).oneshot(request)).unwrap();
    answer.headers().clone()
}

const ASKED: [(&str, &str); 4] = [
    ("host", "api.example.com"),
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-prefix", "/shop"),
];

fn repair() -> LocationLayer {
    let backends = [
        "app.internal:3000",
        "127.0.0.1",
        "[::1]:3000",
        "plain.internal:80",
        "tls.internal:443",
    ];
    LocationLayer::new().backends(backends).unwrap()
}

fn location(outer: &ForwardedLayer, asked: &[(&str, &str)], said: &str) -> String {
    let fields = answer(&repair(), outer, asked, &[(http::header::LOCATION, said)]);
    let value = fields[http::header::LOCATION].as_bytes();
    String::from_utf8_lossy(value).into_owned()
}

#[test]
fn the_table_of_rules_is_what_happens() {
    let outer = layer().believe_prefix();
    let origin = "https://api.example.com/shop";
    for (said, becomes) in [
        ("http://app.internal:3000/x?y#z", format!("{origin}/x?y#z")),
        ("HTTPS://APP.internal:3000/x", format!("{origin}/x")),
        ("http://127.0.0.1/x", format!("{origin}/x")),
        ("http://127.0.0.1:8081/x", format!("{origin}/x")),
        // A URL without a port has the default port of its scheme.
        ("http://plain.internal/x", format!("{origin}/x")),
        ("//tls.internal/x", format!("{origin}/x")),
        ("http://tls.internal/x", "http://tls.internal/x".to_owned()),
        ("http://[::1]:3000/a%2Fb", format!("{origin}/a%2Fb")),
        ("http://api.example.com/x", format!("{origin}/x")),
        ("http://API.example.com./x", format!("{origin}/x")),
        ("http://api.example.com:80/x", format!("{origin}/x")),
        ("http://api.example.com:443/x", format!("{origin}/x")),
        ("https://api.example.com/x", format!("{origin}/x")),
        ("//app.internal:3000/x", format!("{origin}/x")),
        ("//api.example.com/x", format!("{origin}/x")),
        ("http://app.internal:3000", origin.to_owned()),
        ("http://app.internal:3000?q", format!("{origin}?q")),
        ("http://app.internal:3000/shop/x", format!("{origin}/x")),
        (
            "http://app.internal:3000/shopping",
            format!("{origin}/shopping"),
        ),
        // The text after a backend's name is always a path, even if it looks like a host.
        (
            "http://app.internal:3000//evil.example",
            format!("{origin}//evil.example"),
        ),
        (
            "http://app.internal:3000/@evil.example",
            format!("{origin}/@evil.example"),
        ),
        ("/x", "/shop/x".to_owned()),
        ("/", "/shop/".to_owned()),
        ("/x//y", "/shop/x//y".to_owned()),
        ("/shopping", "/shop/shopping".to_owned()),
        // Browsers read `/\` as `//`.
        ("/\\evil.example", "/shop/\\evil.example".to_owned()),
    ] {
        assert_eq!(location(&outer, &ASKED, said), becomes, "{said}");
    }
}

#[test]
fn what_is_not_its_own_is_left_byte_for_byte() {
    let outer = layer().believe_prefix();
    for said in [
        "/shop/x",
        "/shop",
        "/shop?x",
        "https://api.example.com/shop/x",
        "x",
        "",
        "?y",
        "#z",
        "../x",
        "https://other.example/x",
        "http://app.internal:4000/x",
        "http://app.internal/x",
        "http://xapp.internal:3000/x",
        "http://app.internal:3000.evil.example/x",
        "http://api.example.com:9000/x",
        "http://user@app.internal:3000/x",
        "http://app.internal:3000@evil.example/x",
        "http://app.internal:3000\\@evil.example/x",
        "http://evil.example/http://app.internal:3000/x",
        "http:/app.internal:3000/x",
        "http:///app.internal:3000/x",
        "///app.internal:3000/x",
        "ftp://app.internal:3000/x",
        "javascript://app.internal:3000/x",
        "mailto:a@b",
        "http://[::1/x",
        "http://é.example/x",
    ] {
        assert_eq!(location(&outer, &ASKED, said), said, "{said}");
    }
}

#[test]
fn a_redirect_to_https_is_never_turned_back() {
    let asked = [ASKED[0], ASKED[1], ("x-forwarded-proto", "http")];
    let to_https = "https://api.example.com/x";
    assert_eq!(location(&layer(), &asked, to_https), to_https);
    let own = location(&layer(), &asked, "http://app.internal:3000/x");
    assert_eq!(own, "http://api.example.com/x");
}

#[test]
fn the_origins_port_is_kept_and_another_ports_service_is_not_taken_for_it() {
    let asked = [("host", "api.example.com:8443"), ASKED[1], ASKED[2]];
    let origin = "https://api.example.com:8443/x";
    for said in [
        "http://app.internal:3000/x",
        "http://api.example.com/x",
        "http://api.example.com:8443/x",
    ] {
        assert_eq!(location(&layer(), &asked, said), origin, "{said}");
    }
    let other = "http://api.example.com:8444/x";
    assert_eq!(location(&layer(), &asked, other), other);
}

#[test]
fn without_a_believed_prefix_paths_stay() {
    assert_eq!(location(&layer(), &ASKED, "/x"), "/x");
    let said = "http://app.internal:3000/x";
    assert_eq!(
        location(&layer(), &ASKED, said),
        "https://api.example.com/x"
    );
}

#[test]
fn what_a_client_forged_is_not_what_the_answer_says() {
    let forged = [
        &ASKED[..3],
        &[
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "host=evil.example"),
        ],
    ]
    .concat();
    for said in ["http://app.internal:3000/x", "http://evil.example/x"] {
        let becomes = location(&layer(), &forged, said);
        assert_eq!(
            becomes,
            said.replace("http://app.internal:3000", "https://api.example.com")
        );
    }
    // A client that sends a backend's name as its host cannot cause changes to the URLs of other services.
    let asked = [("host", "app.internal:3000"), ASKED[1], ASKED[2]];
    let said = "https://api.example.com/x";
    assert_eq!(location(&layer(), &asked, said), said);
}

#[test]
fn content_location_and_refresh_are_repaired_too() {
    use http::header::{CONTENT_LOCATION, REFRESH};
    let own = "http://app.internal:3000/x";
    let right = "https://api.example.com/x";
    let fields = answer(&repair(), &layer(), &ASKED, &[(CONTENT_LOCATION, own)]);
    assert_eq!(fields[CONTENT_LOCATION], right);
    for (before, after) in [
        ("0; url=", ""),
        ("5;URL=", ""),
        ("5, url = ", ""),
        ("5; url=\"", "\""),
        ("5; url='", "'"),
        ("5;", ""),
        ("5; url='", ""),
        // White space alone is a separator too.
        ("5 url=", ""),
        (" 0.5\t", ""),
        ("5 , ", ""),
    ] {
        let said = format!("{before}{own}{after}");
        let fields = answer(&repair(), &layer(), &ASKED, &[(REFRESH, &said)]);
        assert_eq!(fields[REFRESH], format!("{before}{right}{after}"), "{said}");
    }
    for said in [
        "5",
        "",
        "5;",
        "5; url=",
        "5; url=\"",
        "5; url",
        "5; url=http://other.example/",
        // With another name, browsers read a relative URL.
        "5; xyz=http://app.internal:3000/x",
        "5; é",
        // Browsers do not follow these.
        "http://app.internal:3000/x",
        "; url=http://app.internal:3000/x",
        "5x; url=http://app.internal:3000/x",
        "5http://app.internal:3000/x",
    ] {
        let fields = answer(&repair(), &layer(), &ASKED, &[(REFRESH, said)]);
        assert_eq!(fields[REFRESH].as_bytes(), said.as_bytes(), "{said}");
    }
    let fields = answer(
        &repair(),
        &layer().believe_prefix(),
        &ASKED,
        &[(REFRESH, "5; url=/x")],
    );
    assert_eq!(fields[REFRESH], "5; url=/shop/x");
}

#[test]
fn cookies_are_marked_secure_on_https_only_and_if_asked() {
    use http::header::SET_COOKIE;
    let said = [
        (SET_COOKIE, "a=1; Path=/"),
        (SET_COOKIE, "b=2; secure; HttpOnly"),
        (SET_COOKIE, "secure=3"),
        (SET_COOKIE, "c=4;SECURE"),
    ];
    let cookies = |repair: &LocationLayer, scheme: &'static str| -> Vec<String> {
        let asked = [ASKED[0], ASKED[1], ("x-forwarded-proto", scheme)];
        let fields = answer(repair, &layer(), &asked, &said);
        let lines = fields.get_all(SET_COOKIE).iter();
        lines
            .map(|line| line.to_str().unwrap().to_owned())
            .collect()
    };
    let unchanged: Vec<_> = said.iter().map(|(_, text)| (*text).to_owned()).collect();
    assert_eq!(cookies(&repair(), "https"), unchanged);
    assert_eq!(cookies(&repair().secure_cookies(), "http"), unchanged);
    assert_eq!(
        cookies(&repair().secure_cookies(), "https"),
        [
            "a=1; Path=/; Secure",
            "b=2; secure; HttpOnly",
            "secure=3; Secure",
            "c=4;SECURE"
        ]
    );
}

#[test]
fn without_an_authority_nothing_is_repaired_and_without_the_layer_nothing_is_answered() {
    let asked = [("host", "not a host"), ASKED[1], ASKED[2]];
    let said = "http://app.internal:3000/x";
    assert_eq!(location(&layer(), &asked, said), said);
    let inner = service_fn(|_: Request<()>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
    });
    let answer = now(repair().layer(inner).oneshot(request("/", &[]))).unwrap();
    assert_eq!(answer.status(), 500);
}

#[test]
fn a_backend_that_is_no_host_is_named() {
    let error = LocationLayer::new()
        .backends(["http://app.internal"])
        .unwrap_err();
    assert!(
        error.to_string().contains("`http://app.internal`"),
        "{error}"
    );
}

#[test]
fn bytes_outside_ascii_are_passed_through_what_is_repaired() {
    let outer = layer().believe_prefix();
    for (said, becomes) in [
        (
            "http://app.internal:3000/café?é#ü",
            "https://api.example.com/shop/café?é#ü",
        ),
        ("/café", "/shop/café"),
        ("//api.example.com/é", "https://api.example.com/shop/é"),
        ("http://café.example/x", "http://café.example/x"),
        ("é", "é"),
    ] {
        assert_eq!(location(&outer, &ASKED, said), becomes, "{said}");
    }
    let cookies = LocationLayer::new().secure_cookies();
    for (name, said, becomes) in [
        (http::header::SET_COOKIE, "name=café", "name=café; Secure"),
        (http::header::SET_COOKIE, "é=1; SECURE ;x", "é=1; SECURE ;x"),
        (
            http::header::REFRESH,
            "5; URL='/café'",
            "5; URL='/shop/café'",
        ),
    ] {
        let fields = answer(&cookies, &outer, &ASKED, &[(name.clone(), said)]);
        assert_eq!(fields[&name].as_bytes(), becomes.as_bytes(), "{said}");
    }
    // A value that is not UTF-8 gets the attribute too.
    let inner = service_fn(|_: Request<()>| {
        let mut response = Response::new(String::new());
        let value = HeaderValue::from_bytes(b"a=\xff").unwrap();
        response.headers_mut().insert("set-cookie", value);
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut asked = request("/", &ASKED);
    asked
        .extensions_mut()
        .insert(PROXY.parse::<Peer>().unwrap());
    let answer = now(outer.layer(cookies.layer(inner)).oneshot(asked)).unwrap();
    assert_eq!(answer.headers()["set-cookie"].as_bytes(), b"a=\xff; Secure");
}

#[test]
fn a_redirect_to_https_is_never_turned_back_whoever_it_names() {
    let by_http = [("host", "api.example.com"), ("x-forwarded-proto", "http")];
    for said in [
        "https://app.internal:3000/login",
        "https://127.0.0.1/login",
        "https://api.example.com/login",
        "HTTPS://app.internal:3000/login",
    ] {
        assert_eq!(location(&layer(), &by_http, said), said);
    }
    let becomes = "http://api.example.com/login";
    for said in ["http://app.internal:3000/login", "//127.0.0.1/login"] {
        assert_eq!(location(&layer(), &by_http, said), becomes);
    }
}

#[test]
fn an_answer_with_a_full_header_map_is_repaired_and_nothing_panics() {
    let inner = service_fn(|_: Request<()>| {
        let mut response = Response::new(String::new());
        let fields = response.headers_mut();
        fields.insert("location", HeaderValue::from_static("/x"));
        let full = (0..).map(|index| format!("x-{index}").parse::<HeaderName>().unwrap());
        for name in full {
            if fields
                .try_insert(name, HeaderValue::from_static(""))
                .is_err()
            {
                break;
            }
        }
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let https = HttpsRedirectLayer::new().hsts(std::time::Duration::from_secs(1));
    let service = layer()
        .believe_prefix()
        .layer(https.layer(repair().secure_cookies().layer(inner)));
    let mut asked = request("/", &ASKED);
    asked
        .extensions_mut()
        .insert(PROXY.parse::<Peer>().unwrap());
    let answer = now(service.oneshot(asked)).unwrap();
    assert_eq!(answer.headers()["location"], "/shop/x");
}

#[test]
fn a_url_at_https_own_port_is_not_moved_to_the_port_that_a_client_named() {
    let asked = [("host", "api.example.com:8443"), ASKED[1], ASKED[2]];
    let said = "https://api.example.com/x";
    assert_eq!(location(&layer(), &asked, said), said);
    for said in ["http://api.example.com/x", "//api.example.com/x"] {
        let becomes = "https://api.example.com:8443/x";
        assert_eq!(location(&layer(), &asked, said), becomes);
    }
}
