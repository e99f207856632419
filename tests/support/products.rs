//! What products write.

/// A product, the elements that it appends to a list, and the headers that it sets.
pub type Product = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
);

/// What the product of each preset writes, for a client at 203.0.113.7 that used https.
pub const PRODUCTS: [Product; 32] = [
    (
        "x-forwarded",
        &[("x-forwarded-for", "203.0.113.7")],
        &[("x-forwarded-proto", "https")],
    ),
    (
        "forwarded",
        &[("forwarded", "for=203.0.113.7;proto=https")],
        &[],
    ),
    (
        "aws-alb",
        &[("x-forwarded-for", "203.0.113.7")],
        &[("x-forwarded-proto", "https"), ("x-forwarded-port", "443")],
    ),
    (
        "aws-cloudfront",
        &[("x-forwarded-for", "203.0.113.7")],
        &[
            ("cloudfront-viewer-address", "203.0.113.7:4711"),
            ("cloudfront-forwarded-proto", "https"),
            ("x-forwarded-proto", "http"),
        ],
    ),
    (
        "aws-api-gateway",
        &[(
            "forwarded",
            "by=3.3.3.3;for=203.0.113.7;host=x.example;proto=https",
        )],
        &[],
    ),
    (
        "google-cloud",
        // The load balancer's own address is trusted.
        &[("x-forwarded-for", "203.0.113.7,10.1.2.3")],
        &[("x-forwarded-proto", "https")],
    ),
    (
        "azure-front-door",
        &[("x-forwarded-for", "203.0.113.7")],
        &[
            ("x-azure-socketip", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.internal"),
        ],
    ),
    (
        "azure-application-gateway",
        &[("x-forwarded-for", "203.0.113.7:4711")],
        &[("x-forwarded-proto", "https"), ("x-forwarded-port", "443")],
    ),
    (
        "cloudflare",
        &[("x-forwarded-for", "203.0.113.7")],
        &[
            ("cf-connecting-ip", "203.0.113.7"),
            ("cf-visitor", "{\"scheme\":\"https\"}"),
            ("x-forwarded-proto", "https"),
        ],
    ),
    (
        "fastly",
        &[("x-forwarded-for", "203.0.113.7")],
        &[("fastly-client-ip", "203.0.113.7"), ("fastly-ssl", "1")],
    ),
    (
        "fly",
        &[("x-forwarded-for", "203.0.113.7, 66.241.1.1")],
        &[
            ("fly-client-ip", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("fly-forwarded-port", "443"),
        ],
    ),
    (
        "heroku",
        &[("x-forwarded-for", "203.0.113.7")],
        &[("x-forwarded-proto", "https"), ("x-forwarded-port", "443")],
    ),
    (
        "nginx",
        &[("x-forwarded-for", "203.0.113.7")],
        &[
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.internal"),
            ("x-forwarded-port", "443"),
        ],
    ),
    (
        "x-real-ip",
        &[],
        &[("x-real-ip", "203.0.113.7"), ("x-forwarded-proto", "https")],
    ),
    (
        "tailscale",
        &[],
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.internal"),
        ],
    ),
    (
        "iis-arr",
        &[("x-forwarded-for", "203.0.113.7:63354")],
        &[("x-arr-ssl", "2048|256|C=NO, CN=x|C=NO, CN=app.internal")],
    ),
    (
        "app-engine",
        &[("x-forwarded-for", "203.0.113.7, 169.254.1.1")],
        &[
            ("x-appengine-user-ip", "203.0.113.7"),
            ("x-appengine-https", "on"),
            ("x-forwarded-proto", "https"),
        ],
    ),
    (
        "azure-app-service",
        &[("x-forwarded-for", "203.0.113.7:46066")],
        &[
            ("client-ip", "203.0.113.7:46066"),
            ("x-arr-ssl", "2048|256|CN=x|CN=*.azurewebsites.net"),
            ("x-forwarded-proto", "https"),
        ],
    ),
    (
        "azure-container-apps",
        &[("x-forwarded-for", "203.0.113.7")],
        &[("x-forwarded-proto", "https")],
    ),
    (
        "railway",
        &[],
        &[
            ("x-real-ip", "203.0.113.7"),
            ("x-forwarded-for", "203.0.113.7, 152.233.33.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.internal"),
        ],
    ),
    (
        "kong",
        &[("x-forwarded-for", "203.0.113.7")],
        &[
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.internal"),
            ("x-forwarded-port", "443"),
        ],
    ),
    (
        "ngrok",
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
        ],
        &[],
    ),
    (
        "vercel",
        &[],
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.internal"),
        ],
    ),
    (
        "haproxy",
        &[("x-forwarded-for", "203.0.113.7")],
        &[("x-forwarded-proto", "https")],
    ),
    (
        "haproxy-forwarded",
        &[("forwarded", "proto=https;for=203.0.113.7")],
        &[],
    ),
    (
        "apache",
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-host", "app.internal"),
        ],
        &[("x-forwarded-proto", "https")],
    ),
    (
        "caddy",
        &[],
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.internal"),
        ],
    ),
    (
        "traefik",
        &[],
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.internal"),
            ("x-forwarded-port", "443"),
        ],
    ),
    (
        "envoy",
        &[("x-forwarded-for", "203.0.113.7")],
        &[("x-forwarded-proto", "https")],
    ),
    (
        "istio",
        &[("x-forwarded-for", "203.0.113.7")],
        &[("x-forwarded-proto", "https")],
    ),
    (
        "ingress-nginx",
        &[],
        &[
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.internal"),
            ("x-forwarded-port", "443"),
        ],
    ),
    (
        "nghttpx",
        &[("x-forwarded-for", "203.0.113.7")],
        &[("x-forwarded-proto", "https")],
    ),
];
