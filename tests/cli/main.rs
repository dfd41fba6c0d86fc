//! The program as its users meet it: exit codes, errors with their remedies, and a whole life of a process.

mod cases;
mod offline;
mod process;
mod serving;
mod simulated;
mod told;
