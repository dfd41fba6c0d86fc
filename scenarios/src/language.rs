//! The language of scripts: from YAML text to a checked [`Scenario`], or to places and what is wrong there.
//!
//! [`words`] lists every word once; the check (`shape`, `texts`), the JSON Schema ([`schema`]) and the reading
//! (`read`) follow that list.

mod attack;
mod read;
mod scenario;
mod schema;
mod scope;
mod shape;
pub mod source;
pub mod template;
mod texts;
mod vocabulary;
pub mod words;
mod yaml;

pub use attack::{Attack, AttackKind, RATE_MAX, Rate, RateError};
pub use read::{Files, Folder, load};
pub use scenario::{
    Action, Asset, Bays, Clock, Expectation, Fleet, Given, History, Invariant, Often, Scenario,
    Step, Subject, Workshop,
};
pub use schema::schema;
pub use source::{Place, Problem, ScriptError, Source};
pub use vocabulary::Known;

/// YAML under the strict rules of scripts, as JSON.
///
/// # Errors
/// [`ScriptError`] with everything that is wrong.
pub fn yaml_json(text: &str) -> Result<serde_json::Value, ScriptError> {
    let mut problems = source::Problems::of(Source::new("yaml", text));
    let node = yaml::read(&mut problems);
    problems.settle(node).map(|node| node.json())
}

/// How long an expectation may take where neither step nor defaults say so.
pub const WITHIN_DEFAULT: std::time::Duration = std::time::Duration::from_secs(300);
