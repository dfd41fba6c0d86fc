//! Words what is to be said to an owner, from facts alone: each turn is a sentence with places for facts in it.
//!
//! [`write()`] makes a script for an [`Occasion`]; [`check`] tells whether a text, whoever wrote it, says no number that is
//! not among the facts. Names and addresses are no facts here: the channel adds them.

pub mod check;
mod english;
mod figures;

use jiff::tz::TimeZone;
use messages::contact::{Facts, OfferedSlot, Purpose};

/// Why something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// The owner is contacted.
    Contact(Purpose),
    /// The owner asked what it costs.
    Cost,
    /// The owner asked whether it is safe to drive.
    Safety,
    /// The owner asked why.
    Reason,
    /// The reply was not understood.
    Clarification,
    /// The owner wants no contact any more; the last thing that is said.
    OptedOut,
}

/// What may be said, and to whom it is said.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    /// The asset.
    pub asset: &'a str,
    /// Everything that may be said of it.
    pub facts: &'a Facts,
    /// Slots to choose from, numbered from one.
    pub slots: &'a [OfferedSlot],
    /// Where the owner lives.
    pub zone: &'a TimeZone,
    /// Visits of the owner's other assets.
    pub visits: &'a [Visit<'a>],
}

/// A visit that the owner has agreed to for another asset.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The asset.
    pub asset: &'a str,
    /// When and where.
    pub slot: &'a OfferedSlot,
}

/// What part of a conversation a turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Who speaks.
    Greeting,
    /// What is wrong, and how likely.
    Issue,
    /// Why it is believed.
    Reason,
    /// What to do, what it costs and saves.
    Recommendation,
    /// How far it may be driven.
    Driving,
    /// When it can be done.
    Slots,
    /// What the owner can answer.
    Close,
}

/// One turn of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What it is.
    pub part: Part,
    /// What is said.
    pub text: String,
}

/// What is said, turn by turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// BCP 47 tag of the language that it is in.
    pub language: &'static str,
    /// The turns, in order.
    pub turns: Vec<Turn>,
}

impl Script {
    /// All turns as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.turns.iter().map(|turn| turn.text.as_str()).collect();
        texts.join(" ")
    }
}

/// What is said on `occasion`, in the language of a BCP 47 tag, or in English where that is not spoken.
#[must_use]
pub fn write(occasion: Occasion, matter: &Matter<'_>, language: &str) -> Script {
    let spoken = LANGUAGES.iter().find(|spoken| is_spoken(spoken.tag, language));
    let spoken = spoken.unwrap_or(&LANGUAGES[0]);
    Script { language: spoken.tag, turns: (spoken.turns)(occasion, matter) }
}

/// A language that scripts are written in.
struct Language {
    tag: &'static str,
    turns: fn(Occasion, &Matter<'_>) -> Vec<Turn>,
}

/// All languages, the first for everybody whose own is not here.
const LANGUAGES: &[Language] = &[Language { tag: "en", turns: english::turns }];

/// Whether `wanted` is `tag` or a variety of it: "en-IN" is "en".
fn is_spoken(tag: &str, wanted: &str) -> bool {
    let primary = wanted.split(['-', '_']).next().unwrap_or_default();
    primary.eq_ignore_ascii_case(tag)
}
