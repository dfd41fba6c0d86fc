//! How often owners were contacted, as the log tells it: calls by day, contacts by case.

use agents::engagement::Caps;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use messages::case::CaseClosed;
use messages::consent::Channel;
use messages::contact::ContactSend;
use messages::effect::{Conclusion, EffectAttempted, EffectConcluded};
use messages::{CaseId, Envelope, Message, MessageId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Calls older than this are on no day of any zone that is still today's.
const CALLS_KEPT: Duration = Duration::from_secs(48 * 3600);

/// What was attempted, by owner and by case.
#[derive(Default)]
pub(super) struct Frequency {
    caps: Caps,
    /// Contacts that are intended and not concluded.
    open: BTreeMap<MessageId, Contact>,
    /// When calls that nobody asked for were made, by owner and effect.
    calls: BTreeMap<String, BTreeMap<String, Timestamp>>,
    /// Steps at which contacts that nobody asked for were made.
    steps: BTreeMap<CaseId, BTreeSet<String>>,
}

/// What counts of a contact.
struct Contact {
    owner: String,
    case: CaseId,
    is_call: bool,
    counts: bool,
}

impl Frequency {
    pub(super) fn new(caps: Caps) -> Self {
        Self { caps, ..Self::default() }
    }

    /// Takes note of one record of the log.
    pub(super) fn hear(&mut self, record: &Envelope) {
        match record.name.as_str() {
            ContactSend::NAME => self.intended(record),
            EffectAttempted::NAME => {
                if let Some(attempted) = read::<EffectAttempted>(record) {
                    self.attempted(&attempted, record.time);
                }
            }
            EffectConcluded::NAME => {
                if let Some(concluded) = read::<EffectConcluded>(record) {
                    self.concluded(&concluded);
                }
            }
            CaseClosed::NAME => {
                if let Some(closed) = read::<CaseClosed>(record) {
                    self.steps.remove(&closed.case);
                }
            }
            _ => {}
        }
    }

    fn intended(&mut self, record: &Envelope) {
        let Some(contact) = read::<ContactSend>(record) else { return };
        if contact.asked_for {
            return;
        }
        let ContactSend { owner, case, channel, purpose, .. } = contact;
        let is_call = channel == Channel::Voice;
        let counts = !purpose.tells_of_a_booking();
        self.open.insert(record.id, Contact { owner, case, is_call, counts });
    }

    fn attempted(&mut self, attempted: &EffectAttempted, at: Timestamp) {
        let Some(contact) = self.open.get(&attempted.intent) else { return };
        if contact.is_call {
            let calls = self.calls.entry(contact.owner.clone()).or_default();
            calls.retain(|_, called_at| called_at.saturating_add(CALLS_KEPT) > at);
            calls.insert(attempted.effect_key.clone(), at);
        }
        if contact.counts {
            let step = step(&attempted.effect_key).to_owned();
            self.steps.entry(contact.case).or_default().insert(step);
        }
    }

    fn concluded(&mut self, concluded: &EffectConcluded) {
        let Some(contact) = self.open.remove(&concluded.intent) else { return };
        let happened = match concluded.conclusion {
            Conclusion::Accepted { .. } | Conclusion::Uncertain { .. } => true,
            Conclusion::Refused { .. } | Conclusion::Expired | Conclusion::Unreachable { .. } => {
                false
            }
        };
        if happened {
            return;
        }
        if let Some(calls) = self.calls.get_mut(&contact.owner) {
            calls.remove(&concluded.effect_key);
        }
        if let Some(steps) = self.steps.get_mut(&contact.case) {
            steps.remove(step(&concluded.effect_key));
        }
    }

    /// Why `contact` would be one too many at `now`.
    pub(super) fn objects(
        &self,
        contact: &ContactSend,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Option<String> {
        let ContactSend { owner, case, channel, effect_key, .. } = contact;
        if *channel == Channel::Voice {
            let today = date(zone, now);
            let calls = self.calls.get(owner).into_iter().flatten();
            let others = calls.filter(|(key, at)| *key != effect_key && date(zone, **at) == today);
            let most = self.caps.calls_a_day_max;
            if others.count() >= usize::from(most) {
                return Some(format!("`{owner}` has had the {most} calls of this day"));
            }
        }
        if !contact.purpose.tells_of_a_booking() {
            let steps = self.steps.get(case).into_iter().flatten();
            let most = self.caps.contacts_max;
            if steps.filter(|known| *known != step(effect_key)).count() >= usize::from(most) {
                return Some(format!("case `{case}` has had its {most} contacts"));
            }
        }
        None
    }
}

/// `record` as `M`; what cannot be read is said, for it is not counted.
fn read<M: Message>(record: &Envelope) -> Option<M> {
    let opened = record.open::<M>();
    opened
        .inspect_err(|error| tracing::error!(id = %record.id, %error, "a contact is not counted"))
        .ok()
}

/// `case:step` of `case:step:channel`: a contact that fails on one channel goes on by another.
fn step(effect_key: &str) -> &str {
    effect_key.rsplit_once(':').map_or(effect_key, |(step, _)| step)
}

fn date(zone: &TimeZone, moment: Timestamp) -> Option<Date> {
    let moment = jiff::Timestamp::from_millisecond(moment.as_millis()).ok()?;
    Some(moment.to_zoned(zone.clone()).date())
}
