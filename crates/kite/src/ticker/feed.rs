//! What one connection is told, and when: prices as they move, orders as they change, a sign of life in between.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::rt::{Read, Write};
use serde::Serialize;
use torana_domain::time::Timestamp;
use torana_exchange::core::price::bar_start;
use torana_exchange::core::{Command, PaperOrder, Reply};

use super::control::Control;
use super::frames::{CloseCode, Message};
use super::socket::{Happening, Socket};
use super::watched::Watched;
use crate::auth::Caller;
use crate::error::{ErrorType, KiteError};
use crate::order_rows::order_row;
use crate::quotes;

/// Pause between two looks at the world.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
/// Pause before the look that answers a client's message.
const SOON_PAUSE: Duration = Duration::from_millis(10);
/// Looks after which a client that was told nothing gets a sign of life.
const HEARTBEAT_LOOKS: u32 = 8;
/// Looks after which a client is told again what changes with the clock alone.
const CLOCK_LOOKS: u32 = 4;
/// The sign of life: one byte.
const HEARTBEAT: [u8; 1] = [0];
/// How long the end of a connection may take.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(2);

/// A text message.
#[derive(Serialize)]
struct Text<T> {
    r#type: &'static str,
    data: T,
}

#[derive(Serialize)]
struct InstrumentsMeta {
    count: usize,
    etag: String,
}

/// What a connection knows of its world.
pub struct Feed {
    caller: Caller,
    watched: Watched,
    /// What was shown last: its bar, and how often prices had been set until then.
    shown: Option<(Timestamp, u64)>,
    /// Lines of all orders' histories that are known.
    rows: u64,
    /// When orders were looked at last.
    since: Timestamp,
    /// Lines that are known of each order.
    known: BTreeMap<u64, usize>,
    /// Looks so far.
    looks: u32,
    /// Looks since the client was told something.
    quiet: u32,
}

impl Feed {
    /// A feed for a caller. The orders that there are already are no news.
    ///
    /// # Errors
    /// 403 for a login that is over; 503 if the exchange does not answer.
    pub async fn begin(caller: Caller) -> Result<Self, KiteError> {
        let since = caller.at;
        let mut feed = Self {
            caller,
            watched: Watched::default(),
            shown: None,
            rows: 0,
            since,
            known: BTreeMap::new(),
            looks: 0,
            quiet: 0,
        };
        let (_, orders) = feed.news(Timestamp(i64::MIN)).await?;
        for order in orders {
            feed.known.insert(order.number, order.history.len());
        }
        Ok(feed)
    }

    /// Serves a connection to its end.
    pub async fn run<S: Read + Write + Unpin>(mut self, mut socket: Socket<S>) {
        let rt = self.caller.kite().rt().clone();
        self.greet(&mut socket);
        let mut pause = rt.sleep.sleep(LOOK_PAUSE);
        let mut is_soon = false;
        let code = loop {
            match socket.next(&mut pause).await {
                Happening::Gone => return,
                Happening::Broken(code) => break code,
                Happening::Message(Message::Close) => break CloseCode::Normal,
                Happening::Message(message) => {
                    let has_news = self.hear(&mut socket, message);
                    // However often a client speaks, looks keep their pace.
                    if has_news && !is_soon {
                        pause = rt.sleep.sleep(SOON_PAUSE);
                        is_soon = true;
                    }
                }
                Happening::Time => {
                    if let Err(code) = self.look(&mut socket).await {
                        break code;
                    }
                    pause = rt.sleep.sleep(LOOK_PAUSE);
                    is_soon = false;
                }
            }
            if rt.spawn.is_stopping() {
                break CloseCode::GoingAway;
            }
        };
        socket.close(code, rt.sleep.sleep(CLOSE_TIME_MAX)).await;
    }

