//! What was sealed: windows put in order of time into panes, by operating state.

use super::plan::{CARRY_WINDOWS, DAY_MILLIS, Plan, RUN_PANES, WEEK_DAYS, Window, position};
use super::scale::NONE;
use messages::profile::Condition;
use serde::{Deserialize, Serialize};

/// What one window holds; see [`FeatureState`](super::FeatureState) for the lists.
pub(super) struct Sight<'s> {
    pub(super) samples: u16,
    pub(super) newest: &'s [u32],
    pub(super) usage: u32,
    pub(super) sums: &'s [u32],
    pub(super) counts: &'s [u16],
    pub(super) extremes: &'s [[u16; 2]],
}

/// A pane of a run: number of windows in the highest eight bits, sum of their mean codes in the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Pane(u32);

/// A day of an asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Day {
    /// First and last code of the usage channel.
    pub(super) usage: [u32; 2],
    /// Sum of the numbers, within the day, of all windows with samples.
    pub(super) heard_at: u32,
    /// How many windows had samples.
    pub(super) heard: u16,
}

/// Everything before the open windows. Lists of panes have the ring's position first, then the channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settled {
    /// Newest window with samples.
    pub(super) heard: Option<Window>,
    /// Newest operating state that was known, and its newest window.
    state: Option<(u8, Window)>,
    /// First window of the present run.
    run_start: Window,
    /// Newest pane of the present run, as a number since the epoch.
    pub(super) run_head: i32,
    /// Newest day, as a number since the epoch.
    pub(super) day_head: i32,
    /// Newest window with a value of the usage channel, and its code.
    usage: (Window, u32),
    /// Newest window with a value of each channel, and that value as open windows have it.
    newest: Box<[(Window, u32)]>,
    /// From this window on values count, once settled: the states were entered, or the part was replaced. After
    /// those of the means come the peers: from this window on their states have lasted without a break.
    since: Box<[Window]>,
    run: Box<[Pane]>,
    day_sums: Box<[u32]>,
    day_counts: Box<[u16]>,
    days: Box<[Day]>,
}

impl Pane {
    const SUM_BITS: u32 = 24;

    fn add(&mut self, code: u16) {
        // A pane has at most 255 windows of codes of 16 bits: the profile was checked.
        self.0 = self.0.saturating_add((1 << Self::SUM_BITS) + u32::from(code));
    }

    /// Number of windows and the mean of their codes.
    pub(super) fn mean(self) -> Option<(u32, f64)> {
        let (count, sum) = (self.0 >> Self::SUM_BITS, self.0 & ((1 << Self::SUM_BITS) - 1));
        (count > 0).then(|| (count, f64::from(sum) / f64::from(count)))
    }
}

impl Settled {
    pub(super) fn new(plan: &Plan) -> Self {
        let means = plan.means.len();
        Self {
            heard: None,
            state: None,
            run_start: Window::MIN,
            run_head: i32::MIN,
            day_head: i32::MIN,
            usage: (Window::MIN, NONE),
            newest: vec![(Window::MIN, NONE); plan.newest.len()].into(),
            since: vec![Window::MIN; means + plan.peers.len()].into(),
            run: vec![Pane::default(); RUN_PANES * means].into(),
            day_sums: vec![0; WEEK_DAYS * means].into(),
            day_counts: vec![0; WEEK_DAYS * means].into(),
            days: vec![Day::default(); WEEK_DAYS].into(),
        }
    }

