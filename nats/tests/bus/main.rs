//! The bus on a real server: what every bus promises, and what only a server, a network or another owner can do wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod deployed;
mod faults;
mod leasing;
mod permitted;
mod proxy;
mod support;
mod writing;
