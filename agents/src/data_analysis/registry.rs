//! What the registry and the workshop change in what is remembered of an asset.

use super::{Close, DataAnalysis, LastService, Listen, Registration, Settle, State};
use messages::health::AssetSilent;
use messages::profile::Role;
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded};
use models::anomaly::Baseline;
use runtime::{AgentError, AgentResult, Ctx, Handle};

impl Handle<AssetRegistered> for DataAnalysis {
    fn handle(
        &self,
        state: &mut State,
        registered: &AssetRegistered,
        _ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if !self.analysers.contains_key(&registered.profile) {
            let known: Vec<&str> = self.analysers.keys().map(String::as_str).collect();
            return Err(AgentError::Reject(format!(
                "there is no profile `{}`; there are {}",
                registered.profile,
                known.join(", ")
            )));
        }
        let before = state.registration.replace(Registration {
            fleet: registered.fleet.clone(),
            profile: registered.profile.clone(),
            retired: false,
        });
        if before.is_some_and(|before| before.profile != registered.profile) {
            // Nothing that was learned under another profile means anything under this one.
            *state = State {
                registration: state.registration.take(),
                seen: std::mem::take(&mut state.seen),
                readings: state.readings,
                ..State::default()
            };
        }
        Ok(())
    }
}

impl Handle<AssetRetired> for DataAnalysis {
    fn handle(
        &self,
        state: &mut State,
        _retired: &AssetRetired,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if let Some(registration) = &mut state.registration {
            registration.retired = true;
        }
        state.window = None;
        state.watching_silence = false;
        ctx.cancel::<Close>();
        ctx.cancel::<Settle>();
        ctx.cancel::<Listen>();
        Ok(())
    }
}

impl Handle<MaintenanceRecorded> for DataAnalysis {
    fn handle(
        &self,
        state: &mut State,
        recorded: &MaintenanceRecorded,
        _ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let Some(analyser) = self.analyser_of(state) else {
            return Err(AgentError::Reject(format!(
                "asset `{}` is not registered",
                recorded.asset
            )));
        };
        let Some(component) = analyser.profile.component(&recorded.component) else {
            let known: Vec<&str> =
                analyser.profile.components.iter().map(|known| known.id.as_str()).collect();
            return Err(AgentError::Reject(format!(
                "profile `{}` has no component `{}`; it has {}",
                analyser.profile.name,
                recorded.component,
                known.join(", ")
            )));
        };
        state.service = Some(LastService {
            at: recorded.performed_at,
            usage: analyser.features.usage(&state.features),
        });
        let evidence = component.modes.iter().flat_map(|mode| &mode.evidence);
        for evidence in evidence.filter(|evidence| evidence.role == Role::Primary) {
            if let Some(channel) = analyser.profile.channel_named(&evidence.channel) {
                analyser.features.restart(&mut state.features, channel, recorded.performed_at);
            }
        }
        // A new part has a new usual.
        state.baseline = Baseline::default();
        Ok(())
    }
}

impl Handle<Listen> for DataAnalysis {
    fn handle(&self, state: &mut State, _timer: &Listen, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        state.watching_silence = false;
        let (Some(analyser), Some(heard_at)) = (self.analyser_of(state), state.heard_at) else {
            return Ok(());
        };
        let due_at = heard_at.saturating_add(analyser.profile.silent_after.duration());
        if due_at > ctx.now() {
            state.watching_silence = true;
            ctx.at(due_at, Listen);
            return Ok(());
        }
        let (Some(registration), Some(last_sampled_at)) =
            (&state.registration, state.features.watermark())
        else {
            return Ok(());
        };
        ctx.publish(&AssetSilent {
            fleet: registration.fleet.clone(),
            asset: ctx.key().to_owned(),
            last_sampled_at,
            last_heard_at: heard_at,
        });
        Ok(())
    }
}
