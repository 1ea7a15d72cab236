//! Market data over Kite's wire: lists, quotes, candles, and the ticker with a client that nobody here wrote.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod alerts;
mod bench;
mod candles;
mod funds;
mod lists;
mod quotes;
mod socket;
mod ticker;
