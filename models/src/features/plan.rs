//! A profile compiled for computing: which channels are kept how, and where each feature comes from.

use super::scale::Scale;
use super::{Feature, LATENESS};
use messages::profile::{Channel, Condition, HistoryFeature, Profile, Reach, Span, TimeFeature};
use messages::unit::{Unit, convert};
use messages::{Finite, Timestamp};

/// Panes of a run.
pub(super) const RUN_PANES: usize = 12;
/// Days of a week.
pub(super) const WEEK_DAYS: usize = 7;
/// Length of a day, in milliseconds.
pub(super) const DAY_MILLIS: i64 = 24 * 3_600_000;
/// For so many windows a channel that decides on the operating state may be missing; then the state is unknown.
pub(super) const CARRY_WINDOWS: i32 = 2;

/// Number of a window since the epoch.
pub(super) type Window = i32;

/// Everything that computing needs of a profile. Positions are those in the state's lists.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Length of a window, in milliseconds.
    pub(super) window_millis: i64,
    /// Open windows: those that samples may still come for.
    pub(super) slots: usize,
    /// Windows per pane of a run.
    pub(super) pane_windows: Window,
    /// Windows per day.
    pub(super) day_windows: Window,
    /// Longest silence within a run, in windows.
    pub(super) gap_windows: Window,
    /// What is kept of each channel of the profile, in its order.
    pub(super) kept: Vec<Kept>,
    /// Valid range of each channel of the profile, in its order.
    pub(super) ranges: Vec<[Finite; 2]>,
    /// Channels whose newest value is kept.
    pub(super) newest: Vec<Newest>,
    /// Channels of which means are kept.
    pub(super) means: Vec<Mean>,
    /// Channels whose sensors are compared with others.
    pub(super) peers: Vec<Peer>,
    /// Channels that decide on the operating state: positions in `newest`.
    pub(super) deciding: Vec<usize>,
    /// Conditions of each operating state: position in `deciding`, condition.
    pub(super) states: Vec<Vec<(usize, Condition)>>,
    /// The usage channel: its scale, and kilometres per unit.
    pub(super) usage: Option<(Scale, f64)>,
    /// Where each feature comes from.
    pub(super) sources: Vec<Source>,
    /// Local time minus UTC.
    pub(super) utc_offset_minutes: i32,
}

/// What is kept of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    pub(super) newest: Option<usize>,
    pub(super) mean: Option<usize>,
    pub(super) deciding: Option<usize>,
    pub(super) usage: bool,
}

/// A channel whose newest value is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newest {
    pub(super) scale: Scale,
}

/// A channel of which means are kept.
#[derive(Clone, Debug)]
pub(super) struct Mean {
    pub(super) id: String,
    pub(super) scale: Scale,
    /// Operating states in which values count; none means all.
    pub(super) states: Vec<usize>,
    /// For so many windows after those states were entered they do not count.
    pub(super) settle_windows: Window,
    pub(super) reaches: Vec<Reach>,
}

/// A channel whose sensor is compared with another one.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// The channel and its peer: ids, and positions in `newest`.
    pub(super) ids: [String; 2],
    pub(super) newest: [usize; 2],
    /// Operating states in which they measure the same; none means all.
    pub(super) states: Vec<usize>,
    /// For so many windows those must have lasted.
    pub(super) settle_windows: Window,
}

/// Where a feature comes from; channels are positions in `newest` or `means`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Current(usize),
    Deviation(usize),
    Slope(usize, Reach),
    SlopePer1000Km(usize),
    Time(TimeFeature),
    WeekMean(usize),
    History(HistoryFeature),
}

impl Mean {
    /// Whether values count in `state`.
    pub(super) fn counts_in(&self, state: Option<u8>) -> bool {
        is_among(&self.states, state)
    }
}

impl Peer {
    /// Whether both measure the same in `state`, once it has settled.
    pub(super) fn counts_in(&self, state: Option<u8>) -> bool {
        is_among(&self.states, state)
    }
}

/// Whether `state` is one of `states`; none of them means all.
fn is_among(states: &[usize], state: Option<u8>) -> bool {
    states.is_empty() || state.is_some_and(|state| states.contains(&usize::from(state)))
}

