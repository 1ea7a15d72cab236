//! Open loop: requests leave at fixed instants, whatever the server does.
//!
//! A latency counts from the instant at which its request was due, not from when a connection was free to
//! send it. So a server that stalls shows every request that piled up behind the stall.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::{CONNECTIONS, Connection, runtime};
use crate::args::Window;
use crate::requests::Requests;
use crate::samples::Samples;

/// How long answers that are still missing at the end are waited for.
const DRAIN_MAX: Duration = Duration::from_secs(60);

/// A request that is due.
#[derive(Clone, Copy)]
struct Due {
    at: Instant,
    is_measured: bool,
}

/// `rate` requests per second over [`CONNECTIONS`] connections, which take turns.
pub fn open_loop(address: SocketAddr, requests: &Requests, window: Window, rate: u32) -> Result<Samples> {
    runtime()?.block_on(async {
        let (sender, receiver) = mpsc::unbounded_channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let mut clients = JoinSet::new();
        for number in 0..CONNECTIONS {
            let connection = Connection::open(address).await?;
            clients.spawn(client(
                connection,
                requests.for_connection(number),
                receiver.clone(),
            ));
        }
        let pacer = thread::spawn(move || pace(&sender, window, rate));
        let limit = window.warm_up + window.measured + DRAIN_MAX;
        let all = tokio::time::timeout(limit, gather(clients)).await;
        let due = pacer
            .join()
            .map_err(|_| anyhow::anyhow!("the pacer of the generator panicked"))?;
        let all = all.context("answers are missing a minute after the last request")??;
        ensure!(
            all.answered == due,
            "{due} requests were due and {} were answered",
            all.answered
        );
        Ok(all)
    })
}

/// Announces each request when it is due; gives their number. The clients end when the sender is dropped.
fn pace(sender: &mpsc::UnboundedSender<Due>, window: Window, rate: u32) -> u64 {
    let started = Instant::now();
    let step = Duration::from_secs(1) / rate.max(1);
    let mut due = Duration::ZERO;
    let mut count = 0;
    while due < window.warm_up + window.measured {
        thread::sleep((started + due).saturating_duration_since(Instant::now()));
        let announced = sender.send(Due {
            at: started + due,
            is_measured: due >= window.warm_up,
        });
        if announced.is_err() {
            break;
        }
        due += step;
        count += 1;
    }
    count
}

async fn client(
    mut connection: Connection,
    mut requests: Requests,
    queue: Arc<Mutex<mpsc::UnboundedReceiver<Due>>>,
) -> Result<Samples> {
    let mut samples = Samples::default();
    loop {
        // The lock is fair: who waits for it longest gets the next request.
        let next = queue.lock().await.recv().await;
        let Some(due) = next else { return Ok(samples) };
        connection.send(requests.next()).await?;
        samples.record(due.at.elapsed(), due.is_measured);
    }
}

async fn gather(mut clients: JoinSet<Result<Samples>>) -> Result<Samples> {
    let mut all = Samples::default();
    while let Some(samples) = clients.join_next().await {
        all.merge(samples.context("a client of the generator")??);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::requests::{Credentials, Requests};

    /// Answers at once, except that it answers nobody for `stall` after the first request.
    fn stalling_server(stall: Duration) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let first = Arc::new(std::sync::OnceLock::new());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let first = first.clone();
                thread::spawn(move || {
                    let (mut stream, mut buffer) = (stream, [0; 4096]);
                    while matches!(stream.read(&mut buffer), Ok(1..)) {
                        let until = *first.get_or_init(Instant::now) + stall;
                        thread::sleep(until.saturating_duration_since(Instant::now()));
                        stream
                            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                            .unwrap();
                    }
                });
            }
        });
        address
    }

    #[test]
    fn a_stall_counts_for_every_request_that_was_due_in_it() {
        let address = stalling_server(Duration::from_millis(400));
        let window = Window {
            warm_up: Duration::ZERO,
            measured: Duration::from_millis(800),
        };
        let requests = Requests::create(&Credentials::placeholder());
        // More than the connections fall due within the stall, so that some wait for a free one too.
        let samples = open_loop(address, &requests, window, 1000).unwrap();
        let summary = samples.summary(window.measured);
        assert_eq!(summary.count, 800);
        assert!(summary.p50_ms > 2.0 && summary.max_ms >= 390.0, "{summary:?}");
        assert!(summary.p99_ms >= 380.0, "{summary:?}");
    }
}
