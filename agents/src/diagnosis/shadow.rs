//! Judges by a second model in the shadow of what judges aloud, on the same windows and with the same trust in sensors.

use super::learned::Promoted;
use super::outlook::Judged;
use super::speech::{Standing, Voice};
use super::{Diagnosis, State};
use messages::health::HealthAssessed;
use messages::profile::Profile;
use models::foresight::sampled::Memory;
use runtime::Ctx;
use serde::{Deserialize, Serialize};

/// What is remembered of one asset for the model in the shadow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Shadow {
    /// Name of the model.
    model: String,
    /// What it would have said.
    pub(super) standing: Standing,
    pub(super) memory: Memory,
}

impl Shadow {
    /// Begins with what is known of the asset, and has said nothing.
    fn new(model: &Promoted, known: &Memory) -> Self {
        Self { model: model.name.clone(), standing: Standing::default(), memory: known.clone() }
    }
}

impl Diagnosis {
    /// Lets the model in the shadow judge a window, where there is one; what another one left is forgotten.
    pub(super) fn judge_in_the_shadow(
        &self,
        (profile, assessed): (&Profile, &HealthAssessed),
        state: &mut State,
        by_trend: &[Judged],
        ctx: &mut Ctx<'_, Self>,
    ) {
        let Some(model) = self.shadows.get(&assessed.profile) else {
            state.shadow = None;
            return;
        };
        let kept = state.shadow.take().filter(|shadow| shadow.model == model.name);
        let shadow = state.shadow.insert(kept.unwrap_or_else(|| Shadow::new(model, &state.memory)));
        shadow.standing.fleet.clone_from(&assessed.fleet);
        let known = (&mut shadow.memory, &shadow.standing);
        if let Some(judged) = model.judge(profile, assessed, known, by_trend.to_vec()) {
            let grounds = model.grounds(&self.config, profile, assessed);
            shadow.standing.speak(Voice::Shadow, &grounds, judged, ctx);
        }
    }
}
