//! Names of messages: derived, so that doing the same thing twice gives the same name.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Identity of one message; `ce-id` and `Nats-Msg-Id` on the wire.
///
/// What an agent says is named by UUIDv5 (RFC 9562) of what it heard, so a turn that runs again
/// says the same thing under the same name. What enters from outside is named by whoever lets it in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

/// Everything that enters a deployment without an id of its own is named under this root.
const ROOT: Uuid = Uuid::from_u128(0x6f0d_6e6c_8f1c_5f0e_9a55_a70a_a5c0_7e11);

impl MessageId {
    /// The `index`-th thing that `kind` says because of `input`.
    #[must_use]
    pub fn output(kind: &str, input: MessageId, index: u32) -> Self {
        Self(Uuid::new_v5(&input.0, format!("{kind}/{index}").as_bytes()))
    }

    /// A timer's firing: the same timer armed anew has the next `generation`.
    #[must_use]
    pub fn timer(kind: &str, key: &str, name: &str, generation: u64) -> Self {
        Self(Uuid::new_v5(&ROOT, format!("timer/{kind}/{key}/{name}/{generation}").as_bytes()))
    }

    /// Something named by a text that is already unique in its `space`.
    #[must_use]
    pub fn named(space: &str, name: &str) -> Self {
        Self(Uuid::new_v5(&ROOT, format!("{space}/{name}").as_bytes()))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl std::str::FromStr for MessageId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A newtype over a UUID for each kind of thing, so that a case cannot be passed for a booking.
macro_rules! identity {
    ($name:ident, $space:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The one that came of the message `because`, about `name`: the same each time it is derived.
            #[must_use]
            pub fn of(because: MessageId, name: &str) -> Self {
                Self(Uuid::new_v5(&because.0, format!("{}/{name}", $space).as_bytes()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

identity!(
    CaseId,
    "case",
    "Identity of a case: one asset, one component, from foreseen to verified."
);
identity!(OfferId, "offer", "Identity of an offered slot; choosing it holds exactly that slot.");
identity!(BookingId, "booking", "Identity of a booking from its hold to its end.");
identity!(CapaId, "capa", "Identity of a CAPA: one component of one group, from pattern to proof.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_turn_names_its_outputs_alike_and_others_differ() {
        let input = MessageId::named("test", "a");
        let first = MessageId::output("diagnosis", input, 0);
        assert_eq!(first, MessageId::output("diagnosis", input, 0));
        assert_ne!(first, MessageId::output("diagnosis", input, 1));
        assert_ne!(first, MessageId::output("master", input, 0));
        assert_ne!(first, MessageId::output("diagnosis", MessageId::named("test", "b"), 0));
    }
}
