use tower_forwarded::{ForwardedLayer, TrustedProxies, explain};

#[allow(dead_code)]
pub const XFF: (&str, &str) = ("x-forwarded-for", "203.0.113.7");
pub const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");

#[allow(dead_code)]
fn parts(fields: &[(&str, &str)]) -> http::request::Parts {
    let mut request = http::Request::get("/").header("host", "app.internal");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

#[allow(dead_code)]
pub fn first_line_of(trust: TrustedProxies, peer: Option<&str>, headers: &str, fields: &[(&str, &str)]) -> String {
    let layer = ForwardedLayer::new(trust).headers(headers.parse().unwrap());
    let parts = parts(fields);
    let peer = peer.map(|peer| peer.parse().unwrap());
    explain(peer, &parts, layer.policy()).to_string().lines().next().unwrap().to_owned()
}

#[allow(dead_code)]
pub fn first_line(trust: &str, peer: Option<&str>, headers: &str, fields: &[(&str, &str)]) -> String {
    first_line_of(trust.parse().unwrap(), peer, headers, fields)
}

#[allow(dead_code)]
pub fn outcome(layer: &ForwardedLayer, peer: &str, fields: &[(&str, &str)]) -> String {
    let parts = parts(fields);
    let explanation = explain(Some(peer.parse().unwrap()), &parts, layer.policy());
    assert_eq!(explanation.advice().next(), None);
    explanation.to_string().lines().next().unwrap().trim_end_matches('.').to_owned()
}

/// The outcome, even if the explanation gives advice.
#[allow(dead_code)]
pub fn first_outcome(layer: &ForwardedLayer, peer: &str, fields: &[(&str, &str)]) -> String {
    let parts = parts(fields);
    let text = explain(Some(peer.parse().unwrap()), &parts, layer.policy()).to_string();
    text.lines().last().unwrap().trim_start_matches("outcome").trim().to_owned()
}

/// The believed identity headers, each as `name=value`.
#[allow(dead_code)]
pub fn who(layer: &ForwardedLayer, peer: &str, fields: &[(&str, &str)]) -> Vec<String> {
    let parts = parts(fields);
    let resolution = layer.policy().resolve(Some(peer.parse().unwrap()), &parts);
    let believed = resolution.identity().iter();
    let mut who: Vec<String> =
        believed.map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
    who.sort();
    who
}
