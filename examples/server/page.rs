//! The page. It shows what the load balancer sent, what the app sees, and the experiment.

use axum::{Extension, extract::Request, response::Html};
use http::HeaderMap;

/// The ports on which the page, the apps and the redirect listen.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) page: u16,
    pub(crate) with: u16,
    pub(crate) without: u16,
    pub(crate) http: u16,
}

/// The request as it came.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
}

pub(crate) async fn show(
    (Extension(received), request): (Extension<Received>, Request),
    ports: Ports,
    token: &str,
) -> Html<String> {
    Html(filled(include_str!("page.html"), |name| match name {
        "sent" => head(&received.line, &received.headers),
        "seen" => head(&request_line(&request), request.headers()),
        "with" => ports.with.to_string(),
        "without" => ports.without.to_string(),
        "http" => ports.http.to_string(),
        "token" => token.to_owned(),
        _ => String::new(),
    }))
}

/// Replaces each `{{name}}` with a value. The values are not searched again, because a client may write `{{with}}` into
/// a header.
fn filled(mut rest: &str, value: impl Fn(&str) -> String) -> String {
    let mut page = String::new();
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        page.push_str(&value(name));
        rest = after;
    }
    page + rest
}

pub(crate) fn request_line(request: &Request) -> String {
    format!(
        "{} {} {:?}",
        request.method(),
        request.uri(),
        request.version()
    )
}

/// Renders a request head. The headers that matter here are visible, and the others are folded.
fn head(line: &str, headers: &HeaderMap) -> String {
    let mut html = format!("<b>{}</b>\n", escape(line));
    let mut others = Vec::new();
    for (name, value) in headers {
        let name = name.as_str();
        let value = value.as_bytes().escape_ascii().to_string();
        let field = escape(&format!("{name}: {}", value.replace("\\\"", "\"")));
        if name == "host" || name.contains("forwarded") {
            html.push_str(&format!("<mark>{field}</mark>\n"));
        } else {
            others.push(field);
        }
    }
    format!(
        "{html}<details><summary>{} other headers</summary>{}</details>",
        others.len(),
        others.join("\n")
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
