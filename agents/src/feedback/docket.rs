//! What is predicted of an asset and awaits its verdict: by what is in use, and by a model in its shadow.

use super::episode::Episode;
use super::{Config, Feedback};
use messages::Timestamp;
use messages::finding::PredictionVerified;
use messages::shadow::ShadowVerified;
use runtime::Ctx;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts what came too late to change a verdict, or twice.
const PASSED_OVER: &str = "messages_passed_over";

/// What is predicted of one asset, by component.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Docket {
    pub(super) episodes: BTreeMap<String, Episode>,
    /// When a component was last found, repaired or failed; earlier predictions are about before.
    pub(super) settled: BTreeMap<String, Timestamp>,
    /// When a component last failed.
    pub(super) failed: BTreeMap<String, Timestamp>,
    /// The newest model that predicted something.
    pub(super) model: Option<String>,
}

/// Whose predictions they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Those that are acted on.
    InUse,
    /// Those of a model in the shadow.
    Shadow,
}

impl Role {
    /// Says a verdict. What a shadow did not foresee is not held against it.
    pub(super) fn say(self, verified: PredictionVerified, ctx: &mut Ctx<'_, Feedback>) {
        match (self, verified.prediction) {
            (Self::InUse, _) => ctx.publish(&verified),
            (Self::Shadow, Some(prediction)) => ctx.publish(&ShadowVerified {
                detector: verified.detector,
                asset: verified.asset,
                component: verified.component,
                prediction,
                outcome: verified.outcome,
                judged_by: verified.judged_by,
            }),
            (Self::Shadow, None) => {}
        }
    }

    /// Counts a message that changes nothing; once, though both are told of it.
    pub(super) fn pass_over(self, ctx: &mut Ctx<'_, Feedback>) {
        if self == Self::InUse {
            ctx.count(PASSED_OVER, 1);
        }
    }
}

impl Docket {
    /// When something is to be done first if nothing comes.
    pub(super) fn due_at(&self, config: &Config) -> Option<Timestamp> {
        self.episodes.values().map(|episode| episode.due_at(config)).min()
    }
}
