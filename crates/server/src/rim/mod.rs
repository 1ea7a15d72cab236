//! The seams of `torana-runtime` on tokio: the only place where the application touches clock, tasks,
//! randomness and sockets.

pub mod entropy;
pub mod http;
pub mod stop;
pub mod tasks;
pub mod wall;

use std::sync::Arc;

use torana_runtime::Rt;
use torana_webhooks::egress::AllowList;

use crate::rim::entropy::{SeededEntropy, SystemEntropy};
use crate::rim::http::HttpClient;
use crate::rim::stop::Stop;
use crate::rim::tasks::Tasks;
use crate::rim::wall::{SystemWall, TokioSleep};

/// The production runtime. The tasks are returned beside it, because they are joined at shutdown.
#[must_use]
pub fn runtime(seed: Option<u64>, egress_allow: AllowList, stop: Stop) -> (Rt, Tasks) {
    let tasks = Tasks::new(stop);
    let rt = Rt {
        wall: Arc::new(SystemWall::start()),
        sleep: Arc::new(TokioSleep),
        spawn: Arc::new(tasks.clone()),
        entropy: match seed {
            Some(seed) => Arc::new(SeededEntropy::new(seed)),
            None => Arc::new(SystemEntropy::default()),
        },
        http: Arc::new(HttpClient::new(egress_allow)),
    };
    (rt, tasks)
}