impl Plan {
    pub(super) fn of(profile: &Profile) -> (Self, Vec<Feature>) {
        let window_millis = profile.window.as_millis();
        let windows = |span: Span| {
            let windows = span.as_millis().div_ceil(window_millis);
            Window::try_from(windows).expect("a span of ten years has few windows")
        };
        let lateness = u64::try_from(LATENESS.as_millis()).expect("the lateness is minutes");
        let slots = lateness.div_ceil(window_millis) + 1;
        let mut plan = Self {
            window_millis: i64::try_from(window_millis).expect("a window is at most an hour"),
            slots: usize::try_from(slots).expect("the lateness has few windows"),
            pane_windows: windows(profile.trend.run) / Window::try_from(RUN_PANES).expect("few"),
            day_windows: windows(Span::from_millis(DAY_MILLIS.unsigned_abs()).expect("a day")),
            gap_windows: windows(profile.trend.gap),
            kept: vec![Kept::default(); profile.channels.len()],
            ranges: profile.channels.iter().map(|channel| channel.range).collect(),
            newest: Vec::new(),
            means: Vec::new(),
            peers: Vec::new(),
            deciding: Vec::new(),
            states: Vec::new(),
            usage: None,
            sources: Vec::new(),
            utc_offset_minutes: profile.utc_offset_minutes,
        };
        plan.keep_usage(profile);
        plan.keep_states(profile);
        let features = plan.keep_features(profile);
        for index in 0..profile.channels.len() {
            if !profile.channels[index].trends.is_empty() {
                plan.keep_mean(profile, index, windows);
            }
            plan.keep_peer(profile, index, windows);
        }
        (plan, features)
    }

    fn keep_usage(&mut self, profile: &Profile) {
        let Some(index) = profile.usage.as_deref().and_then(|id| profile.channel_named(id)) else {
            return;
        };
        let channel = &profile.channels[index];
        let km = Unit::parse("km").expect("a known unit");
        let one = Finite::new(1.0).expect("finite");
        let km_per_unit = convert(one, channel.unit, km).expect("usage is a length");
        self.usage = Some((Scale::wide(channel.range), km_per_unit.get()));
        self.kept[index].usage = true;
    }

    fn keep_states(&mut self, profile: &Profile) {
        for state in &profile.states {
            let mut conditions = Vec::with_capacity(state.when.len());
            for condition in &state.when {
                let index = channel_index(profile, &condition.channel);
                let position = match self.kept[index].deciding {
                    Some(position) => position,
                    None => {
                        let newest = self.keep_newest(&profile.channels[index], index);
                        self.deciding.push(newest);
                        self.kept[index].deciding = Some(self.deciding.len() - 1);
                        self.deciding.len() - 1
                    }
                };
                conditions.push((position, condition.clone()));
            }
            self.states.push(conditions);
        }
    }

    fn keep_newest(&mut self, channel: &Channel, index: usize) -> usize {
        *self.kept[index].newest.get_or_insert_with(|| {
            self.newest.push(Newest { scale: Scale::narrow(channel.range) });
            self.newest.len() - 1
        })
    }

    fn keep_mean(
        &mut self,
        profile: &Profile,
        index: usize,
        windows: impl Fn(Span) -> Window,
    ) -> usize {
        let channel = &profile.channels[index];
        *self.kept[index].mean.get_or_insert_with(|| {
            let state = |id: &String| profile.state_named(id).expect("a checked reference");
            self.means.push(Mean {
                id: channel.id.clone(),
                scale: Scale::narrow(channel.range),
                states: channel.states.iter().map(state).collect(),
                settle_windows: channel.settle.map_or(0, windows),
                reaches: channel.trends.clone(),
            });
            self.means.len() - 1
        })
    }

    fn keep_peer(&mut self, profile: &Profile, index: usize, windows: impl Fn(Span) -> Window) {
        let channel = &profile.channels[index];
        let Some(peer) = &channel.peer else { return };
        let other = channel_index(profile, &peer.channel);
        let newest = [index, other].map(|at| self.keep_newest(&profile.channels[at], at));
        let state = |id: &String| profile.state_named(id).expect("a checked reference");
        self.peers.push(Peer {
            ids: [channel.id.clone(), profile.channels[other].id.clone()],
            newest,
            states: peer.states.iter().map(state).collect(),
            settle_windows: peer.settle.map_or(0, windows),
        });
    }

