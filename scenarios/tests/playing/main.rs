//! Stories played over one small agent: what is expected is waited for, what fails is named.

mod clerk;
mod ending;
mod expecting;
mod telling;
mod theatre;
