//! The hosted flow's look: pages as typed values, templates that render them, and the static files they use.
//!
//! Invariant: a page is a pure function of its [`Page`] value; nothing in here knows a request, a clock or a
//! database. Invariant: every page works without its script; no page refers to another origin.
//!
//! To add a page: one context struct with `samples()` in [`pages`], one variant of [`pages::Body`], one
//! template under `templates/`, its texts in `messages/en.json`. The test over all samples does the rest.

pub mod assets;
pub mod csp;
pub mod format;
pub mod frame;
pub mod mark;
pub mod messages;
pub mod pages;
pub mod render;

pub use frame::{FlowFrame, FlowMode, Frame, Notice, Partner, Setting, Trail};
pub use pages::{Body, Page};
pub use render::{RenderError, Renderer};
