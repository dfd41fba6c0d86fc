//! What is remembered of one principal.

use super::{DEVICE, finding_id};
use messages::guard::Level;
use messages::record::{DecodeError, decode_body};
use messages::{MessageId, Record, Timestamp};
use models::behaviour::{Risk, Usual};
use serde::{Deserialize, Serialize};

/// What is remembered under one key. An asset may be called as an agent is: its device is kept apart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    device: Watched,
    other: Watched,
}

/// One principal.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Watched {
    /// What is usual for it.
    pub(super) usual: Usual,
    /// The evidence against it.
    pub(super) risk: Risk,
    /// What is being said of it.
    pub(super) finding: Option<Finding>,
    /// How far it is contained.
    pub(super) stand: Option<Stand>,
    /// When a person let it go: what began before is forgiven, however late it is heard of.
    pub(super) released_at: Option<Timestamp>,
}

/// [`State`] before a release was remembered.
#[derive(Deserialize)]
struct StateV1 {
    device: WatchedV1,
    other: WatchedV1,
}

/// [`Watched`] before a release was remembered.
#[derive(Deserialize)]
struct WatchedV1 {
    usual: Usual,
    risk: Risk,
    finding: Option<Finding>,
    stand: Option<Stand>,
}

/// A finding that is not over.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Finding {
    pub(super) id: MessageId,
    /// Its first evidence.
    pub(super) since: Timestamp,
    /// How often it was said.
    pub(super) number: u32,
}

/// How far a principal is contained.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Stand {
    pub(super) level: Level,
    pub(super) until: Option<Timestamp>,
}

impl Record for State {
    const SCHEMA: u16 = 245;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let StateV1 { device, other } = decode_body(body)?;
                Ok(Self { device: device.into(), other: other.into() })
            }
            _ => Err(DecodeError::UnknownVersion {
                schema: Self::SCHEMA,
                version,
                known: Self::VERSION,
            }),
        }
    }
}

impl From<WatchedV1> for Watched {
    fn from(WatchedV1 { usual, risk, finding, stand }: WatchedV1) -> Self {
        Self { usual, risk, finding, stand, released_at: None }
    }
}

impl State {
    /// What is remembered of `principal`.
    pub(super) fn of(&mut self, principal: &str) -> &mut Watched {
        if principal.starts_with(DEVICE) { &mut self.device } else { &mut self.other }
    }
}

impl Watched {
    /// Whether what began at `from` was forgiven with a release.
    pub(super) fn is_forgiven(&self, from: Timestamp) -> bool {
        self.released_at.is_some_and(|released_at| from < released_at)
    }

    /// The finding about `principal` that is not over, or a new one with evidence from `from` on.
    pub(super) fn finding_since(&mut self, principal: &str, from: Timestamp) -> Finding {
        *self.finding.get_or_insert_with(|| Finding {
            id: finding_id(principal, from),
            since: from,
            number: 0,
        })
    }
}
