//! The first ceiling: the same rows, written by the bare storage driver with the gateway's durability.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;
use torana_storage::Store;

use crate::args::Window;
use crate::databases::{Databases, Engine, Place, fill, maker, now, prepare};
use crate::load::{CONNECTIONS, runtime};
use crate::rows::{self, Maker};
use crate::samples::Samples;

/// Numbers of written transactions start here, far from those that are stored before.
const FIRST_NUMBER: u64 = 1 << 40;
/// How long each shape is tried.
const TRIAL: Window = Window {
    warm_up: Duration::from_millis(300),
    measured: Duration::from_millis(1500),
};

/// How [`CONNECTIONS`] transactions in flight are handed to the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Transactions of one closure, which is one database transaction on PostgreSQL; on SQLite the driver
    /// commits many closures together by itself.
    pub per_closure: u64,
    /// Connections to PostgreSQL.
    pub writers: usize,
}

/// A shape that was tried, and what it reached per second.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    pub shape: Shape,
    pub per_second: f64,
}

fn candidates(engine: Engine) -> Vec<Shape> {
    let writers: &[usize] = match engine {
        Engine::Sqlite => &[1],
        Engine::Postgres => &[8, 16, 32],
    };
    let pairs = writers
        .iter()
        .flat_map(|writers| [1, 8, 32].map(|per_closure| (*writers, per_closure)));
    pairs
        .map(|(writers, per_closure)| Shape { per_closure, writers })
        .collect()
}

/// Tries every shape on a fresh database; the best first.
pub fn trials(databases: &mut Databases, stored: u64) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for shape in candidates(databases.engine) {
        let samples = on_fresh_database(databases, shape, stored, TRIAL)?;
        trials.push(Trial {
            shape,
            per_second: samples.summary(TRIAL.measured).per_second,
        });
    }
    trials.sort_by(|one, other| other.per_second.total_cmp(&one.per_second));
    Ok(trials)
}

/// Writes to a database that holds `stored` transactions.
pub fn on_fresh_database(
    databases: &mut Databases,
    shape: Shape,
    stored: u64,
    window: Window,
) -> Result<Samples> {
    let place = databases.fresh()?;
    {
        let store = place.open(None)?;
        prepare(&store)?;
        fill(&store, stored)?;
    }
    place.settle()?;
    measure(&place, shape, window)
}

fn measure(place: &Place, shape: Shape, window: Window) -> Result<Samples> {
    let store = place.open(Some(shape.writers))?;
    runtime()?.block_on(async {
        let maker = Arc::new(maker(&store).await?);
        let numbers = Arc::new(AtomicU64::new(FIRST_NUMBER));
        let measured_from = Instant::now() + window.warm_up;
        let until = measured_from + window.measured;
        let mut writers = JoinSet::new();
        for _ in 0..CONNECTIONS / shape.per_closure {
            let writer = Writer {
                store: store.clone(),
                maker: maker.clone(),
                numbers: numbers.clone(),
            };
            writers.spawn(writer.run(shape.per_closure, measured_from, until));
        }
        let mut all = Samples::default();
        while let Some(samples) = writers.join_next().await {
            all.merge(samples.context("a writer")??);
        }
        Ok(all)
    })
}

struct Writer {
    store: Store,
    maker: Arc<Maker>,
    numbers: Arc<AtomicU64>,
}

impl Writer {
    async fn run(self, per_closure: u64, measured_from: Instant, until: Instant) -> Result<Samples> {
        let mut samples = Samples::default();
        let mut begun = Instant::now();
        while begun < until {
            let first = self.numbers.fetch_add(per_closure, Ordering::Relaxed);
            let new: Vec<_> = (first..first + per_closure)
                .map(|number| self.maker.created(number, now()))
                .collect();
            let written = self.store.write("bench.create", move |tx| {
                new.iter().try_for_each(|new| rows::write(tx, new))
            });
            written.await.context("writing")?;
            let done = Instant::now();
            for _ in 0..per_closure {
                samples.record(done - begun, done >= measured_from && done < until);
            }
            begun = done;
        }
        Ok(samples)
    }
}
