//! Tests `examples/lambda.rs` with the real adapter and with events as AWS documents them, both honest and forged.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, Request},
};
use lambda_http::{Adapter, Context, LambdaEvent, request::LambdaRequest};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_forwarded::Resolution;

use crate::lambda;

fn event(name: &str) -> Value {
    let path = crate::support::root().join("tests/data/lambda").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What the app sees of an event: the client, the URI, and whether a header still contains forged text.
async fn ask(event: &Value) -> String {
    let app = Router::new().fallback(async |resolution: Resolution, request: Request| {
        // A rate limiter would read these.
        let connected: Option<&ConnectInfo<SocketAddr>> = request.extensions().get();
        assert_eq!(
            connected.map(|ConnectInfo(address)| address.ip()),
            resolution.client()
        );
        let client = resolution.client().map(|client| client.to_string());
        let headers = format!("{:?}", request.headers());
        let forged = ["6.6.6.6", "evil", "admin"]
            .iter()
            .any(|text| headers.contains(text));
        let forged = if forged { " FORGED" } else { "" };
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        assert_eq!(
            Some(&*host),
            request.uri().authority().map(|host| host.as_str())
        );
        format!("{} {}{forged}", client.unwrap_or_default(), request.uri())
    });
    let app = lambda::on_lambda(app).unwrap();
    // As in the runtime: from the text of the event to the data of the response.
    let request: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
    let event = LambdaEvent::new(request, Context::default());
    let answer = Adapter::from(app).oneshot(event).await.unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    match answer["statusCode"].as_u64() {
        Some(200) => answer["body"].as_str().unwrap().to_owned(),
        status => format!("{status:?}"),
    }
}

/// The event with headers that a client wrote, as the AWS service in front of the function passes them on.
fn forged(event: &Value, scheme: Option<&str>) -> Value {
    let mut event = event.clone();
    let mut write = |name: &str, value: &str| {
        for map in ["headers", "multiValueHeaders"] {
            let Some(headers) = event[map].as_object_mut() else {
                continue;
            };
            headers.retain(|own, _| !own.eq_ignore_ascii_case(name));
            let value = if map == "headers" {
                json!(value)
            } else {
                json!([value])
            };
            headers.insert(name.to_owned(), value);
        }
    };
    write("forwarded", "for=6.6.6.6;proto=http;host=evil.example");
    write("x-forwarded-host", "evil.example");
    write("x-real-ip", "6.6.6.6");
    write("remote-user", "admin");
    if let Some(scheme) = scheme {
        write("x-forwarded-proto", scheme);
        write("x-forwarded-for", "6.6.6.6");
    }
    event
}

#[tokio::test]
async fn an_application_load_balancer_is_believed() {
    let plain = event("alb.json");
    let expected = "72.21.198.66 https://lambda-846800462-us-east-2.elb.amazonaws.com/?myKey=val2";
    assert_eq!(ask(&plain).await, expected);
    let mut written = forged(&plain, None);
    written["headers"]["x-forwarded-for"] = json!("6.6.6.6, 72.21.198.66");
    assert_eq!(ask(&written).await, expected);
}

#[tokio::test]
async fn a_health_check_of_the_load_balancer_is_a_request_by_http() {
    let mut check = event("alb.json");
    let headers = check["headers"].as_object_mut().unwrap();
    headers.retain(|name, _| !name.starts_with("x-forwarded"));
    let answer = ask(&check).await;
    assert!(answer.starts_with(" http://lambda-846800462"), "{answer}");
}

#[tokio::test]
async fn with_multi_value_headers_a_clients_lines_stand_before_the_load_balancers() {
    let plain = event("alb-multi-value.json");
    let expected =
        "72.21.198.67 http://lambda-test-alb-1234567.us-east-1.elb.amazonaws.com/?key=hello";
    assert_eq!(ask(&plain).await, expected);
    let mut written = forged(&plain, None);
    written["multiValueHeaders"]["x-forwarded-for"] = json!(["6.6.6.6", "6.6.6.6, 72.21.198.67"]);
    written["multiValueHeaders"]["x-forwarded-proto"] = json!(["https", "http"]);
    assert_eq!(ask(&written).await, expected);
    // A client that uses https cannot make the request look like http.
    written["multiValueHeaders"]["x-forwarded-proto"] = json!(["http", "https"]);
    let by_https = expected.replace("http:", "https:");
    assert_eq!(ask(&written).await, by_https);
}

#[tokio::test]
async fn a_gateway_tells_who_connected_and_no_header_can() {
    for (name, expected) in [
        (
            "apigw-v1-edge.json",
            "192.168.196.186 https://gy415nuibc.execute-api.us-east-1.amazonaws.com/hello/world?name=me",
        ),
        (
            "apigw-v2.json",
            "65.78.31.245 https://xxx.execute-api.us-east-1.amazonaws.com/",
        ),
        (
            "function-url.json",
            "65.78.31.245 https://id.lambda-url.eu-west-2.on.aws/my/path",
        ),
    ] {
        let plain = event(name);
        let honest = ask(&plain).await;
        assert!(honest.starts_with(expected), "{name}: {honest}");
        assert_eq!(ask(&forged(&plain, Some("http"))).await, honest, "{name}");
        assert_eq!(ask(&forged(&plain, Some("https"))).await, honest, "{name}");
        // `lambda_http` copies the scheme from the header into the URI.
        for scheme in [
            "https://evil.example/admin?",
            "https://evil.example/admin#",
            "https://evil.example/?",
        ] {
            let answer = ask(&forged(&plain, Some(scheme))).await;
            assert_eq!(answer, "Some(400)", "{name}: {scheme}");
        }
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_nobody() {
    let mut written = forged(&event("apigw-v2-stage-in-path.json"), Some("http"));
    written["headers"]["host"] = json!("id.execute-api.us-east-1.amazonaws.com");
    let answer = ask(&written).await;
    assert!(
        answer.starts_with(" https://id.execute-api.us-east-1.amazonaws.com/Prod/my/path?"),
        "{answer}"
    );
    // An address with a port, as it was seen in a real event.
    written["requestContext"]["http"]["sourceIp"] = json!("10.1.22.195:32554");
    assert!(ask(&written).await.starts_with("10.1.22.195 https://"));
}

#[tokio::test]
async fn the_path_is_the_events() {
    let mut written = event("alb.json");
    written["path"] = json!("/public/../open it");
    let answer = ask(&written).await;
    let path = "/public/../open%20it?myKey=val2";
    assert!(answer.ends_with(path), "{answer}");
    for host in [
        "evil.example/admin?",
        "evil.example#",
        "evil.example\\admin",
    ] {
        written["headers"]["host"] = json!(host);
        assert_eq!(ask(&written).await, "Some(400)", "{host}");
    }
    // `unix` is not an address.
    let mut written = event("apigw-v2.json");
    written["requestContext"]["http"]["sourceIp"] = json!("unix");
    written["headers"]["x-forwarded-for"] = json!("6.6.6.6");
    assert!(ask(&written).await.starts_with(" https://xxx."));
}

#[test]
fn the_code_in_the_chapter_is_the_examples() {
    let read = |path: &str| std::fs::read_to_string(crate::support::root().join(path)).unwrap();
    let (chapter, example) = (read("docs/entrances.md"), read("examples/lambda.rs"));
    let code = chapter
        .split("```text\n")
        .find(|block| block.contains("fn on_lambda"));
    let code = code.unwrap().split("\n```").next().unwrap();
    assert!(example.contains(code), "{code}");
}
