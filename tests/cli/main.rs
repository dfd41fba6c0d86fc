//! The program as its users meet it: exit codes, errors with their remedies, and a whole life of a process.

mod offline;
mod process;
mod serving;
