//! The other crates for this job, used as their own documentation says.

use std::{
    hint::black_box,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::{HeaderMap, Request};
use tower::{Layer, Service};
use tower_forwarded::{ForwardedLayer, Headers, Peer, TrustedProxies};
use tower_real_ip::{RealIpLayer, TrustedProxyConfig};

use super::{Noop, allocations, now, request};

/// One way to do the job, for a request from an ALB behind another trusted proxy.
pub struct Job {
    pub name: &'static str,
    /// The work that is left to the app, and the headers that are believed without a check.
    pub leaves: &'static str,
    /// Whether it is a service, so that each call clones a request.
    pub is_layer: bool,
    run: Box<dyn FnMut()>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Job {
    pub fn once(&mut self) {
        (self.run)();
    }

    /// The allocations in the steady state, including a clone of the request.
    pub fn allocations(&mut self) -> u64 {
        self.once();
        allocations(|| self.once()).1
    }
}

const PEER: [u8; 4] = [10, 0, 0, 1];

fn alb() -> Request<()> {
    request(
        "10.0.0.1:40000",
        &[
            ("x-forwarded-for", "203.0.113.7, 10.0.0.2"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "443"),
        ],
    )
}

fn rfc_7239() -> Request<()> {
    let value = "for=203.0.113.7;proto=https, for=10.0.0.2;proto=http";
    request("10.0.0.1:40000", &[("forwarded", value)])
}

fn layer() -> ForwardedLayer {
    ForwardedLayer::new(
        "10.0.0.0/8, 127.0.0.1"
            .parse::<TrustedProxies>()
            .expect("a list"),
    )
}

fn networks<N: FromStr<Err: std::fmt::Debug>>() -> Vec<N> {
    let networks = ["10.0.0.0/8", "127.0.0.1/32"].into_iter();
    networks
        .map(|network| network.parse().expect("a network"))
        .collect()
}

/// Sends a clone of `request` through `service`.
fn through<S>(mut service: S, request: Request<()>) -> Box<dyn FnMut()>
where
    S: Service<Request<()>> + 'static,
{
    Box::new(move || {
        let answer = now(service.call(black_box(&request).clone()));
        black_box(answer.is_ok());
    })
}

/// All ways to do the job. The first does nothing, and then come those with a service.
pub fn jobs() -> Vec<Job> {
    let peer = IpAddr::from(PEER);
    let (alb_parts, rfc_parts) = (alb().into_parts().0, rfc_7239().into_parts().0);
    // A request without a host: nothing but the address is left to find.
    let mut without_host = alb_parts.clone();
    without_host.headers.remove(http::header::HOST);
    let resolve = |headers: Headers, parts: http::request::Parts| -> Box<dyn FnMut()> {
        let layer = layer().headers(headers);
        let peer = Peer::from(SocketAddr::from((PEER, 40_000)));
        Box::new(move || {
            black_box(layer.policy().resolve(Some(peer), black_box(&parts)));
        })
    };
    let with_headers = |headers: &HeaderMap, run: fn(&HeaderMap)| -> Box<dyn FnMut()> {
        let headers = headers.clone();
        Box::new(move || run(black_box(&headers)))
    };
    let service = |name, leaves, run| Job {
        name,
        leaves,
        is_layer: true,
        run,
    };
    let function = |name, leaves, run| Job {
        name,
        leaves,
        is_layer: false,
        run,
    };
    let nothing = "";
    vec![
        service("a service that does nothing", nothing, through(Noop, alb())),
        service(
            "tower-forwarded, the layer",
            nothing,
            through(layer().headers(Headers::AWS_ALB).layer(Noop), alb()),
        ),
        service(
            "tower-forwarded, the layer, RFC 7239",
            nothing,
            through(layer().headers(Headers::FORWARDED).layer(Noop), rfc_7239()),
        ),
        service(
            "tower-real-ip 0.1, the layer",
            "scheme, host, URI, ConnectInfo, cleaning",
            through(
                RealIpLayer::new(TrustedProxyConfig::new(networks())).layer(Noop),
                alb(),
            ),
        ),
        function(
            "tower-forwarded, Policy::resolve",
            "rewriting",
            resolve(Headers::AWS_ALB, alb_parts.clone()),
        ),
        function(
            "tower-forwarded, Policy::resolve, RFC 7239",
            "rewriting",
            resolve(Headers::FORWARDED, rfc_parts.clone()),
        ),
        function(
            "tower-forwarded, Policy::resolve, the address alone",
            "scheme, host, URI, ConnectInfo, cleaning",
            resolve(Headers::X_FORWARDED.without_scheme(), without_host),
        ),
        function(
            "trusted-proxies 0.3",
            "URI, ConnectInfo, cleaning, pairing of scheme and hop",
            {
                let mut config = trusted_proxies::Config::new_local();
                config.trust_x_forwarded_proto();
                let request = alb();
                Box::new(move || {
                    let trusted =
                        trusted_proxies::Trusted::from(peer, black_box(&request), &config);
                    black_box((trusted.ip(), trusted.scheme(), trusted.host()));
                })
            },
        ),
        function("real-ip 0.1", "scheme, host, URI, ConnectInfo, cleaning", {
            let (networks, headers) = (networks(), alb_parts.headers.clone());
            Box::new(move || {
                black_box(real_ip::real_ip(black_box(&headers), peer, &networks));
            })
        }),
        function(
            "client-ip 0.2 (under axum-client-ip), rightmost",
            "whom to trust, a second hop, scheme, host, URI, ConnectInfo, cleaning",
            with_headers(&alb_parts.headers, |headers| {
                let _ = black_box(client_ip::rightmost_x_forwarded_for(headers));
            }),
        ),
        function(
            "forwarded-header-value 0.1",
            "whom to trust, reading from the right, host, URI, ConnectInfo, cleaning",
            with_headers(&rfc_parts.headers, |headers| {
                let value = headers
                    .get("forwarded")
                    .and_then(|value| value.to_str().ok());
                let parsed =
                    value.map(forwarded_header_value::ForwardedHeaderValue::from_forwarded);
                let remotest = parsed.and_then(Result::ok);
                black_box(remotest.map(|parsed| parsed.into_remotest()));
            }),
        ),
    ]
}
