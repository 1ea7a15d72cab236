//! The transcript of a world, and what a seed promises: one script, one transcript, whatever happens beside it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use torana_testkit::partner::{AFTER_CLOSE, MARKET_CLOSED, MARKET_OPEN, basket};
use torana_testkit::receiver::Reply;
use torana_testkit::{Engine, Options, Partner, Receiver, Torana};

const SEED: u64 = 7;
/// Steps of the script.
const STEPS: usize = 8;

/// Attempts of webhooks that fail, so that the ladder is climbed.
const FAILING_ATTEMPTS: usize = 12;

/// An installation with a seed, and a partner whose receiver is not well at first.
pub struct Stage {
    torana: Torana,
    partner: Partner,
    _receiver: Receiver,
}

impl Stage {
    /// With the gateway `acme`.
    pub fn new(options: Options) -> Self {
        let receiver = Receiver::new();
        let mut replies = vec![Reply::status(500); FAILING_ATTEMPTS];
        replies.push(Reply::status(200));
        receiver.answer(replies);
        let flags = ["--webhook-url", &receiver.url()];
        let (torana, partner) = Torana::with_partner_and(options.seed(SEED).allow(&receiver), &flags);
        Self {
            torana,
            partner,
            _receiver: receiver,
        }
    }

    /// Plays the script and gives the transcript, read in one piece.
    pub fn play(&mut self) -> String {
        self.play_and(|_, _| ())
    }

    /// As [`Self::play`]; `between` is called before each step.
    fn play_and(&mut self, mut between: impl FnMut(&mut Torana, usize)) -> String {
        let mut script = Script::new(&self.partner);
        for step in 0..STEPS {
            between(&mut self.torana, step);
            script.step(step);
        }
        read(&self.partner, 0, 10_000)
    }
}

fn read(partner: &Partner, after: usize, limit: usize) -> String {
    let answer = partner.get_as_gateway(&partner.sandbox(&format!("transcript?after={after}&limit={limit}")));
    assert_eq!(answer.status, 200, "{}: {}", answer.asked, answer.text);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    answer.text
}

/// A trading story over several days: every wait is a step of the clock, and no call waits for fills.
struct Script<'a> {
    partner: &'a Partner,
    user: String,
}

impl<'a> Script<'a> {
    fn new(partner: &'a Partner) -> Self {
        Self {
            partner,
            user: String::new(),
        }
    }

    fn step(&mut self, step: usize) {
        let partner = self.partner;
        match step {
            0 => {
                partner.start_world_at(MARKET_OPEN, true);
                let holding =
                    json!({"ticker": "ITC", "quantity": 40, "t1Quantity": 5, "averagePrice": 402.35});
                let account = json!({"broker": "kite", "account": "CI0001", "fundsInr": 250_000, "holdings": [holding]});
                let _ = partner
                    .post_as_gateway(&partner.sandbox("accounts"), &account)
                    .data();
                self.user = partner.connect("kite", "CI0001");
            }
            1 => {
                self.buy("CI0001", &basket(&[("INFY", 2), ("RELIANCE", 1)]));
                self.buy("CI0001", &basket(&[("TCS", 1)]));
                self.guest_buys("PARTIAL01", &basket(&[("INFY", 10)]));
                self.guest_buys("ORDERFAIL01", &basket(&[("SBIN", 3)]));
            }
            2 => self.clock(&json!({"advance": "PT2M"})),
            3 => {
                let line = json!({"ticker": "HDFCBANK", "quantity": 5, "type": "BUY", "orderType": "LIMIT", "price": 900});
                self.buy("CI0001", &limit(line));
                self.guest_buys("SLOW01", &basket(&[("WIPRO", 4)]));
                // Left alone: it expires on the way.
                let _ = partner.transaction(&partner.guest(), &json!({"intent": "CONNECT"}));
                self.clock(&json!({"advance": "PT1H"}));
            }
            4 => {
                self.clock(&json!({"set": MARKET_CLOSED}));
                let token = partner.connected(&self.user);
                let id = partner.transaction(&token, &basket(&[("INFY", 1)]));
                approve(partner, &token, &id, "CI0001", &json!({"amo": true}));
            }
            5 => self.clock(&json!({"set": AFTER_CLOSE})),
            6 => self.clock(&json!({"advance": "P1D"})),
            _ => {
                let token = partner.connected(&self.user);
                let id = partner.transaction(&token, &json!({"intent": "HOLDINGS_IMPORT", "version": "v2"}));
                approve(partner, &token, &id, "CI0001", &json!({}));
                self.clock(&json!({"advance": "P5D"}));
            }
        }
    }

