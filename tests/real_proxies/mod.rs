//! Tests the promise behind real proxies, which terminate TLS and use each kind of connection to the app.
//!
//! The client connects from 127.0.0.9 (or ::1). Only 127.0.0.1 is trusted, from which the proxy connects.

mod app;
mod chains;
pub mod client;
mod client_certs;
pub mod fixture;
mod hosts;
mod logins;
mod matrix;
mod mistakes;
mod outbound;
mod proxy_protocol;
mod scale_out;
mod secrets;
mod soak;
mod strips;
mod uvicorn;

use self::fixture::Kind;

/// Each proxy has its own test, so that the other tests still run if a proxy is not installed.
macro_rules! proxies {
    ($($test:ident: $kind:ident, $reason:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = $reason]
            async fn $test() {
                matrix::run(Kind::$kind).await;
            }
        )*
    };
}

proxies! {
    nginx: Nginx, "needs nginx: tests/run";
    haproxy: Haproxy, "needs haproxy: tests/run";
    haproxy_forwarded: HaproxyForwarded, "needs haproxy: tests/run";
    apache: Apache, "needs apache2: tests/run";
    nghttpx: Nghttpx, "needs nghttpx: tests/run";
    caddy: Caddy, "needs caddy: tests/run";
    traefik: Traefik, "needs traefik: tests/run";
    envoy: Envoy, "needs envoy: tests/run";
}
