//! Serving HTTP: listeners, connections with limits, what every request gets before it reaches a route.

pub mod bind;
pub mod body;
pub mod connection;
pub mod gate;
pub mod health;
pub mod limits;
mod linger;
pub mod listener;
pub mod proxies;
mod pulse;

pub use gate::Gate;
pub use limits::Limits;
pub use listener::serve;
