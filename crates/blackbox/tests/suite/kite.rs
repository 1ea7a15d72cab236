//! The Kite interface of the binary: an app from its making to a filled order, beside the gateway and in an exchange
//! of its own.

use serde_json::{Value, json};
use torana_testkit::browser::form_encode;
use torana_testkit::partner::MARKET_OPEN;
use torana_testkit::process::free_port;
use torana_testkit::signature::sha256_hex;
use torana_testkit::{Answer, Browser, Client, Engine, Options, Partner, Receiver, Torana};

on_both_engines!(
    an_app_logs_a_user_in_and_trades,
    an_exchange_of_its_own_serves_apps
);

/// A program that talks to the interface.
struct App {
    base: String,
    key: String,
    secret: String,
    token: String,
}

impl App {
    fn made(partner: &Partner, base: &str, postback: Option<&str>) -> Self {
        let body = json!({"redirectUrl": "http://127.0.0.1:9/done?from=kite", "postbackUrl": postback});
        let data = partner
            .post_as_gateway(&partner.sandbox("kite/apps"), &body)
            .data();
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        Self {
            base: base.to_owned(),
            key: text("api_key"),
            secret: text("api_secret"),
            token: String::new(),
        }
    }

    fn send(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let authorization = format!("token {}:{}", self.key, self.token);
        let mut headers = vec![("x-kite-version", "3")];
        if !self.token.is_empty() {
            headers.push(("authorization", &authorization));
        }
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let body = form_encode(&fields);
        if !body.is_empty() {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let url = format!("{}{path}", self.base);
        Client::default().send(method, &url, &headers, body.as_bytes())
    }

    fn data(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Value {
        let answer = self.send(method, path, fields);
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
        let body = answer.json();
        assert_eq!(body["status"], "success", "{body}");
        body["data"].clone()
    }

    #[track_caller]
    fn refused(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let answer = self.send(method, path, fields);
        let body = answer.json();
        assert_eq!(body["status"], "error", "{body}");
        (answer.status, body["error_type"].as_str().unwrap().to_owned())
    }

    /// What the browser brings back from the login page.
    fn request_token(&self, account: &str) -> String {
        let mut browser = Browser::new(&self.base);
        let path = format!(
            "/connect/login?v=3&api_key={}&redirect_params=state%3D7%26x%3Dy",
            self.key
        );
        let page = browser.open(&path);
        assert!(page.text.contains("Zerodha"), "{}", page.text);
        browser.press("action", "confirm", &[("account", account)]);
        let target = browser.left_to.clone().expect("a redirect to the app");
        let (address, query) = target.split_once('?').unwrap();
        assert_eq!(address, "http://127.0.0.1:9/done");
        let pairs: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let value = |name: &str| pairs.iter().find(|(known, _)| *known == name).unwrap().1;
        assert_eq!(
            [value("from"), value("action"), value("status"), value("state")],
            ["kite", "login", "success", "7"]
        );
        value("request_token").to_owned()
    }

    fn session(&mut self, account: &str) {
        let token = self.request_token(account);
        let exchange = |checksum: &str| {
            let fields = [
                ("api_key", self.key.as_str()),
                ("request_token", token.as_str()),
                ("checksum", checksum),
            ];
            self.send("POST", "/session/token", &fields)
        };
        let good = sha256_hex(&[&self.key, &token, &self.secret]);
        let answer = exchange(&good).json();
        assert_eq!(answer["data"]["user_id"], account, "{answer}");
        assert_eq!(exchange(&good).status, 403, "a request token is good once");
        self.token = answer["data"]["access_token"].as_str().unwrap().to_owned();
    }

    fn buy(&self, tag: &str) -> String {
        let fields = [
            ("exchange", "NSE"),
            ("tradingsymbol", "INFY"),
            ("transaction_type", "BUY"),
            ("quantity", "2"),
            ("product", "CNC"),
            ("order_type", "MARKET"),
            ("market_protection", "-1"),
            ("validity", "DAY"),
            ("tag", tag),
        ];
        let data = self.data("POST", "/orders/regular", &fields);
        data["order_id"].as_str().unwrap().to_owned()
    }

    fn order(&self, id: &str) -> Value {
        let rows = self.data("GET", &format!("/orders/{id}"), &[]);
        rows.as_array().unwrap().last().unwrap().clone()
    }
}

fn an_app_logs_a_user_in_and_trades(engine: Engine) {
    let receiver = Receiver::new();
    let listen = format!("127.0.0.1:{}", free_port());
    let options = Options::new(engine)
        .allow(&receiver)
        .set("exchange.kite.listen", &format!("\"{listen}\""));
    let (mut torana, partner) = Torana::with_partner(options);
    let base = format!("http://{listen}");
    assert!(
        torana.stdout().contains(&format!("torana kite {base}")),
        "{:?}",
        torana.stdout()
    );
    partner.start_world_at(MARKET_OPEN, true);
    let mut app = App::made(&partner, &base, Some(&receiver.url()));
    assert_eq!(
        app.refused("GET", "/orders", &[]),
        (403, "TokenException".to_owned())
    );
    app.session("DEMO01");
    assert_eq!(app.data("GET", "/user/profile", &[])["user_id"], "DEMO01");

    let id = app.buy("story");
    let _ = partner.clock(&json!({"advance": "PT1M"})).data();
    let order = app.order(&id);
    assert_eq!(
        (&order["status"], &order["tag"], &order["filled_quantity"]),
        (&json!("COMPLETE"), &json!("story"), &json!(2))
    );
    let told = receiver.wait_for(1);
    let body = told
        .iter()
        .map(torana_testkit::receiver::Webhook::json)
        .find(|body| body["status"] == "COMPLETE")
        .unwrap_or_else(|| panic!("{told:?}"));
    let stamp = body["order_timestamp"].as_str().unwrap();
    assert_eq!(body["checksum"], sha256_hex(&[&id, stamp, &app.secret]).as_str());
    assert_eq!(
        (&body["order_id"], &body["user_id"], &body["tag"]),
        (&json!(id), &json!("DEMO01"), &json!("story"))
    );
    assert!(
        torana.logs().find(&app.secret).is_none() && torana.logs().find(&app.token).is_none(),
        "the logs say nothing secret"
    );

    let transcript = partner.get_as_gateway(&partner.sandbox("transcript")).text;
    assert!(transcript.contains("order_filled"), "{transcript}");
    for hidden in ["app_pushes_taken", &app.key, &app.secret, &app.token] {
        assert!(!transcript.contains(hidden), "{hidden} in {transcript}");
    }

    torana.crash_and_restart();
    torana.wait_for_gateway("acme");
    assert_eq!(app.order(&id)["status"], "COMPLETE", "tokens outlive the process");
    let _ = partner.clock(&json!({"advance": "PT24H"})).data();
    assert_eq!(
        app.refused("GET", "/orders", &[]),
        (403, "TokenException".to_owned()),
        "and end at six"
    );

    let other = torana.cli(&[
        "sandbox",
        "kite-session",
        "--gateway",
        "acme",
        "--account",
        "DEMO02",
    ]);
    other.succeeded();
    app.key = other.value("api_key");
    app.token = other.value("access_token");
    assert_eq!(app.data("GET", "/user/profile", &[])["user_id"], "DEMO02");
    assert_eq!(
        app.data("GET", "/orders", &[]),
        json!([]),
        "an account of its own"
    );
    for (gateway, account) in [("acme", "NOBODY"), ("nobody", "DEMO01")] {
        let output = torana.cli(&[
            "sandbox",
            "kite-session",
            "--gateway",
            gateway,
            "--account",
            account,
        ]);
        let _ = output.exits(4);
    }
}

fn an_exchange_of_its_own_serves_apps(engine: Engine) {
    let (mut gateway, mut exchange) = Torana::with_exchange(Options::new(engine));
    let keys = gateway.create_gateway("acme", &[]);
    exchange.run();
    gateway.run();
    let partner = gateway.partner(&keys);
    partner.start_world_at(MARKET_OPEN, true);
    let mut app = App::made(&partner, exchange.url(), None);
    app.session("DEMO01");
    let id = app.buy("apart");
    let _ = partner.clock(&json!({"advance": "PT1M"})).data();
    assert_eq!(app.order(&id)["status"], "COMPLETE");

    // The exchange knows its worlds' time without the gateway.
    let _ = gateway.stop();
    exchange.crash_and_restart();
    let order = app.order(&id);
    assert_eq!(order["status"], "COMPLETE", "{order}");
    let second = app.buy("alone");
    assert_eq!(app.order(&second)["tag"], "alone");

    let output = gateway.cli(&[
        "sandbox",
        "kite-session",
        "--gateway",
        "acme",
        "--account",
        "DEMO02",
    ]);
    app.key = output.succeeded().value("api_key");
    app.token = output.value("access_token");
    assert_eq!(app.data("GET", "/user/profile", &[])["user_id"], "DEMO02");
}
