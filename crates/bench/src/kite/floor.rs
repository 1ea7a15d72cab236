//! A market that is open, with accounts that are logged in at several apps.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::databases::GATEWAY;
use crate::installation::Installation;
use crate::load::{Connection, runtime};
use crate::requests::Requests;

/// Accounts that trade.
const ACCOUNTS: usize = 400;
/// Apps that every account is logged in at: 10 orders a second each, so that not the limits are measured.
const APPS: usize = 4;
/// What is traded, an account one of it.
const TICKERS: [&str; 10] = [
    "INFY",
    "ITC",
    "RELIANCE",
    "TCS",
    "HDFCBANK",
    "SBIN",
    "ICICIBANK",
    "LT",
    "AXISBANK",
    "WIPRO",
];

/// Monday, 10:00 in India; the clock runs from there.
const START: &str = "2026-01-05T04:30:00.000Z";

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    /// What it trades.
    pub ticker: &'static str,
    /// The lowest price of the day, in rupees: a buy at it rests.
    pub low: String,
    /// Values of the header `Authorization`, one per app.
    pub logins: Vec<String>,
}

/// Everything that load needs to know.
pub struct Floor {
    pub accounts: Vec<Account>,
}

impl Floor {
    /// Begins a world with accounts and logins, through the control API.
    pub fn open(installation: &Installation, gateway: SocketAddr, kite: SocketAddr) -> Result<Self> {
        runtime()?.block_on(async {
            let mut control = Control {
                connection: Connection::open(gateway).await?,
                installation,
            };
            control
                .call("reset", &json!({"scope": "world", "seed": 7, "startAt": START}))
                .await?;
            let mut keys = Vec::new();
            for _ in 0..APPS {
                let terms = json!({"redirectUrl": "http://127.0.0.1/", "postbackUrl": null});
                keys.push(text(&control.call("kite/apps", &terms).await?, "api_key")?);
            }
            let mut accounts = Vec::new();
            for number in 0..ACCOUNTS {
                accounts.push(control.account(number, &keys).await?);
            }
            learn_prices(&mut accounts, kite).await?;
            Ok(Self { accounts })
        })
    }
}

/// The control side of the world.
struct Control<'a> {
    connection: Connection,
    installation: &'a Installation,
}

impl Control<'_> {
    async fn call(&mut self, path: &str, body: &Value) -> Result<Value> {
        let path = format!("/torana/v1/gateways/{GATEWAY}/sandbox/{path}");
        let mut request = Requests::post(&self.installation.credentials, &path, &body.to_string());
        let answer = self.connection.exchange(request.next()).await;
        let answer = answer.with_context(|| format!("POST {path} {body}"))?;
        serde_json::from_str(&answer.body).context("an answer that is no JSON")
    }

    async fn account(&mut self, number: usize, keys: &[String]) -> Result<Account> {
        let ticker = TICKERS.get(number % TICKERS.len()).copied().unwrap_or("INFY");
        let name = format!("KITE{number:04}");
        let holdings = json!([{"ticker": ticker, "quantity": 10_000, "averagePrice": 100}]);
        let terms = json!({"broker": "kite", "account": name, "fundsInr": 100_000_000, "ddpi": true,
            "holdings": holdings});
        self.call("accounts", &terms).await?;
        let mut logins = Vec::new();
        for key in keys {
            let wanted = json!({"apiKey": key, "account": name});
            let opened = self.call("kite/sessions", &wanted).await?;
            logins.push(format!("token {key}:{}", text(&opened, "access_token")?));
        }
        Ok(Account {
            ticker,
            low: String::new(),
            logins,
        })
    }
}

/// Asks for the lowest price of what each account trades.
async fn learn_prices(accounts: &mut [Account], kite: SocketAddr) -> Result<()> {
    let mut connection = Connection::open(kite).await?;
    let login = accounts.first().and_then(|account| account.logins.first());
    let names: Vec<String> = TICKERS.iter().map(|ticker| format!("i=NSE:{ticker}")).collect();
    let request = get(&format!("/quote?{}", names.join("&")), login.context("no login")?);
    let answer: Value = serde_json::from_str(&connection.exchange(&request).await?.body)?;
    for account in accounts {
        let low = answer.pointer(&format!("/data/NSE:{}/lower_circuit_limit", account.ticker));
        account.low = low.context("a quote without its lowest price")?.to_string();
    }
    Ok(())
}

fn text(answer: &Value, name: &str) -> Result<String> {
    let value = answer.pointer(&format!("/data/{name}")).and_then(Value::as_str);
    let value = value.with_context(|| format!("an answer without data.{name}"))?;
    ensure!(!value.is_empty(), "an empty data.{name}");
    Ok(value.to_owned())
}

/// A read with a login.
pub fn get(path: &str, login: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-kite-version: 3\r\nauthorization: {login}\r\n\r\n")
        .into_bytes()
}
