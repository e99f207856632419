//! The promise behind real proxies: TLS in front, each kind of upstream behind.
//!
//! The client connects from 127.0.0.9 (or ::1) and only 127.0.0.1, where the proxy connects from, is
//! trusted.

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
mod soak;
mod strips;
mod uvicorn;

use self::fixture::Kind;

/// Each proxy is a test of its own, so that the others run where one is missing.
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
