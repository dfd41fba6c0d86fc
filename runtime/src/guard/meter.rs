//! How active each principal is, in windows that are short when much or something new happens and long when not.
//!
//! Made from append times and counts alone, so that one run under a virtual clock measures as any other.

use messages::guard::ActivityMeasured;
use messages::{Envelope, MessageId, Provenance, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

/// Messages in one window; it is closed then, however short it is.
pub const WINDOW_MESSAGES_MAX: u64 = 256;
/// Records read in one window.
pub const WINDOW_READS_MAX: u64 = 4_096;
/// Longest window.
pub const WINDOW_TIME_MAX: Duration = Duration::from_secs(3_600);
/// Longest window in which a principal did what it had not done in the window before.
pub const WINDOW_NEWS_TIME_MAX: Duration = Duration::from_secs(60);
/// Ids whose repetition is noticed, on telemetry and on everything else each.
pub const IDS_KNOWN_MAX: usize = 65_536;
/// Principals with an open window, beyond which the one that ends first is closed; and principals whose last window is
/// remembered, beyond which all are forgotten and their next windows are short.
pub const PRINCIPALS_KNOWN_MAX: usize = 200_000;

/// What one principal did since its window began.
#[derive(Debug)]
struct Window {
    from: Timestamp,
    ends_at: Timestamp,
    provenance: Provenance,
    messages: u64,
    bytes: u64,
    by_name: BTreeMap<String, u64>,
    keys: BTreeSet<u32>,
    repeated: u64,
    refused: u64,
    dead_lettered: u64,
    reads: u64,
    read_bytes: u64,
    reads_by_stream: BTreeMap<String, u64>,
}

/// The open windows.
#[derive(Debug, Default)]
pub(super) struct Meter {
    windows: HashMap<String, Window>,
    ends: BTreeSet<(Timestamp, String)>,
    /// What each principal did in the window before.
    usual_by_principal: HashMap<String, BTreeSet<String>>,
    recent: [Recent; 2],
    closed: Vec<(ActivityMeasured, Provenance)>,
}

/// Ids that were used a short while ago.
#[derive(Debug, Default)]
struct Recent {
    known: HashSet<MessageId>,
    order: VecDeque<MessageId>,
}

impl Recent {
    /// Notes `id`; whether it was known.
    fn note(&mut self, id: MessageId) -> bool {
        if !self.known.insert(id) {
            return true;
        }
        self.order.push_back(id);
        if self.order.len() > IDS_KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        false
    }
}

impl Meter {
    /// Measures `principal` from now on, whether it does anything or not: silence is behaviour, too.
    pub(super) fn watch(&mut self, principal: &str, now: Timestamp) {
        self.window(principal, now);
    }

    /// Counts a message that `principal` says.
    pub(super) fn said(&mut self, principal: &str, said: &Envelope, now: Timestamp) {
        let telemetry = said.class == messages::Class::Telemetry;
        let known = self.recent[usize::from(telemetry)].note(said.id);
        // A host names its answers by what it heard: who hears a thing twice answers twice, and repeats nothing itself.
        let repeated = known && said.origin.is_none();
        // A device does nothing but this.
        let new = !telemetry && self.is_new(principal, &said.name);
        let window = self.window(principal, now);
        window.messages += 1;
        window.bytes += said.data.len() as u64;
        match window.by_name.get_mut(&said.name) {
            Some(count) => *count += 1,
            None => {
                window.by_name.insert(said.name.clone(), 1);
            }
        }
        window.keys.insert(crc32c::crc32c(said.key.as_bytes()));
        window.repeated += u64::from(repeated);
        window.provenance = window.provenance.weakest(said.provenance);
        let full = window.messages >= WINDOW_MESSAGES_MAX;
        self.mind(principal, new || repeated, full, now);
    }

    /// Counts `records` of `stream` with `bytes` of data that a session of `principal` read.
    pub(super) fn read(
        &mut self,
        principal: &str,
        stream: &str,
        (records, bytes): (u64, u64),
        now: Timestamp,
    ) {
        let new = self.is_new(principal, stream);
        let window = self.window(principal, now);
        window.reads += records;
        window.read_bytes += bytes;
        *window.reads_by_stream.entry(stream.to_owned()).or_default() += records;
        let full = window.reads >= WINDOW_READS_MAX;
        self.mind(principal, new, full, now);
    }

    /// Counts a refusal. It never fills a window: refusals are told by themselves.
    pub(super) fn refused(&mut self, principal: &str, now: Timestamp) {
        self.window(principal, now).refused += 1;
        self.mind(principal, true, false, now);
    }

    /// Counts a message of `principal` that a reader set aside.
    pub(super) fn dead_lettered(&mut self, principal: &str, now: Timestamp) {
        self.window(principal, now).dead_lettered += 1;
        self.mind(principal, true, false, now);
    }

    fn is_new(&self, principal: &str, what: &str) -> bool {
        !self.usual_by_principal.get(principal).is_some_and(|usual| usual.contains(what))
    }

    fn window(&mut self, principal: &str, now: Timestamp) -> &mut Window {
        if !self.windows.contains_key(principal) {
            if self.windows.len() >= PRINCIPALS_KNOWN_MAX
                && let Some((_, first)) = self.ends.first().cloned()
            {
                self.close(&first, now);
            }
            let ends_at = now.saturating_add(WINDOW_TIME_MAX);
            self.ends.insert((ends_at, principal.to_owned()));
            self.windows.insert(principal.to_owned(), Window::new(now, ends_at));
        }
        self.windows.get_mut(principal).expect("it was opened above")
    }

    /// Ends the window of `principal` sooner where something new happened, or now where it is full.
    fn mind(&mut self, principal: &str, new: bool, full: bool, now: Timestamp) {
        if full {
            self.close(principal, now);
            return;
        }
        if !new {
            return;
        }
        let soon = now.saturating_add(WINDOW_NEWS_TIME_MAX);
        let Some(window) = self.windows.get_mut(principal) else { return };
        if soon < window.ends_at {
            self.ends.remove(&(window.ends_at, principal.to_owned()));
            window.ends_at = soon;
            self.ends.insert((soon, principal.to_owned()));
        }
    }

    /// Ends the window of `principal`; what comes next is measured by itself.
    pub(super) fn close(&mut self, principal: &str, now: Timestamp) {
        let Some(window) = self.windows.remove(principal) else { return };
        self.ends.remove(&(window.ends_at, principal.to_owned()));
        let done = window.by_name.keys().chain(window.reads_by_stream.keys()).cloned();
        self.usual_by_principal.insert(principal.to_owned(), done.collect());
        if self.usual_by_principal.len() > PRINCIPALS_KNOWN_MAX {
            self.usual_by_principal.clear();
        }
        let provenance = window.provenance;
        self.closed.push((window.measured(principal, now), provenance));
    }

    /// What was measured, with every window closed whose time is over.
    pub(super) fn take(&mut self, now: Timestamp) -> Vec<(ActivityMeasured, Provenance)> {
        while let Some((_, principal)) = self.ends.first().filter(|(at, _)| *at <= now).cloned() {
            self.close(&principal, now);
        }
        std::mem::take(&mut self.closed)
    }

    /// When a window ends next.
    pub(super) fn next_due_at(&self) -> Option<Timestamp> {
        self.ends.first().map(|(at, _)| *at)
    }
}

impl Window {
    fn new(from: Timestamp, ends_at: Timestamp) -> Self {
        Self {
            from,
            ends_at,
            provenance: Provenance::Measured,
            messages: 0,
            bytes: 0,
            by_name: BTreeMap::new(),
            keys: BTreeSet::new(),
            repeated: 0,
            refused: 0,
            dead_lettered: 0,
            reads: 0,
            read_bytes: 0,
            reads_by_stream: BTreeMap::new(),
        }
    }

    fn measured(self, principal: &str, until: Timestamp) -> ActivityMeasured {
        ActivityMeasured {
            principal: principal.to_owned(),
            from: self.from,
            until,
            messages: self.messages,
            bytes: self.bytes,
            by_name: self.by_name,
            keys: u32::try_from(self.keys.len()).unwrap_or(u32::MAX),
            repeated: self.repeated,
            refused: self.refused,
            dead_lettered: self.dead_lettered,
            reads: self.reads,
            read_bytes: self.read_bytes,
            reads_by_stream: self.reads_by_stream,
        }
    }
}
