//! Structured log lines on stderr. Results of commands go to stdout, so the two never mix.

use std::io::IsTerminal as _;

use torana_config::{LogFormat, Settings};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt};

use crate::exit::Failure;

/// Starts the log. A second call in one process changes nothing.
///
/// # Errors
/// Exit code 3 when `log.level` cannot be understood.
pub fn start(settings: &Settings) -> Result<(), Failure> {
    let level = &settings.log_level;
    let filter: Targets = level.value.parse().map_err(|_| {
        let allowed = torana_config::keys::find_key("log.level").map_or("", |key| key.allowed);
        Failure::refused(format!(
            "log.level = {:?} ({}): {allowed}",
            level.value, level.source
        ))
    })?;
    let is_terminal = std::io::stderr().is_terminal();
    let as_json = match settings.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !is_terminal,
    };
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = if as_json {
        layer
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed()
    } else {
        layer.with_ansi(is_terminal).with_target(false).boxed()
    };
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init();
    log_panics();
    Ok(())
}

/// Writes panics as log lines. The message of a panic is text of our own or of a library, never a request's.
fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.place = place, panic.message = message, "panic");
    }));
}
