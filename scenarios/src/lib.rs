//! Scenarios: stories that operators tell and test the system by.
//!
//! [`language`] reads a script and refuses what is wrong with it, with line, column and caret; [`expression`] is the
//! tiny language of its conditions; [`measure`] are the words for what the log adds up to.

pub mod expression;
pub mod language;
pub mod measure;
pub mod narrator;
pub mod report;
pub mod runner;
pub mod scripts;
