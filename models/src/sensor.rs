//! Tells a faulty sensor from a faulty asset: values that freeze, vanish, cannot be or drift.
//!
//! One call per window with a summary of every channel, because a sensor is judged against its peers:
//!
//! - **stuck**: the value stays exactly the same for more windows in which its peers move, or over more changes of
//!   the operating state, than this channel of this asset is known to stand still. A thermostat
//!   that holds 90 °C at a resolution of 1 °C stands still for long, and that is learned; an engine speed that
//!   stands still for minutes while speed and vibration move is stuck.
//! - **dropout**: the channel is absent for more windows than it usually is, in an operating state in which it
//!   used to come, while peers come.
//! - **out of range**: values beyond what the sensor can truly measure, in several windows in a row.
//!
//! A window whose operating state is unknown is judged as well: often it is the faulty sensor that would tell
//! the state. It counts as one of the state in which the same channels come, but for one at most. If there is
//! none, the asset may as well rest, and no dropout is judged.
//!
//! Each fault is raised once, and cleared after [`Settings::clear_windows`] healthy windows. What a
//! channel did while a fault was on is not learned as usual.
//!
//! **Slow drift** is judged apart, by [`Drift`], and only where a profile says which other sensor measures the same
//! and when. A coolant temperature that rises against engine speed, load and weather may be a drifting
//! sensor or a worn pump; the residual alone cannot tell, and calling it a sensor fault would silence the pump's
//! alarm.

mod drift;
mod stand;

pub use drift::{DRIFT_CLEAR_SHARE, DRIFT_COMPARISONS, Drift};
pub use stand::StandLimits;

use serde::{Deserialize, Serialize};
use stand::Stand;

/// Operating states in which presence is told apart; in a state of a higher number no dropout is judged.
pub const STATES_MAX: usize = 7;

/// Where presence is counted in windows of an unknown state that are like no known one.
const UNKNOWN: usize = STATES_MAX;

/// Windows in which a channel came in an operating state before it is expected there.
pub const EXPECTED_WINDOWS: u8 = 30;

/// Reporting peers without which standing still says nothing.
pub const PEERS_MIN: usize = 2;

/// A channel and what its sensor can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name.
    pub name: Box<str>,
    /// Least and greatest value that the sensor can truly measure; without one, the range is not judged.
    #[serde(default)]
    pub range: Option<(f64, f64)>,
    /// Whether the value changes within hours of use. Not so for wear, ambient temperature or a set
    /// value: these are never called stuck.
    pub is_lively: bool,
    /// In which windows a standing value counts; without it, in all.
    #[serde(default)]
    pub lively_when: Option<LivelyWhen>,
}

/// A channel was within bounds at some moment of the window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LivelyWhen {
    /// The channel, by index.
    pub channel: usize,
    /// Its greatest value is this or more.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// Its least value is less than this.
    #[serde(default)]
    pub below: Option<f64>,
}

impl LivelyWhen {
    /// Not so when the channel did not come.
    fn holds(&self, summaries: &[Option<Summary>]) -> bool {
        summaries.get(self.channel).copied().flatten().is_some_and(|other| {
            self.at_least.is_none_or(|bound| other.max >= bound)
                && self.below.is_none_or(|bound| other.min < bound)
        })
    }
}

/// When a sensor fault is raised and cleared. Windows are those of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Share of reporting peers that must have changed for a window to count against a standing value.
    pub peers_moving_share: f64,
    /// How long a value may stand still, in windows in which peers move.
    pub still: StandLimits,
    /// How long a value may stand still, in changes of the operating state.
    pub still_over_states: StandLimits,
    /// How long a channel may be absent, in windows in which it is expected.
    pub absent: StandLimits,
    /// Windows in a row with a value out of range that raise the fault.
    pub out_of_range_windows: u8,
    /// Healthy windows in a row that clear a fault.
    pub clear_windows: u8,
}

impl Default for Settings {
    /// For windows of 60 s: five hours of use until all is learned; a frozen value is found within four hours at most.
    fn default() -> Self {
        Self {
            peers_moving_share: 1.0 / 3.0,
            still: StandLimits { learn: 300, prior: 30, factor: 3, min: 5, max: 240 },
            still_over_states: StandLimits { learn: 60, prior: 10, factor: 3, min: 4, max: 60 },
            absent: StandLimits { learn: 120, prior: 5, factor: 3, min: 5, max: 120 },
            out_of_range_windows: 2,
            clear_windows: 3,
        }
    }
}

/// What came of one channel in one window; a channel of which nothing came has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Bits of the last value.
    pub last_bits: u64,
    /// Samples that differ from the one before.
    pub changed: u32,
}

