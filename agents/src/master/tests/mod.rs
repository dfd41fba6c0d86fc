//! Cases told as stories: the other agents' messages are said by hand, what the master makes of them is asserted.

mod deadlines;
mod misfortunes;
mod paths;
mod promises;
mod room;
mod silence;
mod story;

use messages::case::CaseState;
use messages::prediction::Severity;
use story::Story;

pub(super) const HIGH: Severity = Severity::High;

/// A story that begins with brakes that may fail and three slots.
fn opened() -> Story {
    let mut story = Story::begin();
    story.predict("brake", HIGH);
    story
}

/// The owner was told and is to answer.
fn awaiting() -> Story {
    let mut story = opened();
    story.offer(3);
    story.contacted();
    assert_eq!(story.state(), CaseState::AwaitingCustomer);
    story
}

/// A slot is booked.
fn booked() -> Story {
    let mut story = awaiting();
    story.choose(0);
    story.held();
    story.confirmed();
    assert_eq!(story.state(), CaseState::Booked);
    story
}
