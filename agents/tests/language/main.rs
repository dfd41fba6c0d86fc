//! The language of engagement from outside: what replies mean, when owners mean, and what is said to them.

mod moments;
mod replies;
mod scripts;
