//! Nobody is contacted on a channel they have not allowed, nor at night, whoever asks for it.

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

/// What owners have allowed, and where they live. Learnt from the log.
#[derive(Default)]
pub struct Manners {
    quiet: QuietHours,
    allowed: BTreeMap<String, BTreeSet<Channel>>,
    zones: BTreeMap<String, TimeZone>,
}

impl Manners {
    /// With these quiet hours.
    #[must_use]
    pub fn new(quiet: QuietHours) -> Self {
        Self { quiet, ..Self::default() }
    }
}

impl Rules<ContactSend> for Manners {
    fn hear(&mut self, record: &Envelope) {
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
        if contact.asked_for || contact.severity == Severity::Emergency {
            return Admission::Now;
        }
        let Some(zone) = self.zones.get(owner) else {
            let reason =
                format!("the time zone of `{owner}` is not known; quiet hours cannot be kept");
            return Admission::Never { reason };
        };
        match quiet_end(self.quiet, zone, now) {
            Some(moment) => Admission::NotBefore(moment),
            None => Admission::Now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::contact::Purpose;
    use messages::sealed::{KEY_BYTES, Key, Keyring, NONCE_BYTES, Sealed};
    use messages::{CaseId, MessageId, Provenance};

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

    /// The rules of Ann in Mumbai, five and a half hours ahead of UTC, who allowed SMS.
    fn manners() -> Manners {
        let mut keyring = Keyring::default();
        keyring.insert("ann", Key::new([7; KEY_BYTES])).unwrap();
        let mut manners = Manners::default();
        manners.hear(&record(&OwnerRegistered {
            owner: "ann".to_owned(),
            name: Sealed::seal(&"Ann".to_owned(), "ann", [0; NONCE_BYTES], &keyring).unwrap(),
            phone: None,
            email: None,
            zone: "Asia/Kolkata".to_owned(),
            language: "en".to_owned(),
        }));
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
    fn quiet_hours_are_kept_in_the_owners_zone_but_not_for_emergencies_or_callbacks() {
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
        let callback = ContactSend { asked_for: true, ..contact(Channel::Sms) };
        assert_eq!(admitted(&manners, &callback, NIGHT), Admission::Now);
    }

    #[test]
    fn an_owner_without_a_known_zone_is_not_disturbed() {
        let mut manners = Manners::default();
        manners.hear(&record(&consent(&[Channel::Sms], &[])));
        let sms = admitted(&manners, &contact(Channel::Sms), NOON);
        assert!(matches!(sms, Admission::Never { .. }), "{sms:?}");
    }
}
