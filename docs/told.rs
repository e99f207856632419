use tower_forwarded::{ForwardedLayer, TrustedProxies, explain};

pub const XFF: (&str, &str) = ("x-forwarded-for", "203.0.113.7");
pub const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");

pub fn first_line_of(trust: TrustedProxies, peer: Option<&str>, headers: &str, fields: &[(&str, &str)]) -> String {
    let layer = ForwardedLayer::new(trust).headers(headers.parse().unwrap());
    let mut request = http::Request::get("/").header("host", "app.internal");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let peer = peer.map(|peer| peer.parse().unwrap());
    explain(peer, &parts, layer.policy()).to_string().lines().next().unwrap().to_owned()
}

pub fn first_line(trust: &str, peer: Option<&str>, headers: &str, fields: &[(&str, &str)]) -> String {
    first_line_of(trust.parse().unwrap(), peer, headers, fields)
}
