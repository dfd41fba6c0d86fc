//! The command line, as a library, so that others can add their agents to it.
//!
//! A program with one more agent is `aurorasync::main(agents::catalog().with::<Mine>())`.
//! [`cli`] declares the verbs, `commands/<verb>.rs` performs them, [`config`] gathers what they are
//! told, [`client`] asks a running process, [`output`] prints.

pub mod bus;
pub mod cli;
pub mod client;
pub mod commands;
pub mod config;
pub mod effects;
pub mod error;
pub mod exit;
pub mod export;
pub mod import;
mod learning;
pub mod logging;
pub mod named;
pub mod nearest;
pub mod output;
mod promoting;
pub mod replaying;
pub mod shown;
pub mod upkeep;

use clap::Parser;
use mimalloc::MiMalloc;
use runtime::Catalog;
use std::process::ExitCode;

/// What one thread allocates another frees here, all the time; the C library's allocator spends a
/// fifth of the machine on that (docs/measured.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Runs the command line over `catalog`; the exit code is one of [`exit::Exit`].
#[must_use]
pub fn main(catalog: Catalog) -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::Exit::Usage } else { exit::Exit::Ok };
            // Nobody may be reading any more; the exit code says it all the same.
            drop(error.print());
            return code.into();
        }
    };
    let console = output::Console::new(cli.common.color, cli.common.quiet, cli.common.verbose);
    let session = cli::Session { catalog, console };
    match cli.command.perform(&session) {
        Ok(exit) => exit.into(),
        Err(error) if error.is_broken_pipe() => exit::Exit::Ok.into(),
        Err(error) => {
            session.console.error(&error);
            error.exit().into()
        }
    }
}
