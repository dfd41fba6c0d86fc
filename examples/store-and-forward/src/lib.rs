//! A device that loses nothing: each reading is on disk before it counts as taken, and stays there until the server has
//! it.

pub mod forward;
pub mod wal;
