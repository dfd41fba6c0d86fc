//! What a serving process says of itself, on standard error: a line per event.

use crate::output::Console;
use clap::ValueEnum;
use std::panic::PanicHookInfo;
use tracing_subscriber::EnvFilter;

/// Variable that chooses what is logged, in the language of `tracing`'s filters.
pub const VARIABLE: &str = "AURORASYNC_LOG";

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// JSON for programs.
    Json,
}

/// Begins to log, and turns panics into one event each.
///
/// A panic in a handler is caught, and its message set aside: the log needs to know, nobody needs a
/// backtrace for it.
pub fn begin(format: LogFormat, console: &Console) {
    let level = match (console.quiet, console.verbose) {
        (true, _) => "warn",
        (false, 0) => "info",
        (false, 1) => "debug",
        (false, _) => "trace",
    };
    let filter = EnvFilter::try_from_env(VARIABLE)
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},sled=warn,async_nats=warn")));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(console.colors_errors());
    let begun = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if begun.is_ok() {
        std::panic::set_hook(Box::new(report));
    }
}

/// One event per panic.
fn report(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    tracing::error!(
        thread = thread.name().unwrap_or("unnamed"),
        location = panic.location().map(tracing::field::display),
        reason = words(panic),
        "panicked"
    );
}

fn words<'p>(panic: &'p PanicHookInfo<'_>) -> &'p str {
    let payload = panic.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
