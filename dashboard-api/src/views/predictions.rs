//! Predictions as the LOG tells them: the newest of each asset and component, until it is cleared.

use super::open;
use messages::prediction::{
    Advice, ClearedReason, FailurePredicted, PredictionCleared, RemainingLife, Severity,
};
use messages::{Finite, Message, MessageId, Provenance, Sequence, Timestamp};
use runtime::store::Delivery;
use std::collections::{BTreeMap, BTreeSet};

/// Predictions that are listed; cleared ones that are older stay on the log and are counted.
pub(crate) const PREDICTIONS_LISTED_MAX: usize = 200_000;

/// Asset and component.
pub(crate) type About = (String, String);

/// All predictions.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Predictions {
    pub(crate) by_about: BTreeMap<About, Prediction>,
    cleared: BTreeSet<(Sequence, About)>,
    /// Predictions that are no longer listed because there are too many.
    pub(crate) omitted: u64,
}

/// What is predicted of a component.
#[derive(Debug, PartialEq)]
pub(crate) struct Prediction {
    pub(crate) id: MessageId,
    pub(crate) sequence: Sequence,
    pub(crate) fleet: String,
    pub(crate) failure_mode: String,
    pub(crate) severity: Severity,
    pub(crate) probability: Finite,
    pub(crate) remaining_useful_life: Option<RemainingLife>,
    pub(crate) advice: Advice,
    pub(crate) horizon_hours: Finite,
    pub(crate) model: String,
    pub(crate) window_end: Timestamp,
    pub(crate) predicted_at: Timestamp,
    pub(crate) provenance: Provenance,
    pub(crate) cleared: Option<(Timestamp, ClearedReason)>,
}

impl Predictions {
    /// Takes in a record of the LOG; says whether it is about this.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        match delivery.envelope.name.as_str() {
            FailurePredicted::NAME => self.predict(delivery),
            PredictionCleared::NAME => self.clear(delivery),
            _ => return false,
        }
        true
    }

    fn predict(&mut self, delivery: &Delivery) {
        let Some(predicted) = open::<FailurePredicted>(delivery) else { return };
        for hypothesis in predicted.hypotheses {
            let about = (predicted.asset.clone(), hypothesis.component);
            let prediction = Prediction {
                id: delivery.envelope.id,
                sequence: delivery.sequence,
                fleet: predicted.fleet.clone(),
                failure_mode: hypothesis.failure_mode,
                severity: hypothesis.advice.severity,
                probability: hypothesis.probability,
                remaining_useful_life: hypothesis.remaining_useful_life,
                advice: hypothesis.advice,
                horizon_hours: predicted.horizon_hours,
                model: predicted.model.clone(),
                window_end: predicted.window_end,
                predicted_at: delivery.envelope.time,
                provenance: delivery.envelope.provenance,
                cleared: None,
            };
            if let Some(before) = self.by_about.insert(about.clone(), prediction) {
                self.cleared.remove(&(before.sequence, about));
            }
        }
        self.forget();
    }

    fn clear(&mut self, delivery: &Delivery) {
        let Some(cleared) = open::<PredictionCleared>(delivery) else { return };
        let about = (cleared.asset, cleared.component);
        if let Some(prediction) = self.by_about.get_mut(&about) {
            prediction.cleared = Some((delivery.envelope.time, cleared.reason));
            self.cleared.insert((prediction.sequence, about));
        }
    }

    /// Lets the oldest that were cleared go; those that stand are as many as assets have components.
    fn forget(&mut self) {
        while self.by_about.len() > PREDICTIONS_LISTED_MAX {
            let Some((_, about)) = self.cleared.pop_first() else { return };
            self.by_about.remove(&about);
            self.omitted += 1;
        }
    }
}
