//! A store in memory, for tests: as strict as the one on disk, gone with the process.