/// Which fault a sensor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Its value freezes.
    Stuck,
    /// Its values no longer come.
    Dropout,
    /// Its values cannot be.
    OutOfRange,
    /// Its values are far from those of its peer; see [`Drift`].
    Drift,
}

impl Fault {
    /// Those that [`Tests`] judges.
    const ALL: [Self; 3] = [Self::Stuck, Self::Dropout, Self::OutOfRange];
}

/// A fault that was raised or cleared with this window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding<'a> {
    /// Name of the channel.
    pub channel: &'a str,
    /// The fault.
    pub fault: Fault,
    /// Raised, or else cleared.
    pub is_raised: bool,
}

/// What is remembered of the sensors of one asset: 88 bytes per channel and 40 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sensors {
    channels: Vec<Memory>,
    state: Option<u8>,
}

/// What is remembered of one channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Memory {
    last_bits: Option<u64>,
    still: Stand,
    still_over_states: Stand,
    absent: Stand,
    /// The last place is for windows that are like no known state.
    present_windows_by_state: [u8; STATES_MAX + 1],
    out_of_range_windows: u8,
    /// By fault: whether it is on, and healthy windows in a row since.
    raised: [Option<u8>; 3],
}

/// In which state, or [`UNKNOWN`], a window counts for what comes.
#[derive(Clone, Copy)]
struct Presence {
    /// Whose expectations hold.
    judged: Option<usize>,
    /// Whose expectations it adds to.
    learned: Option<usize>,
}

/// What one window says of all channels together.
struct Window {
    /// Whether the operating state is another than in the window before.
    state_changed: bool,
    presence: Presence,
    reporting: usize,
    moving: usize,
}

/// Judges sensors by settings and channels that do not change.
#[derive(Clone, Debug, PartialEq)]
pub struct Tests {
    settings: Settings,
    channels: Vec<Channel>,
}

impl Sensors {
    /// Faults of the channel at `index` that are on now.
    pub fn faults(&self, index: usize) -> impl Iterator<Item = Fault> {
        let raised = self.channels.get(index).map_or([None; 3], |channel| channel.raised);
        Fault::ALL.into_iter().filter(move |fault| raised[*fault as usize].is_some())
    }
}

impl Sensors {
    /// Where the presence of channels counts in this window.
    fn presence(&self, state: Option<u8>, summaries: &[Option<Summary>]) -> Presence {
        if let Some(state) = state {
            let place = Some(usize::from(state)).filter(|place| *place < STATES_MAX);
            return Presence { judged: place, learned: place };
        }
        let nearest = (0..=UNKNOWN).map(|place| (self.distance(place, summaries), place)).min();
        match nearest {
            Some((0 | 1, UNKNOWN)) => Presence { judged: Some(UNKNOWN), learned: Some(UNKNOWN) },
            Some((0 | 1, place)) => Presence { judged: Some(place), learned: None },
            _ => Presence { judged: None, learned: Some(UNKNOWN) },
        }
    }

    /// Channels that come and usually do not at `place`, or the other way round.
    fn distance(&self, place: usize, summaries: &[Option<Summary>]) -> usize {
        let channels = self.channels.iter().zip(summaries);
        channels.filter(|(memory, it)| memory.is_expected(place) != it.is_some()).count()
    }
}

impl Tests {
    /// Tests for these channels.
    #[must_use]
    pub fn new(settings: Settings, channels: Vec<Channel>) -> Self {
        Self { settings, channels }
    }

    /// Judges one window and learns from it: `summaries` in the order of the channels, `state` the number of
    /// the operating state, if it is known. Gives what changed.
    ///
    /// # Panics
    /// When there are not as many summaries as channels.
    pub fn observe(
        &self,
        sensors: &mut Sensors,
        summaries: &[Option<Summary>],
        state: Option<u8>,
    ) -> Vec<Finding<'_>> {
        assert_eq!(summaries.len(), self.channels.len(), "every channel has its place");
        sensors.channels.resize_with(self.channels.len(), Memory::default);
        let state_changed = state.is_some() && sensors.state.is_some() && sensors.state != state;
        sensors.state = state.or(sensors.state);
        let presence = sensors.presence(state, summaries);
        let moved: Vec<bool> = sensors.channels.iter().zip(summaries).map(has_moved).collect();
        let reporting = summaries.iter().flatten().count();
        let moving = moved.iter().filter(|moved| **moved).count();
        let window = Window { state_changed, presence, reporting, moving };
        let mut findings = Vec::new();
        for (index, channel) in self.channels.iter().enumerate() {
            let memory = &mut sensors.channels[index];
            let counts = channel.lively_when.is_none_or(|when| when.holds(summaries));
            let stuck = if channel.is_lively && summaries[index].is_some() {
                memory.stuck(&self.settings, counts, moved[index], &window)
            } else {
                Sign::None
            };
            let verdicts = [
                stuck,
                memory.dropout(&self.settings, summaries[index], &window),
                memory.out_of_range(&self.settings, channel, summaries[index]),
            ];
            for (fault, verdict) in Fault::ALL.into_iter().zip(verdicts) {
                if let Some(is_raised) = memory.turn(&self.settings, fault, verdict) {
                    findings.push(Finding { channel: &channel.name, fault, is_raised });
                }
            }
            memory.last_bits =
                summaries[index].map(|summary| summary.last_bits).or(memory.last_bits);
        }
        findings
    }
}

