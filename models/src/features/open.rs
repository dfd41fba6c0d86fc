//! What is remembered of an asset: the open windows, in which order does not matter, and what was sealed before.

use super::plan::{Plan, Window};
use super::scale::NONE;
use super::settled::{Settled, Sight};
use super::{Features, LATENESS};
use messages::{Finite, Timestamp};
use serde::{Deserialize, Serialize};

/// Memory of one asset. Equal after the same samples in any order within [`LATENESS`].
///
/// Lists of open windows have one entry per window and position, the window's slot first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureState {
    /// [`Features::schema`] that it was made with; 0 before the first sample.
    schema: u32,
    /// Time of the newest sample.
    watermark: Timestamp,
    /// Samples of each open window.
    samples: Box<[u16]>,
    /// Newest value: its time within the window in the upper half, its code in the lower.
    newest: Box<[u32]>,
    /// Highest code of the usage channel.
    usage: Box<[u32]>,
    /// Sum of codes.
    sums: Box<[u32]>,
    /// Number of values in each sum.
    counts: Box<[u16]>,
    /// Lowest and highest code of the channels that decide on the operating state.
    extremes: Box<[[u16; 2]]>,
    /// What was sealed, in order of time.
    settled: Settled,
}

/// Windows that a sample puts an end to; each is named by its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The window that held the newest sample, if the sample is beyond its end.
    pub ended: Option<Timestamp>,
    /// The windows with samples that can be assessed for the last time now: adding the sample seals them. Oldest first.
    pub sealed: Vec<Timestamp>,
}

/// Why a sample was not taken; the state is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// Older than the newest sample by more than the lateness.
    #[error(
        "sample at `{sampled_at}` is more than {} minutes older than the newest at `{watermark}`",
        LATENESS.as_secs() / 60
    )]
    TooLate {
        /// Its time.
        sampled_at: Timestamp,
        /// Time of the newest sample.
        watermark: Timestamp,
    },
    /// A value outside the valid range of its channel.
    #[error("value `{value}` is outside the valid range of channel number {channel}")]
    OutOfRange {
        /// Index of the channel in the profile.
        channel: usize,
        /// The value.
        value: String,
    },
    /// A channel that the profile does not have.
    #[error("the profile has no channel number {channel}")]
    UnknownChannel {
        /// The index.
        channel: usize,
    },
    /// One channel with two values.
    #[error("the sample has two values for channel number {channel}")]
    Twice {
        /// Index of the channel in the profile.
        channel: usize,
    },
    /// More samples in one window than can be counted.
    #[error("the window of `{sampled_at}` has {} samples already", u16::MAX)]
    TooMany {
        /// Time of the sample.
        sampled_at: Timestamp,
    },
    /// A time so far from the epoch that its window has no number.
    #[error("time `{sampled_at}` is too far from 1970")]
    FarAway {
        /// Time of the sample.
        sampled_at: Timestamp,
    },
    /// The state was made with another profile, or with another version of it.
    #[error(
        "state of feature schema `{found:08x}` where `{expected:08x}` is computed; start with an empty state"
    )]
    OtherSchema {
        /// Schema of these features.
        expected: u32,
        /// Schema of the state.
        found: u32,
    },
}

impl Features {
    /// Takes one sample: its values by index of the channel in the profile. All of it, or with an error nothing.
    ///
    /// Whoever calls has converted units, dropped duplicates and assessed the windows that are [`Features::due`].
    ///
    /// # Errors
    /// [`AddError`], one variant per way in which a sample cannot be counted.
    pub fn add(
        &self,
        state: &mut FeatureState,
        sampled_at: Timestamp,
        values: &[(usize, Finite)],
    ) -> Result<(), AddError> {
        let plan = &self.plan;
        self.check_schema(state)?;
        let far_away = AddError::FarAway { sampled_at };
        let Some((window, part)) = plan.window_of(sampled_at) else { return Err(far_away) };
        if state.schema != 0 && window < plan.first_open(state.watermark) {
            return Err(AddError::TooLate { sampled_at, watermark: state.watermark });
        }
        self.check_values(values)?;
        if state.samples_in(plan, window) == u32::from(u16::MAX) {
            return Err(AddError::TooMany { sampled_at });
        }
        if state.schema == 0 {
            *state = FeatureState::new(self.schema, plan, sampled_at);
        }
        if sampled_at > state.watermark {
            state.advance(plan, sampled_at);
        }
        let slot = plan.slot(window);
        state.samples[slot] += 1;
        for (channel, value) in values {
            state.count(plan, slot, part, *channel, value.get());
        }
        Ok(())
    }

