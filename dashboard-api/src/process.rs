//! What the system says about this process. What it does not say is left out, never made up.

use std::fs;

/// Figures of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Process {
    /// Memory that is really in use, in bytes.
    pub(crate) resident_memory_bytes: Option<u64>,
    /// Threads.
    pub(crate) threads: Option<u64>,
    /// Open file handles.
    pub(crate) open_fds: Option<u64>,
}

impl Process {
    /// As of now.
    pub(crate) fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident =
            field(&status, "VmRSS:").and_then(|text| text.strip_suffix(" kB")?.trim().parse().ok());
        let handles = fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
        Self {
            resident_memory_bytes: resident.map(|kibibytes: u64| kibibytes * 1024),
            threads: field(&status, "Threads:").and_then(|text| text.parse().ok()),
            open_fds: handles.and_then(|count| u64::try_from(count).ok()),
        }
    }
}

fn field<'s>(status: &'s str, name: &str) -> Option<&'s str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_is_not_there_is_none() {
        let status = "Name:\taurora\nVmRSS:\t   2048 kB\nThreads:\t7\n";
        assert_eq!(field(status, "VmRSS:"), Some("2048 kB"));
        assert_eq!(field(status, "Threads:"), Some("7"));
        assert_eq!(field(status, "VmSwap:"), None);
    }
}
