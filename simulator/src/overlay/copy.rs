//! One copy of a recorded asset with a fault of its own: what it sends, and what becomes true about it.

use super::Fault;
use super::draw::Draws;
use super::effect::Effect;
use crate::dataset::{Dataset, DatasetError, Drawn, OverlayConfig};
use crate::running::Step;
use crate::truth::{Expected, Truth};
use messages::Timestamp;
use messages::health::SensorFaultKind;
use messages::profile::{Direction, Profile, Span};
use std::time::Duration;

/// How long a channel is beyond its limit before the component counts as failed, unless `sustained` says otherwise.
const SUSTAINED_DEFAULT: Duration = Duration::from_secs(60);

/// A recorded asset played under another name, with one fault laid over one channel.
#[derive(Clone, Debug)]
pub(crate) struct AssetCopy {
    pub(crate) asset: String,
    fault: Fault,
    channel: String,
    /// Place of the channel among a reading's values.
    place: usize,
    start: Start,
    /// When it began, and the running time then.
    started: Option<(Timestamp, f64)>,
    /// Running time until it is fully developed; absent for a fault that is there at once.
    over_running_hours: Option<f64>,
    effect: Effect,
    /// Step in which the sensor measures.
    resolution: Option<f64>,
    consequence: Consequence,
}

/// When a fault begins.
#[derive(Clone, Copy, Debug)]
enum Start {
    At(Timestamp),
    RunningHours(f64),
}

/// What a fault leads to.
#[derive(Clone, Debug)]
enum Consequence {
    Sensor(SensorFaultKind),
    Failure(Failure),
}

/// When the component counts as failed.
#[derive(Clone, Debug)]
struct Failure {
    component: String,
    limit: f64,
    worse: Direction,
    sustained: Duration,
    beyond_since: Option<Timestamp>,
    failed_at: Option<Timestamp>,
}

/// The copies of `asset` that the overlays of `dataset` make.
pub(crate) fn copies(
    dataset: &Dataset,
    profile: &Profile,
    asset: &str,
) -> Result<Vec<AssetCopy>, DatasetError> {
    let is_for_asset = |only: &Option<String>| only.as_deref().is_none_or(|only| only == asset);
    let overlays = dataset.config.overlays.iter().filter(|overlay| is_for_asset(&overlay.asset));
    overlays
        .flat_map(|overlay| (1..=overlay.copies).map(move |copy| (overlay, copy)))
        .map(|(overlay, copy)| Planned { dataset, profile, overlay, copy }.asset_copy(asset))
        .collect()
}

/// A copy about to be made.
struct Planned<'a> {
    dataset: &'a Dataset,
    profile: &'a Profile,
    overlay: &'a OverlayConfig,
    /// Its number, from 1.
    copy: u32,
}

