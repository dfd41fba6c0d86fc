//! The scripts that come with the program, played from outside: they pass, fail where they should, and know no names.

mod determinism;
mod disguise;
mod documents;
mod outages;
mod provider;
mod script;
mod stories;
mod theatre;
mod traces;
mod twins;
