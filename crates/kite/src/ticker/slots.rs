//! How many connections are open.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;

use crate::error::{ErrorType, KiteError};

/// Most connections of one token.
const PER_TOKEN_MAX: usize = 3;
/// Most connections of all tokens together.
const ALL_MAX: usize = 4_096;

/// The open connections by their token's hash. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Slots(Arc<Mutex<BTreeMap<String, usize>>>);

/// The right to one connection, given back at its end.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    token_hash: String,
}

impl Slots {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot.
    ///
    /// # Errors
    /// 429 if the token, or the process, has as many connections as it may have.
    pub fn take(&self, token_hash: &str) -> Result<Slot, KiteError> {
        let mut open = self.lock();
        if open.values().sum::<usize>() >= ALL_MAX {
            return Err(refused("Too many connections: the ticker is full"));
        }
        let of_token = open.entry(token_hash.to_owned()).or_default();
        if *of_token >= PER_TOKEN_MAX {
            return Err(refused("Too many connections: allowed are 3 of one access token"));
        }
        *of_token += 1;
        Ok(Slot {
            slots: self.clone(),
            token_hash: token_hash.to_owned(),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.slots.lock();
        if let Some(count) = open.get_mut(&self.token_hash) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.token_hash);
            }
        }
    }
}

fn refused(why: &'static str) -> KiteError {
    KiteError::new(ErrorType::Network, why).with_status(StatusCode::TOO_MANY_REQUESTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_three_and_gets_one_back() {
        let slots = Slots::default();
        let mut taken: Vec<Slot> = (0..3).map(|_| slots.take("a").unwrap()).collect();
        assert!(slots.take("a").is_err());
        let other = slots.take("b").unwrap();
        taken.pop();
        taken.push(slots.take("a").unwrap());
        drop((taken, other));
        assert!(slots.lock().is_empty());
    }
}
