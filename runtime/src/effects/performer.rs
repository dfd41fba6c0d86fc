//! Who does an effect, and the rules that are kept where it is done.

use messages::effect::{Effect, Policy};
use messages::{Envelope, Timestamp};

/// Does effects of type `E`. A call may block; several may be under way at once.
pub trait Performer<E: Effect>: Send + Sync + 'static {
    /// Rules to keep, as they are before they have heard any record; none where nothing else is said.
    fn rules(&self) -> Box<dyn Rules<E>> {
        Box::new(Unruled)
    }

    /// What may be done when it is not known whether `effect` happened.
    fn policy(&self, _effect: &E) -> Policy {
        E::POLICY
    }

    /// Whether doing `effect` reaches anybody outside.
    fn reach(&self, _effect: &E) -> Reach {
        Reach::Outside
    }

    /// Does it. Must end by itself; a panic counts as [`Attempt::Lost`].
    fn perform(&self, effect: &E) -> Attempt;

    /// Asks whether it was done, under [`Policy::QueryThenRetry`]. [`Answer::NotFound`] must mean that no earlier
    /// call can still be at work: the next one follows at once.
    fn query(&self, _effect: &E) -> Answer {
        Answer::Unreached { reason: "the provider cannot be asked".to_owned() }
    }
}

/// Rules kept where an effect is performed: consent, quiet hours, caps.
pub trait Rules<E: Effect>: Send + 'static {
    /// Takes note of one record of LOG; every record is heard once, in order.
    fn hear(&mut self, record: &Envelope);

    /// Whether `effect`, which `intent` carries, may be done at `now`. Asked anew before each attempt.
    fn admit(&self, effect: &E, intent: &Envelope, now: Timestamp) -> Admission;
}

/// Whether an effect may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// At once.
    Now,
    /// Not before this moment; it is asked again then.
    NotBefore(Timestamp),
    /// Not at all.
    Never {
        /// Which rule says so, in words.
        reason: String,
    },
}

/// Whether doing an effect reaches anybody outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It stays within this deployment.
    Inside,
    /// It reaches somebody; what was not measured does not, unless that is allowed.
    Outside,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The provider did it.
    Accepted {
        /// The provider's own name for it.
        reference: Option<String>,
        /// What came back, for effects that are questions.
        reply: Option<String>,
    },
    /// The provider says no; it did not happen.
    Refused {
        /// Why.
        reason: String,
    },
    /// It certainly did not happen; it may later.
    Unreached {
        /// Why.
        reason: String,
    },
    /// It may have happened: no answer came, or none that says.
    Lost {
        /// What is known.
        reason: String,
    },
}

/// What a provider says when it is asked about an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Found {
        /// The provider's own name for it.
        reference: Option<String>,
        /// What came back then, for effects that are questions.
        reply: Option<String>,
    },
    /// It was not done, and no earlier call will do it.
    NotFound,
    /// No answer came.
    Unreached {
        /// Why.
        reason: String,
    },
}

/// No rules.
pub(crate) struct Unruled;

impl<E: Effect> Rules<E> for Unruled {
    fn hear(&mut self, _record: &Envelope) {}

    fn admit(&self, _effect: &E, _intent: &Envelope, _now: Timestamp) -> Admission {
        Admission::Now
    }
}

/// For what is done by being on the log: a message in an app that reads it there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recorded;

impl<E: Effect> Performer<E> for Recorded {
    fn policy(&self, _effect: &E) -> Policy {
        Policy::Repeatable
    }

    fn reach(&self, _effect: &E) -> Reach {
        Reach::Inside
    }

    fn perform(&self, _effect: &E) -> Attempt {
        Attempt::Accepted { reference: None, reply: None }
    }
}
