//! The program: the command line over this project's own agents.

use std::process::ExitCode;

fn main() -> ExitCode {
    aurorasync::main(agents::catalog())
}