    pub(super) fn has_shape_of(&self, plan: &Plan) -> bool {
        let means = plan.means.len();
        self.newest.len() == plan.newest.len()
            // Peers that an older profile did not have are taken in with the next window.
            && (self.since.len() == means || self.since.len() == means + plan.peers.len())
            && self.run.len() == RUN_PANES * means
            && self.day_sums.len() == WEEK_DAYS * means
            && self.day_counts.len() == WEEK_DAYS * means
            && self.days.len() == WEEK_DAYS
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.newest)
            + size_of_val(&*self.since)
            + size_of_val(&*self.run)
            + size_of_val(&*self.day_sums)
            + size_of_val(&*self.day_counts)
            + size_of_val(&*self.days)
    }

    /// Puts the next window into the panes; windows come in order of time.
    pub(super) fn fold(&mut self, plan: &Plan, window: Window, sight: &Sight<'_>) {
        if sight.samples == 0 {
            return;
        }
        let state = self.state_during(plan, window, sight);
        self.follow_peers(plan, window, state, sight.usage);
        self.enter(plan, window, state);
        self.begin_panes(plan, window);
        self.remember_newest(window, sight);
        self.remember_day(plan, window, sight);
        for mean in 0..plan.means.len() {
            self.remember_mean(plan, window, state, mean, sight);
        }
        self.heard = Some(window);
    }

    /// The state whose conditions all hold throughout `window`; a channel that is missing in it is looked for in
    /// those just before.
    fn state_during(&self, plan: &Plan, window: Window, sight: &Sight<'_>) -> Option<u8> {
        let extremes = |deciding: usize| -> Option<(f64, f64)> {
            let position = plan.deciding[deciding];
            let scale = plan.newest[position].scale;
            let [low, high] = sight.extremes[deciding];
            if low != 0 {
                return Some((scale.value(f64::from(low)), scale.value(f64::from(high))));
            }
            let (seen, newest) = self.newest[position];
            let code = code_of(newest);
            let recent = code != NONE && window.saturating_sub(seen) <= CARRY_WINDOWS;
            recent.then(|| scale.value(f64::from(code))).map(|value| (value, value))
        };
        let lasting = self.state.map(|(state, _)| usize::from(state));
        let holds = |(state, conditions): &(usize, &Vec<(usize, Condition)>)| {
            conditions.iter().all(|(deciding, condition)| {
                extremes(*deciding)
                    .is_some_and(|(low, high)| condition.holds(low, high, lasting == Some(*state)))
            })
        };
        let (state, _) = plan.states.iter().enumerate().find(holds)?;
        u8::try_from(state).ok()
    }

    /// Whether nothing was heard for longer than a run may be interrupted.
    fn was_silent(&self, plan: &Plan, window: Window) -> bool {
        self.heard.is_none_or(|heard| window.saturating_sub(heard) > plan.gap_windows)
    }

    /// Notes since when the states of each peer have lasted.
    fn follow_peers(&mut self, plan: &Plan, window: Window, state: Option<u8>, usage: u32) {
        let means = plan.means.len();
        if self.since.len() != means + plan.peers.len() {
            let mut since = std::mem::take(&mut self.since).into_vec();
            since.resize(means + plan.peers.len(), window);
            self.since = since.into();
        }
        // Nobody knows what an asset did in silence, unless it was not used meanwhile.
        let stood = usage != NONE && usage == self.usage.1;
        let is_interrupted = self.heard.is_none() || (self.was_silent(plan, window) && !stood);
        for (peer, since) in plan.peers.iter().zip(&mut self.since[means..]) {
            if !peer.counts_in(state) {
                *since = window.saturating_add(1);
            } else if is_interrupted {
                *since = window;
            }
        }
    }

    /// Notes when the states of each channel were entered, and where a run begins.
    fn enter(&mut self, plan: &Plan, window: Window, state: Option<u8>) {
        if self.was_silent(plan, window) {
            self.run_start = window;
            self.run.fill(Pane::default());
        }
        let Some(entered) = state else { return };
        let left = self.state.map(|(state, _)| state);
        for (mean, since) in plan.means.iter().zip(&mut self.since) {
            let was_in = left.is_some() && mean.counts_in(left);
            if !mean.states.is_empty() && mean.counts_in(state) && !was_in {
                *since = (*since).max(window);
            }
        }
        self.state = Some((entered, window));
    }

    /// Moves both rings on to the panes that hold `window`.
    fn begin_panes(&mut self, plan: &Plan, window: Window) {
        let means = plan.means.len();
        let pane = window.div_euclid(plan.pane_windows);
        for number in newly_begun(self.run_head, pane, RUN_PANES) {
            let at = position(number, RUN_PANES) * means;
            self.run[at..at + means].fill(Pane::default());
        }
        self.run_head = pane;
        let day = window.div_euclid(plan.day_windows);
        for number in newly_begun(self.day_head, day, WEEK_DAYS) {
            let at = position(number, WEEK_DAYS);
            self.days[at] = Day::default();
            self.day_sums[at * means..(at + 1) * means].fill(0);
            self.day_counts[at * means..(at + 1) * means].fill(0);
        }
        self.day_head = day;
    }

    fn remember_newest(&mut self, window: Window, sight: &Sight<'_>) {
        for (kept, newest) in self.newest.iter_mut().zip(sight.newest) {
            if *newest != NONE {
                *kept = (window, *newest);
            }
        }
        if sight.usage != NONE {
            self.usage = (window, sight.usage);
        }
    }

    fn remember_day(&mut self, plan: &Plan, window: Window, sight: &Sight<'_>) {
        let day = &mut self.days[position(self.day_head, WEEK_DAYS)];
        day.heard_at += window.rem_euclid(plan.day_windows).unsigned_abs();
        day.heard += 1;
        if sight.usage != NONE {
            if day.usage[0] == NONE {
                day.usage[0] = sight.usage;
            }
            day.usage[1] = sight.usage;
        }
    }

    fn remember_mean(
        &mut self,
        plan: &Plan,
        window: Window,
        state: Option<u8>,
        mean: usize,
        sight: &Sight<'_>,
    ) {
        let kept = &plan.means[mean];
        let counted_from = self.since[mean].saturating_add(kept.settle_windows);
        let (sum, count) = (sight.sums[mean], u32::from(sight.counts[mean]));
        if count == 0 || !kept.counts_in(state) || window < counted_from {
            return;
        }
        let code = u16::try_from((sum + count / 2) / count).unwrap_or(u16::MAX);
        let means = plan.means.len();
        let at = position(self.day_head, WEEK_DAYS) * means + mean;
        self.day_sums[at] += u32::from(code);
        self.day_counts[at] += 1;
        let settled_in_run = self.run_start.saturating_add(kept.settle_windows);
        if kept.states.is_empty() || window >= settled_in_run {
            self.run[position(self.run_head, RUN_PANES) * means + mean].add(code);
        }
    }

    /// Values of channel `mean` count from `first` on only.
    pub(super) fn restart(&mut self, plan: &Plan, mean: usize, first: Window) {
        let means = plan.means.len();
        self.since[mean] = self.since[mean].max(first);
        for (number, at) in self.run_positions() {
            if number.saturating_mul(plan.pane_windows) < first {
                self.run[at * means + mean] = Pane::default();
            }
        }
        for (number, at) in self.day_positions() {
            if number.saturating_mul(plan.day_windows) < first {
                self.day_sums[at * means + mean] = 0;
                self.day_counts[at * means + mean] = 0;
            }
        }
    }

    /// The operating state during `window`; `None` when unknown or when it changed.
    pub(super) fn state_in(&self, window: Window) -> Option<usize> {
        self.state.filter(|(_, seen)| *seen == window).map(|(state, _)| usize::from(state))
    }

    /// Whether a channel and its peer measure the same in `window`, the newest.
    pub(super) fn is_comparable(&self, plan: &Plan, place: usize, window: Window) -> bool {
        let peer = &plan.peers[place];
        let state = self.state.filter(|(_, seen)| *seen == window).map(|(state, _)| state);
        let since = self.since.get(plan.means.len() + place);
        peer.counts_in(state)
            && since.is_some_and(|since| {
                // The window itself has passed, too.
                window.saturating_sub(*since) >= peer.settle_windows.saturating_sub(1)
            })
    }

    /// Newest window with a value of a channel, how far into it (in 65,536ths) it was, and its code.
    pub(super) fn newest(&self, position: usize) -> Option<(Window, u32, u32)> {
        let (window, newest) = self.newest[position];
        (newest != NONE).then(|| (window, newest >> 16, code_of(newest)))
    }

    pub(super) fn newest_usage(&self) -> (Window, u32) {
        self.usage
    }

    /// Numbers of the panes of the run, oldest first, and where they are kept.
    pub(super) fn run_positions(&self) -> impl Iterator<Item = (i32, usize)> + use<> {
        ring(self.run_head, RUN_PANES)
    }

    /// Numbers of the days, oldest first, and where they are kept.
    pub(super) fn day_positions(&self) -> impl Iterator<Item = (i32, usize)> + use<> {
        ring(self.day_head, WEEK_DAYS)
    }

    /// The pane of a run at `at` of channel `mean`.
    pub(super) fn pane(&self, plan: &Plan, at: usize, mean: usize) -> Pane {
        self.run[at * plan.means.len() + mean]
    }

    /// Number of windows and mean code of channel `mean` on the day kept at `at`.
    pub(super) fn day_mean(&self, plan: &Plan, at: usize, mean: usize) -> Option<(u32, f64)> {
        let index = at * plan.means.len() + mean;
        let (sum, count) = (self.day_sums[index], u32::from(self.day_counts[index]));
        (count > 0).then(|| (count, f64::from(sum) / f64::from(count)))
    }

    pub(super) fn day(&self, at: usize) -> Day {
        self.days[at]
    }
}

/// The code in the lower half of a newest value.
fn code_of(newest: u32) -> u32 {
    newest & 0xffff
}

/// The numbers that a ring of `length` begins when its newest goes from `old` to `new`.
fn newly_begun(old: i32, new: i32, length: usize) -> std::ops::RangeInclusive<i32> {
    let length = i32::try_from(length).expect("rings are short");
    old.saturating_add(1).max(new.saturating_sub(length - 1))..=new
}

/// The numbers up to `head`, oldest first, and their positions.
fn ring(head: i32, length: usize) -> impl Iterator<Item = (i32, usize)> + use<> {
    let count = i32::try_from(length).expect("rings are short");
    (head.saturating_sub(count - 1)..=head).map(move |number| (number, position(number, length)))
}

/// Start of a day, in milliseconds since the epoch.
pub(super) fn day_start_millis(day: i32) -> i64 {
    i64::from(day) * DAY_MILLIS
}
