//! What the process asks of the system: a commit is on the disk before its answer leaves.

use serde_json::json;
use torana_testkit::{Engine, Options, Torana, wait_until};

/// Calls that the proof needs: what is written into the log, its sync, and what is sent.
const CALLS: &str = "pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg";

/// The finished trace, a line per call or part of one, in the order in which things happened.
struct Trace(Vec<String>);

impl Trace {
    fn find(&self, from: usize, wanted: impl Fn(&str) -> bool) -> Option<usize> {
        (from..self.0.len()).find(|at| wanted(&self.0[*at]))
    }

    /// Where the first sync of the log ends that began after `from`.
    fn synced(&self, from: usize) -> Option<usize> {
        let began = self.find(from, |line| is_sync(line) && line.contains("torana.db-wal"))?;
        if !self.0[began].contains("<unfinished") {
            return Some(began);
        }
        let thread = self.0[began].split_whitespace().next()?;
        self.find(began, |line| {
            line.starts_with(thread) && is_sync(line) && line.contains("resumed")
        })
    }
}

fn is_sync(line: &str) -> bool {
    line.contains("fdatasync") || line.contains("fsync")
}

#[test]
fn a_commit_is_synced_before_its_answer_is_sent() {
    let (torana, partner) = Torana::with_partner(Options::new(Engine::Sqlite).trace_calls(CALLS));
    let ids: Vec<String> = (0..8)
        .map(|_| partner.transaction(&partner.guest(), &json!({"intent": "CONNECT"})))
        .collect();
    let is_answer = |line: &str, id: &str| line.contains("HTTP/1.1 200") && line.contains(id);
    let lines = wait_until("the trace of all answers", || {
        let lines: Vec<String> = torana.traced_calls().lines().map(str::to_owned).collect();
        ids.iter()
            .all(|id| lines.iter().any(|line| is_answer(line, id)))
            .then_some(lines)
    });
    let trace = Trace(lines);
    for id in &ids {
        let logged = trace.find(0, |line| {
            line.contains("pwrite64") && line.contains("torana.db-wal") && line.contains(id.as_str())
        });
        let logged = logged.unwrap_or_else(|| panic!("{id} was never written into the log"));
        let synced = trace
            .synced(logged)
            .unwrap_or_else(|| panic!("the log with {id} was never synced"));
        let answered = trace.find(0, |line| is_answer(line, id)).unwrap();
        assert!(
            logged < synced && synced < answered,
            "{id} was written at line {logged}, synced at {synced}, answered at {answered}"
        );
    }
}