    /// Looks at the world once, and shows a sign of life if there was nothing to tell for a while.
    async fn look<S: Read + Write + Unpin>(&mut self, socket: &mut Socket<S>) -> Result<(), CloseCode> {
        self.looks = self.looks.wrapping_add(1);
        match self.tell_news(socket).await {
            Ok(true) => self.quiet = 0,
            Ok(false) => self.quiet += 1,
            Err(error) if error.kind() == ErrorType::Token => {
                tell_error(socket, error.message());
                return Err(CloseCode::Policy);
            }
            // The exchange will be back; the client hears nothing meanwhile.
            Err(error) => tracing::debug!(error = error.message(), "ticker could not look"),
        }
        if self.quiet >= HEARTBEAT_LOOKS {
            self.quiet = 0;
            socket.binary(&HEARTBEAT);
        }
        Ok(())
    }

    fn greet<S: Read + Write + Unpin>(&self, socket: &mut Socket<S>) {
        let master = self.caller.kite().master_at(self.caller.at);
        let count = master.iter().count();
        let day = self
            .caller
            .kite()
            .market()
            .current()
            .calendar()
            .book_day(self.caller.at);
        let etag = format!("W/\"{day}-{count}\"");
        tell(socket, "instruments_meta", InstrumentsMeta { count, etag });
    }

    /// Takes a message. Whether there is something to tell at once.
    fn hear<S: Read + Write + Unpin>(&mut self, socket: &mut Socket<S>, message: Message) -> bool {
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(bytes) => {
                socket.pong(&bytes);
                return false;
            }
            Message::Binary => {
                tell_error(socket, "Invalid message: allowed is text");
                return false;
            }
            Message::Pong | Message::Close => return false,
        };
        let master = self.caller.kite().master_at(self.caller.at);
        let done = Control::parse(&text).and_then(|control| self.watched.obey(control, &master));
        if let Err(error) = done {
            tell_error(socket, &error);
        }
        self.watched.has_news()
    }

    /// Tells what is new. Whether there was anything.
    async fn tell_news<S: Read + Write + Unpin>(
        &mut self,
        socket: &mut Socket<S>,
    ) -> Result<bool, KiteError> {
        self.caller.at = self.caller.kite().now(&self.caller.world)?;
        let (price_changes, orders) = self.news(self.since).await?;
        self.since = self.caller.at;
        let mut told = self.tell_orders(socket, &orders);
        let now = (bar_start(self.caller.at), price_changes);
        let is_clock_due = self.looks.is_multiple_of(CLOCK_LOOKS) && self.watched.follows_clock();
        let is_new = self.shown != Some(now) || self.watched.has_news() || is_clock_due;
        // Who does not read as fast as prices move gets fewer of them.
        if is_new && !self.watched.is_empty() && socket.is_idle() {
            let quotes = quotes::ask(&self.caller, self.watched.instruments()).await?;
            if let Some(message) = self.watched.message(&quotes, self.caller.at) {
                socket.binary(&message);
                told = true;
            }
            self.shown = Some(now);
        }
        Ok(told)
    }

    /// How often prices were set until now, and the orders that may have changed since.
    async fn news(&mut self, since: Timestamp) -> Result<(u64, Vec<PaperOrder>), KiteError> {
        let command = Command::OrderNews {
            session: self.caller.session.clone(),
            rows: self.rows,
            since,
        };
        let Reply::OrderNews {
            rows,
            price_changes,
            orders,
        } = self.caller.ask(command).await?
        else {
            return Err(KiteError::odd_answer());
        };
        self.rows = rows;
        Ok((price_changes, orders))
    }

    fn tell_orders<S: Read + Write + Unpin>(
        &mut self,
        socket: &mut Socket<S>,
        orders: &[PaperOrder],
    ) -> bool {
        let mut told = false;
        for order in orders {
            let lines = order.history.len();
            if self.known.insert(order.number, lines) == Some(lines) {
                continue;
            }
            let master = self.caller.kite().master_at(self.caller.at);
            tell(socket, "order", order_row(&self.caller.user_id, order, &master));
            told = true;
        }
        told
    }
}

fn tell<S: Read + Write + Unpin>(socket: &mut Socket<S>, r#type: &'static str, data: impl Serialize) {
    match serde_json::to_string(&Text { r#type, data }) {
        Ok(text) => socket.text(&text),
        Err(error) => tracing::error!(%error, "a message of the ticker cannot be written"),
    }
}

fn tell_error<S: Read + Write + Unpin>(socket: &mut Socket<S>, text: &str) {
    tell(socket, "error", text);
}