/// Whether a channel came with another value than it had.
fn has_moved((memory, summary): (&Memory, &Option<Summary>)) -> bool {
    summary.is_some_and(|summary| {
        let other = memory.last_bits.is_some_and(|before| before != summary.last_bits);
        summary.changed > 0 || other
    })
}

/// What a window says of one fault of one channel.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    /// Nothing.
    None,
    /// The channel is as it should be.
    Healthy,
    /// More than can be usual.
    Faulty,
}

impl Memory {
    fn is_on(&self, fault: Fault) -> bool {
        self.raised[fault as usize].is_some()
    }

    /// Raises or clears a fault; gives whether it was raised, if it changed.
    fn turn(&mut self, settings: &Settings, fault: Fault, sign: Sign) -> Option<bool> {
        let raised = &mut self.raised[fault as usize];
        match (*raised, sign) {
            (None, Sign::Faulty) => {
                *raised = Some(0);
                Some(true)
            }
            (Some(healthy), Sign::Healthy) if healthy + 1 >= settings.clear_windows => {
                *raised = None;
                Some(false)
            }
            (Some(healthy), Sign::Healthy) => {
                *raised = Some(healthy + 1);
                None
            }
            (Some(_), Sign::Faulty) => {
                *raised = Some(0);
                None
            }
            (_, Sign::None) | (None, Sign::Healthy) => None,
        }
    }

    /// `counts`: whether a standing value does in this window.
    fn stuck(&mut self, settings: &Settings, counts: bool, moved: bool, window: &Window) -> Sign {
        if moved {
            let learn = !self.is_on(Fault::Stuck);
            self.still.end(learn);
            self.still_over_states.end(learn);
        }
        let peers = window.reporting - 1;
        let moving = window.moving - usize::from(moved);
        let enough = settings.peers_moving_share * peers as f64;
        if counts && peers >= PEERS_MIN && moving > 0 && moving as f64 >= enough {
            self.still.expose(!moved);
        }
        if counts && window.state_changed {
            self.still_over_states.expose(!moved);
        }
        if moved {
            Sign::Healthy
        } else if self.still.is_beyond(&settings.still)
            || self.still_over_states.is_beyond(&settings.still_over_states)
        {
            Sign::Faulty
        } else {
            Sign::None
        }
    }

    fn is_expected(&self, place: usize) -> bool {
        self.present_windows_by_state[place] >= EXPECTED_WINDOWS
    }

    fn dropout(&mut self, settings: &Settings, summary: Option<Summary>, window: &Window) -> Sign {
        let Presence { judged, learned } = window.presence;
        let is_expected = judged.is_some_and(|place| self.is_expected(place));
        if summary.is_some() {
            if let Some(place) = learned {
                let present = &mut self.present_windows_by_state[place];
                *present = present.saturating_add(1);
            }
            let learn = !self.is_on(Fault::Dropout);
            self.absent.end(learn);
        }
        if is_expected && window.reporting > 0 {
            self.absent.expose(summary.is_none());
        }
        if summary.is_some() {
            Sign::Healthy
        } else if is_expected && self.absent.is_beyond(&settings.absent) {
            Sign::Faulty
        } else {
            Sign::None
        }
    }

    fn out_of_range(
        &mut self,
        settings: &Settings,
        channel: &Channel,
        summary: Option<Summary>,
    ) -> Sign {
        let Some(((least, greatest), summary)) = channel.range.zip(summary) else {
            return Sign::None;
        };
        if summary.min >= least && summary.max <= greatest {
            self.out_of_range_windows = 0;
            return Sign::Healthy;
        }
        self.out_of_range_windows = self.out_of_range_windows.saturating_add(1);
        let is_lasting = self.out_of_range_windows >= settings.out_of_range_windows;
        if is_lasting { Sign::Faulty } else { Sign::None }
    }
}

#[cfg(test)]
mod tests;
