//! Browsers, each by way of its driver.

use std::{path::Path, process::Stdio, time::Duration};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep},
};

/// What a check ends with when something is wrong.
pub type Failure = Box<dyn std::error::Error>;

pub struct Browser {
    pub client: Client,
    pub version: String,
    driver: Child,
}

/// A line of the console.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub level: String,
    pub message: String,
}

impl Browser {
    /// Starts Chromium with a new profile in this directory.
    pub async fn chromium(program: &str, profile: &Path) -> Result<Self, Failure> {
        let profile = format!("--user-data-dir={}", profile.display());
        let capabilities = json!({
            "goog:chromeOptions": {
                "binary": program,
                "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                    "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--window-size=1280,900",
                    profile,
                ],
            },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        Self::start(
            "chromedriver",
            "started successfully on port ",
            capabilities,
        )
        .await
    }

    /// Starts Firefox by this driver, which makes it a profile of its own.
    pub async fn firefox(program: &str, driver: &str) -> Result<Self, Failure> {
        let capabilities = json!({
            "moz:firefoxOptions": { "binary": program, "args": ["-headless"] },
        });
        Self::start(driver, "Listening on 127.0.0.1:", capabilities).await
    }

    /// Starts the driver on a port of its own, which it prints after `says`, and a browser by it.
    async fn start(driver: &str, says: &str, capabilities: Value) -> Result<Self, Failure> {
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(driver.stdout.take().ok_or("no output")?).lines();
        let port: u16 = loop {
            let line = lines
                .next_line()
                .await?
                .ok_or("the driver does not start")?;
            if let Some((_, port)) = line.split_once(says) {
                break port.trim_end_matches('.').parse()?;
            }
        };
        // So that the driver never waits for somebody to read.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });

        let capabilities: serde_json::Map<_, _> = serde_json::from_value(capabilities)?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await?;
        let version = client
            .capabilities()
            .and_then(|has| has.get("browserVersion")?.as_str());
        let version = version.unwrap_or("of an unknown version").to_owned();
        Ok(Self {
            client,
            version,
            driver,
        })
    }

    /// Runs a script that ends in `return`, until it returns something that is wanted.
    pub async fn wait_for<T: for<'de> Deserialize<'de>>(
        &self,
        script: &str,
        longest: Duration,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Result<T, Failure> {
        let end = Instant::now() + longest;
        loop {
            let value = self.client.execute(script, Vec::new()).await?;
            let found: T = serde_json::from_value(value.clone())?;
            if is_wanted(&found) {
                return Ok(found);
            }
            if Instant::now() > end {
                return Err(format!("{script}: still {value} after {longest:?}").into());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// What Chromium's console has got since the last time.
    pub async fn console(&self) -> Result<Vec<Entry>, Failure> {
        let entries = self.client.issue_cmd(GetLog).await?;
        Ok(serde_json::from_value(entries)?)
    }

    pub async fn close(mut self) -> Result<(), Failure> {
        self.client.close().await?;
        self.driver.kill().await?;
        Ok(())
    }
}

/// An extension of Chromium's driver: the console.
#[derive(Debug)]
struct GetLog;

impl WebDriverCompatibleCommand for GetLog {
    fn endpoint(
        &self,
        base_url: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!(
            "session/{}/se/log",
            session_id.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let what: Value = json!({ "type": "browser" });
        (http::Method::POST, Some(what.to_string()))
    }
}
