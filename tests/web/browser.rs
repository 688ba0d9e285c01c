//! A browser of a test's own.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::driver;

/// As root there is no sandbox, and the browser asks nobody but our server.
const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

const AXE: &str = include_str!("axe/axe.min.js");
const RUN_AXE: &str = "const done = arguments[arguments.length - 1];
    axe.run(document, {resultTypes: ['violations']}).then((found) => done(found.violations.map((one) =>
        one.id + ': ' + one.nodes.map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary).join(' | '))));";

const AT_REST: &str = "document.getAnimations().every((one) =>
    one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity)";

/// How large a screen is.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
}

pub const DESK: Screen = Screen {
    width: 1_440,
    height: 900,
};
pub const PHONE: Screen = Screen {
    width: 390,
    height: 844,
};

/// A browser with its own, empty profile; closed when dropped.
pub struct Browser {
    client: Client,
    http: reqwest::Client,
    session: String,
    /// Where the shop is.
    pub shop: String,
}

impl Browser {
    /// Opens the shop at `url`, for a reader of English.
    pub async fn open(url: &str, screen: Screen) -> Self {
        Self::speaking("en-US", url, screen).await
    }

    /// The same for a reader of this language.
    pub async fn speaking(language: &str, url: &str, screen: Screen) -> Self {
        let mut options = json!({"args": ARGUMENTS});
        if let Ok(program) = std::env::var("CHROMIUM") {
            options["binary"] = program.into();
        }
        let wished = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": options,
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wished.as_object().unwrap().clone())
            .connect(driver::url())
            .await
            .unwrap();
        let session = client.session_id().await.unwrap().unwrap();
        let browser = Self {
            client,
            http: reqwest::Client::new(),
            session,
            shop: url.to_owned(),
        };
        browser.dress(language, screen).await;
        browser.client.goto(url).await.unwrap();
        browser
    }

    async fn dress(&self, language: &str, screen: Screen) {
        let agent = self.run("return navigator.userAgent").await;
        let agent = json!({"userAgent": agent, "acceptLanguage": language});
        self.devtools("Emulation.setUserAgentOverride", &agent)
            .await;
        let Screen { width, height } = screen;
        let mobile = width < DESK.width;
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.devtools("Emulation.setDeviceMetricsOverride", &size)
            .await;
    }

    /// Shows the pages light or dark from now on.
    pub async fn colours(&self, scheme: &str) {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &media).await;
    }

    /// Asks the browser itself.
    pub async fn devtools(&self, command: &str, params: &Value) -> Value {
        let body = json!({"cmd": command, "params": params});
        self.ask("goog/cdp/execute", &body).await
    }

    async fn ask(&self, command: &str, body: &Value) -> Value {
        let url = format!("{}/session/{}/{command}", driver::url(), self.session);
        let answer = self.http.post(url).json(body).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{command}: {value}");
        value
    }

    /// Runs a function's body in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Waits until this holds in the page.
    pub async fn until(&self, condition: &str) {
        let script = format!("return Boolean({condition})");
        let deadline = Instant::now() + PATIENCE;
        while self.client.execute(&script, Vec::new()).await.ok() != Some(Value::Bool(true)) {
            if Instant::now() > deadline {
                let seen = "return location.href + '\\n' + document.body.innerText";
                panic!("still not: {condition}\n{}", self.run(seen).await);
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Waits until there is such an element.
    pub async fn there_is(&self, css: &str) {
        self.until(&format!("document.querySelector({})", json!(css)))
            .await;
    }

    /// Waits until an element says this among other things.
    pub async fn says(&self, css: &str, text: &str) {
        let (css, text) = (json!(css), json!(text));
        self.until(&format!(
            "document.querySelector({css})?.textContent.includes({text})"
        ))
        .await;
    }

    /// What an element says.
    pub async fn text(&self, css: &str) -> String {
        self.there_is(css).await;
        let text = format!("return document.querySelector({}).textContent", json!(css));
        self.run(&text).await.as_str().unwrap().to_owned()
    }

    /// Presses an element, as a hand does, as soon as there is one.
    pub async fn press(&self, css: &str) {
        self.there_is(css).await;
        // Where it comes to rest under the hand: scrolling may be under way, or a notice above it.
        let to = format!(
            "document.querySelector({}).scrollIntoView({{block: 'center'}})",
            json!(css)
        );
        self.run(&to).await;
        let element = self.client.find(Locator::Css(css)).await.unwrap();
        element.click().await.unwrap();
    }

    /// Writes into a field, in place of what it has.
    pub async fn write(&self, css: &str, text: &str) {
        self.there_is(css).await;
        let field = self.client.find(Locator::Css(css)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses keys where the focus is.
    pub async fn keys(&self, keys: &str) {
        let focused = self.client.active_element().await.unwrap();
        focused.send_keys(keys).await.unwrap();
    }

    /// Presses a point of the window.
    pub async fn touch(&self, x: f64, y: f64) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.devtools("Input.dispatchMouseEvent", &event).await;
        }
    }

    /// Goes to a view.
    pub async fn go(&self, view: &str) {
        self.run(&format!("location.hash = {}", json!(view))).await;
    }

    /// Goes to another page of the same server.
    pub async fn visit(&self, path: &str) {
        let url = format!("{}{path}", self.shop);
        self.client.goto(&url).await.unwrap();
    }

    /// Loads the page anew.
    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// A picture of what is seen, kept as `name` in the folder that `BOXOFFICE_IMAGES` names, or below
    /// `target`.
    pub async fn picture(&self, name: &str, screen: Screen) {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = match std::env::var("BOXOFFICE_IMAGES") {
            Ok(folder) => root.join(folder),
            Err(_) => root.join("target/web"),
        };
        std::fs::create_dir_all(&folder).unwrap();
        let png = self.client.screenshot().await.unwrap();
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((side(16), side(20)), (screen.width, screen.height));
        std::fs::write(folder.join(format!("{name}.png")), &png).unwrap();
    }

    /// What axe-core finds that keeps people out of what is shown.
    pub async fn barriers(&self) -> Vec<String> {
        // What fades in or out has less contrast meanwhile.
        self.until(AT_REST).await;
        self.run(&format!("if (!window.axe) {{ {AXE} }}")).await;
        let found = self.client.execute_async(RUN_AXE, Vec::new()).await;
        serde_json::from_value(found.unwrap()).unwrap()
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.ask("se/log", &json!({"type": kind})).await;
        log.as_array().unwrap().clone()
    }

    /// Fails if the page complained, was refused anything but with these statuses, or asked another
    /// host.
    pub async fn was_quiet(&self, refusals: &[u16]) {
        let expected = |message: &str| {
            let mut statuses = refusals.iter();
            statuses.any(|status| message.contains(&format!("status of {status} ")))
                || refusals.contains(&0) && message.contains("net::ERR_")
        };
        for entry in self.log("browser").await {
            let message = entry["message"].as_str().unwrap();
            assert!(expected(message), "the page complains: {message}");
        }
        for entry in self.log("performance").await {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            if event["message"]["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = event["message"]["params"]["request"]["url"].as_str();
            let url = url.unwrap();
            let own = url.starts_with(&self.shop) || url.starts_with("data:");
            assert!(own, "the page asks another host: {url}");
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Also when the test fails; nobody may await here.
        let address = driver::url().trim_start_matches("http://");
        let Ok(mut stream) = TcpStream::connect(address) else {
            return;
        };
        let head = format!(
            "DELETE /session/{} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n",
            self.session
        );
        let mut answer = Vec::new();
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.read_to_end(&mut answer);
    }
}
