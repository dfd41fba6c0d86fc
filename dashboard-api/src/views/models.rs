//! Which models agents judge by, as the LOG tells it: each promotion, and what is in use after all of them.

use super::open;
use super::rows::Rows;
use messages::model::{ModelCard, ModelPromoted};
use messages::{Message, MessageId, Provenance, Timestamp};
use runtime::store::Delivery;
use std::collections::BTreeMap;

/// Promotions that are listed; older ones stay on the log.
pub(crate) const PROMOTIONS_MAX: usize = 10_000;

/// All promotions.
#[derive(Debug, PartialEq)]
pub(crate) struct Models {
    pub(crate) rows: Rows<MessageId, Promotion>,
    /// By agent and profile: what was put into use and not rolled back, the newest last.
    standing: BTreeMap<(String, String), Vec<ModelCard>>,
}

/// A model came into use, or went out of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Promotion {
    pub(crate) promoted: ModelPromoted,
    pub(crate) at: Timestamp,
    pub(crate) provenance: Provenance,
}

impl Default for Models {
    fn default() -> Self {
        Self { rows: Rows::at_most(PROMOTIONS_MAX), standing: BTreeMap::new() }
    }
}

impl Models {
    /// Takes in a record of the LOG; says whether it is about this.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        if delivery.envelope.name != ModelPromoted::NAME {
            return false;
        }
        let Some(promoted) = open::<ModelPromoted>(delivery) else { return true };
        let key = (promoted.agent.clone(), promoted.profile.clone());
        let standing = self.standing.entry(key).or_default();
        match &promoted.model {
            _ if promoted.rolled_back => drop(standing.pop()),
            Some(model) => standing.push(model.clone()),
            None => standing.clear(),
        }
        let envelope = &delivery.envelope;
        let (at, provenance) = (envelope.time, envelope.provenance);
        let row = Promotion { promoted, at, provenance };
        self.rows.insert(envelope.id, delivery.sequence, row);
        true
    }

    /// The model that `agent` judges assets of `profile` by.
    pub(crate) fn in_use(&self, agent: &str, profile: &str) -> Option<&ModelCard> {
        self.standing(agent, profile).last()
    }

    /// The model that comes back when that one goes out of use.
    pub(crate) fn former(&self, agent: &str, profile: &str) -> Option<&ModelCard> {
        let standing = self.standing(agent, profile);
        standing.len().checked_sub(2).map(|place| &standing[place])
    }

    fn standing(&self, agent: &str, profile: &str) -> &[ModelCard] {
        let key = (agent.to_owned(), profile.to_owned());
        self.standing.get(&key).map_or(&[], Vec::as_slice)
    }
}
