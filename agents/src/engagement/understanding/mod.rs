//! Understands what an owner's reply means: one intent, the time and the offer that go with it, and how it was said.
//!
//! Rules and a table of phrases, no model: the same reply always means the same, and every answer names the
//! words that it rests on. A reply that may mean two things, or that is mostly not understood, is
//! [`Intent::Unclear`]: asking again costs a message, acting wrongly costs an owner.

mod choice;
mod mood;
mod phrases;
mod reading;
mod spelling;
mod table;
mod verdict;
pub(crate) mod words;

pub use words::REPLY_CHARS_MAX;

use super::moment::calendar::Calendar;
use super::moment::{QuietHours, When, expression};
use jiff::tz::TimeZone;
use messages::Timestamp;
use messages::contact::Intent;
use phrases::Lexicon;
use reading::Reading;
use words::Spelling;

/// A visit that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// In what situation a reply was written.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What was offered last, numbered from one in this order; none when nothing was.
    pub offers: &'a [Offer],
    /// Where the owner lives.
    pub zone: &'a TimeZone,
    /// When the reply came.
    pub now: Timestamp,
    /// Hours in which the owner is not disturbed.
    pub quiet: QuietHours,
}

/// What a reply means.
#[derive(Clone, Debug, PartialEq)]
pub struct Understood {
    /// What the owner wants first of all.
    pub intent: Intent,
    /// What the owner wants besides.
    pub also: Vec<Intent>,
    /// The time that was named for it.
    pub time: Option<When>,
    /// The offer that was chosen, from 0 on.
    pub slot: Option<usize>,
    /// How it was said, from −1 to 1.
    pub sentiment: f64,
    /// The words that it rests on, as they were written.
    pub evidence: Vec<String>,
}

/// Reads replies of one language.
#[derive(Clone, Debug)]
pub struct Reader {
    lexicon: Lexicon,
    spelling: Spelling,
}

impl Reader {
    /// For a BCP 47 language tag. English is the only language so far, and what owners of other languages are
    /// read in, too: what they write in theirs is unclear.
    #[must_use]
    pub fn of(_language: &str) -> Self {
        let lexicon = Lexicon::english();
        let spelling = lexicon.spelling();
        Self { lexicon, spelling }
    }

    /// What `reply` means in `context`.
    #[must_use]
    pub fn understand(&self, reply: &str, context: &Context<'_>) -> Understood {
        let tokens = words::tokens(reply, &self.spelling);
        let sentiment = mood::of(&tokens, self.lexicon.table());
        let cut = reply.chars().nth(REPLY_CHARS_MAX).is_some();
        let Some(calendar) = Calendar::new(context.zone, context.now, context.quiet) else {
            return Understood::unclear(sentiment);
        };
        let expressions = expression::expressions(&tokens, context.offers.len());
        let items = self.lexicon.items(&tokens, &expressions);
        let matches = self.lexicon.matches(&items);
        let reading = Reading::new(
            reply,
            self.lexicon.table(),
            items,
            matches,
            &expressions,
            &calendar,
            context,
        );
        let verdict = verdict::of(&reading, cut);
        Understood { sentiment, ..verdict }
    }
}

impl Understood {
    fn unclear(sentiment: f64) -> Self {
        Self {
            intent: Intent::Unclear,
            also: Vec::new(),
            time: None,
            slot: None,
            sentiment,
            evidence: Vec::new(),
        }
    }
}

/// What a phrase is a sign of. Of two phrases of one length over the same words, the sense that stands first here has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sense {
    /// No contact any more.
    OptOut,
    /// Nothing; keeps its words from being taken for something.
    None,
    /// Not the owner.
    Stranger,
    /// Wants or needs a person.
    Human,
    /// Angry.
    Anger,
    /// Says one thing and means another.
    Doubt,
    /// Content as it is: in good spirits, or a polite no.
    Content,
    /// A clear no.
    Refuse,
    /// Wants to be contacted at another time.
    Callback,
    /// Not now.
    Later,
    /// Has no time at the moment.
    Busy,
    /// Does not know.
    Unsure,
    /// A condition or a reservation.
    Hedge,
    /// Asks for the price.
    Cost,
    /// Asks for the danger.
    Safety,
    /// Asks for the reason.
    Reason,
    /// The time does not fit.
    Misfit,
    /// Wants another time.
    Move,
    /// A clear yes: tells us to go ahead.
    Book,
    /// Any of the offers.
    Any,
    /// Yes.
    Yes,
    /// It is all right.
    Fine,
    /// Praise, which says yes to a time that it goes with and nothing alone.
    Suits,
    /// Heard.
    Ack,
    /// A bare no.
    No,
}

impl Sense {
    /// Names of the senses in the file of a lexicon.
    const NAMES: &[(&str, Sense)] = &[
        ("opt_out", Sense::OptOut),
        ("nothing", Sense::None),
        ("stranger", Sense::Stranger),
        ("human", Sense::Human),
        ("anger", Sense::Anger),
        ("doubt", Sense::Doubt),
        ("content", Sense::Content),
        ("refuse", Sense::Refuse),
        ("callback", Sense::Callback),
        ("later", Sense::Later),
        ("busy", Sense::Busy),
        ("unsure", Sense::Unsure),
        ("hedge", Sense::Hedge),
        ("cost", Sense::Cost),
        ("safety", Sense::Safety),
        ("reason", Sense::Reason),
        ("misfit", Sense::Misfit),
        ("move", Sense::Move),
        ("book", Sense::Book),
        ("any", Sense::Any),
        ("yes", Sense::Yes),
        ("fine", Sense::Fine),
        ("suits", Sense::Suits),
        ("ack", Sense::Ack),
        ("no", Sense::No),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, sense)| *sense)
    }
}
