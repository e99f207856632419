//! Tests the article's case in a browser: two https origins behind a real nginx, which responds to plain http with 301.

use axum::{
    Form, Router,
    extract::{Request, WebSocketUpgrade, ws::Message},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{any, get, post},
};
use fantoccini::Locator;
use tower_forwarded::{ForwardedLayer, HttpsRedirectLayer, Resolution, TrustedProxies};
use tower_http::{
    cors::{AllowOrigin, CorsLayer},
    csrf::CsrfLayer,
};

use super::{driver::Browser, text_of};
use crate::{
    real_proxies::fixture::{Certificate, Kind, Proxy, Upstream},
    support::wire::{Server, serve, serve_at},
};

/// A page that sends a request to the other origin and shows the outcome.
const PAGE: &str = r#"<!doctype html><title>page</title><link rel="icon" href="data:,">
<img id="picture" src="{{picture}}">
<output id="fetched"></output> <output id="socket"></output>
<form method="post" action="/form"><input name="text" value="hello"><button id="send">Send</button></form>
<script>
  const say = (id, kind, text) => { const o = document.getElementById(id); o.className = kind; o.textContent = text; };
  fetch("{{api}}/users", { headers: { "X-Requested-With": "page" } })
    .then(async answer => say("fetched", "good", await answer.text()), error => say("fetched", "bad", error));
  const socket = new WebSocket("wss://" + location.host + "/ws");
  socket.onmessage = event => say("socket", "good", event.data);
  socket.onerror = () => say("socket", "bad", "error");
</script>"#;

/// Redirects to the path with a slash, with the scheme and host of the request's own URI.
async fn add_slash(request: Request) -> Response {
    let uri = request.uri();
    let host = request.headers()[header::HOST].to_str().unwrap();
    let scheme = uri.scheme_str().unwrap_or("http");
    let location = format!("{scheme}://{host}{}/", uri.path());
    (
        StatusCode::TEMPORARY_REDIRECT,
        [(header::LOCATION, location)],
    )
        .into_response()
}

/// The app, which serves both the page at `page` and the API at `api`.
fn app(page: u16, api: u16) -> Router {
    let show = move |resolution: Option<Resolution>| async move {
        // The app builds an absolute URL. With http, the picture would be mixed content.
        let picture = resolution
            .and_then(|resolution| resolution.origin())
            .map(|origin| origin.url("/picture.svg"))
            .unwrap_or_default();
        let html = PAGE
            .replace("{{picture}}", &picture)
            .replace("{{api}}", &format!("https://localhost:{api}"));
        (
            [(header::SET_COOKIE, "session=1; Secure; HttpOnly; Path=/")],
            Html(html),
        )
    };
    let picture = || async {
        let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>"#;
        ([(header::CONTENT_TYPE, "image/svg+xml")], svg)
    };
    let form = |request: Request| async move {
        let cookie = request.headers().get(header::COOKIE).cloned();
        let form: Form<Vec<(String, String)>> = axum::RequestExt::extract(request).await.unwrap();
        let cookie = cookie.map(|cookie| cookie.to_str().unwrap().to_owned());
        Html(format!(
            "<link rel=icon href=data:,><output id=posted>{} {:?}</output>",
            form.0[0].1,
            cookie.unwrap_or_default()
        ))
    };
    let socket = |upgrade: WebSocketUpgrade, resolution: Option<Resolution>| async move {
        let text = resolution.map(|resolution| resolution.scheme().to_string());
        upgrade.on_upgrade(async move |mut socket| {
            let _ = socket.send(Message::text(text.unwrap_or_default())).await;
        })
    };
    let origin = HeaderValue::try_from(format!("https://localhost:{page}")).unwrap();
    Router::new()
        .route("/", get(show))
        .route("/picture.svg", get(picture))
        .route("/form", post(form))
        .route("/ws", any(socket))
        .route("/users", get(add_slash))
        .route(
            "/users/",
            get(|request: Request| async move { request.uri().to_string() }),
        )
        .layer(CsrfLayer::new())
        .layer(
            CorsLayer::new()
                .allow_origin(origin)
                .allow_headers([HeaderName::from_static("x-requested-with")]),
        )
}

