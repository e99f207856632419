//! Makes the mistakes of the chapter "Why is my scheme still http?" with real proxies. The first line that the app
//! prints names the cause and the line that fixes it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{Router, body::Body};
use http::Request;
use tokio::{net::TcpListener, task::JoinHandle};
use tower_forwarded::{
    ForwardedLayer, Headers, OrderError, TrustedProxies, check_order, explain_service,
};
use tower_http::cors::CorsLayer;

use super::{
    client::{Client, HOST},
    fixture::{Certificate, Kind, Proxy, Upstream},
};

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));

/// The lines that nginx needs. Each test gets one of them wrong.
const HOST_LINE: &str = "proxy_set_header Host $host;";
const FOR_LINE: &str = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";
const PROTO_LINE: &str = "proxy_set_header X-Forwarded-Proto $scheme;";

struct App {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for App {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn layer(trust: &str) -> ForwardedLayer {
    ForwardedLayer::new(trust.parse::<TrustedProxies>().unwrap())
}

/// An app that explains the request on every path.
fn app(layer: &ForwardedLayer) -> Router {
    Router::new().fallback_service(explain_service(layer, |_, _| true))
}

async fn serve(layer: &ForwardedLayer) -> App {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app(layer).into_make_service_with_connect_info::<SocketAddr>();
    App {
        address,
        task: tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }),
    }
}

/// The first line of the explanation of a request through the proxy, over https.
async fn first_line(certificate: &Certificate, proxy: &Proxy, fields: &[(&str, &str)]) -> String {
    let client = Client::new(certificate.der.clone());
    client.wait_for(CLIENT, proxy.address).await;
    let mut request = Request::get("/users").header("host", HOST);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let (status, body) = client
        .send(CLIENT, proxy.address, false, request)
        .await
        .unwrap();
    assert_eq!(status, http::StatusCode::OK, "{body}");
    body.lines().next().unwrap().to_owned()
}

