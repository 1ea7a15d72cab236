//! Requests as handlers get them, after the checks of the contract in the contract's order: route, method and
//! body size, failures of the address, gateway, API secret, user token, rate limit, stored answer. What follows
//! (JSON shape, fields, look-ups, state) is the handler's own.

mod access;
mod arrived;

pub use access::{Call, Control, ControlForUser, Creation, Reading};
pub use arrived::Arrived;
