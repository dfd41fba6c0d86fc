//! Exit codes: what a script can act upon.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; or the answer is yes.
    Ok = 0,
    /// The answer is no, or what was asked for was refused or failed.
    No = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// No process answers, or it cannot serve now; asking again later may help.
    Unreachable = 3,
    /// The store or an export is damaged, in use or full; asking again will not help.
    Store = 4,
    /// The configuration cannot be used.
    Config = 5,
    /// Stopped at once by a second signal, without saving what only memory held.
    Interrupted = 130,
}

/// The same for people, below `--help`.
pub const TABLE: &str = "\
Exit codes:
  0    done, or the answer is yes
  1    the answer is no, or what was asked for was refused or failed
  2    the command line cannot be understood
  3    no process answers, or it cannot serve now: try again later
  4    the store or an export is damaged, in use or full
  5    the configuration cannot be used
  130  stopped at once by a second signal";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_table() {
        use Exit::{Config, Interrupted, No, Ok, Store, Unreachable, Usage};
        for exit in [Ok, No, Usage, Unreachable, Store, Config, Interrupted] {
            let row = format!("\n  {:<5}", exit as u8);
            assert!(TABLE.contains(&row), "{exit:?}");
        }
        assert_eq!(TABLE.lines().count(), 8);
    }
}
