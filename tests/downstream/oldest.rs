//! What only old versions of `http` accept: a path that does not begin with a slash. `tests/minimal` runs this.

use http::{Request, Uri, uri};
use tower_forwarded::{ForwardedLayer, TrustedProxies};

fn main() {
    let trusted: TrustedProxies = "10.0.0.0/8".parse().unwrap();
    let layer = ForwardedLayer::new(trusted);
    // The scheme is another one than the client wrote, or the same.
    for scheme in ["https", "http"] {
        assert_eq!(came_out(&layer, scheme, "/x?y"), "/x?y");
        assert_eq!(came_out(&layer, scheme, "?y"), "/?y");
        assert_eq!(came_out(&layer, scheme, "*"), "*");
        for path in [
            "@evil.example/x",
            ".evil.example",
            ":1@evil.example",
            "evil.example",
            "*.evil.example",
        ] {
            assert_eq!(came_out(&layer, scheme, path), format!("/{path}"));
        }
    }
    println!("each path begins with a slash");
}

/// The path, if the rest of the URI is the truth.
fn came_out(layer: &ForwardedLayer, scheme: &str, path: &str) -> String {
    let mut target = uri::Parts::default();
    target.scheme = Some(uri::Scheme::HTTP);
    target.authority = Some(uri::Authority::from_static("a.example"));
    target.path_and_query = Some(path.parse().expect("an old `http` accepts this path"));
    let uri = Uri::from_parts(target).unwrap();
    let request = Request::get(uri).header("x-forwarded-proto", scheme);
    let (parts, ()) = request.body(()).unwrap().into_parts();

    let mut rewritten = parts.clone();
    layer.rewrite(Some("10.0.0.1:40000".parse().unwrap()), &mut rewritten);
    let mut kept = parts;
    let keeping = layer.clone().keep_uri();
    keeping.rewrite(Some("10.0.0.1:40000".parse().unwrap()), &mut kept);
    let (uri, kept) = (rewritten.uri.to_string(), kept.uri.to_string());
    match path {
        "*" => assert_eq!(uri, "*"),
        _ => assert_eq!(
            uri,
            format!(
                "{scheme}://a.example{}",
                rewritten.uri.path_and_query().unwrap()
            )
        ),
    }
    // An absolute URI that says the truth stays, also with `keep_uri`.
    assert!(
        kept == uri || uri == format!("{scheme}://a.example{kept}"),
        "{kept} {uri}"
    );
    uri.strip_prefix(&format!("{scheme}://a.example"))
        .unwrap_or(&uri)
        .to_owned()
}
