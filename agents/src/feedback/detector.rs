//! A detector's record: how its newest predictions were judged, and what that says of it.

use super::{Config, Feedback};
use messages::finding::{
    DetectorDemoted, DetectorPromoted, Outcome, Precision, PredictionVerified,
};
use messages::{Finite, MessageId};
use models::stats::beta;
use runtime::Ctx;
use serde::{Deserialize, Serialize};

/// Probability that the interval of a precision holds the true one.
const LEVEL: f64 = 0.95;

/// How a detector did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Detector {
    /// The newest predictions that were right or wrong, the oldest first.
    judged: Vec<(MessageId, bool)>,
    demoted: bool,
}

impl Detector {
    /// Takes a verdict into the record and says when the record has become bad, or good again.
    pub(super) fn judged(
        &mut self,
        config: &Config,
        verified: &PredictionVerified,
        ctx: &mut Ctx<'_, Feedback>,
    ) {
        let right = match verified.outcome {
            Outcome::TruePositive => true,
            Outcome::FalsePositive => false,
            Outcome::FalseNegative | Outcome::Censored => return,
        };
        let Some(prediction) = verified.prediction else { return };
        if self.judged.iter().any(|(known, _)| *known == prediction) {
            return ctx.count("verdicts_repeated", 1);
        }
        self.judged.push((prediction, right));
        let surplus = self.judged.len().saturating_sub(usize::from(config.judged_max));
        self.judged.drain(..surplus);
        if self.judged.len() < usize::from(config.judged_min) {
            return;
        }
        let precision = self.precision();
        let detector = verified.detector.clone();
        if !self.demoted && precision.high.get() < config.precision_min {
            self.demoted = true;
            let reason = format!(
                "{}, which is below {:.0} %. Name it in the master's `advice_only` to open no more cases by it.",
                in_words(&precision),
                100.0 * config.precision_min
            );
            ctx.publish(&DetectorDemoted { detector, precision, reason });
        } else if self.demoted && precision.low.get() > config.precision_min {
            self.demoted = false;
            let reason = format!(
                "{}, which is above {:.0} %.",
                in_words(&precision),
                100.0 * config.precision_min
            );
            ctx.publish(&DetectorPromoted { detector, precision, reason });
        }
    }

    fn precision(&self) -> Precision {
        let right = self.judged.iter().filter(|(_, right)| *right).count();
        let count = |count: usize| u32::try_from(count).expect("a record is short");
        let (true_positives, false_positives) = (count(right), count(self.judged.len() - right));
        let share = beta::share(true_positives, false_positives, LEVEL);
        let share = share.expect("the level is a probability");
        let finite = |value: f64| Finite::new(value).expect("a share is finite");
        Precision {
            true_positives,
            false_positives,
            low: finite(share.low),
            mean: finite(share.mean),
            high: finite(share.high),
        }
    }
}

fn in_words(precision: &Precision) -> String {
    let judged = precision.true_positives + precision.false_positives;
    format!(
        "Of its last {judged} judged predictions {} were right: between {:.0} % and {:.0} % are, with 95 % certainty",
        precision.true_positives,
        100.0 * precision.low.get(),
        100.0 * precision.high.get()
    )
}
