//! What an agent is built with: its configuration and the models that were promoted, as of a position of its input.
//!
//! Both change at records of that input alone, and what is in force is kept with the cursor: whoever reads on, or reads
//! again, builds the same agent at the same place. A configuration that cannot be used leaves the former in force; a model
//! that is not there ends the host, for what it would have said is not what another model says.

use super::step::Step;
use super::{AgentEngine, EngineError};
use crate::agent::{Agent, ConfigError};
use crate::configuration;
use crate::control::ConfigApplied;
use crate::models::{self, Models};
use crate::store::{Delivery, HostId, Store};
use messages::dead::Cause;
use messages::model::{ModelPromoted, shadow_of};
use messages::{Envelope, Message};
use std::collections::BTreeMap;

/// What stands between the name of a configuration and each model.
const SEPARATOR: char = ' ';

/// Names of what is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Built {
    /// Name of the configuration; absent: the defaults.
    pub(super) config: Option<String>,
    /// Checksum of the promoted model, by profile; and of its shadow, by the shadow's name.
    pub(super) models: BTreeMap<String, String>,
}

impl Built {
    /// Reads what [`Built::name`] has written.
    pub(super) fn read(name: Option<&str>) -> Self {
        let mut parts = name.unwrap_or_default().split(SEPARATOR);
        let config = parts.next().filter(|config| !config.is_empty()).map(str::to_owned);
        let model = |part: &str| {
            let (profile, checksum) = part.split_once('=')?;
            Some((profile.to_owned(), checksum.to_owned()))
        };
        Self { config, models: parts.filter_map(model).collect() }
    }

    /// All of it as one name, kept with a host's cursor: `config/diagnosis/… vehicle=<checksum>`.
    pub(super) fn name(&self) -> Option<String> {
        if self.config.is_none() && self.models.is_empty() {
            return None;
        }
        let mut name = self.config.clone().unwrap_or_default();
        for (profile, checksum) in &self.models {
            name.push(SEPARATOR);
            name.push_str(&format!("{profile}={checksum}"));
        }
        Some(name)
    }

    /// `given` with the promoted models, read from the store.
    pub(super) fn load(
        &self,
        host: &HostId,
        given: &Models,
        store: &dyn Store,
    ) -> Result<Models, EngineError> {
        let mut loaded = given.clone();
        for (profile, checksum) in &self.models {
            let missing = |problem| EngineError::Model {
                host: host.clone(),
                profile: profile.clone(),
                checksum: checksum.clone(),
                problem,
            };
            let bytes = store.blob(&models::kept_as(checksum))?;
            let bytes = bytes.ok_or_else(|| missing("is not in the store"))?;
            if models::checksum(&bytes) != *checksum {
                return Err(missing("is in the store with other bytes"));
            }
            loaded = loaded.with_promoted(profile, bytes);
        }
        Ok(loaded)
    }
}

impl<A: Agent> AgentEngine<A> {
    /// The agent under `built`, or under the newest configuration on its input if this build no longer takes that one:
    /// otherwise the host could not open to read on to the one that it takes.
    pub(super) fn configured(
        id: &HostId,
        built: &mut Built,
        store: &dyn Store,
        models: &Models,
    ) -> Result<(A::Config, A), EngineError> {
        let build = |name: &Option<String>| {
            let config = match name {
                Some(name) => load_config::<A>(store, name)?,
                None => A::Config::default(),
            };
            Ok((config.clone(), A::new(config, models)?))
        };
        match build(&built.config) {
            Err(EngineError::Config(refused)) => {
                let newest = configuration::newest(id, store)?;
                if newest.is_none() || newest == built.config {
                    return Err(refused.into());
                }
                tracing::warn!(host = %id, %refused, "the newest configuration takes its place");
                built.config = newest;
                build(&built.config)
            }
            built => built,
        }
    }

