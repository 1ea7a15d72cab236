//! The answers of the exchange as an adapter meets them: on time, late, broken or not at all.

use std::time::Duration;

use torana_brokers::{BrokerError, ChangeOutcome, LoginError, PlaceOutcome};
use torana_domain::order::OrderErrorCode;
use torana_domain::time::Timestamp;

use super::PaperBroker;
use crate::core::{Answer, Command, Disturbance, Reply, Status};
use crate::port::PortError;

/// Longest wait (wall time) for an answer of the exchange.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no answer that can be used. What became of the request, only `NotDone` and `TooMany` prove: the
/// limit of calls stands before everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No answer, or one that says nothing about the request.
    Unavailable(String),
    /// Proven: nothing was done.
    NotDone(String),
    /// Too many calls.
    TooMany { retry_after_seconds: u32 },
    /// An answer that cannot be read.
    Unreadable(String),
}

impl From<PortError> for Trouble {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Unavailable(_) => Self::Unavailable(error.to_string()),
            PortError::NotDone(_) | PortError::Damaged(_) => Self::NotDone(error.to_string()),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unavailable(why) | Self::NotDone(why) | Self::Unreadable(why) => f.write_str(why),
            Self::TooMany { retry_after_seconds } => {
                write!(f, "the broker takes no more calls for {retry_after_seconds} s")
            }
        }
    }
}

impl From<Trouble> for BrokerError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unavailable(why) | Trouble::NotDone(why) => Self::Unavailable(why),
            Trouble::TooMany { retry_after_seconds } => Self::RateLimited {
                retry_after_seconds: Some(retry_after_seconds),
            },
            Trouble::Unreadable(why) => Self::Protocol(why),
        }
    }
}

impl From<Trouble> for LoginError {
    fn from(trouble: Trouble) -> Self {
        Self::Unavailable(trouble.to_string())
    }
}

impl From<Trouble> for PlaceOutcome {
    fn from(trouble: Trouble) -> Self {
        let why = trouble.to_string();
        match trouble {
            Trouble::NotDone(_) => Self::Refused {
                code: OrderErrorCode::TradingSystemNotReady,
                text: "The exchange cannot be reached; the order was not sent".to_owned(),
            },
            Trouble::TooMany { .. } => Self::Refused {
                code: OrderErrorCode::TradingSystemNotReady,
                text: why,
            },
            Trouble::Unavailable(_) | Trouble::Unreadable(_) => Self::Unknown { why },
        }
    }
}

impl From<Trouble> for ChangeOutcome {
    fn from(trouble: Trouble) -> Self {
        let why = trouble.to_string();
        match trouble {
            Trouble::NotDone(_) => Self::Refused {
                text: "The exchange cannot be reached; nothing was changed".to_owned(),
            },
            Trouble::TooMany { .. } => Self::Refused { text: why },
            Trouble::Unavailable(_) | Trouble::Unreadable(_) => Self::Unknown { why },
        }
    }
}

impl PaperBroker {
    /// Puts one command to the exchange and waits for the answer, no longer than [`ANSWER_TIMEOUT`].
    pub(super) async fn ask(&self, at: Timestamp, command: Command) -> Result<Answer, Trouble> {
        let mut answer = self.port.execute(&self.world, at, command).await?;
        match answer.disturbance.take() {
            None => Ok(answer),
            Some(disturbance) => self.receive(answer, disturbance).await,
        }
    }

    /// What is left of an answer after what happens to it on the way.
    async fn receive(&self, answer: Answer, disturbance: Disturbance) -> Result<Answer, Trouble> {
        let unavailable = |why: String| Err(Trouble::Unavailable(why));
        let unreadable = |why: String| Err(Trouble::Unreadable(why));
        match disturbance {
            Disturbance::NoAnswer => unavailable("the connection was closed without an answer".to_owned()),
            Disturbance::Reset => unavailable("the connection was reset".to_owned()),
            Disturbance::Late { delay_ms } => {
                let delay = Duration::from_millis(u64::from(delay_ms));
                self.sleep.sleep(delay.min(ANSWER_TIMEOUT)).await;
                if delay < ANSWER_TIMEOUT {
                    Ok(answer)
                } else {
                    timed_out()
                }
            }
            Disturbance::AfterTimeout => {
                self.sleep.sleep(ANSWER_TIMEOUT).await;
                timed_out()
            }
            Disturbance::RateLimited { retry_after_seconds } => Err(Trouble::TooMany { retry_after_seconds }),
            Disturbance::ServerError { status, text } => unavailable(format!("HTTP {status}: {text}")),
            Disturbance::ErrorBody { text } => {
                unreadable(format!("HTTP 200 with an error in its body: {text}"))
            }
            Disturbance::Html => unreadable("a web page instead of JSON".to_owned()),
            Disturbance::UnknownStatus { word } => Ok(with_unknown_status(answer, &word)),
            Disturbance::FieldMissing => unreadable("a needed member is missing".to_owned()),
            Disturbance::FieldNull => unreadable("a needed member is null".to_owned()),
            // A member that nobody knows is not looked at, and a number is read from its digits.
            Disturbance::FieldAdded | Disturbance::NumberAsString => Ok(answer),
        }
    }
}

fn timed_out<T>() -> Result<T, Trouble> {
    Err(Trouble::Unavailable(format!(
        "no answer within {} s",
        ANSWER_TIMEOUT.as_secs()
    )))
}

/// An order with a status that nobody knows is at the broker: that much is proven, and no end of it is.
fn with_unknown_status(mut answer: Answer, word: &str) -> Answer {
    if let Reply::Book(book) = &mut answer.reply {
        for order in &mut book.orders {
            order.status = Status::Open;
            order.error_code = None;
            order.status_message = Some(format!("The broker shows the unknown status {word}"));
        }
    }
    answer
}
