//! Steps of a script in words for operators.

use crate::language::template::Template;
use crate::language::{Action, Attack, Bays, Often, Step, Subject, Workshop};
use std::time::Duration;

/// What a step that does something is told as; `None` for what tells itself.
#[must_use]
pub fn step_words(step: &Step) -> Option<String> {
    Some(match &step.action {
        Action::Start => "the fleet begins to send".to_owned(),
        Action::Stop => "the fleet stops sending".to_owned(),
        Action::Inject { fault, asset, channel, ramp, to, .. } => {
            let of = channel
                .as_ref()
                .map(|channel| format!(" of {}", spoken(&plain(channel))))
                .unwrap_or_default();
            let ramp = ramp.map(|ramp| format!(", within {}", span(ramp))).unwrap_or_default();
            let to = to.map(|to| format!(", to {:.0} %", to * 100.0)).unwrap_or_default();
            format!("{} begins: {}{of}{ramp}{to}", plain(asset), spoken(fault))
        }
        Action::Clear(name) => format!("what was called “{}” ends", spoken(name)),
        Action::Kill { agent, times, .. } => format!("{agent} is killed{}", repeated(*times)),
        Action::Crash(point) => format!("everything is to end at {point}, and to begin again"),
        Action::Pause(agent) => format!("{agent} is paused"),
        Action::Resume(agent) => format!("{agent} goes on"),
        Action::Workshop(workshop) => return workshop_words(workshop),
        Action::Attack(Attack { kind, principal, target, lasts, .. }) => {
            let at = target.as_ref().map(|it| format!(" on {}", spoken(&plain(it))));
            let (kind, at) = (spoken(kind.name()), at.unwrap_or_default());
            format!(
                "attack with the credential of {}: {kind}{at}, for {}",
                plain(principal),
                span(*lasts)
            )
        }
        Action::Release { principal, .. } => format!("a person releases {}", plain(principal)),
        Action::Subscribe { principal, to, .. } => {
            format!("with the credential of {}: reads {}", plain(principal), spoken(&plain(to)))
        }
        Action::Publish { principal: Some(principal), event, key, .. } => {
            let who = plain(principal);
            format!("with the credential of {who}: {} about {}", spoken(event), plain(key))
        }
        Action::Publish { event, key, .. } => {
            format!("from outside: {} about {}", spoken(event), plain(key))
        }
        Action::Reply { .. }
        | Action::Wait(_)
        | Action::Expect(_)
        | Action::Parallel(_)
        | Action::Repeat { .. }
        | Action::Note(_) => return None,
    })
}

fn workshop_words(workshop: &Workshop) -> Option<String> {
    Some(match workshop {
        Workshop::Complete { .. } | Workshop::NoShow(_) => return None,
        Workshop::DropBay { centre, bays: Bays::Fewer(1) } => {
            format!("{} loses a bay", one(centre))
        }
        Workshop::DropBay { centre, bays: Bays::Fewer(bays) } => {
            format!("{} loses {bays} bays", one(centre))
        }
        Workshop::DropBay { centre, bays: Bays::Left(1) } => {
            format!("{} has only one bay left", one(centre))
        }
        Workshop::DropBay { centre, bays: Bays::Left(left) } => {
            format!("{} has only {left} bays left", one(centre))
        }
        Workshop::DropTechnician { centre, .. } => {
            format!("a technician leaves {}", one(centre))
        }
        Workshop::Close { centre, days } => format!("{} closed for {days} days", centres(centre)),
        Workshop::Restore(centre) => format!("{} as at the beginning again", centres(centre)),
    })
}

/// What a step that waits is told as when it ends.
#[must_use]
pub fn waited_words(step: &Step) -> String {
    match &step.action {
        Action::Expect(expectation) => expected(&expectation.subject),
        Action::Workshop(Workshop::Complete { .. }) => {
            "the workshop has looked and repaired".to_owned()
        }
        Action::Workshop(Workshop::NoShow(_)) => "nobody came to the workshop".to_owned(),
        _ => step_words(step).unwrap_or_else(|| step.action.verb().to_owned()),
    }
}

fn expected(subject: &Subject) -> String {
    match subject {
        Subject::Event { name, about, often } => {
            let asset = about.get("asset").map(|asset| format!(" of {}", plain(asset)));
            let what = format!("{}{}", spoken(name), asset.unwrap_or_default());
            match often {
                Often::AtLeast(1) => what,
                Often::AtLeast(least) => format!("{what}, {least} times or more"),
                Often::Exactly(1) => format!("{what}, once"),
                Often::Exactly(count) => format!("{what}, {count} times"),
                Often::Between(0, 0) => format!("no {what}"),
                Often::Between(least, most) => format!("{what}, {least} to {most} times"),
            }
        }
        Subject::Case(_, state) => format!("the case is {}", spoken(state)),
        Subject::Booking(_, state) => format!("the booking is {}", spoken(state)),
        Subject::Asset(asset, state) => format!("{} is {}", plain(asset), spoken(state)),
        Subject::Agents(None, state) => format!("all agents are {state}"),
        Subject::Agents(Some(kind), state) => format!("{kind} is {state}"),
        Subject::Metric(measure) => format!("{} is as expected", spoken(measure.text())),
    }
}

/// A name, without what was saved under another.
fn plain(template: &Template) -> String {
    template.as_literal().map_or_else(|| "it".to_owned(), str::to_owned)
}

fn centres(centre: &Template) -> String {
    match centre.as_literal() {
        Some("*") => "all workshops are".to_owned(),
        _ => format!("{} is", one(centre)),
    }
}

fn one(centre: &Template) -> String {
    match centre.as_literal() {
        Some(name) => format!("workshop {name}"),
        None => "the workshop".to_owned(),
    }
}

fn repeated(times: u32) -> String {
    match times {
        1 => String::new(),
        2 => ", twice".to_owned(),
        times => format!(", {times} times"),
    }
}

fn spoken(name: &str) -> String {
    name.replace(['_', '.'], " ")
}

fn span(duration: Duration) -> String {
    let hours = duration.as_secs() / 3_600;
    match (hours / 24, hours) {
        (0, 0) if duration.as_secs() < 120 => format!("{} seconds", duration.as_secs()),
        (0, 0) => format!("{} minutes", duration.as_secs() / 60),
        (0, hours) => format!("{hours} hours"),
        (days, _) => format!("{days} days"),
    }
}