/// nginx with these directives in front of an app with this layer.
async fn through_nginx(
    directives: &'static [&'static str],
    layer: &ForwardedLayer,
    fields: &[(&str, &str)],
) -> String {
    let certificate = Certificate::new();
    let app = serve(layer).await;
    let upstream = Upstream::Http1(app.address);
    let nginx = Proxy::start(Kind::NginxWith(directives), &upstream, &certificate);
    first_line(&certificate, &nginx, fields).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: tests/run"]
async fn what_is_right_has_no_advice() {
    let right = &[HOST_LINE, FOR_LINE, PROTO_LINE];
    let line = through_nginx(right, &layer("127.0.0.1"), &[]).await;
    assert_eq!(line, format!("127.0.0.9 asked for https://{HOST}/users."));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: tests/run"]
async fn mistake_1_the_proxy_is_not_trusted() {
    let right = &[HOST_LINE, FOR_LINE, PROTO_LINE];
    let line = through_nginx(right, &layer("10.0.0.0/8"), &[]).await;
    assert_eq!(
        line,
        "The peer 127.0.0.1 is not trusted, so what it forwards is ignored: if it is your proxy, \
         add \"loopback\" to TrustedProxies."
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: tests/run"]
async fn mistake_2_the_app_is_served_without_connect_info() {
    let certificate = Certificate::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app(&layer("127.0.0.1"));
    let app = App {
        address,
        task: tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }),
    };
    let right = Kind::NginxWith(&[HOST_LINE, FOR_LINE, PROTO_LINE]);
    let nginx = Proxy::start(right, &Upstream::Http1(app.address), &certificate);
    let line = first_line(&certificate, &nginx, &[]).await;
    assert!(
        line.contains(
            "serve the app with `app.into_make_service_with_connect_info::<SocketAddr>()`"
        ),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: tests/run"]
async fn mistake_3_the_proxy_names_the_client_but_not_the_scheme() {
    let line = through_nginx(&[HOST_LINE, FOR_LINE], &layer("127.0.0.1"), &[]).await;
    assert!(
        line.contains("`proxy_set_header X-Forwarded-Proto $scheme;`"),
        "{line}"
    );
    // The line that fixes it is the line that is missing above.
    assert!(line.contains(PROTO_LINE), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy: tests/run"]
async fn mistake_4_the_proxy_speaks_another_family() {
    let certificate = Certificate::new();
    let app = serve(&layer("127.0.0.1")).await;
    let upstream = Upstream::Http1(app.address);
    let haproxy = Proxy::start(Kind::HaproxyForwarded, &upstream, &certificate);
    let line = first_line(&certificate, &haproxy, &[]).await;
    assert!(
        line.contains("add `.headers(Headers::FORWARDED)`"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: tests/run"]
async fn mistake_5_http_between_the_cdn_and_the_load_balancer() {
    let certificate = Certificate::new();
    let app = serve(&layer("127.0.0.1")).await;
    let balancer = Proxy::start(
        Kind::NginxWith(&[HOST_LINE, FOR_LINE, PROTO_LINE]),
        &Upstream::Http1(app.address),
        &certificate,
    );
    // Like CloudFront, this proxy connects to the load balancer's port for plain http.
    let cdn = Proxy::start(
        Kind::NginxWith(&[
            HOST_LINE,
            FOR_LINE,
            "proxy_set_header CloudFront-Forwarded-Proto $scheme;",
        ]),
        &Upstream::Http1(SocketAddr::from(([127, 0, 0, 1], balancer.second))),
        &certificate,
    );
    let line = first_line(&certificate, &cdn, &[]).await;
    assert!(
        line.starts_with("The client used https with the CDN"),
        "{line}"
    );
    assert!(
        line.contains("`.headers(Headers::AWS_CLOUDFRONT)`"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and haproxy: tests/run"]
async fn mistake_6_a_second_proxy_is_taken_for_the_client() {
    let certificate = Certificate::new();
    let app = serve(&layer("127.0.0.1")).await;
    let haproxy = Proxy::start(
        Kind::HaproxyInner,
        &Upstream::Http1(app.address),
        &certificate,
    );
    // The outer proxy connects from a different address.
    let nginx = Proxy::start(
        Kind::NginxWith(&[HOST_LINE, FOR_LINE, PROTO_LINE, "proxy_bind 127.0.0.2;"]),
        &Upstream::Http1(haproxy.address),
        &certificate,
    );
    let line = first_line(&certificate, &nginx, &[]).await;
    assert!(
        line.starts_with("The client came out as 127.0.0.2"),
        "{line}"
    );
    assert!(
        line.ends_with("one hop is missing: add \"loopback\" to TrustedProxies."),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: tests/run"]
async fn mistake_7_every_address_is_trusted_however_many_there_are() {
    let all = ForwardedLayer::new(TrustedProxies::any().unlimited_hops());
    let right = &[HOST_LINE, FOR_LINE, PROTO_LINE];
    let forged = [("x-forwarded-for", "192.0.2.66, 198.51.100.66")];
    let line = through_nginx(right, &all, &forged).await;
    assert!(
        line.contains("Name your proxies instead of every address"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: tests/run"]
async fn mistake_8_the_host_is_forwarded_but_not_allowed() {
    // nginx's default for Host is the upstream's address.
    let forwards = &[
        FOR_LINE,
        PROTO_LINE,
        "proxy_set_header X-Forwarded-Host $host;",
    ];
    let line = through_nginx(forwards, &layer("127.0.0.1"), &[]).await;
    assert!(
        line.contains(&format!("add `.believe_hosts([\"{HOST}\"])?`")),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: tests/run"]
async fn mistake_9_the_proxy_sends_something_that_is_no_scheme() {
    let protocol = &[
        HOST_LINE,
        FOR_LINE,
        "proxy_set_header X-Forwarded-Proto $ssl_protocol;",
    ];
    let line = through_nginx(protocol, &layer("127.0.0.1"), &[]).await;
    assert!(line.starts_with("The proxy sends `TLSv1."), "{line}");
    assert!(line.contains(PROTO_LINE), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nghttpx: tests/run"]
async fn mistake_10_the_proxy_hides_its_clients() {
    let certificate = Certificate::new();
    let app = serve(&layer("127.0.0.1").headers(Headers::FORWARDED)).await;
    let upstream = Upstream::Http1(app.address);
    let nghttpx = Proxy::start(Kind::Nghttpx, &upstream, &certificate);
    let line = first_line(&certificate, &nghttpx, &[]).await;
    assert!(line.contains("`--forwarded-for=ip`"), "{line}");
}

#[tokio::test]
async fn mistake_11_the_layer_is_inside_cors() {
    let layer = layer("127.0.0.1");
    let wrong = app(&layer)
        .layer(layer.clone())
        .layer(CorsLayer::permissive());
    let error = check_order(&layer, wrong, Body::empty()).await.unwrap_err();
    assert_eq!(error, OrderError::InsideCors);
    assert!(
        error
            .to_string()
            .starts_with("the CORS layer runs before ForwardedLayer"),
        "{error}"
    );
}
