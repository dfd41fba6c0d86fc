//! Owners: who they are, what they allow, and what they answer, in their own words and after a while.

use super::chance::Chance;
use super::parameters::{Range, Zone};
use messages::consent::Channel;
use messages::contact::Purpose;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How an owner answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Temperament {
    /// Agrees, sometimes after a question.
    Accepting,
    /// Has no time now and agrees later.
    Busy,
    /// Says no, and may be won back once.
    Declining,
    /// Never answers.
    Silent,
    /// Wants a person, or to be left alone.
    Angry,
}

/// An owner, in plain words; whoever registers one seals name, telephone and e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The owner.
    pub id: String,
    /// A name that is nobody's.
    pub name: String,
    /// A telephone number that is nobody's: no country has code 999.
    pub phone: String,
    /// An address that is nobody's (RFC 2606).
    pub email: String,
    /// IANA time zone.
    pub zone: String,
    /// BCP 47 language tag.
    pub language: String,
    /// Channels that the owner allows.
    pub consent: Vec<Channel>,
    /// How the owner answers.
    pub temperament: Temperament,
}

/// What an owner hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Why the owner is spoken to.
    pub purpose: Purpose,
    /// Slots to choose from.
    pub offered: usize,
    /// Which contact of the case this is, from 1; answers to questions count too.
    pub number: u32,
}

