//! What happens because time passes: transactions expire, and what is past its retention is forgotten.

use serde_json::json;
use torana_domain::time::DAY_MS;
use torana_domain::transaction::{Cause, Status};
use torana_storage::Tx;
use torana_storage::gateway::{flows, idempotency, logos, sessions, transactions};

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::execution::settled;
use crate::idempotency::RETENTION_MS;
use crate::jobs::{Claimed, Disposition};
use crate::lifecycle;
use crate::logos::KEPT_MS;

/// Rows that one commit of a purge removes per table, so that it never holds up other writers for long.
const PURGE_ROWS_MAX: i64 = 1000;
/// Commits of one purge; what is left then waits for the next day.
const PURGE_COMMITS_MAX: usize = 1000;

impl Engine {
    /// Expires a transaction whose interactive time is over. One that was handed over is past that.
    pub(crate) async fn expire_transaction(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        let (own, now) = (job.clone(), self.present(job));
        let result = self
            .store()
            .write("transaction.expired", move |tx| {
                let mut txn = transactions::load(tx, own.row.subject)?;
                if !matches!(txn.status, Status::Initialized | Status::Used) {
                    return own.finish(tx);
                }
                if txn.expire_at > now.world {
                    return own.reschedule(tx, txn.expire_at);
                }
                own.finish(tx)?;
                // A refusal is logged there, and nothing is left to do for this job.
                let _ = lifecycle::apply(tx, &mut txn, Cause::TimeRanOut, &json!({}), now)?;
                Ok(())
            })
            .await;
        settled(result)
    }

    /// Forgets what is past its retention, and comes back a day later.
    pub(crate) async fn purge(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        let wall = self.wall_now();
        let mut removed = 0;
        for _ in 0..PURGE_COMMITS_MAX {
            let some = self
                .store()
                .write("purge", move |tx: &mut dyn Tx| {
                    Ok(
                        idempotency::purge(tx, wall.plus_ms(-RETENTION_MS), PURGE_ROWS_MAX)?
                            + flows::drop_handles(tx, wall, PURGE_ROWS_MAX)?
                            + sessions::purge_sdk(tx, wall, PURGE_ROWS_MAX)?
                            + logos::purge(tx, wall.plus_ms(-KEPT_MS), PURGE_ROWS_MAX)?,
                    )
                })
                .await
                .map_err(from_store)?;
            removed += some;
            if some == 0 || self.rt().spawn.is_stopping() {
                break;
            }
        }
        tracing::info!(gateway.name = %job.gateway.name, rows = removed, "past its retention, forgotten");
        Ok(Disposition::Again(wall.plus_ms(DAY_MS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::{Bed, MORNING, at};

    #[test]
    fn an_open_transaction_expires_at_its_time_and_not_before() {
        let bed = Bed::new();
        let txn = bed.created();
        bed.run_until(at(MORNING).plus_ms(5 * 60_000 - 1));
        assert_eq!(bed.seen(txn).txn.status, Status::Initialized);
        bed.run_until(at(MORNING).plus_ms(5 * 60_000));
        let seen = bed.seen(txn);
        assert_eq!(
            (seen.txn.status, seen.txn.error_code),
            (Status::Expired, Some(3001))
        );
        assert_eq!(seen.event_names(), ["transaction.created", "transaction.expired"]);
    }

    #[test]
    fn the_purge_forgets_what_is_old_and_comes_back_every_day() {
        let bed = Bed::new();
        let wall = at(MORNING);
        bed.write(move |tx| {
            let answer = idempotency::StoredAnswer {
                fingerprint: "f".to_owned(),
                status: 200,
                sealed_body: "sealed".to_owned(),
            };
            idempotency::insert(tx, 1, "key", &answer, wall, wall.plus_ms(-RETENTION_MS))?;
            sessions::insert_sdk(tx, "hash", 1, "", None, wall.plus_ms(1000)).map(|_| ())
        });
        let is_kept = |bed: &Bed| {
            bed.write(move |tx| idempotency::find(tx, 1, "key", wall.plus_ms(-1)))
                .is_some()
        };
        bed.run_until(wall.plus_ms(RETENTION_MS - DAY_MS / 2));
        assert!(is_kept(&bed));
        bed.run_until(wall.plus_ms(RETENTION_MS + DAY_MS));
        assert!(!is_kept(&bed));
        let is_session_there = bed
            .write(move |tx| sessions::find_sdk(tx, "hash", 1, wall))
            .is_some();
        assert!(!is_session_there);
    }
}
