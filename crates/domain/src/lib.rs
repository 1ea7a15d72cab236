//! The words and rules of Torana, without I/O: ids, time values, money, instruments, intents, orders,
//! batches and the transaction state machine.
//!
//! Invariant: nothing in here reads a clock, draws randomness, or knows a wire format.
//! Invariant: every quantity that means money or shares is an integer type of [`money`].

pub mod batch;
pub mod broker_key;
pub mod exchange;
pub mod gateway;
pub mod ids;
pub mod intent;
pub mod money;
pub mod order;
pub mod time;
pub mod transaction;
