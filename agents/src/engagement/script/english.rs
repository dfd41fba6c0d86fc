//! What is said in English.

use super::figures::{self, Span, Start, Tenths};
use super::{Matter, Occasion, Part, Turn};
use jiff::Zoned;
use messages::contact::{Costs, OfferedSlot, Purpose};
use messages::prediction::Driving;

/// Most reasons that are said; the rest would not be listened to.
const REASONS_MAX: usize = 2;

pub(super) fn turns(occasion: Occasion, matter: &Matter<'_>) -> Vec<Turn> {
    match occasion {
        Occasion::Contact(purpose) => contact(purpose, matter),
        Occasion::Cost => vec![cost(matter), slots(matter), close(matter)],
        Occasion::Safety => vec![issue(matter), driving(matter), slots(matter), close(matter)],
        Occasion::Reason => vec![issue(matter), reason(matter), slots(matter), close(matter)],
        Occasion::Clarification => vec![
            turn(Part::Greeting, "Sorry, we did not understand that.".to_owned()),
            slots(matter),
            turn(Part::Close, clarification(matter)),
        ],
        Occasion::OptedOut => single(
            "We will not contact you again. If you change your mind, tell your service centre. Thank you.",
        ),
    }
    .into_iter()
    .filter(|turn| !turn.text.is_empty())
    .collect()
}

fn single(text: &str) -> Vec<Turn> {
    vec![turn(Part::Close, text.to_owned())]
}

fn turn(part: Part, text: String) -> Turn {
    Turn { part, text }
}

fn contact(purpose: Purpose, matter: &Matter<'_>) -> Vec<Turn> {
    let asset = matter.asset;
    let greeting = |text: String| turn(Part::Greeting, text);
    let say = |text: &str| turn(Part::Close, text.to_owned());
    match purpose {
        Purpose::PredictedFailure => proposal(
            greeting(format!("Hello, this is the maintenance service for {asset}.")),
            matter,
        ),
        Purpose::UrgentAlert => {
            let hello = format!("Urgent: this is the maintenance service for {asset}.");
            vec![
                greeting(hello),
                driving(matter),
                issue(matter),
                reason(matter),
                recommendation(matter),
                slots(matter),
                close(matter),
            ]
        }
        Purpose::UrgentWarning => vec![
            greeting(format!("Urgent: this is the maintenance service for {asset}.")),
            driving(matter),
            issue(matter),
            reason(matter),
            say("A colleague will call you about a slot at a workshop."),
        ],
        Purpose::Reminder => proposal(
            greeting(format!("Hello again about {asset}: we have not heard from you yet.")),
            matter,
        ),
        Purpose::Callback => {
            proposal(greeting(format!("Hello again about {asset}, as you asked.")), matter)
        }
        Purpose::BookingRecovery => vec![
            greeting(format!("Hello again about {asset}. We can make it easier for you.")),
            issue(matter),
            recommendation(matter),
            turn(Part::Slots, easier(matter)),
            close(matter),
        ],
        Purpose::BookingConfirmed => vec![
            greeting(format!("Your visit for {asset} is confirmed.")),
            turn(Part::Slots, booked(matter)),
            driving(matter),
            say("If you need another time, just tell us."),
        ],
        Purpose::BookingMoved => vec![
            greeting(format!("The workshop had to move your visit for {asset}. We are sorry.")),
            turn(Part::Slots, booked(matter)),
            slots(matter),
            say("If that does not suit you, tell us a time that does."),
        ],
        Purpose::BookingCancelled => vec![
            greeting(format!("Your visit for {asset} cannot take place. We are sorry.")),
            driving(matter),
            slots(matter),
            close(matter),
        ],
        Purpose::PostServiceFeedback => vec![
            greeting(format!("The work on {asset} is done ({}).", matter.facts.component)),
            say("Were you content with it? Tell us in your own words."),
        ],
    }
}

/// A visit, proposed.
fn proposal(greeting: Turn, matter: &Matter<'_>) -> Vec<Turn> {
    vec![
        greeting,
        issue(matter),
        reason(matter),
        recommendation(matter),
        driving(matter),
        slots(matter),
        close(matter),
    ]
}

fn issue(matter: &Matter<'_>) -> Turn {
    let facts = matter.facts;
    let likely = match figures::tenths(facts.probability) {
        Tenths::Few => "less than 1 in 10".to_owned(),
        Tenths::About(tenths) => format!("about {tenths} in 10"),
        Tenths::Nearly => "more than 9 in 10".to_owned(),
    };
    let (component, issue) = (&facts.component, &facts.issue);
    let horizon = span(figures::span(facts.horizon_hours));
    let left = facts
        .time_left_hours
        .map(|hours| format!(" It may last about {} more.", span(figures::span(hours))));
    turn(
        Part::Issue,
        format!(
            "We found signs of trouble: {component}, {issue}. The chance of a failure within {horizon} is {likely}.{}",
            left.unwrap_or_default()
        ),
    )
}

fn reason(matter: &Matter<'_>) -> Turn {
    let reasons: Vec<&str> =
        matter.facts.reasons.iter().take(REASONS_MAX).map(|reason| reason.trim()).collect();
    let text = if reasons.is_empty() {
        String::new()
    } else {
        format!("We think so because of this: {}.", reasons.join("; "))
    };
    turn(Part::Reason, text)
}

fn recommendation(matter: &Matter<'_>) -> Turn {
    let text = match &matter.facts.costs {
        Some(costs) => {
            let (price, saving) = price(costs);
            format!("We recommend a visit to the workshop: {price}, parts and labour.{saving}")
        }
        None => "We recommend a visit to the workshop.".to_owned(),
    };
    turn(Part::Recommendation, text)
}

