//! The log as others may read it: what happened, in order, without what proves who somebody is.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use torana_domain::time::Timestamp;

/// Most events of one page.
pub const EVENTS_PER_PAGE_MAX: u32 = 5_000;

/// Members that leave the exchange under no event, however deep they stand: what proves a login, and an app's key,
/// which is drawn anew in every run.
const HIDDEN: [&str; 3] = ["token_hash", "sessions", "app"];

/// A place in a world's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Number of the world's beginnings, from 1; a reset is another one. 0 is before all.
    pub epoch: i64,
    /// Number of the event in that epoch, from 1.
    pub seq: i64,
}

/// One event of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// Its number in the epoch.
    pub seq: i64,
    /// When it happened (world time).
    pub at: Timestamp,
    /// Word of its kind.
    pub kind: String,
    /// Its facts: an object, without hidden members.
    pub facts: Value,
}

/// A run of events of one epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// The world's present epoch.
    pub epoch: i64,
    /// Its events after the place that was asked for, in order, without a gap.
    pub events: Vec<LoggedEvent>,
}

/// The kinds of what happens whenever the platform or an app's interface looks for news, which is no part of the
/// world's story.
const SILENT: [&str; 2] = ["pushes_taken", "app_pushes_taken"];

impl LoggedEvent {
    /// Whether transcripts leave it out: when it happens depends on the machine's clock. Two of a kind never follow
    /// each other without something else between them.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        SILENT.contains(&self.kind.as_str())
    }

    /// An event from its stored JSON; `None` if it is none. Whatever kinds of events there will be, they are shown
    /// as they are stored.
    #[must_use]
    pub fn from_stored(seq: i64, body: &str) -> Option<Self> {
        let mut stored: Value = serde_json::from_str(body).ok()?;
        let members = stored.as_object_mut()?;
        let mut facts = members
            .remove("data")
            .unwrap_or_else(|| Value::Object(Default::default()));
        hide(&mut facts);
        Some(Self {
            seq,
            at: Timestamp(members.get("at")?.as_i64()?),
            kind: members.get("type")?.as_str()?.to_owned(),
            facts,
        })
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !HIDDEN.contains(&name.as_str()));
            members.values_mut().for_each(hide);
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{AccountKey, Event, Fact};
    use torana_domain::broker_key::BrokerKey;

    #[test]
    fn an_event_shows_its_facts_and_no_token() {
        let event = Event {
            at: Timestamp(5),
            fact: Fact::SessionOpened {
                key: AccountKey::new(BrokerKey::Kite, "DEMO01").unwrap(),
                token_hash: "secret".to_owned(),
                expires_at: Timestamp(9),
            },
        };
        let shown = LoggedEvent::from_stored(3, &serde_json::to_string(&event).unwrap()).unwrap();
        assert_eq!(
            (shown.seq, shown.at, shown.kind.as_str()),
            (3, Timestamp(5), "session_opened")
        );
        let facts = serde_json::json!({"key": "kite/DEMO01", "expires_at": 9});
        assert_eq!(shown.facts, facts);
    }

    #[test]
    fn taking_the_news_is_silent() {
        let shown = |fact| {
            let event = Event {
                at: Timestamp(5),
                fact,
            };
            LoggedEvent::from_stored(3, &serde_json::to_string(&event).unwrap()).unwrap()
        };
        assert!(shown(Fact::AppPushesTaken).is_silent());
        assert!(shown(Fact::PushesTaken).is_silent());
        assert!(!shown(Fact::IntradayClosing).is_silent());
    }

    #[test]
    fn hidden_members_are_hidden_at_any_depth() {
        let body = r#"{"at":1,"type":"t","data":{"a":[{"token_hash":"x","b":1}],"account":{"sessions":{}}}}"#;
        let shown = LoggedEvent::from_stored(1, body).unwrap();
        assert_eq!(shown.facts, serde_json::json!({"a": [{"b": 1}], "account": {}}));
        assert_eq!(LoggedEvent::from_stored(1, "[]"), None);
    }
}
