//! tower_governor and axum-client-ip.

use axum::{Router, extract::Request, routing::get};
use tower::ServiceExt;

use super::*;

#[tokio::test]
async fn tower_governor_limits_each_client_and_not_the_load_balancer() {
    use tower_governor::{GovernorLayer, governor::GovernorConfigBuilder};

    let app = || {
        let config = GovernorConfigBuilder::default()
            .per_second(3600)
            .burst_size(1)
            .finish()
            .unwrap();
        Router::new()
            .route("/", get(async || {}))
            .layer(GovernorLayer::new(config))
    };
    let ask = async |app: &Router, clients: &str| {
        let request = from_balancer(Request::get("/")).header("x-forwarded-for", clients);
        let request = request.body(Body::empty()).unwrap();
        app.clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    for (app, second) in [(app(), 429), (app().layer(forwarded()), 200)] {
        assert_eq!(ask(&app, "203.0.113.7").await, 200);
        assert_eq!(ask(&app, "203.0.113.8").await, second);
        // A client does not get another bucket with a forged element.
        assert_eq!(ask(&app, "198.51.100.66, 203.0.113.7").await, 429);
    }
}

#[tokio::test]
async fn axum_client_ips_connect_info_is_the_client_behind_two_proxies() {
    use axum_client_ip::{ClientIp, ClientIpSource};

    let says = async |source: ClientIpSource| {
        let app = Router::new()
            .route("/", get(async |ClientIp(ip): ClientIp| ip.to_string()))
            .layer(source.into_extension())
            .layer(forwarded());
        let way = "198.51.100.66, 203.0.113.7, 10.0.0.2";
        let request = from_balancer(Request::get("/")).header("x-forwarded-for", way);
        text(
            app.oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap(),
        )
        .await
    };
    assert_eq!(says(ClientIpSource::ConnectInfo).await, "203.0.113.7");
    // This source does not support a second proxy.
    assert_eq!(
        says(ClientIpSource::RightmostXForwardedFor).await,
        "10.0.0.2"
    );
}