/// The answer to what it costs.
fn cost(matter: &Matter<'_>) -> Turn {
    if matter.facts.costs.is_some() {
        return recommendation(matter);
    }
    let text = "We do not know what it will cost; the workshop can tell you.";
    turn(Part::Recommendation, text.to_owned())
}

/// What the repair costs, and a sentence about what it saves.
fn price(costs: &Costs) -> (String, String) {
    let Costs { currency, repair_min, repair_max, saving } = costs;
    let (least, most) = (figures::amount(*repair_min), figures::amount(*repair_max));
    let name = currency_name(currency);
    let price = if least == most {
        format!("about {} {name}", figures::grouped(most))
    } else {
        format!("{} to {} {name}", figures::grouped(least), figures::grouped(most))
    };
    let saving = match figures::amount(*saving) {
        0 => String::new(),
        saving => {
            format!(
                " Acting now saves about {} {name} against a failure.",
                figures::grouped(saving)
            )
        }
    };
    (price, saving)
}

/// The name of a currency, or its code where it has no other here.
fn currency_name(code: &str) -> &str {
    match code {
        "INR" => "rupees",
        "EUR" => "euros",
        "USD" => "dollars",
        "GBP" => "pounds",
        code => code,
    }
}

fn driving(matter: &Matter<'_>) -> Turn {
    let text = match matter.facts.driving {
        Driving::Stop => "Please do not drive it until it has been seen to.".to_owned(),
        Driving::Limited { km_max } => {
            format!("Please drive no more than {} km until then.", figures::grouped(km_max.into()))
        }
        Driving::WithCare { km_max } => format!(
            "Please drive with care, and no more than {} km until then.",
            figures::grouped(km_max.into())
        ),
        Driving::Free => "You may drive as usual.".to_owned(),
    };
    turn(Part::Driving, text)
}

fn slots(matter: &Matter<'_>) -> Turn {
    let offered = offered(matter);
    let text = if offered.is_empty() { String::new() } else { format!("You can come: {offered}.") };
    turn(Part::Slots, text)
}

fn offered(matter: &Matter<'_>) -> String {
    let named = (1..).zip(matter.slots).filter_map(|(number, slot)| {
        let start = figures::start(slot, matter.zone)?;
        Some(format!("{number}) {}{}", place(slot, &start), company(slot, &start, matter)))
    });
    named.collect::<Vec<String>>().join(", ")
}

/// ", together with VEH004": whose visit is at the same centre on the same day.
fn company(slot: &OfferedSlot, start: &Start, matter: &Matter<'_>) -> String {
    let date = start.centre.date();
    let with = matter.visits.iter().filter(|visit| {
        visit.slot.centre == slot.centre
            && figures::start(visit.slot, matter.zone).is_some_and(|it| it.centre.date() == date)
    });
    let assets: Vec<&str> = with.map(|visit| visit.asset).collect();
    if assets.is_empty() {
        String::new()
    } else {
        format!(", together with {}", assets.join(" and "))
    }
}

fn easier(matter: &Matter<'_>) -> String {
    let offered = offered(matter);
    if offered.is_empty() {
        return "We can collect it, or take it in the evening or at the weekend.".to_owned();
    }
    format!("We can collect it and bring it back. These times are free: {offered}.")
}

fn booked(matter: &Matter<'_>) -> String {
    let slot = matter.facts.booked.as_ref();
    let start = slot.and_then(|slot| Some((slot, figures::start(slot, matter.zone)?)));
    start.map_or_else(String::new, |(slot, start)| format!("It is on {}.", place(slot, &start)))
}

/// "Thursday 5 March at 14:00, Pune".
fn place(slot: &OfferedSlot, start: &Start) -> String {
    let centre = &start.centre;
    let owner = start.owner.as_ref().map(|owner| {
        let day =
            if owner.date() == centre.date() { String::new() } else { format!("{} ", day(owner)) };
        format!(" ({day}{} where you are)", clock(owner))
    });
    let owner = owner.unwrap_or_default();
    format!("{} at {}{owner}, {}", day(centre), clock(centre), slot.centre_name)
}

fn day(moment: &Zoned) -> String {
    moment.strftime("%A %-d %B").to_string()
}

fn clock(moment: &Zoned) -> String {
    moment.strftime("%H:%M").to_string()
}

fn close(matter: &Matter<'_>) -> Turn {
    let text = if matter.slots.is_empty() && matter.facts.booked.is_some() {
        return turn(Part::Close, format!("Your visit stands. {}", booked(matter)));
    } else if matter.slots.is_empty() {
        "May we book a visit? You can also tell us when to call, or STOP to hear no more from us."
    } else {
        "Which one suits you? You can also tell us another time, or STOP to hear no more from us."
    };
    turn(Part::Close, text.to_owned())
}

fn clarification(matter: &Matter<'_>) -> String {
    let choose =
        if matter.slots.is_empty() { "YES to book a visit" } else { "the number of a time" };
    format!("Please answer with {choose}, LATER, NO, or PERSON to talk to a colleague.")
}

fn span(span: Span) -> String {
    let (value, unit) = match span {
        Span::Hours(1) => return "an hour".to_owned(),
        Span::Hours(hours) => (hours, "hours"),
        Span::Days(days) => (days, "days"),
    };
    match usize::try_from(value).ok().and_then(|value| NUMBERS.get(value)) {
        Some(word) => format!("{word} {unit}"),
        None => format!("{value} {unit}"),
    }
}

/// Small numbers, as they are spoken.
const NUMBERS: [&str; 13] = [
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
];
