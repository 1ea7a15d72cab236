//! `/healthz`: the process is alive. `/readyz`: it may take traffic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::Mutex;
use torana_runtime::BoxFuture;

/// How long a verdict is used again, so that probes cannot load the database.
const VERDICT_LIFE: Duration = Duration::from_secs(1);

/// Longest time one check may take.
const CHECK_TIME_MAX: Duration = Duration::from_secs(2);

/// A check; its error says what is wrong.
pub type CheckFn = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// One thing that has to be well: its name and its check.
pub type Check = (&'static str, CheckFn);

/// Failed checks with their reasons.
type Failed = Vec<(&'static str, String)>;

struct Health {
    checks: Vec<Check>,
    last: Mutex<Option<(Instant, Failed)>>,
}

/// The two routes.
pub fn router(checks: Vec<Check>) -> Router {
    let health = Arc::new(Health {
        checks,
        last: Mutex::new(None),
    });
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(health)
}

async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "alive" }))
}

async fn readyz(State(health): State<Arc<Health>>) -> (StatusCode, Json<serde_json::Value>) {
    let failed = health.failed().await;
    if failed.is_empty() {
        return (StatusCode::OK, Json(json!({ "status": "ready" })));
    }
    let failed: serde_json::Map<String, serde_json::Value> = failed
        .into_iter()
        .map(|(name, reason)| (name.to_owned(), reason.into()))
        .collect();
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(json!({ "status": "not ready", "failed": failed })),
    )
}

impl Health {
    /// The checks that fail, by name.
    async fn failed(&self) -> Failed {
        let mut last = self.last.lock().await;
        if let Some((at, failed)) = &*last
            && at.elapsed() < VERDICT_LIFE
        {
            return failed.clone();
        }
        let mut failed = Vec::new();
        for (name, check) in &self.checks {
            let verdict = tokio::time::timeout(CHECK_TIME_MAX, check())
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {} s", CHECK_TIME_MAX.as_secs())));
            if let Err(reason) = verdict {
                tracing::warn!(check.name = name, reason, "not ready");
                failed.push((*name, reason));
            }
        }
        *last = Some((Instant::now(), failed.clone()));
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    async fn ask(router: &Router, path: &str) -> (u16, String) {
        let request = axum::http::Request::get(path)
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_failing_check_is_named_and_does_not_touch_healthz() {
        let fails: Check = (
            "database",
            Arc::new(|| Box::pin(async { Err("disk full".to_owned()) })),
        );
        let router = router(vec![fails]);
        assert_eq!(ask(&router, "/healthz").await.0, 200);
        let (status, body) = ask(&router, "/readyz").await;
        assert_eq!(status, 503);
        assert!(body.contains(r#""database":"disk full""#), "{body}");
    }

    #[tokio::test]
    async fn no_failing_check_is_ready() {
        let fine: Check = ("database", Arc::new(|| Box::pin(async { Ok(()) })));
        assert_eq!(ask(&router(vec![fine]), "/readyz").await.0, 200);
    }
}