    fn clock(&self, body: &Value) {
        let _ = self.partner.clock(body).data();
    }

    fn buy(&self, account: &str, intent: &Value) {
        let token = self.partner.connected(&self.user);
        let id = self.partner.transaction(&token, intent);
        approve(self.partner, &token, &id, account, &json!({}));
    }

    fn guest_buys(&self, account: &str, intent: &Value) {
        let token = self.partner.guest();
        let id = self.partner.transaction(&token, intent);
        approve(self.partner, &token, &id, account, &json!({}));
    }
}

fn limit(line: Value) -> Value {
    json!({"intent": "TRANSACTION", "orderConfig": {"type": "SECURITIES", "securities": [line]}})
}

/// Completes a transaction without waiting for what follows.
fn approve(partner: &Partner, token: &str, id: &str, account: &str, more: &Value) {
    let mut body = json!({"decision": "approve", "broker": "kite", "account": account});
    body.as_object_mut()
        .expect("an object")
        .extend(more.as_object().expect("an object").clone());
    let path = partner.sandbox(&format!("transactions/{id}/complete"));
    let _ = partner.post(&path, token, &body).data();
}

/// The first line that differs, so that a failure can be read.
pub fn assert_same(left: &str, right: &str, what: &str) {
    for (number, (left, right)) in left.lines().zip(right.lines()).enumerate() {
        assert_eq!(left, right, "{what}: line {}", number + 1);
    }
    assert_eq!(left.lines().count(), right.lines().count(), "{what}: lines");
    assert_eq!(left, right, "{what}");
}

fn postgres_is_skipped() -> bool {
    std::env::var("TORANA_TEST_SKIP_POSTGRES").is_ok_and(|value| value == "1")
}

#[test]
fn a_script_and_a_seed_give_one_transcript() {
    let mut stage = Stage::new(Options::default());
    let first = stage.play();
    let again = stage.play_and(|torana, step| {
        if [2, 4, 6].contains(&step) {
            torana.restart();
        }
    });
    assert_same(
        &first,
        &again,
        "after a reset of the world, with restarts in the middle",
    );

    if !postgres_is_skipped() {
        let mut postgres = Stage::new(Options::new(Engine::Postgres));
        assert_same(&first, &postgres.play(), "on PostgreSQL");
    }
    let kinds: BTreeSet<String> = lines(&first)
        .map(|line| line["type"].as_str().expect("type").to_owned())
        .collect();
    for kind in [
        "world_started",
        "day_started",
        "account_made",
        "order_accepted",
        "order_filled",
        "order_ended",
        "transaction.created",
        "transaction.expired",
        "transaction.completed",
        "order.placed",
        "order.completed",
        "order.partial",
        "holdings.imported",
    ] {
        assert!(kinds.contains(kind), "the script makes no {kind}: {kinds:?}");
    }
}

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
}

#[test]
fn two_worlds_side_by_side_do_not_touch_each_other() {
    let alone = Stage::new(Options::default()).play();

    let mut stage = Stage::new(Options::default());
    let keys = stage.torana.create_gateway("other", &[]);
    stage.torana.wait_for_gateway("other");
    let other = stage.torana.partner(&keys);
    let beside = stage.play_and(|_, step| {
        if step == 0 {
            let reset =
                json!({"scope": "world", "seed": 99, "startAt": "2026-02-02T05:00:00.000Z", "freeze": true});
            let _ = other.post_as_gateway(&other.sandbox("reset"), &reset).data();
            return;
        }
        let guest = other.guest();
        let id = other.transaction(&guest, &basket(&[("INFY", 1)]));
        approve(&other, &guest, &id, "DEMO01", &json!({}));
        let _ = other.clock(&json!({"advance": "PT10M"})).data();
    });
    assert_same(&alone, &beside, "beside another world");

    let theirs = read(&other, 0, 10_000);
    assert!(!theirs.contains("CI0001"), "an account crossed over");
    let clock = other.get_as_gateway(&other.sandbox("clock")).data();
    assert_eq!(clock["worldTime"], "2026-02-02T06:10:00.000Z");
    let price = |text: &str| {
        let fill = lines(text).find(|line| line["type"] == "order_filled");
        fill.expect("a fill")["facts"]["price"].clone()
    };
    assert_ne!(
        price(&alone),
        price(&theirs),
        "another seed and day, other prices"
    );
}

