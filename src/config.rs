//! What a process is told: defaults, then `aurora.toml`, then the environment, then flags.
//!
//! One table per concern, and one per agent kind, which the agent itself checks. Every value knows
//! where it comes from.

mod expected;
mod layers;
mod listen;
mod profiles;
#[cfg(test)]
mod tests;

pub use layers::{Origin, Value as SettingValue};
pub use listen::{ListenError, listen};

use crate::{bus, effects};
use layers::Layers;
use messages::profile::{Profile, Span};
use runtime::{Catalog, Models};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The file that is read when no other is named.
pub const FILE: &str = "aurora.toml";
/// What `config init` writes, before the agents' own tables.
pub const TEMPLATE: &str = include_str!("config/aurora.toml");
/// Variables that begin so set a value: `AURORASYNC__FACADE__LISTEN`.
pub const VARIABLE_PREFIX: &str = "AURORASYNC__";

/// Everything but the agents' own tables.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where everything is kept.
    pub store: Store,
    /// Where HTTP is served.
    pub facade: Facade,
    /// Which kinds of asset there are.
    pub profiles: Profiles,
    /// What is refused.
    pub limits: Limits,
    /// What is forgotten.
    pub retention: Retention,
    /// What is exported.
    pub export: Export,
    /// What may be done to the world outside.
    pub effects: effects::Settings,
    /// Where telemetry is read from besides HTTP.
    pub bus: bus::Settings,
}

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The data folder.
    pub path: PathBuf,
    /// Longest time between two checkpoints: shorter means less to replay after a crash, more to write.
    pub checkpoint_interval: Span,
}

/// Where HTTP is served.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facade {
    /// Address and port; a loopback address, or `localhost`, while authentication is off.
    #[serde(deserialize_with = "listen::deserialize")]
    pub listen: SocketAddr,
}

/// Which kinds of asset there are.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profiles {
    /// Folder of profile files; each is added to those that come with the program, or replaces one.
    pub path: PathBuf,
}

/// What is refused.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Messages per second that one asset may send in the long run, each way; 0 sets no limit.
    pub asset_messages_per_second: u32,
    /// Messages that one asset may send at once.
    pub asset_messages_burst: u32,
}

/// What is forgotten.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Age of telemetry as sent.
    pub telemetry: Span,
    /// Age of assessments.
    pub health: Span,
    /// Bytes of telemetry that are kept, if it is not too old; 0 sets no limit.
    pub telemetry_bytes: u64,
    /// Bytes of assessments that are kept, if they are not too old; 0 sets no limit.
    pub health_bytes: u64,
}

/// What is exported.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Export {
    /// Whether exports are made.
    pub enabled: bool,
    /// Time between two.
    pub interval: Span,
}

impl Default for Store {
    fn default() -> Self {
        Self { path: PathBuf::from("data"), checkpoint_interval: span(10_000) }
    }
}

impl Default for Facade {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 7380).into() }
    }
}

impl Default for Profiles {
    fn default() -> Self {
        Self { path: PathBuf::from("profiles") }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { asset_messages_per_second: 10, asset_messages_burst: 100 }
    }
}

impl Default for Retention {
    fn default() -> Self {
        let fortnight = span(14 * 24 * 3_600_000);
        Self { telemetry: fortnight, health: fortnight, telemetry_bytes: 0, health_bytes: 0 }
    }
}

impl Default for Export {
    fn default() -> Self {
        Self { enabled: true, interval: span(600_000) }
    }
}