/// What an owner answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// After so long.
    pub after: Duration,
    /// In these words.
    pub text: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manners {
    temperament: BTreeMap<Temperament, Manner>,
    phrases: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manner {
    weight: f64,
    delay_minutes: Range,
    first: BTreeMap<String, f64>,
    later: BTreeMap<String, f64>,
    urgent: BTreeMap<String, f64>,
    recovery: BTreeMap<String, f64>,
    feedback: BTreeMap<String, f64>,
}

const ORDINALS: [&str; 3] = ["first", "second", "third"];

/// How all owners answer.
#[derive(Clone, Debug)]
pub(super) struct Owners {
    manners: Manners,
}

impl Owners {
    pub(super) fn embedded() -> Self {
        let text = include_str!("../../../profiles/simulation/owners.toml");
        Self { manners: toml::from_str(text).expect("the shipped phrases are well formed") }
    }

    /// The owner with this id, `key` being the fleet's key of it.
    pub(super) fn owner(
        &self,
        id: &str,
        key: u64,
        zone: &Zone,
        temperament: Option<Temperament>,
    ) -> Owner {
        let mut chance = Chance::of(key, "owner", 0);
        let temperaments = self.manners.temperament.iter();
        let drawn = chance.pick(temperaments.clone().map(|(_, manner)| manner.weight));
        let drawn = temperaments.clone().nth(drawn).map(|(known, _)| *known);
        // One in ten forbids calls, one in twenty everything.
        let allows = chance.unit();
        let consent = match allows {
            allows if allows < 0.05 => Vec::new(),
            allows if allows < 0.15 => vec![Channel::Sms, Channel::Email, Channel::App],
            _ => Channel::ALL.to_vec(),
        };
        let number = key % 10_000_000_000;
        Owner {
            name: format!("Owner {id}"),
            phone: format!("+999{number:010}"),
            email: format!("{}@example.invalid", id.to_lowercase()),
            zone: zone.name.clone(),
            language: zone.language.clone(),
            consent,
            temperament: temperament.or(drawn).expect("there are temperaments"),
            id: id.to_owned(),
        }
    }

    /// What an owner of this temperament answers; nothing when the owner is silent or nothing was asked.
    pub(super) fn reply(&self, temperament: Temperament, key: u64, heard: Heard) -> Option<Reply> {
        let manner = &self.manners.temperament[&temperament];
        let intents = manner.intents(heard)?;
        let number = i64::from(heard.number) * 100 + heard.purpose as i64;
        let mut chance = Chance::of(key, "reply", number);
        let delay = chance.between(manner.delay_minutes);
        let place = chance.pick(intents.values().copied());
        let mut intent = intents.keys().nth(place)?.as_str();
        if intent == "choose_slot" && heard.offered == 0 {
            intent = "accept";
        }
        let phrase = chance.one_of(&self.manners.phrases[intent]);
        let chosen = (chance.unit() * heard.offered.min(ORDINALS.len()) as f64) as usize;
        Some(Reply {
            after: Duration::from_secs((delay * 60.0) as u64),
            text: capitalised(&phrase.replace("{slot}", ORDINALS[chosen])),
        })
    }
}

impl Manner {
    /// What may be meant in answer to this; nothing where no answer is asked for.
    fn intents(&self, heard: Heard) -> Option<&BTreeMap<String, f64>> {
        let intents = match heard.purpose {
            Purpose::PredictedFailure | Purpose::BookingMoved if heard.number <= 1 => &self.first,
            Purpose::PredictedFailure | Purpose::BookingMoved => &self.later,
            Purpose::Reminder | Purpose::Callback => &self.later,
            Purpose::UrgentAlert | Purpose::UrgentWarning => &self.urgent,
            Purpose::BookingRecovery => &self.recovery,
            Purpose::PostServiceFeedback => &self.feedback,
            Purpose::BookingConfirmed | Purpose::BookingCancelled => return None,
        };
        (!intents.is_empty()).then_some(intents)
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSES: [Purpose; 10] = [
        Purpose::PredictedFailure,
        Purpose::UrgentAlert,
        Purpose::Reminder,
        Purpose::Callback,
        Purpose::BookingRecovery,
        Purpose::BookingConfirmed,
        Purpose::BookingMoved,
        Purpose::BookingCancelled,
        Purpose::PostServiceFeedback,
        Purpose::UrgentWarning,
    ];

    const ALL: [Temperament; 5] = [
        Temperament::Accepting,
        Temperament::Busy,
        Temperament::Declining,
        Temperament::Silent,
        Temperament::Angry,
    ];

    #[test]
    fn every_intent_has_phrases_and_every_answer_is_whole() {
        let owners = Owners::embedded();
        for temperament in ALL {
            for purpose in PURPOSES {
                for (key, number, offered) in [(1, 1, 3), (2, 2, 0), (3, 3, 1), (4, 1, 2)] {
                    let heard = Heard { purpose, offered, number };
                    let reply = owners.reply(temperament, key, heard);
                    let Some(reply) = reply else { continue };
                    assert!(!reply.text.contains('{') && !reply.text.is_empty(), "{reply:?}");
                    assert_ne!(temperament, Temperament::Silent);
                }
            }
        }
        let used = owners.manners.temperament.values().flat_map(|manner| {
            [&manner.first, &manner.later, &manner.urgent, &manner.recovery, &manner.feedback]
        });
        for intent in used.flat_map(BTreeMap::keys) {
            assert!(owners.manners.phrases[intent].len() >= 3, "{intent}");
        }
    }

    #[test]
    fn a_slot_is_chosen_only_among_those_offered() {
        let owners = Owners::embedded();
        for key in 0..200 {
            let heard = Heard { purpose: Purpose::Callback, offered: 1, number: 2 };
            let text = owners.reply(Temperament::Accepting, key, heard).unwrap().text;
            assert!(!text.to_lowercase().contains("second") && !text.contains("third"), "{text}");
        }
    }

    #[test]
    fn the_same_owner_answers_the_same_and_owners_differ() {
        let owners = Owners::embedded();
        let heard = Heard { purpose: Purpose::PredictedFailure, offered: 3, number: 1 };
        let answer = |key| owners.reply(Temperament::Accepting, key, heard).unwrap();
        assert_eq!(answer(7), answer(7));
        let texts: std::collections::BTreeSet<String> =
            (0..50).map(|key| answer(key).text).collect();
        assert!(texts.len() > 8, "{texts:?}");
    }

    #[test]
    fn a_busy_owner_defers_first_and_is_silent_when_nothing_is_asked() {
        let owners = Owners::embedded();
        let phrases = &owners.manners.phrases["defer"];
        let heard = Heard { purpose: Purpose::PredictedFailure, offered: 3, number: 1 };
        let reply = owners.reply(Temperament::Busy, 7, heard).unwrap();
        assert!(phrases.contains(&reply.text));
        let told = Heard { purpose: Purpose::BookingConfirmed, ..heard };
        assert_eq!(owners.reply(Temperament::Busy, 7, told), None);
    }
}