    /// The windows to assess before a sample of `sampled_at` is added.
    #[must_use]
    pub fn due(&self, state: &FeatureState, sampled_at: Timestamp) -> Due {
        let plan = &self.plan;
        let (Some(watermark), Some((window, _))) = (state.watermark(), plan.window_of(sampled_at))
        else {
            return Due::default();
        };
        let Some((newest, _)) = plan.window_of(watermark) else { return Due::default() };
        if !self.fits(state) || sampled_at <= watermark {
            return Due::default();
        }
        let end_of =
            |window: Window| Timestamp::from_millis(plan.start_millis(window.saturating_add(1)));
        let first_open = plan.first_open(watermark);
        let sealed = first_open..plan.first_open(sampled_at).min(newest.saturating_add(1));
        Due {
            ended: if newest < window { end_of(newest) } else { None },
            sealed: sealed
                .filter(|window| state.samples_in(plan, *window) > 0)
                .filter_map(end_of)
                .collect(),
        }
    }

    /// Whether `state` is empty or was made with these very features.
    #[must_use]
    pub fn fits(&self, state: &FeatureState) -> bool {
        state.schema == 0 || (state.schema == self.schema && state.has_shape_of(&self.plan))
    }

    pub(super) fn check_schema(&self, state: &FeatureState) -> Result<(), AddError> {
        if self.fits(state) {
            return Ok(());
        }
        Err(AddError::OtherSchema { expected: self.schema, found: state.schema })
    }

    fn check_values(&self, values: &[(usize, Finite)]) -> Result<(), AddError> {
        for (index, (channel, value)) in values.iter().enumerate() {
            let Some(range) = self.plan.ranges.get(*channel) else {
                return Err(AddError::UnknownChannel { channel: *channel });
            };
            if *value < range[0] || *value > range[1] {
                return Err(AddError::OutOfRange { channel: *channel, value: value.to_string() });
            }
            if values[..index].iter().any(|(other, _)| other == channel) {
                return Err(AddError::Twice { channel: *channel });
            }
        }
        Ok(())
    }

    /// Forgets what a channel's panes say of the time before `at`: the part it measures was replaced then.
    pub fn restart(&self, state: &mut FeatureState, channel: usize, at: Timestamp) {
        let mean = self.plan.kept.get(channel).and_then(|kept| kept.mean);
        let (Some(mean), Some((window, part))) = (mean, self.plan.window_of(at)) else { return };
        if state.schema == 0 || !self.fits(state) {
            return;
        }
        // The window in which it happened has values of both.
        let first = if part == 0 { window } else { window.saturating_add(1) };
        state.settled.restart(&self.plan, mean, first);
    }
}

impl FeatureState {
    fn new(schema: u32, plan: &Plan, sampled_at: Timestamp) -> Self {
        let slots = plan.slots;
        Self {
            schema,
            watermark: sampled_at,
            samples: vec![0; slots].into(),
            newest: vec![NONE; slots * plan.newest.len()].into(),
            usage: vec![NONE; slots * usize::from(plan.usage.is_some())].into(),
            sums: vec![0; slots * plan.means.len()].into(),
            counts: vec![0; slots * plan.means.len()].into(),
            extremes: vec![[0, 0]; slots * plan.deciding.len()].into(),
            settled: Settled::new(plan),
        }
    }

    fn has_shape_of(&self, plan: &Plan) -> bool {
        let slots = plan.slots;
        self.samples.len() == slots
            && self.newest.len() == slots * plan.newest.len()
            && self.usage.len() == slots * usize::from(plan.usage.is_some())
            && self.sums.len() == slots * plan.means.len()
            && self.counts.len() == slots * plan.means.len()
            && self.extremes.len() == slots * plan.deciding.len()
            && self.settled.has_shape_of(plan)
    }

    /// Time of the newest sample; `None` before the first.
    #[must_use]
    pub fn watermark(&self) -> Option<Timestamp> {
        (self.schema != 0).then_some(self.watermark)
    }

