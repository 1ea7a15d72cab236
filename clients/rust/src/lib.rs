//! A demo, and what a story needs beside the official client: the control side of the sandbox, a browser that posts
//! forms, a receiver of postbacks.

mod receiver;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use kiteconnect::{AccessToken, KiteConnect};
use reqwest::{Client, Response, redirect};
use serde_json::{Value, json};

pub use receiver::Receiver;

const GATEWAY: &str = "gatewaydemo";
const GATEWAY_SECRET: &str = "gatewayDemo_secret";
/// Monday, 10:00 in India.
const MARKET_OPEN: &str = "2026-01-05T04:30:00.000Z";
/// Lines that a demo prints when it is ready.
const READY_LINES: usize = 3;

/// A demo whose market is open and stands still, with an app. Dropping it ends it.
pub struct Demo {
    child: Child,
    data: PathBuf,
    gateway: String,
    browser: Client,
    /// Address of the Kite interface.
    pub root: String,
    /// The app's public key.
    pub api_key: String,
    /// The app's secret.
    pub api_secret: String,
    /// Where the app's postbacks arrive.
    pub postbacks: Receiver,
}

impl Demo {
    /// Starts one.
    pub async fn start() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let data = std::env::temp_dir().join(format!("kite-client-{}-{number}", std::process::id()));
        let postbacks = Receiver::start();
        let (child, urls) = spawn(&data, &postbacks.url);
        let address = |name: &str| {
            let found = urls.iter().find_map(|line| line.strip_prefix(name));
            found
                .unwrap_or_else(|| panic!("no {name} in {urls:?}"))
                .trim()
                .to_owned()
        };
        let browser = Client::builder().redirect(redirect::Policy::none());
        let mut demo = Self {
            gateway: address("torana ready"),
            root: address("torana kite"),
            browser: browser.build().unwrap(),
            api_key: String::new(),
            api_secret: String::new(),
            child,
            data,
            postbacks,
        };
        let start = json!({"scope": "world", "startAt": MARKET_OPEN, "freeze": true});
        demo.control("reset", &start).await;
        let terms = json!({"redirectUrl": "http://127.0.0.1:9/done?x=1", "postbackUrl": demo.postbacks.url,
            "rateLimits": false});
        let app = demo.control("kite/apps", &terms).await;
        demo.api_key = text(&app, "api_key");
        demo.api_secret = text(&app, "api_secret");
        demo
    }

    /// One call of the sandbox's control API.
    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/torana/v1/gateways/{GATEWAY}/sandbox/{path}", self.gateway);
        let request = self.browser.post(url).header("x-gateway-secret", GATEWAY_SECRET);
        let answer = request.json(body).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {body}");
        body["data"].clone()
    }

    /// Sends a form of a page as a browser does, which follows no redirect here.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.browser.post(format!("{}{path}", self.root));
        request.form(fields).send().await.unwrap()
    }

    /// A page.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.browser.get(format!("{}{path}", self.root)).send().await;
        answer.unwrap().text().await.unwrap()
    }

    /// A client of nobody yet.
    pub fn client(&self) -> KiteConnect {
        KiteConnect::builder(&self.api_key)
            .base_url(&self.root)
            .build()
            .unwrap()
    }

    /// A client of an account that is logged in.
    pub async fn user(&self, account: &str) -> KiteConnect {
        let wanted = json!({"apiKey": self.api_key, "account": account});
        let opened = self.control("kite/sessions", &wanted).await;
        let mut kite = self.client();
        kite.set_access_token(AccessToken::new(text(&opened, "access_token")).unwrap());
        kite
    }

    /// Sets prices of the market.
    pub async fn set_price(&self, ticker: &str, price: f64) {
        let ticks = json!({"ticks": [{"ticker": ticker, "price": price}]});
        self.control("prices", &ticks).await;
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// Starts the binary free of the surrounding shell's settings; gives its first lines.
fn spawn(data: &PathBuf, postbacks: &str) -> (Child, Vec<String>) {
    let binary = std::env::var("TORANA_BIN").expect("TORANA_BIN names the binary");
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TORANA_") {
            command.env_remove(name);
        }
    }
    command.args(["demo", "--seed", "7", "--webhook-url", postbacks, "--data"]);
    command.arg(data);
    for listener in ["--listen", "--shop", "--kite"] {
        command.args([listener, "127.0.0.1:0"]);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let urls = lines.map_while(Result::ok).take(READY_LINES).collect();
    (child, urls)
}

/// A member that is a text.
pub fn text(value: &Value, name: &str) -> String {
    let found = value[name].as_str();
    found.unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}
