//! Who is who in the shop: one session per browser, in memory, gone with the process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderValue, header};
use torana_runtime::{Entropy, Stream, random_bytes};

/// Name of the shop's cookie.
const COOKIE: &str = "shop_session";

/// Sessions that are kept; the oldest goes first.
const SESSIONS_MAX: usize = 500;

/// Transactions that a session remembers.
const TRANSACTIONS_MAX: usize = 50;

/// What the shop knows about one browser.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    /// The connected user, once a login is verified.
    pub(super) auth_id: Option<String>,
    /// Key of the connected broker.
    pub(super) broker: Option<String>,
    /// Transactions that this browser started, with what they were for, newest last.
    pub(super) transactions: VecDeque<(String, String)>,
}

impl Session {
    /// What a transaction of this session was for.
    pub(super) fn kind_of(&self, transaction_id: &str) -> Option<&str> {
        self.transactions
            .iter()
            .find(|(id, _)| id == transaction_id)
            .map(|(_, kind)| kind.as_str())
    }
}

/// All sessions.
pub(super) struct Sessions {
    entropy: Arc<dyn Entropy>,
    kept: Mutex<(BTreeMap<String, Session>, VecDeque<String>)>,
}

impl Sessions {
    pub(super) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            entropy,
            kept: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (BTreeMap<String, Session>, VecDeque<String>)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id of the browser's session, if its cookie names a living one.
    pub(super) fn find(&self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut pairs = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let id = pairs
            .find(|(name, _)| *name == COOKIE)
            .map(|(_, value)| value.to_owned())?;
        self.lock().0.contains_key(&id).then_some(id)
    }

    /// Makes a session and the cookie that names it.
    pub(super) fn make(&self) -> (String, Option<HeaderValue>) {
        let bytes: [u8; 32] = random_bytes(&*self.entropy, Stream::Secrets);
        let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut kept = self.lock();
        kept.0.insert(id.clone(), Session::default());
        kept.1.push_back(id.clone());
        if kept.1.len() > SESSIONS_MAX
            && let Some(oldest) = kept.1.pop_front()
        {
            kept.0.remove(&oldest);
        }
        let cookie = HeaderValue::from_str(&format!("{COOKIE}={id}; HttpOnly; SameSite=Lax; Path=/"));
        (id, cookie.ok())
    }

    /// A copy of the session.
    pub(super) fn read(&self, id: &str) -> Session {
        self.lock().0.get(id).cloned().unwrap_or_default()
    }

    /// Changes the session, if it still lives.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.lock().0.get_mut(id) {
            change(session);
            while session.transactions.len() > TRANSACTIONS_MAX {
                session.transactions.pop_front();
            }
        }
    }
}
