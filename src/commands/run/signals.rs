//! The two signals that ask a process to stop: the first in order, the second at once.

use crate::error::CliError;
use crate::exit::Exit;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What is heard of them.
pub(in crate::commands) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to listen; until then a signal ends the process.
    pub(in crate::commands) fn begin() -> Result<Self, CliError> {
        let listen = |kind| {
            signal(kind)
                .map_err(|source| CliError::System { what: "signals cannot be heard", source })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next; its name.
    pub(in crate::commands) async fn next(&mut self) -> &'static str {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Ends the process at the next one, whatever it is doing. Nothing acknowledged is lost by that.
    #[expect(clippy::disallowed_methods, reason = "it ends with the process, which it ends")]
    pub(in crate::commands) fn exit_at_next(mut self) {
        tokio::spawn(async move {
            let signal = self.next().await;
            tracing::warn!(signal, "stopping at once");
            std::process::exit(Exit::Interrupted as i32);
        });
    }
}
