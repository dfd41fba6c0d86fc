//! One copy of a recorded asset with a fault of its own: what it sends, and what becomes true about it.

use super::Fault;
use super::draw::Draws;
use super::effect::Effect;
use crate::dataset::{Dataset, DatasetError, OverlayConfig};
use crate::running::Step;
use crate::truth::{Expected, Truth};
use messages::Timestamp;
use messages::profile::{Direction, Profile};
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
    /// Running time until it is fully developed.
    over_running_hours: f64,
    effect: Effect,
    /// Step in which the sensor measures.
    resolution: Option<f64>,
    failure: Option<Failure>,
}

/// When a fault begins.
#[derive(Clone, Copy, Debug)]
enum Start {
    At(Timestamp),
    RunningHours(f64),
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
    let mut copies = Vec::new();
    for overlay in &dataset.config.overlays {
        if overlay.asset.as_deref().is_some_and(|only| only != asset) {
            continue;
        }
        for copy in 1..=overlay.copies {
            let channels = overlay.channel.names();
            let channel = &channels[(copy as usize - 1) % channels.len()];
            let place = dataset.channels().position(|id| id == channel);
            copies.push(AssetCopy {
                asset: format!("{asset}-{}-{copy}", overlay.name),
                fault: overlay.fault,
                channel: channel.clone(),
                place: place.expect("overlays act on channels of the telemetry"),
                failure: failure(dataset, profile, overlay, channel)?,
                ..drawn(overlay, copy)
            });
        }
    }
    Ok(copies)
}

/// What of a copy is drawn from its seed.
fn drawn(overlay: &OverlayConfig, copy: u32) -> AssetCopy {
    // Without a seed nothing is drawn: every number is fixed.
    let draws = Draws { seed: overlay.seed.unwrap_or(0), copy };
    let number = |drawn: Option<_>, purpose| drawn.map_or(0.0, |drawn| draws.number(drawn, purpose));
    let start = match overlay.start {
        Some(moments) => Start::At(draws.moment(moments, "start")),
        None => Start::RunningHours(number(overlay.start_running_hours, "start")),
    };
    let (by, to) = (number(overlay.by, "by"), number(overlay.to, "to"));
    let effect = match overlay.fault {
        Fault::CoolantPumpWear => Effect::Heat {
            by,
            settle: overlay.settle.map_or(Duration::ZERO, |settle| settle.duration()),
            warm_above: overlay.warm_above,
            excess: 0.0,
            recorded: None,
        },
        Fault::AlternatorDecay => Effect::Sag { to },
        Fault::SensorDrift => Effect::Drift { by },
        Fault::SensorStuck => Effect::Stuck { held: None },
        Fault::SensorDropout => Effect::Dropout,
    };
    AssetCopy {
        asset: String::new(),
        fault: overlay.fault,
        channel: String::new(),
        place: 0,
        start,
        started: None,
        over_running_hours: number(overlay.over_running_hours, "over"),
        effect,
        resolution: overlay.resolution,
        failure: None,
    }
}

/// When the overlay's component counts as failed; none for a fault of a sensor.
fn failure(
    dataset: &Dataset,
    profile: &Profile,
    overlay: &OverlayConfig,
    channel: &str,
) -> Result<Option<Failure>, DatasetError> {
    let Some(component) = &overlay.component else { return Ok(None) };
    if profile.component(component).is_none() {
        let ids: Vec<&str> = profile.components.iter().map(|known| known.id.as_str()).collect();
        let remedy = format!("profile `{}` has {}", profile.name, ids.join(", "));
        let key = format!("overlays.{}.component", overlay.name);
        return Err(DatasetError::value(&dataset.path, key, component, remedy));
    }
    let known = profile.channels.iter().find(|known| known.id == channel);
    let critical = known.and_then(|known| known.limits).map(|limits| limits.critical.get());
    let worse = match overlay.fault {
        Fault::AlternatorDecay => Direction::Down,
        _ => Direction::Up,
    };
    let limit = overlay.fails_at.or(critical).ok_or_else(|| DatasetError::NoLimit {
        path: dataset.path.clone(),
        overlay: overlay.name.clone(),
        channel: channel.to_owned(),
    })?;
    Ok(Some(Failure {
        component: component.clone(),
        limit,
        worse,
        sustained: overlay.sustained.map_or(SUSTAINED_DEFAULT, |span| span.duration()),
        beyond_since: None,
        failed_at: None,
    }))
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
        let worn = if self.over_running_hours > 0.0 {
            ((step.running_hours - begun_hours) / self.over_running_hours).min(1.0)
        } else {
            1.0
        };
        let recorded = values[self.place];
        let changed = self.effect.apply(recorded, worn, step);
        let sent = changed.map(|value| match self.resolution {
            Some(resolution) => (value / resolution).round() * resolution,
            None => value,
        });
        values[self.place] = sent;
        if let Some(failure) = &mut self.failure {
            failure.watch(recorded, sent, step);
        }
        true
    }

    /// What is known to be true about this copy so far.
    pub(crate) fn truth(&self) -> Truth {
        let expected = match (&self.failure, self.fault.sensor_fault()) {
            (_, Some(kind)) => Expected::SensorFault { channel: self.channel.clone(), kind },
            (failure, None) => Expected::Failure {
                component: failure.as_ref().map(|failure| failure.component.clone()).unwrap_or_default(),
                failed_at: self.failed_at(),
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
        self.failure.as_ref().and_then(|failure| failure.failed_at)
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