    pub(super) fn rebuild(&mut self, config: A::Config) -> Result<(), ConfigError> {
        self.agent = A::new(config.clone(), &self.models)?;
        self.config = config;
        self.observation.incarnation += 1;
        Ok(())
    }

    /// Whether the agent is another one behind this record.
    pub(super) fn changes_agent(&self, delivery: &Delivery) -> bool {
        let envelope = &delivery.envelope;
        let configures = envelope.name == ConfigApplied::NAME && envelope.key == A::KIND;
        configures || self.promotes(envelope)
    }

    /// Whether `envelope` brings a model into use, or out of it, for an agent that judges by models.
    pub(super) fn promotes(&self, envelope: &Envelope) -> bool {
        envelope.name == ModelPromoted::NAME && self.wiring.judges_by_models()
    }

    /// Changes the configuration; one that cannot be used leaves the old one in force.
    pub(super) fn apply_config(&mut self, envelope: &Envelope) -> Result<(), EngineError> {
        self.observation.handled += 1;
        let applied = match envelope.open::<ConfigApplied>() {
            Ok(applied) => applied,
            Err(error) => {
                tracing::error!(host = %self.id, %error, "configuration entry cannot be read");
                return Ok(());
            }
        };
        let changed = load_config::<A>(&*self.store, &applied.config)
            .and_then(|config| Ok(self.rebuild(config)?));
        match changed {
            Ok(()) => self.built.config = Some(applied.config),
            Err(EngineError::Config(error)) => {
                tracing::error!(host = %self.id, %error, "configuration refused, the old one stays");
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// Judges by another model, or by none, from here on.
    pub(super) fn take_promotion(
        &mut self,
        mut step: Step<A>,
        steps: &mut Vec<Step<A>>,
    ) -> Result<(), EngineError> {
        let promoted = match step.envelope().open::<ModelPromoted>() {
            Ok(promoted) => promoted,
            Err(error) => {
                self.bury(&mut step, Cause::Undecodable, error.to_string());
                steps.push(step);
                return Ok(());
            }
        };
        if promoted.agent != A::KIND {
            self.observation.ignored += 1;
            return Ok(());
        }
        let mut built = self.built.clone();
        let place = promoted.place();
        match promoted.model {
            Some(model) => {
                // Nobody is its own shadow.
                let shadow = shadow_of(&promoted.profile);
                if built.models.get(&shadow) == Some(&model.checksum) {
                    built.models.remove(&shadow);
                }
                built.models.insert(place, model.checksum);
            }
            None => drop(built.models.remove(&place)),
        }
        self.models = built.load(&self.id, &self.given, &*self.store)?;
        self.rebuild(self.config.clone())?;
        self.built = built;
        self.observation.handled += 1;
        Ok(())
    }
}

/// Reads the configuration stored under `name`.
fn load_config<A: Agent>(store: &dyn Store, name: &str) -> Result<A::Config, EngineError> {
    let bytes = store
        .blob(name)?
        .ok_or_else(|| ConfigError::new(A::KIND, format!("`{name}` is not in the store")))?;
    Ok(serde_json::from_slice(&bytes).map_err(|error| ConfigError::new(A::KIND, error))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_force_is_read_from_its_name_and_a_configuration_alone_keeps_the_name_it_ever_had()
    {
        let models = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(profile, model)| ((*profile).into(), (*model).into())).collect()
        };
        let config = Some("config/diagnosis/0a".to_owned());
        for built in [
            Built::default(),
            Built { config: config.clone(), models: BTreeMap::new() },
            Built { config: None, models: models(&[("vehicle", "0b")]) },
            Built {
                config: config.clone(),
                models: models(&[("machine", "0c"), ("vehicle", "0b")]),
            },
        ] {
            assert_eq!(Built::read(built.name().as_deref()), built);
        }
        assert_eq!(Built { config: config.clone(), models: BTreeMap::new() }.name(), config);
    }
}
