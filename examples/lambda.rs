//! An app on AWS Lambda: behind a load balancer, an API gateway or a function URL.
//!
//! On Lambda it serves requests. On your machine it handles one event, such as those in `tests/data/lambda`:
//!
//! ```text
//! cargo run -p tower-forwarded-checks --example lambda < tests/data/lambda/alb.json
//! ```

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    http::{Extensions, HeaderValue, StatusCode, header, uri::Authority},
    middleware::map_request,
};
use http_body_util::BodyExt;
use lambda_http::{RequestExt, request::RequestContext};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tower::ServiceExt;
use tower_forwarded::{ForwardedLayer, Headers, Peer, Resolution, Scheme, TrustedProxies};

/// What every front needs.
pub fn on_lambda(app: Router) -> Result<Router, lambda_http::Error> {
    // With multi-value headers, a load balancer leaves a client's line before its own.
    let headers = Headers::AWS_ALB.with_lists(["x-forwarded-proto"])?;
    let balancer: TrustedProxies = "unix".parse()?;
    let forwarded = ForwardedLayer::new(balancer)
        .headers(headers)
        .connection_scheme_from(scheme);
    Ok(app.layer(forwarded).layer(map_request(from_the_event)))
}

/// Takes the client's address and the path from the event.
async fn from_the_event(mut request: Request) -> Result<Request, StatusCode> {
    // lambda_http copies both headers into the URI. With `X-Forwarded-Proto: https://x/admin?`, the app would see
    // another path than the gateway.
    let headers = request.headers();
    let is_scheme = |value: &HeaderValue| value == "http" || value == "https";
    let is_host = |value: &HeaderValue| Authority::try_from(value.as_bytes()).is_ok();
    if !headers.get_all("x-forwarded-proto").iter().all(is_scheme)
        || !headers.get_all(header::HOST).iter().all(is_host)
    {
        return Err(StatusCode::BAD_REQUEST);
    }
    // The path as the event has it. The layer adds the scheme and the host.
    let path = utf8_percent_encode(request.raw_http_path(), NOT_IN_A_PATH);
    let query = request.uri().query();
    let target = query.map_or_else(|| path.to_string(), |query| format!("{path}?{query}"));
    *request.uri_mut() = target.parse().map_err(|_| StatusCode::BAD_REQUEST)?;

    let extensions = request.extensions_mut();
    if let Some(peer) = extensions.get().and_then(peer) {
        match peer.socket_addr() {
            // Where axum keeps the other end of a connection.
            Some(address) => drop(extensions.insert(ConnectInfo(address))),
            None => drop(extensions.insert(peer)),
        }
    }
    Ok(request)
}

fn peer(context: &RequestContext) -> Option<Peer> {
    let address = |ip: &Option<String>| {
        ip.as_ref()?
            .parse()
            .ok()
            .filter(|peer: &Peer| !peer.is_unix())
    };
    match context {
        // Who connected to the gateway or the function URL. No header can change it.
        RequestContext::ApiGatewayV1(context) => address(&context.identity.source_ip),
        RequestContext::ApiGatewayV2(context) => address(&context.http.source_ip),
        // The load balancer has no address here: it invokes the function.
        RequestContext::Alb(_) => Some(Peer::unix()),
        _ => None,
    }
}

fn scheme(extensions: &Extensions) -> Scheme {
    match extensions.get::<RequestContext>() {
        Some(RequestContext::Alb(_)) => Scheme::Http,
        // API Gateway and function URLs speak https only.
        _ => Scheme::Https,
    }
}

/// The characters to encode again, because REST APIs decode the path.
const NOT_IN_A_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

fn app() -> Result<Router, lambda_http::Error> {
    on_lambda(
        Router::new().fallback(async |resolution: Resolution, request: Request| {
            let client = resolution.client().map(|client| client.to_string());
            format!(
                "{} asked for {}\n",
                client.unwrap_or("somebody".to_owned()),
                request.uri()
            )
        }),
    )
}

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = app()?;
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return lambda_http::run(app).await;
    }
    let request = lambda_http::request::from_reader(std::io::stdin())?;
    let body = app.oneshot(request).await?.into_body().collect().await?;
    print!("{}", String::from_utf8_lossy(&body.to_bytes()));
    Ok(())
}
