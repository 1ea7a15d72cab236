//! Long walks of the clock, through the gateway as a user runs it: a ladder of webhook attempts that all fail,
//! and a year of settlement.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::databases::{Databases, Engine, GATEWAY};
use crate::installation::{Installation, add_setting, command};
use crate::load::ask;
use crate::process::output;
use crate::requests::Requests;

/// Accounts of the world: nine that every broker has, and these.
const MADE_ACCOUNTS: usize = 11;
/// Orders that rest when the clock begins to walk.
const RESTING: usize = 10;
/// Attempts of one delivery whose receiver always fails, and more than the time that they take: a week later the
/// market is open again.
const ATTEMPTS: usize = 11;
const LADDER: &str = "P7D";
/// More than 250 trading days.
const YEAR: &str = "P380D";
/// Events of one basket: `order.placed` and `order.completed`.
const EVENTS: usize = 2;

/// Seconds of each walk.
pub fn measure(binary: &Path, folder: &Path) -> Result<[(&'static str, f64); 2]> {
    let receiver = Receiver::start()?;
    let installation = Installation::prepare(binary, Databases::start(Engine::Sqlite, folder)?.fresh()?, 0)?;
    let place = &installation.place.folder;
    // Webhooks go to no address of this machine otherwise.
    add_setting(place, &format!("egress.allow = [\"{}\"]", receiver.address))?;
    let url = format!("http://{}/hook", receiver.address);
    output(command(
        binary,
        place,
        &["gateway", "update", GATEWAY, "--webhook-url", &url],
    ))?;
    let running = installation.start()?;
    let world = World {
        address: running.address,
        installation: &installation,
    };
    world.call(
        "sandbox/reset",
        &json!({"scope": "world", "seed": 7, "startAt": "2026-01-05T04:30:00.000Z", "freeze": true}),
    )?;
    for number in 0..MADE_ACCOUNTS {
        let holdings = json!([{"ticker": "INFY", "quantity": 100, "averagePrice": 1400}]);
        let account = json!({"broker": "kite", "account": format!("CI{number:04}"), "fundsInr": 1_000_000, "ddpi": true,
            "holdings": holdings});
        world.call("sandbox/accounts", &account)?;
    }
    world.buy(&json!({"ticker": "INFY", "quantity": 2, "type": "BUY"}), "CI0000")?;
    let begun = Instant::now();
    world.advance(LADDER)?;
    let ladder = begun.elapsed().as_secs_f64();
    let attempts = receiver.attempts.load(Ordering::Relaxed);
    ensure!(
        attempts == ATTEMPTS * EVENTS,
        "{attempts} attempts instead of {}",
        ATTEMPTS * EVENTS
    );
    for number in 1..=RESTING {
        // Far below the market, above the band of the day.
        let line = json!({"ticker": "ITC", "quantity": 1, "type": "BUY", "orderType": "LIMIT", "price": 400});
        world.buy(&line, &format!("CI{number:04}"))?;
    }
    let begun = Instant::now();
    world.advance(YEAR)?;
    let year = begun.elapsed().as_secs_f64();
    let (attempts, wanted) = (
        receiver.attempts.load(Ordering::Relaxed),
        ATTEMPTS * EVENTS * (1 + RESTING),
    );
    ensure!(
        attempts == wanted,
        "{attempts} attempts after the year instead of {wanted}"
    );
    running.stop()?;
    Ok([
        ("clock: a full ladder of webhook attempts", ladder),
        ("clock: more than 250 trading days", year),
    ])
}

struct World<'a> {
    address: SocketAddr,
    installation: &'a Installation,
}

impl World<'_> {
    fn call(&self, path: &str, body: &Value) -> Result<Value> {
        self.post(&format!("/torana/v1/gateways/{GATEWAY}/{path}"), body)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = Requests::post(&self.installation.credentials, path, &body.to_string());
        let answer = ask(self.address, &request).with_context(|| format!("POST {path} {body}"))?;
        serde_json::from_str(&answer.body).context("an answer that is no JSON")
    }

    fn advance(&self, duration: &str) -> Result<()> {
        self.call("sandbox/clock", &json!({"advance": duration}))
            .map(|_| ())
    }

    /// One basket of one line, from the creation to the confirmation.
    fn buy(&self, line: &Value, account: &str) -> Result<()> {
        let order =
            json!({"intent": "TRANSACTION", "orderConfig": {"type": "SECURITIES", "securities": [line]}});
        let created = self.post(&format!("/gateway/{GATEWAY}/transaction"), &order)?;
        let id = created.pointer("/data/transactionId").and_then(Value::as_str);
        let id = id.context("an answer without data.transactionId")?;
        let decision = json!({"decision": "approve", "broker": "kite", "account": account});
        self.call(
            &format!("sandbox/transactions/{id}/complete?waitMs=5000"),
            &decision,
        )?;
        Ok(())
    }
}

/// Answers every request with 500 at once, and counts them.
struct Receiver {
    address: SocketAddr,
    attempts: Arc<AtomicUsize>,
}

impl Receiver {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("receiver of webhooks")?;
        let address = listener.local_addr().context("its address")?;
        let attempts = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&attempts);
        // It lives as long as the process: nothing is lost when that ends.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if refuse(stream).is_ok() {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Ok(Self { address, attempts })
    }
}

/// Reads one request to its end and refuses it.
fn refuse(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    while !is_whole(&text) {
        match stream.read(&mut buffer)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => text.extend(buffer.iter().take(count)),
        }
    }
    stream.write_all(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

fn is_whole(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
