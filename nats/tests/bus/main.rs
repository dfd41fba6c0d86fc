//! The bus on a real server: what every bus promises, and what only a server, a network or another owner can do wrong.

mod deployed;
mod faults;
mod leasing;
mod permitted;
mod proxy;
mod support;
mod writing;
