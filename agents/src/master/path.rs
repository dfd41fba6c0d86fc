//! The path of a case as a table: which state may follow which, and what each state waits for.

use messages::case::CaseState::{
    self, AwaitingCustomer, Booked, Cancelled, Closed, Contacting, Declined, Deferred, Escalated,
    InService, Opened, Scheduling, Uncertain, Verifying,
};
use serde::{Deserialize, Serialize};

/// What a case waits for. Each has a deadline and something that happens when it passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// The workshops' slots; asked again, then escalated.
    Offers,
    /// That the owner is reached; escalated.
    Reach,
    /// The owner's answer; a reminder, then escalated.
    Answer,
    /// That a slot is held; another is looked for, then escalated.
    Hold,
    /// That a held slot is booked; another is looked for, then escalated.
    Confirm,
    /// That a booking is moved; another slot is looked for, then escalated.
    Move,
    /// The time of the next contact; slots are looked for, then the owner is contacted.
    Pause,
    /// That the asset comes to the workshop; escalated.
    Visit,
    /// What the workshop finds; escalated.
    Finding,
    /// Whether the prediction was right; closed by the finding alone.
    Verdict,
    /// A person; asked again.
    Person,
}

/// For each state that is not the end: what it may wait for, and which other states may follow it.
pub const PATH: &[(CaseState, &[Wait], &[CaseState])] = &[
    (Opened, &[Wait::Offers], &[Contacting, InService, Verifying, Escalated, Closed, Cancelled]),
    (
        Contacting,
        &[Wait::Offers, Wait::Reach, Wait::Pause],
        &[
            AwaitingCustomer,
            Scheduling,
            Booked,
            InService,
            Verifying,
            Deferred,
            Declined,
            Escalated,
            Uncertain,
            Closed,
            Cancelled,
        ],
    ),
    (
        AwaitingCustomer,
        &[Wait::Answer],
        &[
            Contacting, Scheduling, Booked, InService, Verifying, Deferred, Declined, Escalated,
            Uncertain, Closed, Cancelled,
        ],
    ),
    (
        Scheduling,
        &[Wait::Offers, Wait::Hold, Wait::Confirm, Wait::Move],
        &[
            Contacting, Booked, InService, Verifying, Deferred, Declined, Escalated, Closed,
            Cancelled,
        ],
    ),
    (
        Booked,
        &[Wait::Visit],
        &[Scheduling, InService, Verifying, Declined, Escalated, Uncertain, Closed, Cancelled],
    ),
    (InService, &[Wait::Finding], &[Scheduling, Verifying, Escalated, Closed, Cancelled]),
    (Verifying, &[Wait::Verdict], &[Closed, Cancelled]),
    (
        Deferred,
        &[Wait::Pause],
        &[Contacting, Scheduling, InService, Verifying, Declined, Escalated, Closed, Cancelled],
    ),
    (
        Declined,
        &[Wait::Pause],
        &[Contacting, Scheduling, InService, Verifying, Deferred, Escalated, Closed, Cancelled],
    ),
    (
        Escalated,
        &[Wait::Person],
        &[
            Contacting, Scheduling, Booked, InService, Verifying, Deferred, Declined, Closed,
            Cancelled,
        ],
    ),
    (
        Uncertain,
        &[Wait::Person],
        &[
            Contacting,
            AwaitingCustomer,
            Scheduling,
            Booked,
            InService,
            Verifying,
            Deferred,
            Declined,
            Escalated,
            Closed,
            Cancelled,
        ],
    ),
];

/// Whether a case may go on from one state to the other; staying is allowed until the end.
#[must_use]
pub fn leads(from: CaseState, to: CaseState) -> bool {
    PATH.iter().any(|(state, _, next)| *state == from && (to == from || next.contains(&to)))
}

/// Whether a case in `state` may wait for `wait`.
#[must_use]
pub fn waits(state: CaseState, wait: Wait) -> bool {
    PATH.iter().any(|(known, waits, _)| *known == state && waits.contains(&wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [CaseState; 13] = [
        Opened,
        Contacting,
        AwaitingCustomer,
        Scheduling,
        Booked,
        InService,
        Verifying,
        Closed,
        Deferred,
        Declined,
        Escalated,
        Cancelled,
        Uncertain,
    ];

    #[test]
    fn every_state_but_the_last_waits_for_something_and_can_end() {
        for state in ALL {
            let row = PATH.iter().find(|(known, ..)| *known == state);
            assert_eq!(row.is_none(), state.is_final(), "{state:?}");
            let Some((_, waits, next)) = row else { continue };
            assert!(!waits.is_empty(), "{state:?}");
            assert!(next.contains(&Closed) && next.contains(&Cancelled), "{state:?}");
            assert!(!next.contains(&state), "{state:?}");
        }
    }

    #[test]
    fn nothing_follows_the_end() {
        for end in ALL.into_iter().filter(|state| state.is_final()) {
            assert!(ALL.into_iter().all(|next| !leads(end, next)), "{end:?}");
        }
    }

    #[test]
    fn every_state_can_be_reached() {
        let reached = |state| PATH.iter().any(|(.., next)| next.contains(&state));
        assert!(ALL.into_iter().all(|state| state == Opened || reached(state)));
    }
}
