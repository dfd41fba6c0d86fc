//! The language from outside: what is read, what is refused and where, what the schema says of it.

mod conditions;
mod errors;
mod reading;
mod schemas;
mod script;
mod validator;
