//! How a model that was learned from samples is asked at work: a window in which one of its channels was measured is a
//! sample, at the moment at which the window begins.
//!
//! Rows are made by [`History`], as they were where it learned. So that a window is a sample, samples must not be nearer
//! to each other than windows are. A trouble code is counted when it comes to be set, and again when it is set longer
//! than once sent it would be: one that comes again within that time is counted once.

#[cfg(test)]
mod tests;

use super::ForesightError;
use crate::features::Features;
use crate::history::{History, Past};
use crate::model::{Samples, Schema};
use messages::Timestamp;
use messages::health::HealthAssessed;
use messages::profile::Profile;
use messages::registry::{AssetRegistered, MaintenanceRecorded};
use messages::telemetry::TroubleCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Mean year of the Gregorian calendar.
const YEAR_SECONDS: f64 = 365.2425 * 86_400.0;
/// Attributes whose values are names.
const NAMED: [&str; 4] = ["model", "supplier", "batch", "group"];
/// The attribute that is a number.
const AGE: &str = "age_years";

/// What is remembered of an asset for models that ask for its past.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    registered: Registered,
    past: Past,
    /// The form of rows that the past is kept for; absent before a model asked.
    form: Option<u32>,
}

/// What the registry says of an asset, as far as models ask for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Registered {
    model: Option<String>,
    supplier: Option<String>,
    batch: Option<String>,
    group: Option<String>,
    in_service_since: Option<Timestamp>,
}

impl Memory {
    /// Takes what the registry says.
    pub fn register(&mut self, registered: &AssetRegistered) {
        let AssetRegistered { model, supplier, batch, group, in_service_since, .. } =
            registered.clone();
        self.registered = Registered { model, supplier, batch, group, in_service_since };
    }

    /// Takes work that was done.
    pub fn maintain(&mut self, recorded: &MaintenanceRecorded) {
        self.past.maintenance(recorded.performed_at, &recorded.component);
    }
}

impl Registered {
    /// The number that an attribute of a plan is, for an asset that was first measured at `first_at`.
    fn number(&self, attribute: &str, first_at: Timestamp) -> Option<f32> {
        let Some((name, wanted)) = attribute.split_once('=') else {
            let since = self.in_service_since.filter(|_| attribute == AGE)?;
            return Some((first_at.since(since).as_secs_f64() / YEAR_SECONDS) as f32);
        };
        let own = match name {
            "model" => &self.model,
            "supplier" => &self.supplier,
            "batch" => &self.batch,
            _ => &self.group,
        };
        own.as_ref().map(|own| f32::from(u8::from(own == wanted)))
    }
}

/// Makes the rows of a model that was learned from samples.
#[derive(Clone, Debug)]
pub struct Sampled {
    schema: Schema,
    form: u32,
    /// Schema of the assessments that are read, and where in them each measured channel is.
    features: u32,
    places: Vec<usize>,
    window: Duration,
}

impl Sampled {
    /// What makes rows of assessments of `profile`.
    ///
    /// # Errors
    /// [`ForesightError`] when assessments do not say what the model asks for.
    pub(super) fn of(
        schema: Schema,
        samples: Samples,
        profile: &Profile,
    ) -> Result<Self, ForesightError> {
        let window = profile.window.duration();
        if samples.every < window {
            let (every_seconds, window_seconds) = (samples.every.as_secs(), window.as_secs());
            return Err(ForesightError::Dense { every_seconds, window_seconds });
        }
        let features = Features::of(profile);
        let unknown = |name: &str, why| ForesightError::Unknown { name: name.to_owned(), why };
        let place = |channel: &String| {
            let is_this = |it: &crate::features::Feature| it.name == *channel;
            let why = "is not among the profile's `current` features; add it there and train anew";
            let current = profile.features.current.contains(channel);
            let place = features.features().iter().position(is_this).filter(|_| current);
            place.ok_or_else(|| unknown(channel, why))
        };
        let places = schema.measured().iter().map(place).collect::<Result<_, _>>()?;
        let is_same = |derived: &messages::profile::Derived| {
            let same = profile.derived.iter().find(|known| known.id == derived.id);
            same.is_some_and(|known| known.formula == derived.formula)
        };
        if let Some(other) = schema.derived.iter().find(|derived| !is_same(derived)) {
            return Err(unknown(&other.id, "the profile computes otherwise; train it anew"));
        }
        let is_registered = |attribute: &str| match attribute.split_once('=') {
            Some((name, _)) => NAMED.contains(&name),
            None => attribute == AGE,
        };
        if let Some(other) = schema.plan.attributes.iter().find(|it| !is_registered(it)) {
            return Err(unknown(other, "the registry does not say of an asset; train without it"));
        }
        let form = (&schema.plan, &schema.derived, &schema.regimes);
        let form = postcard::to_allocvec(&form).expect("a schema is made of plain values");
        let (form, features) = (crc32c::crc32c(&form), features.schema());
        Ok(Self { schema, form, features, places, window })
    }

    /// Schema of the assessments that it reads.
    pub(super) fn features(&self) -> u32 {
        self.features
    }

    /// Names and units of the numbers of a row.
    pub(super) fn columns(&self, profile: &Profile) -> Vec<(String, String)> {
        let unit = |name: &str| {
            let channel = profile.channels.iter().find(|channel| channel.id == name);
            channel.map_or(String::new(), |channel| channel.unit.to_string())
        };
        self.schema.plan.names().into_iter().map(|name| (name.clone(), unit(&name))).collect()
    }

    /// The row of an assessment after all that `memory` knows, which knows it too from then on.
    pub(super) fn row(
        &self,
        memory: &mut Memory,
        assessed: &HealthAssessed,
    ) -> Result<Vec<Option<f32>>, super::Asked> {
        if assessed.feature_schema != self.features {
            return Err(super::Asked::OtherForm);
        }
        let plan = &self.schema.plan;
        if memory.form != Some(self.form) {
            memory.past.begin(plan);
            memory.form = Some(self.form);
        }
        let at = assessed.window_start;
        let first_at = memory.past.first_at().unwrap_or(at);
        let number = |name: &String| memory.registered.number(name, first_at);
        let attributes = plan.attributes.iter().map(number).collect();
        let mut history = History::resume(plan, attributes, std::mem::take(&mut memory.past));
        history.codes_set(at, assessed.codes.iter().map(written).collect());
        let measured = self.measured(assessed);
        let is_sample = measured.iter().any(Option::is_some);
        let row = is_sample.then(|| {
            history.sample(at, &self.schema.values(&measured));
            history.row(at)
        });
        memory.past = history.keep();
        row.ok_or(super::Asked::NothingMeasured)
    }

    /// What was measured in the window itself by sensors that are to be believed.
    fn measured(&self, assessed: &HealthAssessed) -> Vec<Option<f64>> {
        let is_believed =
            |channel: &str| assessed.sensor_faults.iter().all(|fault| fault.channel != channel);
        let value = |(place, channel): (&usize, &String)| {
            let age = (*assessed.feature_ages.get(*place)?)?;
            let is_new = u64::from(age) <= self.window.as_secs();
            let value = (*assessed.features.get(*place)?)?;
            (is_new && is_believed(channel)).then_some(value.get())
        };
        self.places.iter().zip(self.schema.measured()).map(value).collect()
    }
}

/// A code as recordings write it.
fn written(code: &TroubleCode) -> String {
    match code {
        TroubleCode::Obd2 { code } => code.clone(),
        TroubleCode::J1939 { spn, fmi, .. } => format!("{spn}/{fmi}"),
    }
}
