//! What only old versions of `http` accept: a path that does not begin with a slash. `tests/minimal` runs this.

use http::{Request, Uri, uri};
use tower_forwarded::{ForwardedLayer, TrustedProxies};

fn main() {
    let trusted: TrustedProxies = "10.0.0.0/8".parse().unwrap();
    let layer = ForwardedLayer::new(trusted);
    for (layer, absolute) in [(layer.clone(), true), (layer.keep_uri(), false)] {
        for (path, expected) in [
            ("/x?y", "/x?y"),
            ("@evil.example/x", "/@evil.example/x"),
            (".evil.example", "/.evil.example"),
            (":1@evil.example", "/:1@evil.example"),
            ("evil.example", "/evil.example"),
            ("?y", "/?y"),
        ] {
            let mut target = uri::Parts::default();
            target.scheme = Some(uri::Scheme::HTTP);
            target.authority = Some(uri::Authority::from_static("a.example"));
            let path = path.parse().expect("an old `http` accepts this path");
            target.path_and_query = Some(path);
            let request =
                Request::get(Uri::from_parts(target).unwrap()).header("x-forwarded-proto", "https");
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            layer.rewrite(Some("10.0.0.1:40000".parse().unwrap()), &mut parts);
            let origin = if absolute { "https://a.example" } else { "" };
            assert_eq!(parts.uri.to_string(), format!("{origin}{expected}"));
        }
    }
    println!("each path begins with a slash");
}
