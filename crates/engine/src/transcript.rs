//! The transcript of a sandbox world: what happened at the exchange and to the gateway's transactions, in one
//! numbered list.
//!
//! The two logs stay where they are. Reading first gives numbers to what happened since the last reading, in order
//! of world time; at the same instant the exchange comes first, then transactions by their age. A number that was
//! given stays, whatever happens later, until a reset begins a new transcript.

use serde_json::{Value, json};
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::time::Timestamp;
use torana_exchange::core::{Command, EventPage, LoggedEvent, Place, Reply};
use torana_storage::gateway::transcripts::{self, Head, Line, LineEvent, Pending, Source};

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;

/// Most lines of one answer.
pub const LINES_MAX: i64 = 10_000;
/// Events of each log that one commit takes.
const EVENTS_PER_COMMIT: u32 = 1_000;
/// Most commits of one reading; what is left then waits for the next one.
const COMMITS_MAX: usize = 10_000;
/// Readings that a reset may spoil before the caller is asked to come back.
const READINGS_MAX: usize = 3;

impl Engine {
    /// The lines after number `after`, at most `limit`, each with its line feed.
    ///
    /// # Errors
    /// 503 when the exchange does not answer.
    pub async fn transcript(&self, gateway: &Gateway, after: i64, limit: i64) -> Result<String, EngineError> {
        self.await_quiet(gateway).await?;
        for _ in 0..READINGS_MAX {
            self.number_events(gateway).await?;
            if let Some(text) = self.read_lines(gateway, after, limit).await? {
                return Ok(text);
            }
        }
        Err(ApiError::new(ErrorCode::ServiceUnavailable)
            .with_detail("the world was reset while it was read")
            .retry_after(1))
    }

    /// Numbers what has no number yet.
    async fn number_events(&self, gateway: &Gateway) -> Result<(), EngineError> {
        let (gateway_id, per_commit) = (gateway.id, i64::from(EVENTS_PER_COMMIT));
        for _ in 0..COMMITS_MAX {
            let (head, pending) = self
                .store()
                .read(move |tx| {
                    Ok((
                        transcripts::head(tx, gateway_id)?,
                        transcripts::list_pending(tx, gateway_id, per_commit)?,
                    ))
                })
                .await
                .map_err(from_store)?;
            let page = self
                .events(gateway, head.epoch, head.exchange_seq, EVENTS_PER_COMMIT)
                .await?;
            if head.epoch != 0 && head.epoch != page.epoch {
                // The exchange was reset, and the process ended before the gateway knew of it.
                self.store()
                    .write("transcript.begun", move |tx| {
                        if transcripts::head(tx, gateway_id)? == head {
                            transcripts::begin(tx, gateway_id)
                        } else {
                            Ok(())
                        }
                    })
                    .await
                    .map_err(from_store)?;
                continue;
            }
            let sources = merged(&page.events, &pending, EVENTS_PER_COMMIT as usize);
            if sources.is_empty() {
                return Ok(());
            }
            // False if another process was faster; the next round sees what it did.
            self.store()
                .write("transcript.numbered", move |tx| {
                    transcripts::append(tx, gateway_id, head, page.epoch, &sources)
                })
                .await
                .map_err(from_store)?;
        }
        Ok(())
    }

    /// The lines as text; `None` if a reset came in between.
    async fn read_lines(
        &self,
        gateway: &Gateway,
        after: i64,
        limit: i64,
    ) -> Result<Option<String>, EngineError> {
        let gateway_id = gateway.id;
        let (head, lines) = self
            .store()
            .read(move |tx| {
                Ok((
                    transcripts::head(tx, gateway_id)?,
                    transcripts::list_lines(tx, gateway_id, after, limit)?,
                ))
            })
            .await
            .map_err(from_store)?;
        let Some(events) = self.events_of(gateway, head, &lines).await? else {
            return Ok(None);
        };
        let mut events = events.into_iter();
        let mut text = String::new();
        for line in lines {
            let shown = match line.event {
                LineEvent::Exchange(_) => events.next().map(|event| of_exchange(line.seq, &event)),
                LineEvent::Transaction {
                    public_id,
                    kind,
                    at,
                    data,
                } => {
                    let mut facts = serde_json::from_str(&data).unwrap_or_else(|_| json!({}));
                    if let Value::Object(members) = &mut facts {
                        members.insert("transactionId".to_owned(), json!(public_id));
                    }
                    Some(shown(line.seq, at, "transaction", &kind, &facts))
                }
            };
            // An event fewer than lines: the log was cut off by a reset.
            let Some(shown) = shown else { return Ok(None) };
            text.push_str(&shown);
            text.push('\n');
        }
        Ok(Some(text))
    }

