//! Nobody is contacted on a channel they have not allowed, at night or too often, whoever asks for it.

use super::frequency::Frequency;
use agents::engagement::Caps;
use agents::engagement::moment::{self, QuietHours};
use agents::engagement::quiet_end;
use jiff::tz::TimeZone;
use messages::consent::{Channel, ConsentChanged};
use messages::contact::ContactSend;
use messages::prediction::Severity;
use messages::registry::OwnerRegistered;
use messages::{Envelope, Message, Timestamp};
use runtime::effects::{Admission, Rules};
use std::collections::{BTreeMap, BTreeSet};

/// What owners have allowed, where they live, and how often they were contacted. Learnt from the log.
#[derive(Default)]
pub struct Manners {
    quiet: QuietHours,
    frequency: Frequency,
    allowed: BTreeMap<String, BTreeSet<Channel>>,
    zones: BTreeMap<String, TimeZone>,
}

impl Manners {
    /// With these quiet hours and caps.
    #[must_use]
    pub fn new(quiet: QuietHours, caps: Caps) -> Self {
        Self { quiet, frequency: Frequency::new(caps), ..Self::default() }
    }
}

impl Rules<ContactSend> for Manners {
    fn hear(&mut self, record: &Envelope) {
        self.frequency.hear(record);
        match record.name.as_str() {
            ConsentChanged::NAME => match record.open::<ConsentChanged>() {
                Ok(changed) => {
                    let allowed = self.allowed.entry(changed.owner).or_default();
                    allowed.extend(changed.granted);
                    changed.revoked.iter().for_each(|channel| {
                        allowed.remove(channel);
                    });
                }
                Err(error) => {
                    // What cannot be read may have been a refusal.
                    tracing::error!(owner = record.key, %error, "consent cannot be read, none is left");
                    self.allowed.remove(&record.key);
                }
            },
            OwnerRegistered::NAME => {
                let owner = record.open::<OwnerRegistered>().ok();
                match owner.and_then(|owner| moment::zone(&owner.zone).ok()) {
                    Some(zone) => drop(self.zones.insert(record.key.clone(), zone)),
                    None => drop(self.zones.remove(&record.key)),
                }
            }
            _ => {}
        }
    }

