//! An app on AWS Lambda: behind a load balancer, an API gateway or a function URL.
//!
//! On Lambda it serves. On your machine it answers one event, such as those in `tests/data/lambda`:
//!
//! ```text
//! cargo run -p tower-forwarded-checks --example lambda < tests/data/lambda/alb.json
//! ```

use axum::{Router, extract::Request, http::Uri, middleware::map_request};
use http_body_util::BodyExt;
use lambda_http::request::RequestContext;
use tower::ServiceExt;
use tower_forwarded::{ForwardedLayer, Headers, Peer, Resolution, Scheme, TrustedProxies};

/// What every front needs. There is no connection, so the peer comes from the event.
pub fn on_lambda(app: Router) -> Result<Router, lambda_http::Error> {
    // With multi-value headers, a load balancer leaves a client's line before its own.
    let headers = Headers::AWS_ALB.with_lists(["x-forwarded-proto"])?;
    let balancer: TrustedProxies = "unix".parse()?;
    let forwarded = ForwardedLayer::new(balancer)
        .headers(headers)
        .peer_from(|extensions| match extensions.get::<RequestContext>()? {
            // Who connected to the gateway. No header can change it.
            RequestContext::ApiGatewayV1(context) => {
                context.identity.source_ip.as_ref()?.parse().ok()
            }
            RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_ref()?.parse().ok(),
            // The load balancer has no address here: it invokes the function.
            RequestContext::Alb(_) => Some(Peer::unix()),
            _ => None,
        })
        .connection_scheme_from(|extensions| match extensions.get::<RequestContext>() {
            Some(RequestContext::Alb(_)) => Scheme::Http,
            // API Gateway and function URLs speak https only.
            _ => Scheme::Https,
        });
    Ok(app.layer(forwarded).layer(map_request(origin_form)))
}

/// `lambda_http` builds the URI from headers, and `X-Forwarded-Proto` goes in as the client wrote it. `Host` counts.
async fn origin_form(mut request: Request) -> Request {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
    request
}

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