    /// Moves the watermark; seals and empties the windows that nothing can come for any more.
    fn advance(&mut self, plan: &Plan, watermark: Timestamp) {
        let old = plan.first_open(self.watermark);
        let new = plan.first_open(watermark);
        let newest = plan.window_of(self.watermark).map_or(old, |(window, _)| window);
        for window in old..new.min(newest.saturating_add(1)) {
            let mut settled = std::mem::take(&mut self.settled);
            settled.fold(plan, window, &self.sight(plan, window));
            self.settled = settled;
            self.empty(plan, window);
        }
        self.watermark = watermark;
    }

    fn empty(&mut self, plan: &Plan, window: Window) {
        let slot = plan.slot(window);
        self.samples[slot] = 0;
        self.newest[row(slot, plan.newest.len())].fill(NONE);
        self.sums[row(slot, plan.means.len())].fill(0);
        self.counts[row(slot, plan.means.len())].fill(0);
        self.extremes[row(slot, plan.deciding.len())].fill([0, 0]);
        if let Some(usage) = self.usage.get_mut(slot) {
            *usage = NONE;
        }
    }

    fn count(&mut self, plan: &Plan, slot: usize, part: u32, channel: usize, value: f64) {
        let kept = plan.kept[channel];
        if let Some(position) = kept.newest {
            let code = plan.newest[position].scale.code(value).expect("the range was checked");
            let newest = &mut self.newest[slot * plan.newest.len() + position];
            *newest = (*newest).max(part << 16 | code);
        }
        if let Some(position) = kept.mean {
            let code = plan.means[position].scale.code(value).expect("the range was checked");
            let index = slot * plan.means.len() + position;
            // 65,535 codes of 16 bits fit into 32.
            self.sums[index] += code;
            self.counts[index] += 1;
        }
        if let Some(position) = kept.deciding {
            let scale = plan.newest[plan.deciding[position]].scale;
            let code = scale.code(value).expect("the range was checked");
            let code = u16::try_from(code).expect("a narrow code has 16 bits");
            let [low, high] = &mut self.extremes[slot * plan.deciding.len() + position];
            *low = if *low == 0 { code } else { code.min(*low) };
            *high = code.max(*high);
        }
        if kept.usage
            && let Some((scale, _)) = plan.usage
        {
            let code = scale.code(value).expect("the range was checked");
            self.usage[slot] = self.usage[slot].max(code);
        }
    }

    /// What one open window holds.
    fn sight(&self, plan: &Plan, window: Window) -> Sight<'_> {
        let slot = plan.slot(window);
        Sight {
            samples: self.samples[slot],
            newest: &self.newest[row(slot, plan.newest.len())],
            usage: self.usage.get(slot).copied().unwrap_or(NONE),
            sums: &self.sums[row(slot, plan.means.len())],
            counts: &self.counts[row(slot, plan.means.len())],
            extremes: &self.extremes[row(slot, plan.deciding.len())],
        }
    }

    /// Everything before `window`, as if it had been sealed just now.
    pub(super) fn settled_before(&self, plan: &Plan, window: Window) -> Settled {
        let mut settled = self.settled.clone();
        let newest = plan.window_of(self.watermark).map_or(window, |(newest, _)| newest);
        for open in plan.first_open(self.watermark)..window.min(newest.saturating_add(1)) {
            settled.fold(plan, open, &self.sight(plan, open));
        }
        settled
    }

    /// Samples of `window`, while it is open.
    pub(super) fn samples_in(&self, plan: &Plan, window: Window) -> u32 {
        let newest = plan.window_of(self.watermark).map_or(window, |(newest, _)| newest);
        if self.schema == 0 || window < plan.first_open(self.watermark) || window > newest {
            return 0;
        }
        u32::from(self.samples[plan.slot(window)])
    }

    pub(super) fn newest_usage(&self, plan: &Plan) -> Option<u32> {
        if self.schema == 0 || !self.has_shape_of(plan) {
            return None;
        }
        let end = plan.window_of(self.watermark)?.0.saturating_add(1);
        let (_, code) = self.settled_before(plan, end).newest_usage();
        (code != NONE).then_some(code)
    }

    /// Bytes that it takes in memory, those on the heap included, without the allocator's own.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + size_of_val(&*self.samples)
            + size_of_val(&*self.newest)
            + size_of_val(&*self.usage)
            + size_of_val(&*self.sums)
            + size_of_val(&*self.counts)
            + size_of_val(&*self.extremes)
            + self.settled.heap_bytes()
    }
}

/// Entries of one slot.
fn row(slot: usize, length: usize) -> std::ops::Range<usize> {
    slot * length..(slot + 1) * length
}
