//! The hosted flow: a transaction's run through one browser. Pages and the sandbox control API act through
//! the same [`Action`]s, so that no shortcut past a check exists.

pub mod access;
mod act;
mod checks;
mod confirm;
mod hand_off;
mod login;
pub mod returns;
pub mod review;
pub mod sdk;
pub mod settle;
pub mod state;
pub mod view;
pub mod walk;

pub use access::{Browser, OpenedFlow};
pub use act::{Action, Effect};
pub use returns::{Posted, RoundTrip};
pub use state::{FlowOptions, FlowState, Mode, Step};
pub use view::{FlowPage, StepView};