#[test]
fn lines_keep_their_numbers_and_tell_no_secrets() {
    let mut stage = Stage::new(Options::default());
    let partner = stage.partner.clone();
    let mut seen = String::new();
    let whole = stage.play_and(|_, step| {
        // The first step begins the transcript. Reading it later numbers what is there; what comes then comes after.
        if step > 0 {
            seen.push_str(&read(&partner, seen.lines().count(), 10_000));
        }
    });
    assert!(
        whole.starts_with(&seen) && whole.len() > seen.len(),
        "a number was moved"
    );
    for (number, line) in (1..).zip(whole.lines()) {
        let value: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(value.to_string(), line, "sorted members, no blanks");
        let members: Vec<&str> = value
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(members, ["at", "facts", "seq", "source", "type"]);
        assert_eq!(value["seq"], number);
        assert!(["exchange", "transaction"].contains(&value["source"].as_str().unwrap()));
        let at = value["at"].as_str().unwrap();
        assert!(at.starts_with("2026-01-"), "world time, not the machine's: {at}");
    }
    for word in ["token", "secret", "session\":", "req_", "cookie", "\"pan\""] {
        assert!(!whole.contains(word), "{word}");
    }
    assert_eq!(read(&partner, 3, 2), lines_between(&whole, 3, 5));
    assert_eq!(read(&partner, 1_000_000, 5), "");
    let _ = partner
        .post_as_gateway(&partner.sandbox("reset"), &json!({"scope": "exchange"}))
        .data();
    let anew = read(&partner, 0, 10_000);
    let first: Value = lines(&anew).next().expect("a line");
    assert_eq!(
        (&first["seq"], &first["type"]),
        (&json!(1), &json!("world_started")),
        "{anew}"
    );
    assert!(
        !anew.contains("transaction.created"),
        "what was told is not told again"
    );
    for query in ["after=-1", "after=x", "limit=0", "limit=10001", "limit="] {
        let answer = partner.get_as_gateway(&partner.sandbox(&format!("transcript?{query}")));
        let _ = answer.refused(400, "validation_failed");
    }
}

fn lines_between(text: &str, after: usize, to: usize) -> String {
    text.lines()
        .skip(after)
        .take(to - after)
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn a_walk_has_the_world_to_itself() {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::default());
    let slow = Reply {
        delay: std::time::Duration::from_secs(5),
        ..Reply::status(200)
    };
    receiver.answer(vec![Reply::status(500), Reply::status(500), slow]);
    partner.start_world_at(MARKET_OPEN, true);
    let user = partner.connect("kite", "DEMO01");
    let token = partner.connected(&user);
    let id = partner.transaction(&token, &json!({"intent": "HOLDINGS_IMPORT", "version": "v2"}));
    approve(&partner, &token, &id, "DEMO01", &json!({}));
    let before = receiver.wait_for(1).len();
    std::thread::scope(|scope| {
        let walker = partner.clone();
        let walk = scope.spawn(move || walker.clock(&json!({"advance": "P2D"})).data());
        // The second retry of the ladder is answered late; the clock stands there meanwhile.
        let _ = receiver.wait_for(before + 2);
        let _ = partner
            .clock(&json!({"advance": "PT1M"}))
            .refused(409, "clock_busy");
        let _ = partner
            .post_as_gateway(&partner.sandbox("reset"), &json!({"scope": "exchange"}))
            .refused(409, "clock_busy");
        let ran = walk.join().expect("the walk");
        assert_eq!(ran["worldTime"], "2026-01-07T04:30:00.000Z", "{ran}");
    });
    let _ = partner.clock(&json!({"advance": "PT1M"})).data();
}
