//! An acknowledged write survives the death of its process. The test starts itself as the process that dies.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use common::{Folder, block_on, int_of};
use futures_util::future::join_all;
use torana_drivers::{SqliteDriver, SqliteOptions};
use torana_storage::{Store, Value};

/// Tells the child which database to write.
const CHILD_VARIABLE: &str = "TORANA_CRASH_TEST_DATABASE";
const WRITERS: i64 = 16;
/// Acknowledgements to wait for before the child is killed.
const ACKNOWLEDGED_MIN: usize = 500;

/// In the parent this is an empty test; in the child it writes for ever and prints what was acknowledged.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD_VARIABLE) else {
        return;
    };
    let store = Store::new(Arc::new(
        SqliteDriver::open(path, SqliteOptions::default()).unwrap(),
    ));
    common::run_script(
        &store,
        "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL)",
    );
    let write = |writer: i64| {
        let store = store.clone();
        async move {
            for id in (writer..).step_by(usize::try_from(WRITERS).unwrap()) {
                let insert = "INSERT INTO t (id, body) VALUES ($1, $2)";
                let params = [Value::Int(id), "x".repeat(200).into()];
                store
                    .write("insert", move |tx| tx.execute_one(insert, &params))
                    .await
                    .unwrap();
                println!("acknowledged {id}");
            }
        }
    };
    block_on(join_all((0..WRITERS).map(write)));
}

#[test]
fn acknowledged_writes_survive_kill_9() {
    let folder = Folder::new("crash");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD_VARIABLE, folder.database())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    let mut killed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The line that the kill cut short is not an acknowledgement.
        let Ok(line) = line else { break };
        if let Some(id) = line
            .strip_prefix("acknowledged ")
            .and_then(|id| id.parse::<i64>().ok())
        {
            acknowledged.push(id);
        }
        if acknowledged.len() >= ACKNOWLEDGED_MIN && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    child.wait().unwrap();
    assert!(
        acknowledged.len() >= ACKNOWLEDGED_MIN,
        "the child ended by itself"
    );

    let store = Store::new(Arc::new(
        SqliteDriver::open(folder.database(), SqliteOptions::default()).unwrap(),
    ));
    let rows = block_on(store.read(|tx| tx.query("SELECT id FROM t", &[]))).unwrap();
    let stored: Vec<i64> = rows.iter().map(|row| row.int(0).unwrap()).collect();
    // The last printed number may itself be cut short by the kill.
    for id in acknowledged.iter().rev().skip(1) {
        assert!(stored.contains(id), "{id} was acknowledged and is gone");
    }
    assert_eq!(
        int_of(
            &store,
            "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"
        ),
        0
    );
}
