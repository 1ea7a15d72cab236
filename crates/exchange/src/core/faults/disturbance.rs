//! What happens to an answer on its way to the client: a value that whoever carries the answer makes true there.

use serde::{Deserialize, Serialize};

/// A trouble of the wire. The answer beside it says what the exchange did, which the client may never learn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Disturbance {
    /// The connection is closed without a byte of an answer.
    NoAnswer,
    /// The connection is reset.
    Reset,
    /// The answer comes after so many milliseconds of wall time.
    Late {
        /// Wait.
        delay_ms: u32,
    },
    /// The answer comes when the client has given up, however patient it is.
    AfterTimeout,
    /// 429 with `Retry-After`.
    RateLimited {
        /// Its seconds.
        retry_after_seconds: u32,
    },
    /// A 5xx without anything that says what became of the request.
    ServerError {
        /// HTTP status.
        status: u16,
        /// What the body says.
        text: String,
    },
    /// 200, but the body is the broker's form of an error.
    ErrorBody {
        /// What it says.
        text: String,
    },
    /// 200, but the body is a web page.
    Html,
    /// The status of every order is this word, which no documentation has.
    UnknownStatus {
        /// The word.
        word: String,
    },
    /// Every object has a member that nobody announced.
    FieldAdded,
    /// A member that the client needs is gone from every object.
    FieldMissing,
    /// A member that the client needs is `null` in every object.
    FieldNull,
    /// Numbers come as strings.
    NumberAsString,
}
