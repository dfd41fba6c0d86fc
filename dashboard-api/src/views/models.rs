//! Which models agents judge by, as the LOG tells it: each promotion, what is in use after all of them and in the shadow
//! of it, and how right each model was.

use super::open;
use super::rows::Rows;
use messages::finding::{Outcome, PredictionVerified};
use messages::model::{ModelCard, ModelPromoted, spoken_name};
use messages::shadow::ShadowVerified;
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
    /// By agent and profile: what judges in the shadow of that.
    shadows: BTreeMap<(String, String), ModelCard>,
    /// By the name under which a model speaks.
    outcomes: BTreeMap<String, Outcomes>,
}

/// How right a model was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcomes {
    pub(crate) in_use: Tally,
    pub(crate) in_shadow: Tally,
}

/// Predictions that turned out to be right, or wrong; the others cannot be told or were not made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) right: u64,
    pub(crate) wrong: u64,
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::TruePositive => self.right += 1,
            Outcome::FalsePositive => self.wrong += 1,
            Outcome::FalseNegative | Outcome::Censored => {}
        }
    }

    /// Share of those that were right; none where there are none.
    pub(crate) fn precision(self) -> Option<f64> {
        let judged = self.right + self.wrong;
        (judged > 0).then(|| self.right as f64 / judged as f64)
    }
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
        Self {
            rows: Rows::at_most(PROMOTIONS_MAX),
            standing: BTreeMap::new(),
            shadows: BTreeMap::new(),
            outcomes: BTreeMap::new(),
        }
    }
}

impl Models {
    /// Takes in a record of the LOG; says whether it is about this.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        match delivery.envelope.name.as_str() {
            ModelPromoted::NAME => self.promoted(delivery),
            PredictionVerified::NAME => {
                if let Some(it) = open::<PredictionVerified>(delivery) {
                    self.outcomes_of(&it.detector).in_use.count(it.outcome);
                }
            }
            ShadowVerified::NAME => {
                if let Some(it) = open::<ShadowVerified>(delivery) {
                    self.outcomes_of(&it.detector).in_shadow.count(it.outcome);
                }
            }
            _ => return false,
        }
        true
    }

    fn promoted(&mut self, delivery: &Delivery) {
        let Some(promoted) = open::<ModelPromoted>(delivery) else { return };
        let key = (promoted.agent.clone(), promoted.profile.clone());
        match &promoted.model {
            Some(model) if promoted.shadow => drop(self.shadows.insert(key, model.clone())),
            None if promoted.shadow => drop(self.shadows.remove(&key)),
            _ if promoted.rolled_back => drop(self.standing.entry(key).or_default().pop()),
            Some(model) => {
                // Nobody is its own shadow.
                if self.shadows.get(&key).is_some_and(|it| it.checksum == model.checksum) {
                    self.shadows.remove(&key);
                }
                self.standing.entry(key).or_default().push(model.clone());
            }
            None => drop(self.standing.remove(&key)),
        }
        let envelope = &delivery.envelope;
        let (at, provenance) = (envelope.time, envelope.provenance);
        let row = Promotion { promoted, at, provenance };
        self.rows.insert(envelope.id, delivery.sequence, row);
    }

    /// How right the model of a detector was, over all components.
    fn outcomes_of(&mut self, detector: &str) -> &mut Outcomes {
        let model = detector.rsplit_once(' ').map_or(detector, |(model, _)| model);
        self.outcomes.entry(model.to_owned()).or_default()
    }

    /// How right this model was.
    pub(crate) fn outcomes(&self, model: &ModelCard) -> Outcomes {
        self.outcomes.get(&spoken_name(&model.checksum)).copied().unwrap_or_default()
    }

    /// The model in the shadow of the one by which `agent` judges assets of `profile`.
    pub(crate) fn in_shadow(&self, agent: &str, profile: &str) -> Option<&ModelCard> {
        self.shadows.get(&(agent.to_owned(), profile.to_owned()))
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