impl Planned<'_> {
    fn asset_copy(&self, asset: &str) -> Result<AssetCopy, DatasetError> {
        let OverlayConfig { name, fault, channel, resolution, .. } = self.overlay;
        // Copies take turns.
        let channel = &channel.names()[(self.copy as usize - 1) % channel.names().len()];
        let place = self.dataset.channels().position(|id| id == channel);
        let consequence = match fault.sensor_fault() {
            Some(kind) => Consequence::Sensor(kind),
            None => Consequence::Failure(self.failure(channel)?),
        };
        Ok(AssetCopy {
            asset: format!("{asset}-{name}-{}", self.copy),
            fault: *fault,
            channel: channel.clone(),
            place: place.expect("overlays act on channels of the telemetry"),
            start: self.start(),
            started: None,
            over_running_hours: self.overlay.over_running_hours.map(|_| self.over()),
            effect: self.effect(),
            resolution: *resolution,
            consequence,
        })
    }

    /// Without a seed nothing is drawn: every number is fixed.
    fn draws(&self) -> Draws {
        Draws { seed: self.overlay.seed.unwrap_or(0), copy: self.copy }
    }

    fn number(&self, drawn: Option<Drawn>, purpose: &str) -> f64 {
        self.draws().number(drawn.expect("a fault's overlay has the keys that it needs"), purpose)
    }

    fn over(&self) -> f64 {
        self.number(self.overlay.over_running_hours, "over")
    }

    fn start(&self) -> Start {
        match self.overlay.start {
            Some(moments) => Start::At(self.draws().moment(moments, "start")),
            None => Start::RunningHours(self.number(self.overlay.start_running_hours, "start")),
        }
    }

    fn effect(&self) -> Effect {
        let OverlayConfig { by, to, settle, warm_above, .. } = self.overlay;
        match self.overlay.fault {
            Fault::CoolantPumpWear => Effect::Heat {
                by: self.number(*by, "by"),
                settle: settle.expect("a fault's overlay has the keys that it needs").duration(),
                warm_above: *warm_above,
                excess: 0.0,
                recorded: None,
            },
            Fault::AlternatorDecay => Effect::Sag { to: self.number(*to, "to") },
            Fault::SensorDrift => Effect::Drift { by: self.number(*by, "by") },
            Fault::SensorStuck => Effect::Stuck { held: None },
            Fault::SensorDropout => Effect::Dropout,
        }
    }

    fn failure(&self, channel: &str) -> Result<Failure, DatasetError> {
        let OverlayConfig { name, fails_at, sustained, .. } = self.overlay;
        let path = &self.dataset.path;
        let known = self.profile.channels.iter().find(|known| known.id == channel);
        let critical = known.and_then(|known| known.limits).map(|limits| limits.critical.get());
        let limit = fails_at.or(critical).ok_or_else(|| DatasetError::NoLimit {
            path: path.clone(),
            overlay: name.clone(),
            channel: channel.to_owned(),
        })?;
        Ok(Failure {
            component: self.component()?,
            limit,
            worse: match self.overlay.fault {
                Fault::AlternatorDecay => Direction::Down,
                _ => Direction::Up,
            },
            sustained: sustained.map_or(SUSTAINED_DEFAULT, Span::duration),
            beyond_since: None,
            failed_at: None,
        })
    }

    /// The component that fails, which the profile must have.
    fn component(&self) -> Result<String, DatasetError> {
        let component = self.overlay.component.as_deref().unwrap_or("left out");
        if self.profile.component(component).is_some() {
            return Ok(component.to_owned());
        }
        let ids: Vec<&str> =
            self.profile.components.iter().map(|known| known.id.as_str()).collect();
        let remedy = format!("profile `{}` has {}", self.profile.name, ids.join(", "));
        let key = format!("overlays.{}.component", self.overlay.name);
        Err(DatasetError::value(&self.dataset.path, key, component, remedy))
    }
}

impl AssetCopy {
    /// Puts the fault into the values of a sample. Nothing is sent any more once the component has failed.
    pub(crate) fn apply(&mut self, values: &mut [Option<f64>], step: &Step) -> bool {
        if self.failed_at().is_some() {
            return false;
        }
        let has_begun = match self.start {
            Start::At(moment) => step.at >= moment,
            Start::RunningHours(hours) => step.runs && step.running_hours >= hours,
        };
        let (_, begun_hours) = match self.started {
            Some(started) => started,
            None if has_begun => *self.started.insert((step.at, step.running_hours)),
            None => return true,
        };
        let ran_hours = step.running_hours - begun_hours;
        let worn = self.over_running_hours.map_or(1.0, |over| (ran_hours / over).min(1.0));
        let recorded = values[self.place];
        let changed = self.effect.apply(recorded, worn, step);
        let sent = changed.map(|value| match self.resolution {
            Some(resolution) => (value / resolution).round() * resolution,
            None => value,
        });
        values[self.place] = sent;
        if let Consequence::Failure(failure) = &mut self.consequence {
            failure.watch(recorded, sent, step);
        }
        true
    }

    /// What is known to be true about this copy so far.
    pub(crate) fn truth(&self) -> Truth {
        let expected = match &self.consequence {
            Consequence::Sensor(kind) => {
                Expected::SensorFault { channel: self.channel.clone(), kind: *kind }
            }
            Consequence::Failure(failure) => Expected::Failure {
                component: failure.component.clone(),
                failed_at: failure.failed_at,
            },
        };
        Truth {
            asset: self.asset.clone(),
            fault: self.fault.name().to_owned(),
            started_at: self.started.map(|(at, _)| at),
            expected,
        }
    }

    fn failed_at(&self) -> Option<Timestamp> {
        match &self.consequence {
            Consequence::Sensor(_) => None,
            Consequence::Failure(failure) => failure.failed_at,
        }
    }
}

impl Failure {
    /// The component has failed when the fault alone, not the recording, keeps the value beyond its limit while it runs.
    fn watch(&mut self, recorded: Option<f64>, sent: Option<f64>, step: &Step) {
        let (Some(recorded), Some(sent)) = (recorded, sent) else { return };
        let is_beyond = |value: f64| match self.worse {
            Direction::Up => value >= self.limit,
            Direction::Down => value <= self.limit,
        };
        if !(step.ran && step.runs && is_beyond(sent) && !is_beyond(recorded)) {
            self.beyond_since = None;
            return;
        }
        let since = *self.beyond_since.get_or_insert(step.at);
        if step.at.since(since) >= self.sustained {
            self.failed_at = Some(since);
        }
    }
}
