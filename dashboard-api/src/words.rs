//! Says in one sentence what a message about a case means, for people who read how it came about.

mod elsewhere;

use messages::agent::{CommandAnswered, CommandUnanswered};
use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, CancelBooking, ConfirmBooking,
    HoldSlot, MoveBooking, NoShowRecorded, OfferSlots, Slot, SlotsOffered,
};
use messages::case::{CaseAdvanced, CaseClosed, CaseDecided, CaseEscalated, CaseOpened, Decision};
use messages::contact::{
    ContactFailed, ContactOwner, ContactSend, ContactSuppressed, CustomerContacted,
    CustomerReplied, CustomerResponded, WithdrawContact,
};
use messages::effect::{Conclusion, EffectAttempted, EffectConcluded};
use messages::finding::{FindingRecorded, Outcome, PredictionVerified};
use messages::prediction::FailurePredicted;
use messages::{CaseId, Envelope, Finite, Message, Timestamp};
use serde::Serialize;

/// Longest quotation of what somebody said, in letters.
const QUOTE_LETTERS_MAX: usize = 160;

/// The sentence, or what the message is called when it cannot be read.
pub(crate) fn say(case: CaseId, envelope: &Envelope) -> String {
    let said = about_case(envelope)
        .or_else(|| about_contact(envelope))
        .or_else(|| about_slots(envelope))
        .or_else(|| about_booking(envelope))
        .or_else(|| about_truth(case, envelope))
        .or_else(|| elsewhere::about(envelope));
    said.unwrap_or_else(|| format!("{} (no words for it)", envelope.name))
}

/// The sentence that `words` makes, if the message is an `M`.
fn when<M: Message>(envelope: &Envelope, words: impl FnOnce(M) -> String) -> Option<String> {
    (envelope.name == M::NAME).then(|| match envelope.open::<M>() {
        Ok(message) => words(message),
        Err(error) => format!("cannot be read: {error}"),
    })
}

fn about_case(it: &Envelope) -> Option<String> {
    when(it, |m: FailurePredicted| {
        let Some(first) = m.hypotheses.first() else { return "no component is named".to_owned() };
        format!(
            "{} of {} is expected to fail ({}) within {}: probability {}, {}",
            first.component,
            m.asset,
            first.failure_mode.replace('_', " "),
            hours(m.horizon_hours),
            percent(first.probability),
            token(&m.severity)
        )
    })
    .or_else(|| {
        when(it, |m: CaseOpened| {
            format!(
                "opens the case: {} of {}, {}, to be dealt with by {}",
                m.component,
                m.asset,
                token(&m.severity),
                time(m.due_at)
            )
        })
    })
    .or_else(|| {
        when(it, |m: CaseAdvanced| {
            let deadline = m.deadline.map(|at| format!(" (until {})", time(at)));
            let (from, to) = (m.from.name(), m.to.name());
            format!("{from} → {to}{}: {}", deadline.unwrap_or_default(), m.reason)
        })
    })
    .or_else(|| {
        when(it, |m: CaseEscalated| match m.reminder {
            0 => format!("asks for a person: {}; {}", clause(&m.reason), m.remedy),
            number => format!("reminds the person, number {number}: {}", m.reason),
        })
    })
    .or_else(|| {
        when(it, |m: CaseClosed| format!("closes the case, {}: {}", token(&m.outcome), m.reason))
    })
    .or_else(|| when(it, |m: CaseDecided| format!("{} decides: {}", m.by, decision(&m.decision))))
    .or_else(|| {
        when(it, |m: CommandUnanswered| {
            let since = time(m.since);
            format!("hears nothing from {} about {}, asked first on {since}", m.asked_of, m.command)
        })
    })
    .or_else(|| when(it, |m: CommandAnswered| format!("hears from {} again", m.asked_of)))
}

fn decision(decision: &Decision) -> String {
    match decision {
        Decision::Approve => "go on".to_owned(),
        Decision::Cancel { reason } => format!("cancel, because {reason}"),
        Decision::Resolve { intent, happened: true } => format!("effect {intent} happened"),
        Decision::Resolve { intent, happened: false } => format!("effect {intent} did not happen"),
    }
}

