//! AuroraSync with one agent more.

use std::process::ExitCode;

fn main() -> ExitCode {
    aurorasync::main(agents::catalog().with::<repeat_failures::RepeatFailures>())
}