    /// The events of the exchange that these lines refer to. In the transcript they follow each other as in their log,
    /// so they are one run of it, silent ones left out.
    async fn events_of(
        &self,
        gateway: &Gateway,
        head: Head,
        lines: &[Line],
    ) -> Result<Option<Vec<LoggedEvent>>, EngineError> {
        let mut numbers = lines.iter().filter_map(|line| match line.event {
            LineEvent::Exchange(seq) => Some(seq),
            LineEvent::Transaction { .. } => None,
        });
        let (mut next, mut events) = (numbers.next(), Vec::new());
        let last = numbers.next_back().or(next).unwrap_or(0);
        while let Some(seq) = next.filter(|seq| *seq <= last) {
            let wanted = u32::try_from(last - seq + 1).unwrap_or(u32::MAX);
            let page = self.events(gateway, head.epoch, seq - 1, wanted).await?;
            if page.epoch != head.epoch || page.events.is_empty() {
                return Ok(None);
            }
            next = page.events.last().map(|event| event.seq + 1);
            events.extend(page.events.into_iter().filter(|event| !event.is_silent()));
        }
        Ok(Some(events))
    }

    /// A page of the exchange's log.
    async fn events(
        &self,
        gateway: &Gateway,
        epoch: i64,
        seq: i64,
        count_max: u32,
    ) -> Result<EventPage, EngineError> {
        let after = Place { epoch, seq };
        match self
            .ask_exchange(
                gateway,
                self.world_now(gateway),
                Command::Events { after, count_max },
            )
            .await?
        {
            Reply::Events(page) => Ok(page),
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }
}

fn of_exchange(seq: i64, event: &LoggedEvent) -> String {
    shown(seq, event.at, "exchange", &event.kind, &event.facts)
}

/// One line: members in alphabetical order, no blanks, as `serde_json` writes its own maps.
fn shown(seq: i64, at: Timestamp, source: &str, kind: &str, facts: &Value) -> String {
    json!({ "seq": seq, "at": at.to_iso(), "source": source, "type": kind, "facts": facts }).to_string()
}

/// Both logs in order of world time, the exchange first at the same instant. A log of `full` events may go on: nothing
/// is taken that might come after its next one. Silent events get no number.
fn merged(exchange: &[LoggedEvent], transactions: &[Pending], full: usize) -> Vec<Source> {
    let mut merged = Vec::new();
    let (mut exchange_left, mut transactions_left) =
        (exchange.iter().peekable(), transactions.iter().peekable());
    loop {
        let is_exchange = match (exchange_left.peek(), transactions_left.peek()) {
            (Some(event), Some(pending)) => event.at <= pending.at,
            (Some(_), None) if transactions.len() < full => true,
            (None, Some(_)) if exchange.len() < full => false,
            _ => return merged,
        };
        if is_exchange {
            let event = exchange_left.next().filter(|event| !event.is_silent());
            merged.extend(event.map(|event| Source::Exchange(event.seq)));
        } else {
            let source = |pending: &Pending| Source::Transaction {
                txn_id: pending.txn_id,
                seq: pending.seq,
            };
            merged.extend(transactions_left.next().map(source));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(seq: i64, at: i64) -> LoggedEvent {
        LoggedEvent {
            seq,
            at: Timestamp(at),
            kind: "order_filled".to_owned(),
            facts: json!({"number": seq}),
        }
    }

    fn pending(txn_id: i64, at: i64) -> Pending {
        Pending {
            at: Timestamp(at),
            txn_id,
            seq: 1,
        }
    }

    fn order(exchange: &[i64], transactions: &[i64], full: usize) -> Vec<i64> {
        let exchange: Vec<LoggedEvent> = (1..).zip(exchange).map(|(seq, at)| logged(seq, *at)).collect();
        let transactions: Vec<Pending> = (1..).zip(transactions).map(|(id, at)| pending(id, *at)).collect();
        merged(&exchange, &transactions, full)
            .into_iter()
            .map(|source| match source {
                Source::Exchange(seq) => seq,
                Source::Transaction { txn_id, .. } => -txn_id,
            })
            .collect()
    }

    #[test]
    fn both_logs_in_order_of_time_and_the_exchange_first() {
        assert_eq!(order(&[10, 20, 20], &[10, 15, 30], 9), [1, -1, -2, 2, 3, -3]);
        assert_eq!(order(&[], &[1, 2], 9), [-1, -2]);
        assert!(order(&[], &[], 9).is_empty());
    }

    #[test]
    fn what_may_come_after_an_unread_event_waits() {
        assert_eq!(order(&[10, 20], &[5, 15, 30], 2), [-1, 1, -2, 2]);
        assert_eq!(order(&[10, 20, 30], &[5, 15], 2), [-1, 1, -2]);
        assert_eq!(
            order(&[10, 20, 30], &[], 3),
            [1, 2, 3],
            "an empty log holds up nobody"
        );
    }

    #[test]
    fn silent_events_get_no_number() {
        let mut exchange = [10, 20, 30].map(|at| logged(at / 10, at));
        exchange[1].kind = "app_pushes_taken".to_owned();
        let numbered = merged(&exchange, &[], 9);
        assert_eq!(numbered, [Source::Exchange(1), Source::Exchange(3)]);
    }

    #[test]
    fn members_are_sorted_and_close() {
        let line = of_exchange(7, &logged(3, 0));
        assert_eq!(
            line,
            r#"{"at":"1970-01-01T00:00:00.000Z","facts":{"number":3},"seq":7,"source":"exchange","type":"order_filled"}"#
        );
    }
}