fn about_contact(it: &Envelope) -> Option<String> {
    when(it, |m: ContactOwner| {
        let slots = match m.slots.len() {
            0 => String::new(),
            1 => ", offering 1 slot".to_owned(),
            count => format!(", offering {count} slots"),
        };
        format!("asks that {} be spoken to: {}{slots}", m.owner, token(&m.purpose))
    })
    .or_else(|| {
        when(it, |m: ContactSend| {
            format!("wants {} told on {}: {}", m.owner, m.channel.name(), quote(&m.text))
        })
    })
    .or_else(|| when(it, |m: EffectAttempted| format!("attempt {} at {}", m.attempt, m.effect)))
    .or_else(|| {
        when(it, |m: EffectConcluded| {
            format!("{} after {}: {}", m.effect, attempts(m.attempts), conclusion(&m.conclusion))
        })
    })
    .or_else(|| {
        when(it, |m: CustomerContacted| {
            format!("{} was told on {}: {}", m.owner, m.channel.name(), quote(&m.text))
        })
    })
    .or_else(|| {
        when(it, |m: CustomerReplied| {
            format!("{} says on {}: {}", m.owner, m.channel.name(), quote(&m.text))
        })
    })
    .or_else(|| when(it, |m: CustomerResponded| understood(&m)))
    .or_else(|| {
        when(it, |m: WithdrawContact| {
            format!("asks that {} be spoken to no more about it: {}", m.owner, m.reason)
        })
    })
    .or_else(|| {
        when(it, |m: ContactSuppressed| {
            format!("{} is not contacted ({}): {}", m.owner, token(&m.reason), m.detail)
        })
    })
    .or_else(|| {
        when(it, |m: ContactFailed| format!("{} could not be reached: {}", m.owner, m.reason))
    })
}

fn understood(m: &CustomerResponded) -> String {
    let mut text = format!("understands {} as {}", m.owner, token(&m.intent));
    if let Some(window) = &m.when {
        let (from, to) = (time(window.from), time(window.to));
        text.push_str(&format!(", meaning {from} to {to} by {}", quote(&window.words)));
    }
    if !m.evidence.is_empty() {
        let words: Vec<String> = m.evidence.iter().map(|words| quote(words)).collect();
        text.push_str(&format!(", from {}", words.join(", ")));
    }
    text
}

fn attempts(count: u32) -> String {
    match count {
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    }
}

fn conclusion(conclusion: &Conclusion) -> String {
    match conclusion {
        Conclusion::Accepted { reference: Some(reference), .. } => format!("done ({reference})"),
        Conclusion::Accepted { reference: None, .. } => "done".to_owned(),
        Conclusion::Refused { reason } => format!("refused, {reason}"),
        Conclusion::Expired => "not begun, its time had passed".to_owned(),
        Conclusion::Unreachable { reason } => format!("not done, {reason}"),
        Conclusion::Uncertain { reason } => format!("nobody knows whether it happened, {reason}"),
    }
}

fn about_slots(it: &Envelope) -> Option<String> {
    when(it, |m: OfferSlots| {
        format!(
            "asks for slots of {} minutes for {} of {}, by {}",
            m.duration_minutes,
            m.component,
            m.asset,
            time(m.due_at)
        )
    })
    .or_else(|| when(it, |m: SlotsOffered| offered(&m)))
    .or_else(|| when(it, |m: HoldSlot| format!("asks to hold offer {}", m.offer)))
    .or_else(|| when(it, |m: ConfirmBooking| format!("asks to confirm booking {}", m.booking)))
    .or_else(|| {
        when(it, |m: MoveBooking| {
            format!("asks to move booking {} to offer {}: {}", m.booking, m.offer, m.reason)
        })
    })
    .or_else(|| {
        when(it, |m: CancelBooking| format!("asks to cancel booking {}: {}", m.booking, m.reason))
    })
    .or_else(|| {
        when(it, |m: BookingRefused| {
            format!("refuses {} ({}): {}", m.command, token(&m.reason), m.detail)
        })
    })
}

fn offered(m: &SlotsOffered) -> String {
    if m.offers.is_empty() {
        let relax: Vec<&str> = m.relax.iter().map(|it| it.constraint.as_str()).collect();
        return match relax.is_empty() {
            true => "finds no slot".to_owned(),
            false => format!("finds no slot; there would be one {}", relax.join("; or ")),
        };
    }
    let slots: Vec<String> = m.offers.iter().map(|it| slot(&it.slot)).collect();
    format!("offers {}", slots.join(" · "))
}

fn about_booking(it: &Envelope) -> Option<String> {
    when(it, |m: BookingHeld| format!("holds {} until {}", slot(&m.slot), time(m.held_until)))
        .or_else(|| when(it, |m: BookingConfirmed| format!("confirms {}", slot(&m.slot))))
        .or_else(|| {
            when(it, |m: BookingMoved| {
                format!("moves {} to {}: {}", slot(&m.before), slot(&m.slot), m.reason)
            })
        })
        .or_else(|| {
            when(it, |m: BookingCancelled| format!("cancels {}: {}", slot(&m.slot), m.reason))
        })
        .or_else(|| {
            when(it, |_: BookingExpired| {
                "lets the hold go: it was not confirmed in time".to_owned()
            })
        })
        .or_else(|| when(it, |m: BookingStarted| format!("{} is at the workshop", m.asset)))
        .or_else(|| when(it, |_: BookingCompleted| "the workshop is done".to_owned()))
        .or_else(|| {
            when(it, |m: NoShowRecorded| format!("{} says that {} did not come", m.by, m.asset))
        })
        .or_else(|| {
            when(it, |m: BookingMissed| format!("ends the booking: {} did not come", m.asset))
        })
}

