//! A browser, driven as W3C `WebDriver` says: JSON over HTTP.
//!
//! `PORTERO_TEST_BROWSER` names a chromedriver that knows its browser; without it, the `chromedriver` of the search path is taken.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};

use super::app::client;
use super::database::ScratchDir;

/// How long something may take to appear on a page before the test fails, in milliseconds.
const PATIENCE: u32 = 120_000;
/// What an element's reference is called in answers (`WebDriver` §12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A key, as `WebDriver` writes it (§17.4.2).
#[derive(Debug, Clone, Copy)]
pub enum Key {
    Enter,
    Escape,
    Tab,
}

impl Key {
    fn code(self) -> &'static str {
        match self {
            Self::Enter => "\u{e007}",
            Self::Escape => "\u{e00c}",
            Self::Tab => "\u{e004}",
        }
    }
}

/// A browser of its own, without window and without history.
pub struct Browser {
    driver: Driver,
    session: String,
    client: reqwest::Client,
}

/// The process that drives the browser.
struct Driver {
    process: Child,
    address: String,
    /// Where the browser keeps its profile and everything else that it writes.
    _files: ScratchDir,
}

#[expect(clippy::disallowed_methods, reason = "it says which program a test is to use")]
fn program() -> String {
    std::env::var("PORTERO_TEST_BROWSER").unwrap_or_else(|_| "chromedriver".to_owned())
}

impl Driver {
    fn start() -> Self {
        let program = program();
        let (mut command, files) = (Command::new(&program), ScratchDir::new());
        command.arg("--port=0").env("HOME", &*files).env("TMPDIR", &*files);
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = spawned.unwrap_or_else(|error| {
            panic!(
                "{program}: {error}. The console is tested in a browser: install Chromium and its driver (scripts/test does, \
                 where apt-get can), or name a chromedriver in PORTERO_TEST_BROWSER"
            )
        });
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = output.find_map(|line| line.unwrap().trim_end_matches('.').split("successfully on port ").nth(1)?.parse::<u16>().ok());
        // What else it says must not make it wait for a reader.
        std::thread::spawn(move || output.for_each(drop));
        let port = port.unwrap_or_else(|| panic!("{program} does not say its port"));
        Self { process, address: format!("127.0.0.1:{port}"), _files: files }
    }
}

impl Drop for Driver {
    /// Ends the browser too, however the test ended.
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(&self.address) {
            let _ = stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            let _ = stream.read_to_end(&mut Vec::new());
        } else {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

impl Browser {
    /// Starts a browser and opens a page.
    pub async fn open(url: &str) -> Self {
        let (driver, client) = (Driver::start(), client());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1440,1000",
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": PATIENCE},
        }}});
        let answer = client.post(format!("http://{}/session", driver.address)).json(&wanted).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let session = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no browser: {answer}")).to_owned();
        let browser = Self { driver, session, client };
        browser.go(url).await;
        browser
    }

    /// Sends a command; fails the test where the browser cannot do it.
    async fn command(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("http://{}/session/{}/{path}", self.driver.address, self.session);
        let request = self.client.request(method.clone(), url);
        let request = if method == Method::GET { request } else { request.json(body) };
        let answer = request.send().await.unwrap();
        let (good, answer) = (answer.status().is_success(), answer.json::<Value>().await.unwrap());
        assert!(good, "{path} {body}: {}", answer["value"]["message"]);
        answer["value"].clone()
    }

    /// Opens a page.
    pub async fn go(&self, url: &str) {
        self.command(Method::POST, "url", &json!({ "url": url })).await;
    }

    /// What a script gives: the body of a function.
    pub async fn run(&self, script: &str) -> Value {
        self.command(Method::POST, "execute/sync", &json!({"script": script, "args": []})).await
    }

    /// Waits until an expression is true on the page; its value.
    pub async fn wait(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (function look() {{
                 const found = ({expression});
                 if (found) done(found); else setTimeout(look, 20);
             }})();"
        );
        self.command(Method::POST, "execute/async", &json!({"script": script, "args": []})).await
    }

    /// Waits until one element fits a CSS selector and is shown; its reference.
    async fn element(&self, selector: &str) -> String {
        let found = format!("[...document.querySelectorAll({})].find((element) => element.checkVisibility())", json!(selector));
        let element = self.wait(&found).await;
        element[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Clicks an element, once it is there.
    pub async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.command(Method::POST, &format!("element/{element}/click"), &json!({})).await;
    }

    /// Types in a control, once it is there, in place of what stands in it.
    pub async fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.command(Method::POST, &format!("element/{element}/clear"), &json!({})).await;
        self.command(Method::POST, &format!("element/{element}/value"), &json!({ "text": text })).await;
    }

    /// Chooses an option of a `select` by its value.
    pub async fn choose(&self, selector: &str, value: &str) {
        let option = format!("{selector} option[value={}]", json!(value));
        self.wait(&format!("document.querySelector({})", json!(option))).await;
        let script = format!(
            "const select = document.querySelector({});
             select.value = {}; select.dispatchEvent(new Event('input', {{bubbles: true}})); select.dispatchEvent(new Event('change', {{bubbles: true}}));",
            json!(selector),
            json!(value)
        );
        self.run(&script).await;
    }

    /// Presses and releases a key.
    pub async fn press(&self, key: Key) {
        self.type_keys(key.code()).await;
    }

    /// Types where the focus is.
    pub async fn type_keys(&self, text: &str) {
        let actions: Vec<_> =
            text.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()}))).collect();
        let body = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.command(Method::POST, "actions", &body).await;
    }

    /// The text of an element, as it is shown, once it is there.
    pub async fn text(&self, selector: &str) -> String {
        let element = self.element(selector).await;
        self.command(Method::GET, &format!("element/{element}/text"), &Value::Null).await.as_str().unwrap().to_owned()
    }

    /// Sends a command of the `DevTools` protocol.
    async fn devtools(&self, command: &str, params: Value) {
        self.command(Method::POST, "goog/cdp/execute", &json!({"cmd": command, "params": params})).await;
    }

    /// Makes the reader prefer `light` or `dark`.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Gives the page this many pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What the browser complained about since it was last asked: scripts that fail, policies that are broken, requests that are refused.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.command(Method::POST, "se/log", &json!({"type": "browser"})).await;
        let severe = log.as_array().unwrap().iter().filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")));
        severe.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }
}