fn span(millis: u64) -> Span {
    Span::from_millis(millis).expect("a default is within the range of spans")
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFailure {
    /// The file cannot be read.
    #[error("configuration `{path}` cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("configuration `{path}` is not TOML: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and caret.
        reason: String,
    },
    /// There is no such value.
    #[error("`{key}` ({origin}) is not known")]
    Unknown {
        /// The value's name.
        key: String,
        /// Where it was set.
        origin: Origin,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// The value cannot be used.
    #[error("`{key}` is `{value}` ({origin}): {reason}")]
    Unusable {
        /// The value's name.
        key: String,
        /// The value.
        value: String,
        /// Where it was set.
        origin: Origin,
        /// Why.
        reason: String,
    },
    /// A profile cannot be used.
    #[error("profile `{path}`: {reason}")]
    Profile {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An agent refuses its table, though no value by itself.
    #[error("table [{kind}] cannot be used: {reason}")]
    Agent {
        /// The agent.
        kind: String,
        /// Why.
        reason: String,
    },
    /// An agent is named like one of the other tables.
    #[error("an agent is named `{kind}`, which is the name of another table; rename the agent")]
    KindTaken {
        /// The name.
        kind: String,
    },
}

impl Loaded {
    /// The profiles that every agent with a table of profiles knows, by name.
    #[must_use]
    pub fn profiles(&self) -> BTreeMap<String, Profile> {
        let tables = || self.agents.values().filter_map(|table| table.get("profiles")?.as_object());
        let names = tables().map(|table| table.keys().cloned().collect::<BTreeSet<String>>());
        let known = names.reduce(|known, more| &known & &more).unwrap_or_default();
        let read = |name: String| {
            let text = tables().find_map(|table| table.get(&name)?.as_str())?;
            // One that cannot be read keeps the agents from starting, and is told there.
            Some((name, Profile::parse(text).ok()?))
        };
        known.into_iter().filter_map(read).collect()
    }
}

impl ConfigFailure {
    /// What helps.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            ConfigFailure::Unreadable { .. } => {
                Some("write one with `aurorasync config init`".to_owned())
            }
            ConfigFailure::Unknown { nearest: Some(nearest), .. } => {
                Some(format!("did you mean `{nearest}`?"))
            }
            ConfigFailure::Unknown { .. } | ConfigFailure::Agent { .. } => {
                Some("see all values with `aurorasync config show`".to_owned())
            }
            _ => None,
        }
    }
}

/// Where values come from, besides the defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file; it must exist.
    pub file: Option<PathBuf>,
    /// Names and values of environment variables; others than ours are passed over.
    pub variables: Vec<(String, String)>,
    /// Values by key, with the flag that set each.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

impl Sources {
    /// The file named, else `aurora.toml` where there is one; the environment; no flags.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let found = Path::new(FILE);
        let file = file.or_else(|| found.exists().then(|| found.to_owned()));
        let text = |name: std::ffi::OsString| name.into_string().ok();
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
        Self { file, variables: variables.collect(), flags: Vec::new() }
    }

    /// The same with a flag, if it was given.
    #[must_use]
    pub fn flag(mut self, key: &'static str, flag: &'static str, value: Option<String>) -> Self {
        self.flags.extend(value.map(|value| (key, flag, value)));
        self
    }
}

/// The configuration in force.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Everything but the agents' own tables.
    pub settings: Settings,
    /// The agents' tables by kind.
    pub agents: BTreeMap<String, Value>,
    /// Every value with its origin, in order of the keys.
    pub values: Vec<SettingValue>,
}

/// Gathers the configuration and has every agent check its table.
///
/// # Errors
/// [`ConfigFailure`] naming the value and where it was set.
pub fn load(catalog: &Catalog, sources: &Sources) -> Result<Loaded, ConfigFailure> {
    let mut layers = Layers::defaults(catalog)?;
    if let Some(path) = &sources.file {
        layers.file(path)?;
    }
    for (name, text) in &sources.variables {
        if let Some(path) = name.strip_prefix(VARIABLE_PREFIX) {
            layers.variable(name, path, text)?;
        }
    }
    for (key, flag, text) in &sources.flags {
        layers.flag(key, flag, text)?;
    }
    for profile in profiles::read(&layers.settings().profiles.path)? {
        layers.profile(catalog, profile);
    }
    let agents = layers.agents(catalog);
    for (kind, entry) in catalog.iter() {
        let config = &agents[kind];
        let check = |config: &Value| entry.check_config(config, &Models::default());
        check(config).map_err(|reason| layers.refused(kind, &entry.defaults, reason, check))?;
    }
    Ok(Loaded { settings: layers.settings(), agents, values: layers.values() })
}
