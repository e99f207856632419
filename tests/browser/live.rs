//! Opens `explain --listen` behind nginx in a browser.

use super::*;
use crate::real_proxies::fixture::{Certificate, Kind, Proxy, Upstream};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx, chromedriver and chromium: tests/run"]
async fn a_load_balancer_that_points_at_explain_shows_the_browser_its_request() {
    let mut command = std::process::Command::new(example("explain"));
    let arguments = ["--trust", "127.0.0.1", "--hops", "1", "--headers", "nginx"];
    let mut program = Process::start(command.args(arguments).args(["--listen", "127.0.0.1:0"]));
    let text = program.wait_for("explain: listening on http://");
    let (_, address) = text.split_once("http://").unwrap();
    let address = address.split(';').next().unwrap().parse().unwrap();
    let nginx = Kind::NginxWith(&[
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
    ]);
    let nginx = Proxy::start(nginx, &Upstream::Http1(address), &Certificate::new());
    let browser = Browser::start().await;
    let url = format!("https://127.0.0.1:{}/users?page=2", nginx.address.port());
    browser.client.goto(&url).await.unwrap();
    let outcome = format!("127.0.0.1 asked for {url}");
    let first = browser.client.find(Locator::Css("p")).await.unwrap();
    assert_eq!(first.attr("class").await.unwrap().as_deref(), Some("good"));
    assert_eq!(first.text().await.unwrap(), format!("{outcome}."));
    let steps = browser.client.find(Locator::Id("steps")).await.unwrap();
    let steps = steps.text().await.unwrap();
    assert!(steps.ends_with(&format!("outcome   {outcome}")), "{steps}");
    let picture = browser.client.screenshot().await.unwrap();
    std::fs::write(driver::screenshots().join("explain-live.png"), picture).unwrap();
    let console = browser.console().await;
    assert!(console.is_empty(), "{console:#?}");
    // The terminal shows the same.
    program.wait_for(&format!("GET /users?page=2 HTTP/1.1\n{outcome}."));
    browser.close().await;
}
