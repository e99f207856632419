//! A headless Chromium.

use std::{path::PathBuf, process::Command};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::{real_proxies::fixture::free_port, support::process::Process};

pub struct Browser {
    pub client: Client,
    _driver: Process,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub async fn start() -> Self {
        let port = free_port();
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Process::start(
            Command::new("chromedriver")
                .arg(format!("--port={port}"))
                .env("TMPDIR", profile.path())
                .env("HOME", profile.path()),
        );
        driver.wait_for("started successfully");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--ignore-certificate-errors",
        ];
        let data = format!("--user-data-dir={}", profile.path().join("data").display());
        let arguments: Vec<&str> = arguments.into_iter().chain([data.as_str()]).collect();
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            "acceptInsecureCerts": true,
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap_or_else(|error| panic!("no session: {error}\n{}", driver.output()));
        Self {
            client,
            _driver: driver,
            _profile: profile,
        }
    }

    /// Warnings and errors on the console since the last call.
    pub async fn console(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Extra::Log).await.unwrap();
        log.as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    pub async fn prefer_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }

    pub async fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    async fn cdp(&self, method: &str, parameters: Value) {
        let command = Extra::Cdp(json!({ "cmd": method, "params": parameters }));
        self.client.issue_cmd(command).await.unwrap();
    }

    pub async fn close(self) {
        self.client.close().await.unwrap();
    }
}

/// Commands that are not part of the WebDriver standard.
#[derive(Debug)]
enum Extra {
    Log,
    Cdp(Value),
}

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&match self {
            Self::Log => format!("session/{session}/se/log"),
            Self::Cdp(_) => format!("session/{session}/goog/cdp/execute"),
        })
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = match self {
            Self::Log => json!({ "type": "browser" }),
            Self::Cdp(command) => command.clone(),
        };
        (http::Method::POST, Some(body.to_string()))
    }
}

/// The folder for screenshots, which a person can look at.
pub fn screenshots() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
