//! The list of agents that a deployment runs.

use crate::agent::Agent;
use crate::engine::{AgentEngine, Engine, EngineError, Form};
use crate::models::Models;
use crate::router::Router;
use crate::store::{HostId, Partition, Store};
use crate::wiring::{Contract, RecordedEffect, Wiring, WiringError};
use messages::guard::PrincipalContained;
use messages::{Class, Message};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Agents by kind. A third party adds its own with [`Catalog::with`].
#[derive(Clone, Default)]
pub struct Catalog {
    entries: BTreeMap<String, Entry>,
    /// Agents that do not run in this process; what they hear is kept for them all the same.
    resting: BTreeMap<String, Entry>,
    twice: Option<String>,
}

/// One catalogued agent.
#[derive(Clone)]
pub struct Entry {
    /// What it declared.
    pub contract: Contract,
    /// Its default configuration as JSON.
    pub defaults: serde_json::Value,
    /// How its memories are stored.
    pub(crate) form: Form,
    /// The effects that it declared.
    pub(crate) effects: BTreeMap<&'static str, RecordedEffect>,
    open: Open,
    check: fn(&serde_json::Value, &Models) -> Result<(), String>,
}

type Open = fn(HostId, Arc<dyn Store>, Arc<Models>) -> Result<Box<dyn Engine>, EngineError>;

impl Catalog {
    /// The same with agent `A`.
    #[must_use]
    pub fn with<A: Agent>(mut self) -> Self {
        let wiring = Wiring::<A>::of();
        let entry = Entry {
            contract: wiring.contract().clone(),
            effects: wiring.effects().clone(),
            defaults: serde_json::to_value(A::Config::default()).unwrap_or_default(),
            form: Form::of::<A>(),
            open: |id, store, models| Ok(Box::new(AgentEngine::<A>::open(id, store, models)?)),
            check: |config, models| {
                let config = serde_json::from_value::<A::Config>(config.clone())
                    .map_err(|error| error.to_string())?;
                A::new(config, models).map(drop).map_err(|error| error.reason)
            },
        };
        if self.entries.insert(A::KIND.to_owned(), entry).is_some() {
            self.twice.get_or_insert(A::KIND.to_owned());
        }
        self
    }

    /// The same with the agents named in `kinds` alone at work; the others rest.
    ///
    /// # Errors
    /// The first name that no agent has.
    pub fn only(mut self, kinds: &[String]) -> Result<Self, String> {
        if let Some(unknown) = kinds.iter().find(|kind| !self.entries.contains_key(*kind)) {
            return Err(unknown.clone());
        }
        let (entries, resting) =
            self.entries.into_iter().partition(|(kind, _)| kinds.contains(kind));
        self.entries = entries;
        self.resting.extend(resting);
        Ok(self)
    }

    /// The same without the agents that rest.
    #[must_use]
    pub fn at_work(&self) -> Self {
        Self { resting: BTreeMap::new(), ..self.clone() }
    }

    /// What every agent declared, the resting ones included: routes must not depend on who runs.
    pub fn contracts(&self) -> impl Iterator<Item = &Contract> {
        self.entries.values().chain(self.resting.values()).map(|entry| &entry.contract)
    }

    /// Agents that do not work in this process, by kind.
    pub fn resting(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.resting.iter().map(|(kind, entry)| (kind.as_str(), entry))
    }

    /// Checks that the declarations fit together.
    ///
    /// # Errors
    /// [`WiringError`] naming the agents and messages that do not fit.
    pub fn check(&self) -> Result<(), WiringError> {
        if let Some(kind) = &self.twice {
            return Err(WiringError::KindTwice { kind: kind.clone() });
        }
        let mut handlers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for contract in self.contracts() {
            contract.check()?;
            for (name, _) in commands(&contract.publishes) {
                handlers.entry(name).or_default();
            }
        }
        for contract in self.contracts() {
            for (name, _) in commands(&contract.hears) {
                handlers.entry(name).or_default().push(contract.kind.clone());
            }
        }
        let containers = |it: &&Contract| it.publishes.contains_key(PrincipalContained::NAME);
        let kinds: Vec<String> =
            self.contracts().filter(containers).map(|it| it.kind.clone()).collect();
        if kinds.len() > 1 {
            return Err(WiringError::Containers { kinds });
        }
        match handlers.into_iter().find(|(_, kinds)| kinds.len() != 1) {
            None => Ok(()),
            Some((name, handlers)) => {
                Err(WiringError::CommandHandlers { name: name.to_owned(), handlers })
            }
        }
    }

    /// Agents at work, by kind.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(kind, entry)| (kind.as_str(), entry))
    }

    /// Hosts of the agents at work, each with the partition that it reads.
    pub(crate) fn hosts<'a>(
        &'a self,
        router: &'a Router,
    ) -> impl Iterator<Item = (HostId, Partition, &'a Entry)> {
        self.entries.iter().flat_map(move |(kind, entry)| {
            router.partitions_of(entry.contract.stream).map(move |partition| {
                let id = HostId { kind: kind.clone(), partition: partition.index };
                (id, partition, entry)
            })
        })
    }

    /// The agent `kind`.
    #[must_use]
    pub fn get(&self, kind: &str) -> Option<&Entry> {
        self.entries.get(kind)
    }
}

fn commands(names: &BTreeMap<String, Class>) -> impl Iterator<Item = (&str, Class)> {
    names
        .iter()
        .filter(|(_, class)| **class == Class::Command)
        .map(|(name, class)| (name.as_str(), *class))
}

impl Entry {
    /// Builds the engine of host `id`.
    ///
    /// # Errors
    /// [`EngineError`] when the store, a state or the configuration cannot be used.
    pub fn open(
        &self,
        id: HostId,
        store: Arc<dyn Store>,
        models: Arc<Models>,
    ) -> Result<Box<dyn Engine>, EngineError> {
        (self.open)(id, store, models)
    }

    /// Whether it intends effects.
    #[must_use]
    pub fn performs(&self) -> bool {
        !self.contract.performs.is_empty()
    }

    /// Whether the agent can be built with `config`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check_config(&self, config: &serde_json::Value, models: &Models) -> Result<(), String> {
        (self.check)(config, models)
    }
}
