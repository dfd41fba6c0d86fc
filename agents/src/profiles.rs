//! Asset profiles as agents get them: whole, in their configuration, so that a replay sees the same ones.

use messages::profile::{self, Profile};
use runtime::ConfigError;
use std::collections::BTreeMap;

/// Text of each profile by name, as it comes with the program.
pub(crate) fn defaults() -> BTreeMap<String, String> {
    profile::NAMES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), profile::embedded(name)?.to_owned())))
        .collect()
}

/// Reads the profiles in the configuration of agent `kind`.
pub(crate) fn parse(
    kind: &str,
    texts: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Profile>, ConfigError> {
    let parse = |(name, text): (&String, &String)| {
        let profile = Profile::parse(text).map_err(|error| ConfigError::new(kind, error))?;
        if profile.name == *name {
            return Ok((name.clone(), profile));
        }
        let found = &profile.name;
        Err(ConfigError::new(
            kind,
            format!("profile `{name}` calls itself `{found}`; use one name"),
        ))
    };
    texts.iter().map(parse).collect()
}
