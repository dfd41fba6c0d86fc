//! Features of an asset, kept up sample by sample in constant memory, the same for streams and for files.
//!
//! Samples fall into windows (the profile's `window`, aligned to the epoch). A window stays open for [`LATENESS`];
//! in it everything is counted in whole numbers, so that the order of samples cannot matter. Then it is sealed:
//! in the order of time it goes into a ring of panes of the present run and one of days. An assessment seals a
//! copy up to the moment in question, so it does not depend on what has been sealed before.
//!
//! Only values from the operating states that a channel's profile names go into its panes, and only when the
//! state held throughout the window and has settled: an engine that warms up is no failing pump. Values are kept in
//! 65,534 steps of the channel's valid range. What was not measured stays missing.

mod assess;
mod calendar;
mod open;
mod plan;
mod scale;
mod settled;
#[cfg(test)]
mod tests;

pub use assess::{Assessed, Context, Service};
pub use open::{AddError, Due, FeatureState};

use messages::profile::{Channel, Profile};
use messages::{Finite, Timestamp};
use plan::Plan;
use std::time::Duration;

/// For so long samples may come late, measured against the newest of their asset.
pub const LATENESS: Duration = Duration::from_secs(600);

/// One feature: what it is called, and over what it is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name, unique in a profile.
    pub name: String,
    /// Its unit; empty for a bare number.
    pub unit: String,
    /// How far back it looks; `None` means it is of the moment.
    pub span: Option<Duration>,
}

/// The features of one profile, ready to be computed.
#[derive(Clone, Debug)]
pub struct Features {
    plan: Plan,
    features: Vec<Feature>,
    schema: u32,
}

impl Feature {
    fn new(name: String, unit: String, span: Option<Duration>) -> Self {
        Self { name, unit, span }
    }
}

impl Features {
    /// Compiles a profile.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        let (plan, features) = Plan::of(profile);
        Self { plan, features, schema: schema(profile) }
    }

    /// The features, in the order of every list of values.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Hash of everything that the values depend on: names, units, ranges, states, spans. Two lists of values
    /// can be compared, and a state be used, only when it is equal.
    #[must_use]
    pub fn schema(&self) -> u32 {
        self.schema
    }

    /// The end of the window that holds `moment`.
    #[must_use]
    pub fn window_end(&self, moment: Timestamp) -> Timestamp {
        let window = Duration::from_millis(self.plan.window_millis.unsigned_abs());
        moment.window_start(window).saturating_add(window)
    }

    /// The newest usage (odometer) of an asset, in the unit of its channel; for [`Service::usage`].
    #[must_use]
    pub fn usage(&self, state: &FeatureState) -> Option<Finite> {
        let (scale, _) = self.plan.usage?;
        let code = state.newest_usage(&self.plan)?;
        Finite::new(scale.written(code)).ok()
    }
}

/// CRC-32C of the parts of a profile that features depend on. Limits, costs and names for people are none of them.
fn schema(profile: &Profile) -> u32 {
    let channels: Vec<_> = profile
        .channels
        .iter()
        .map(|channel| {
            let Channel { id, unit, range, states, settle, trends, .. } = channel;
            (id, unit, range, states, settle, trends)
        })
        .collect();
    let states: Vec<_> = profile.states.iter().map(|state| (&state.id, &state.when)).collect();
    let settings = (profile.window, profile.trend, &profile.usage, profile.utc_offset_minutes);
    let layout = (LAYOUT, settings, &profile.features, channels, states);
    crc32c::crc32c(&postcard::to_stdvec(&layout).expect("plain values can be encoded"))
}

/// Raised whenever features are computed or kept differently.
const LAYOUT: u16 = 1;
