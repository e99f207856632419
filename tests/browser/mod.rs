//! Tests the article's case in a real browser: Chromium with its own driver.

mod article;
mod driver;
mod live;

use std::time::Duration;

use fantoccini::Locator;
use tokio::time::Instant;

use self::driver::Browser;
use crate::support::{process::Process, *};

/// The time limit for a page.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts the example server on free ports, and returns its addresses as it prints them.
fn server() -> (Process, Vec<String>) {
    let mut server = Process::start(std::process::Command::new(example("server")).args(FREE_PORTS));
    let text = server.wait_for("Ctrl-C stops it.");
    let urls = text
        .split_whitespace()
        .filter(|word| word.starts_with("http"))
        .map(str::to_owned)
        .collect();
    (server, urls)
}

/// Waits until an element has this class, and returns its text.
async fn text_of(browser: &Browser, id: &str, class: &str) -> String {
    let started = Instant::now();
    loop {
        let element = browser.client.find(Locator::Id(id)).await.unwrap();
        // Read the class first, because the text does not change after the class is set.
        let now = element.attr("class").await.unwrap();
        let text = element.text().await.unwrap();
        if now.as_deref() == Some(class) {
            return text;
        }
        assert!(started.elapsed() < PATIENCE, "#{id} is not {class}: {text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromedriver and chromium: tests/run"]
async fn the_servers_page_shows_the_failure_and_its_cure() {
    let (_server, urls) = server();
    let browser = Browser::start().await;
    browser.client.goto(&urls[0]).await.unwrap();
    let text = async |id| {
        browser
            .client
            .find(Locator::Id(id))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    assert!(
        text("sent").await.starts_with("GET / HTTP/1.1"),
        "{}",
        text("sent").await
    );
    let seen = text("seen").await;
    assert!(
        seen.starts_with(&format!("GET {} HTTP/1.1", urls[0])),
        "{seen}"
    );
    let explained = format!("127.0.0.1 asked for {}why?token=", urls[0]);
    let started = Instant::now();
    while !text("explanation").await.starts_with(&explained) {
        assert!(
            started.elapsed() < PATIENCE,
            "{}",
            text("explanation").await
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    for button in ["without", "with"] {
        browser
            .client
            .find(Locator::Id(button))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
    }
    let bad = text_of(&browser, "without-result", "bad").await;
    assert!(bad.contains("Failed to fetch"), "{bad}");
    let good = text_of(&browser, "with-result", "good").await;
    assert!(
        good.contains("200, from") && good.contains("\"asked_for\": \"https://"),
        "{good}"
    );

    // The load balancer responds to the preflight of the redirect's target with 301.
    let console = browser.console().await;
    assert!(
        console.iter().any(|line| {
            line.contains("(redirected from 'https://")
                && line.contains("has been blocked by CORS policy")
                && line.contains("Redirect is not allowed for a preflight request")
        }),
        "{console:#?}"
    );
    // Nothing else went wrong: no mixed content, no failed icon.
    assert!(
        console.iter().all(|line| line.contains("/users")),
        "{console:#?}"
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromedriver and chromium: tests/run"]
async fn the_servers_page_fits_every_window_in_light_and_dark() {
    let (_server, urls) = server();
    let browser = Browser::start().await;
    let folder = driver::screenshots();
    for dark in [false, true] {
        browser.prefer_dark(dark).await;
        for (width, height) in [(1280, 1400), (390, 1800)] {
            browser.resize(width, height).await;
            browser.client.goto(&urls[0]).await.unwrap();
            browser
                .client
                .find(Locator::Id("with"))
                .await
                .unwrap()
                .click()
                .await
                .unwrap();
            text_of(&browser, "with-result", "good").await;
            let wider = browser
                .client
                .execute(
                    "return document.documentElement.scrollWidth > innerWidth",
                    vec![],
                )
                .await
                .unwrap();
            assert_eq!(wider, false, "the page is wider than {width} pixels");
            let scheme = if dark { "dark" } else { "light" };
            let picture = browser.client.screenshot().await.unwrap();
            std::fs::write(folder.join(format!("page-{scheme}-{width}.png")), picture).unwrap();
            let background = browser
                .client
                .execute(
                    "return getComputedStyle(document.body).backgroundColor",
                    vec![],
                )
                .await
                .unwrap();
            let expected = if dark {
                "rgb(18, 22, 28)"
            } else {
                "rgb(246, 247, 249)"
            };
            assert_eq!(background, expected);
        }
    }
    browser.close().await;
}