    fn keep_features(&mut self, profile: &Profile) -> Vec<Feature> {
        let window_millis = profile.window.as_millis();
        let windows = |span: Span| {
            Window::try_from(span.as_millis().div_ceil(window_millis)).expect("few windows")
        };
        let lists = &profile.features;
        let (run, week) = (Some(profile.trend.run.duration()), Some(WEEK));
        let mut features = Vec::with_capacity(lists.count());
        let unit = |id: &str| profile.channels[channel_index(profile, id)].unit;
        for id in &lists.current {
            let index = channel_index(profile, id);
            let newest = self.keep_newest(&profile.channels[index], index);
            self.sources.push(Source::Current(newest));
            features.push(Feature::new(id.clone(), unit(id).to_string(), None));
        }
        for id in &lists.deviation {
            let mean = self.keep_mean(profile, channel_index(profile, id), windows);
            self.sources.push(Source::Deviation(mean));
            features.push(Feature::new(format!("{id}_deviation"), unit(id).to_string(), run));
        }
        for id in &lists.slope {
            let mean = self.keep_mean(profile, channel_index(profile, id), windows);
            let reach = self.means[mean].reaches[0];
            self.sources.push(Source::Slope(mean, reach));
            let span = if reach == Reach::Run { run } else { week };
            features.push(Feature::new(format!("{id}_slope"), format!("{}/h", unit(id)), span));
        }
        for id in &lists.slope_per_1000km {
            let mean = self.keep_mean(profile, channel_index(profile, id), windows);
            self.sources.push(Source::SlopePer1000Km(mean));
            let unit = format!("{}/1000 km", unit(id));
            features.push(Feature::new(format!("{id}_slope_per_1000km"), unit, week));
        }
        for time in &lists.time {
            self.sources.push(Source::Time(*time));
            features.push(Feature::new(time.name().to_owned(), String::new(), None));
        }
        for id in &lists.mean_7d {
            let mean = self.keep_mean(profile, channel_index(profile, id), windows);
            self.sources.push(Source::WeekMean(mean));
            features.push(Feature::new(format!("{id}_mean_7d"), unit(id).to_string(), week));
        }
        for history in &lists.history {
            self.sources.push(Source::History(*history));
            let unit = match history {
                HistoryFeature::KmSinceService => "km",
                HistoryFeature::DaysSinceService => "d",
                HistoryFeature::EarlierFailures => "",
            };
            features.push(Feature::new(history.name().to_owned(), unit.to_owned(), None));
        }
        features
    }

    /// The window that holds a moment, and how far into it that is, in 65,536ths; `None` beyond what a
    /// window's number can say.
    pub(super) fn window_of(&self, moment: Timestamp) -> Option<(Window, u32)> {
        let millis = moment.as_millis();
        let window = Window::try_from(millis.div_euclid(self.window_millis)).ok()?;
        let part = millis.rem_euclid(self.window_millis) * 65_536 / self.window_millis;
        Some((window, u32::try_from(part).expect("a part is less than the whole")))
    }

    /// The oldest window that samples may still come for when the newest is at `watermark`.
    pub(super) fn first_open(&self, watermark: Timestamp) -> Window {
        let lateness = i64::try_from(LATENESS.as_millis()).expect("the lateness is minutes");
        let first = (watermark.as_millis() - lateness).div_euclid(self.window_millis);
        Window::try_from(first).unwrap_or(Window::MIN)
    }

    /// Start of a window, in milliseconds since the epoch.
    pub(super) fn start_millis(&self, window: Window) -> i64 {
        i64::from(window) * self.window_millis
    }

    /// Where a window is kept among the open ones.
    pub(super) fn slot(&self, window: Window) -> usize {
        position(window, self.slots)
    }
}

/// Position of number `index` in a ring of `length`.
pub(super) fn position(index: i32, length: usize) -> usize {
    let length = i32::try_from(length).expect("rings are short");
    usize::try_from(index.rem_euclid(length)).expect("a remainder is not negative")
}

fn channel_index(profile: &Profile, id: &str) -> usize {
    profile.channel_named(id).expect("a profile's references were checked")
}

/// What `mean_7d` and [`Reach::Week`] look back over.
const WEEK: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3_600);