    fn admit(&self, contact: &ContactSend, _intent: &Envelope, now: Timestamp) -> Admission {
        let ContactSend { owner, channel, .. } = contact;
        let allowed = self.allowed.get(owner).is_some_and(|allowed| allowed.contains(channel));
        if !allowed {
            let reason = format!("`{owner}` has not allowed the channel `{}`", channel.name());
            return Admission::Never { reason };
        }
        if contact.is_promised(now) {
            return Admission::Now;
        }
        let Some(zone) = self.zones.get(owner) else {
            if contact.severity == Severity::Emergency {
                return Admission::Now;
            }
            let reason =
                format!("the time zone of `{owner}` is not known; quiet hours cannot be kept");
            return Admission::Never { reason };
        };
        if !contact.asked_for
            && let Some(reason) = self.frequency.objects(contact, zone, now)
        {
            return Admission::Never { reason };
        }
        if contact.severity == Severity::Emergency {
            return Admission::Now;
        }
        match quiet_end(self.quiet, zone, now) {
            Some(moment) => Admission::NotBefore(moment),
            None => Admission::Now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::engagement::{Config, Engagement};
    use messages::contact::{Promised, Purpose};
    use messages::effect::{Conclusion, EffectAttempted, EffectConcluded};
    use messages::sealed::{KEY_BYTES, Key, Keyring, NONCE_BYTES, Sealed};
    use messages::{CaseId, MessageId, Provenance};
    use runtime::effects::{Attempt, Effects, Performer, Reach};
    use runtime::testkit::World;
    use std::time::Duration;

    fn record<M: Message>(message: &M) -> Envelope {
        Envelope::new(MessageId::default(), "test", message).unwrap()
    }

    fn contact(channel: Channel) -> ContactSend {
        ContactSend {
            effect_key: "case:1".to_owned(),
            case: CaseId::of(MessageId::default(), "1"),
            asset: "VEH001".to_owned(),
            owner: "ann".to_owned(),
            channel,
            purpose: Purpose::PredictedFailure,
            text: "Your brakes are worn.".to_owned(),
            severity: Severity::High,
            asked_for: false,
            promised: None,
            expires_at: Timestamp::MAX,
        }
    }

    fn consent(granted: &[Channel], revoked: &[Channel]) -> ConsentChanged {
        ConsentChanged {
            owner: "ann".to_owned(),
            granted: granted.to_vec(),
            revoked: revoked.to_vec(),
            reason: "said so".to_owned(),
        }
    }

    fn registered() -> OwnerRegistered {
        let mut keyring = Keyring::default();
        keyring.insert("ann", Key::new([7; KEY_BYTES])).unwrap();
        OwnerRegistered {
            owner: "ann".to_owned(),
            name: Sealed::seal(&"Ann".to_owned(), "ann", [0; NONCE_BYTES], &keyring).unwrap(),
            phone: None,
            email: None,
            zone: "Asia/Kolkata".to_owned(),
            language: "en".to_owned(),
        }
    }

    /// The rules of Ann in Mumbai, five and a half hours ahead of UTC, who allowed SMS.
    fn manners() -> Manners {
        let mut manners = Manners::default();
        manners.hear(&record(&registered()));
        manners.hear(&record(&consent(&[Channel::Sms], &[])));
        manners
    }

    fn admitted(manners: &Manners, contact: &ContactSend, at: &str) -> Admission {
        let intent = record(contact).with_provenance(Provenance::Measured);
        manners.admit(contact, &intent, at.parse().unwrap())
    }

    const NOON: &str = "2026-03-02T06:30:00Z";
    const NIGHT: &str = "2026-03-02T15:30:00Z";

    #[test]
    fn a_channel_is_used_only_while_it_is_allowed() {
        let mut manners = manners();
        assert_eq!(admitted(&manners, &contact(Channel::Sms), NOON), Admission::Now);
        let voice = admitted(&manners, &contact(Channel::Voice), NOON);
        assert!(matches!(voice, Admission::Never { .. }), "{voice:?}");
        manners.hear(&record(&consent(&[], &[Channel::Sms])));
        let sms = ContactSend { severity: Severity::Emergency, ..contact(Channel::Sms) };
        let sms = admitted(&manners, &sms, NOON);
        assert!(matches!(sms, Admission::Never { .. }), "{sms:?}");
    }

    #[test]
    fn quiet_hours_are_kept_in_the_owners_zone_but_not_for_emergencies() {
        let manners = manners();
        let morning = Admission::NotBefore("2026-03-03T02:30:00Z".parse().unwrap());
        assert_eq!(admitted(&manners, &contact(Channel::Sms), NIGHT), morning);
        assert_eq!(admitted(&manners, &contact(Channel::Sms), "2026-03-02T23:00:00Z"), morning);
        assert_eq!(
            admitted(&manners, &contact(Channel::Sms), "2026-03-03T02:30:00Z"),
            Admission::Now
        );
        assert_eq!(
            admitted(&manners, &contact(Channel::Sms), "2026-03-02T15:29:59Z"),
            Admission::Now
        );
        let emergency = ContactSend { severity: Severity::Emergency, ..contact(Channel::Sms) };
        assert_eq!(admitted(&manners, &emergency, NIGHT), Admission::Now);
    }

    #[test]
    fn a_callback_comes_at_night_only_in_the_span_that_the_owner_named() {
        let manners = manners();
        let callback = ContactSend { asked_for: true, ..contact(Channel::Sms) };
        let morning = Admission::NotBefore("2026-03-03T02:30:00Z".parse().unwrap());
        assert_eq!(admitted(&manners, &callback, NIGHT), morning);
        let [from, to] = [NIGHT, "2026-03-02T16:30:00Z"].map(|at| at.parse().unwrap());
        let named = ContactSend { promised: Some(Promised { from, to }), ..callback };
        assert_eq!(admitted(&manners, &named, NIGHT), Admission::Now);
        assert_eq!(admitted(&manners, &named, "2026-03-02T16:29:59Z"), Admission::Now);
        assert_eq!(admitted(&manners, &named, "2026-03-02T16:30:00Z"), morning);
        let unasked = ContactSend { asked_for: false, ..named };
        assert_eq!(admitted(&manners, &unasked, NIGHT), morning);
    }

    /// Nobody can be reached through it.
    struct OutOfOrder;

    impl Performer<ContactSend> for OutOfOrder {
        fn rules(&self) -> Box<dyn Rules<ContactSend>> {
            Box::new(Manners::default())
        }

        fn reach(&self, _contact: &ContactSend) -> Reach {
            Reach::Inside
        }

        fn perform(&self, _contact: &ContactSend) -> Attempt {
            Attempt::Unreached { reason: "no line".to_owned() }
        }
    }

    #[test]
    fn a_callback_at_no_named_time_that_fails_in_the_evening_is_tried_again_in_the_morning() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let effects = Effects::default().with::<ContactSend>(OutOfOrder);
        let world = World::seeded(7).agent::<Engagement>(Config::default()).effects(effects);
        let mut world = world.starting("2026-03-02T15:20:00Z".parse().unwrap());
        world.publish(registered());
        world.publish(consent(&[Channel::Voice], &[]));
        world.publish(ContactSend { asked_for: true, ..contact(Channel::Voice) });
        let attempts = |world: &World| world.published::<EffectAttempted>().len();
        world.advance(minutes(9));
        let in_the_evening = attempts(&world);
        assert!(in_the_evening > 1, "{in_the_evening}");
        // From a minute before nine until a minute before eight.
        world.advance(minutes(11 * 60));
        let by_the_morning = attempts(&world);
        assert!(by_the_morning <= in_the_evening + 1, "{by_the_morning} after {in_the_evening}");
        world.advance(minutes(2));
        assert!(attempts(&world) > by_the_morning);
    }

    fn intend(manners: &mut Manners, contact: &ContactSend) -> EffectAttempted {
        let intent = MessageId::named("intent", &contact.effect_key);
        manners.hear(&Envelope::new(intent, "test", contact).unwrap());
        EffectAttempted {
            intent,
            effect: ContactSend::NAME.to_owned(),
            effect_key: contact.effect_key.clone(),
            key: contact.owner.clone(),
            case: Some(contact.case),
            attempt: 1,
        }
    }

    fn attempt(manners: &mut Manners, attempted: &EffectAttempted, at: &str) {
        let mut record = record(attempted);
        record.time = at.parse().unwrap();
        manners.hear(&record);
    }

    fn conclude(manners: &mut Manners, attempted: &EffectAttempted, conclusion: Conclusion) {
        let EffectAttempted { intent, effect, effect_key, key, case, attempt } = attempted.clone();
        let concluded = EffectConcluded {
            intent,
            effect,
            effect_key,
            key,
            case,
            attempts: attempt,
            conclusion,
        };
        manners.hear(&record(&concluded));
    }

    fn step(number: u8, channel: Channel) -> ContactSend {
        let effect_key = format!("case:{number}:{}", channel.name());
        ContactSend { effect_key, ..contact(channel) }
    }

    fn unreachable() -> Conclusion {
        Conclusion::Unreachable { reason: "no line".to_owned() }
    }

    #[test]
    fn an_owner_is_called_once_a_day_of_theirs_unless_they_asked_for_it() {
        let mut manners = manners();
        manners.hear(&record(&consent(&[Channel::Voice], &[])));
        let first = intend(&mut manners, &step(1, Channel::Voice));
        attempt(&mut manners, &first, NOON);
        let again = admitted(&manners, &step(1, Channel::Voice), NOON);
        assert_eq!(again, Admission::Now, "a retry of the same call");
        let second = step(2, Channel::Voice);
        let refused = admitted(&manners, &second, "2026-03-02T14:00:00Z");
        assert!(matches!(refused, Admission::Never { .. }), "{refused:?}");
        let asked_for = ContactSend { asked_for: true, ..second.clone() };
        assert_eq!(admitted(&manners, &asked_for, "2026-03-02T14:00:00Z"), Admission::Now);
        assert_eq!(admitted(&manners, &second, "2026-03-03T03:00:00Z"), Admission::Now);
        conclude(&mut manners, &first, unreachable());
        let free = admitted(&manners, &second, "2026-03-02T14:00:00Z");
        assert_eq!(free, Admission::Now, "the first never rang");
    }

    #[test]
    fn a_case_has_so_many_contacts_whatever_channels_they_take_and_news_of_a_booking_is_none() {
        let mut manners = manners();
        for number in 1..=Caps::default().contacts_max {
            assert_eq!(admitted(&manners, &step(number, Channel::Sms), NOON), Admission::Now);
            for channel in [Channel::Email, Channel::Sms] {
                let attempted = intend(&mut manners, &step(number, channel));
                attempt(&mut manners, &attempted, NOON);
            }
        }
        let more = step(9, Channel::Sms);
        let refused = admitted(&manners, &more, NOON);
        assert!(matches!(refused, Admission::Never { .. }), "{refused:?}");
        let news = ContactSend { purpose: Purpose::BookingMoved, ..more.clone() };
        assert_eq!(admitted(&manners, &news, NOON), Admission::Now);
        let other = ContactSend { case: CaseId::of(MessageId::default(), "2"), ..more };
        assert_eq!(admitted(&manners, &other, NOON), Admission::Now);
    }

    #[test]
    fn an_owner_without_a_known_zone_is_not_disturbed() {
        let mut manners = Manners::default();
        manners.hear(&record(&consent(&[Channel::Sms], &[])));
        let sms = admitted(&manners, &contact(Channel::Sms), NOON);
        assert!(matches!(sms, Admission::Never { .. }), "{sms:?}");
    }
}