fn about_truth(case: CaseId, it: &Envelope) -> Option<String> {
    when(it, |m: FindingRecorded| found(&m)).or_else(|| {
        when(it, |m: PredictionVerified| {
            let outcome = match m.outcome {
                Outcome::TruePositive => "the prediction was right",
                Outcome::FalsePositive => "the prediction was wrong",
                Outcome::FalseNegative => "nobody foresaw it",
                Outcome::Censored => "it cannot be told whether the prediction was right",
            };
            let lead = m.lead_hours.map(|lead| format!(", {} ahead", hours(lead)));
            let other = m.case.is_some_and(|other| other != case);
            let other = if other { " (another case)" } else { "" };
            format!("{outcome}{}{other}: {}", lead.unwrap_or_default(), m.detector)
        })
    })
}

fn found(m: &FindingRecorded) -> String {
    let mut text = match &m.component {
        Some(component) => format!("{} found {component} faulty", m.by),
        None => format!("{} examined {} and found no fault", m.by, m.examined),
    };
    for (name, value) in [("cause", &m.cause), ("part", &m.part), ("batch", &m.batch)] {
        if let Some(value) = value {
            text.push_str(&format!(", {name} {value}"));
        }
    }
    text.push_str(if m.repaired { ", repaired" } else { ", not repaired" });
    text
}

fn slot(slot: &Slot) -> String {
    format!("{} bay {} on {}", slot.centre_name, slot.bay, time(slot.from))
}

/// A moment to the minute, as the log has it: UTC.
fn time(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..16) {
        Some(minute) => format!("{} UTC", minute.replace('T', " ")),
        None => text,
    }
}

fn percent(value: Finite) -> String {
    format!("{:.0} %", value.get() * 100.0)
}

fn hours(value: Finite) -> String {
    let hours = value.get();
    if hours >= 48.0 { format!("{:.1} days", hours / 24.0) } else { format!("{hours:.1} h") }
}

/// The name of a variant, as the message has it.
fn token<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        _ => String::from("?"),
    }
}

/// A reason within a sentence.
fn clause(reason: &str) -> &str {
    reason.trim_end_matches('.')
}

/// What somebody said, on one line and not too long.
fn quote(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(QUOTE_LETTERS_MAX).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    format!("“{short}”")
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::catalogue::CATALOGUE;
    use messages::registry::AssetRetired;
    use messages::{MessageId, Stream};

    /// What is never an answer to something of a case: devices, people and the runtime say it by themselves.
    const OF_NO_CASE: [&str; 14] = [
        "access.denied",
        "activity.measured",
        "asset.registered",
        "asset.retired",
        "audit.recorded",
        "capa.signed",
        "centre.registered",
        "message.dead",
        "message.redelivered",
        "model.promoted",
        "owner.registered",
        "part.stocked",
        "principal.released",
        "telemetry.released",
    ];

    #[test]
    fn there_are_words_for_every_message_that_can_be_in_a_story() {
        let retired = AssetRetired { asset: "VEH001".to_owned(), reason: "sold".to_owned() };
        let id = MessageId::named("words", "1");
        let envelope = Envelope::new(id, "test", &retired).unwrap();
        let on_log = CATALOGUE.iter().filter(|entry| entry.class.stream() == Stream::Log);
        let names: Vec<&str> = on_log.map(|entry| entry.name).collect();
        for name in OF_NO_CASE {
            assert!(names.contains(&name), "there is no `{name}`");
        }
        for name in names.into_iter().filter(|name| !OF_NO_CASE.contains(name)) {
            let case = CaseId::of(id, "brake");
            let said = say(case, &Envelope { name: name.to_owned(), ..envelope.clone() });
            assert!(!said.contains("no words"), "{said}");
        }
    }

    #[test]
    fn moments_shares_and_spans_are_said_as_people_say_them() {
        assert_eq!(time("2026-03-02T06:01:30.250Z".parse().unwrap()), "2026-03-02 06:01 UTC");
        assert_eq!(percent(Finite::new(0.754).unwrap()), "75 %");
        assert_eq!(hours(Finite::new(12.5).unwrap()), "12.5 h");
        assert_eq!(hours(Finite::new(168.0).unwrap()), "7.0 days");
    }

    #[test]
    fn a_quotation_is_one_line_and_says_when_it_was_cut() {
        assert_eq!(quote("now\nis  bad"), "“now is bad”");
        let long = quote(&"ä".repeat(QUOTE_LETTERS_MAX + 1));
        assert_eq!(long.chars().count(), QUOTE_LETTERS_MAX + 3);
        assert!(long.ends_with("…”"));
    }
}
