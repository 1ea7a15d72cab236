//! What the shop's server said to the gateway and what it heard, for the page "API calls".

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

/// Calls that are kept.
const CALLS_MAX: usize = 100;

/// One call.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call {
    pub(super) seq: u64,
    pub(super) at: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) request: Option<Value>,
    /// 0 when there was no answer.
    pub(super) status: u16,
    pub(super) response: Value,
    pub(super) elapsed_ms: u64,
}

/// The newest calls.
#[derive(Default)]
pub(super) struct CallLog(Mutex<(u64, VecDeque<Call>)>);

impl CallLog {
    /// Keeps a call, giving it its number.
    pub(super) fn add(&self, mut call: Call) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        call.seq = kept.0;
        kept.1.push_back(call);
        if kept.1.len() > CALLS_MAX {
            kept.1.pop_front();
        }
    }

    /// Calls with a number above `seq`, oldest first.
    pub(super) fn after(&self, seq: u64) -> Vec<Call> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.1.iter().filter(|call| call.seq > seq).cloned().collect()
    }
}
