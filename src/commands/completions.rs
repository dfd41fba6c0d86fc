//! `completions`: a script that completes verbs and flags in a shell.

use crate::cli::Cli;
use crate::error::CliError;
use crate::exit::Exit;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

/// Flags of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn perform(args: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "aurorasync", &mut script);
    std::io::Write::write_all(&mut std::io::stdout().lock(), &script)?;
    Ok(Exit::Ok)
}