/// nginx in front of an app that must know nginx's ports before nginx has started.
async fn behind(kind: Kind, app: impl FnOnce(&Proxy) -> Router) -> (Server, Proxy) {
    // A temporary server finds a free port for the app.
    let certificate = Certificate::new();
    let placeholder = serve(Router::new()).await;
    let address = placeholder.address;
    drop(placeholder);
    let nginx = Proxy::start(kind, &Upstream::Http1(address), &certificate);
    let app = app(&nginx);
    (serve_at(address, app).await, nginx)
}

async fn behind_nginx(layer: Option<ForwardedLayer>) -> (Server, Proxy) {
    behind(Kind::NginxArticle, |nginx| {
        let app = app(nginx.address.port(), nginx.second);
        match layer {
            Some(layer) => app.layer(layer),
            None => app,
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx, chromedriver and chromium: tests/run"]
async fn without_the_layer_the_browser_blocks_the_fetch() {
    let (_app, nginx) = behind_nginx(None).await;
    let browser = Browser::start().await;
    browser
        .client
        .goto(&format!("https://localhost:{}/", nginx.address.port()))
        .await
        .unwrap();
    let text = text_of(&browser, "fetched", "bad").await;
    assert!(text.contains("Failed to fetch"), "{text}");
    let console = browser.console().await;
    assert!(
        console
            .iter()
            .any(|line| line.contains("blocked by CORS policy")
                && line.contains("redirected from 'https://localhost")),
        "{console:#?}"
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx, chromedriver and chromium: tests/run"]
async fn with_it_fetch_cookie_form_picture_and_websocket_all_work() {
    let trust: TrustedProxies = "127.0.0.1".parse().unwrap();
    // The browser is on this machine too, so the limit is one hop.
    let (_app, nginx) = behind_nginx(Some(ForwardedLayer::new(trust.hops(1)))).await;
    let browser = Browser::start().await;
    let page = format!("https://localhost:{}/", nginx.address.port());
    browser.client.goto(&page).await.unwrap();
    // Preflight, redirect, response.
    let fetched = text_of(&browser, "fetched", "good").await;
    assert_eq!(
        fetched,
        format!("https://localhost:{}/users/", nginx.second)
    );
    // A WebSocket over wss.
    assert_eq!(text_of(&browser, "socket", "good").await, "https");
    // The picture's absolute URL has https, and the browser shows the picture.
    let shown = browser
        .client
        .execute("const i = document.getElementById('picture'); return [i.src, i.complete && i.naturalWidth > 0]", vec![])
        .await
        .unwrap();
    assert_eq!(
        shown,
        serde_json::json!([format!("{page}picture.svg"), true])
    );
    // A form with CSRF protection, and a cookie that is marked Secure.
    browser
        .client
        .find(Locator::Id("send"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    let posted = browser
        .client
        .wait()
        .for_element(Locator::Id("posted"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(posted, "hello \"session=1\"");
    let console = browser.console().await;
    assert!(console.is_empty(), "{console:#?}");
    browser.close().await;
}

/// A page that sends a request over plain http.
const HTTP_PAGE: &str = r#"<!doctype html><title>page</title><link rel="icon" href="data:,">
<output id="fetched"></output>
<script>
  const say = (kind, text) => { const o = document.getElementById("fetched"); o.className = kind; o.textContent = text; };
  fetch("{{api}}", { headers: { "X-Requested-With": "page" } })
    .then(async answer => say("good", answer.url + " " + await answer.text()), error => say("bad", error));
</script>"#;

/// The app itself redirects http to https; nginx passes both on. `localhost` is the page's origin, and `127.0.0.1` is
/// the API's.
async fn app_redirects(cors: impl FnOnce(&Proxy) -> CorsLayer) -> (Server, Proxy) {
    let nginx = Kind::NginxWith(&[
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
    ]);
    behind(nginx, |nginx| {
        let trust: TrustedProxies = "127.0.0.1".parse().unwrap();
        let (https, http) = (nginx.address.port(), nginx.second);
        let page = |api: String| {
            let html = HTTP_PAGE.replace("{{api}}", &api);
            get(|| async { Html(html) })
        };
        Router::new()
            .route("/users", get(add_slash))
            .route(
                "/users/",
                get(|resolution: Resolution| async move { resolution.scheme().to_string() }),
            )
            .route("/cross", page(format!("http://127.0.0.1:{http}/users")))
            .route("/same", page("/users".to_owned()))
            .layer(
                tower::ServiceBuilder::new()
                    .layer(ForwardedLayer::new(trust.hops(1)))
                    .layer(cors(nginx).allow_headers([HeaderName::from_static("x-requested-with")]))
                    .layer(
                        HttpsRedirectLayer::new()
                            .map_port(http, https)
                            .exempt(|uri, _| uri.path() == "/same"),
                    ),
            )
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx, chromedriver and chromium: tests/run"]
async fn the_apps_own_redirect_to_https_is_followed_with_its_preflight() {
    let (_app, nginx) = app_redirects(|_| CorsLayer::new().allow_origin(AllowOrigin::any())).await;
    let browser = Browser::start().await;
    let (https, http) = (nginx.address.port(), nginx.second);
    // From another origin: preflight over http, 308, preflight over https, 307, response.
    browser
        .client
        .goto(&format!("https://localhost:{https}/cross"))
        .await
        .unwrap();
    let fetched = text_of(&browser, "fetched", "good").await;
    assert_eq!(fetched, format!("https://127.0.0.1:{https}/users/ https"));
    // A person who types an http URL gets to https.
    browser
        .client
        .goto(&format!("http://localhost:{http}/cross"))
        .await
        .unwrap();
    let landed = browser.client.current_url().await.unwrap();
    assert_eq!(landed.as_str(), format!("https://localhost:{https}/cross"));
    text_of(&browser, "fetched", "good").await;
    let console = browser.console().await;
    assert!(console.is_empty(), "{console:#?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx, chromedriver and chromium: tests/run"]
async fn a_named_origin_is_kept_over_the_redirect_for_the_same_site_and_lost_across_origins() {
    let names_both = |nginx: &Proxy| {
        let origins = [
            format!("https://localhost:{}", nginx.address.port()),
            format!("http://localhost:{}", nginx.second),
        ];
        let origins = origins.map(|origin| HeaderValue::try_from(origin).unwrap());
        CorsLayer::new().allow_origin(AllowOrigin::list(origins))
    };
    let (_app, nginx) = app_redirects(names_both).await;
    let browser = Browser::start().await;
    let (https, http) = (nginx.address.port(), nginx.second);
    // The page itself was first requested over http, so its own origin is redirected.
    browser
        .client
        .goto(&format!("http://localhost:{http}/same"))
        .await
        .unwrap();
    let fetched = text_of(&browser, "fetched", "good").await;
    assert_eq!(fetched, format!("https://localhost:{https}/users/ https"));
    let console = browser.console().await;
    assert!(console.is_empty(), "{console:#?}");
    // From another origin, the Fetch standard sets `Origin: null` after the second redirect. No server can change that.
    browser
        .client
        .goto(&format!("https://localhost:{https}/cross"))
        .await
        .unwrap();
    text_of(&browser, "fetched", "bad").await;
    let console = browser.console().await.join("\n");
    assert!(
        console.contains("redirected from 'http://127.0.0.1")
            && console.contains("blocked by CORS policy"),
        "{console}"
    );
    browser.close().await;
}
