//! What is remembered of one principal.

use super::{DEVICE, finding_id};
use messages::guard::Level;
use messages::record::{DecodeError, decode_body};
use messages::{MessageId, Record, Timestamp};
use models::behaviour::{Risk, Usual};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Devices of one asset's name, of a fleet each, that are remembered; beyond it the one of which the least is known is
/// forgotten.
const DEVICES_OF_A_NAME_MAX: usize = 4;
/// Where the device lies that earlier versions did not name, until the next is heard of.
const UNNAMED: &str = "";

/// What is remembered under one key. An asset may be called as an agent is, and as one of another fleet: each is kept
/// apart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    devices: BTreeMap<String, Watched>,
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

/// [`State`] when the devices of all fleets with one asset's name were one.
#[derive(Deserialize, Serialize)]
struct StateV2 {
    device: Watched,
    other: Watched,
}

/// [`StateV2`] before a release was remembered.
#[derive(Deserialize, Serialize)]
struct StateV1 {
    device: WatchedV1,
    other: WatchedV1,
}

/// [`Watched`] before a release was remembered.
#[derive(Deserialize, Serialize)]
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
    const VERSION: u16 = 3;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let StateV1 { device, other } = decode_body(body)?;
                Ok(StateV2 { device: device.into(), other: other.into() }.into())
            }
            2 => decode_body::<StateV2>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl From<WatchedV1> for Watched {
    fn from(WatchedV1 { usual, risk, finding, stand }: WatchedV1) -> Self {
        Self { usual, risk, finding, stand, released_at: None }
    }
}

impl From<StateV2> for State {
    fn from(StateV2 { device, other }: StateV2) -> Self {
        Self { devices: BTreeMap::from([(UNNAMED.to_owned(), device)]), other }
    }
}

impl State {
    /// What is remembered of `principal`.
    pub(super) fn of(&mut self, principal: &str) -> &mut Watched {
        if !principal.starts_with(DEVICE) {
            return &mut self.other;
        }
        let unnamed = self.devices.remove(UNNAMED);
        if !self.devices.contains_key(principal) {
            self.make_room();
            self.devices.insert(principal.to_owned(), unnamed.unwrap_or_default());
        }
        self.devices.get_mut(principal).expect("it was there or has been put there")
    }

    /// Forgets the device of which the least is known, if there are too many for one more.
    fn make_room(&mut self) {
        let known = |watched: &Watched| {
            let Watched { usual, finding, stand, .. } = watched;
            (stand.is_some(), usual.first_at().is_some(), finding.is_some())
        };
        while self.devices.len() >= DEVICES_OF_A_NAME_MAX {
            let least = self.devices.iter().min_by_key(|(_, watched)| known(watched));
            let least = least.map(|(name, _)| name.clone()).expect("there are some");
            self.devices.remove(&least);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use messages::record;

    impl Record for StateV2 {
        const SCHEMA: u16 = State::SCHEMA;
        const VERSION: u16 = 2;
    }

    impl Record for StateV1 {
        const SCHEMA: u16 = State::SCHEMA;
    }

    fn stand() -> Option<Stand> {
        Some(Stand { level: Level::Refused, until: None })
    }

    #[test]
    fn the_device_of_an_earlier_version_is_the_next_that_is_heard_of() {
        let device = Watched { stand: stand(), ..Watched::default() };
        let newer = StateV2 { device, other: Watched::default() };
        let watched = |stand| WatchedV1 {
            usual: Usual::default(),
            risk: Risk::default(),
            finding: None,
            stand,
        };
        let older = StateV1 { device: watched(stand()), other: watched(None) };
        for bytes in [record::encode(&newer).unwrap(), record::encode(&older).unwrap()] {
            let mut state: State = record::decode(&bytes).unwrap();
            assert!(state.of("device/demo/VEH001").stand.is_some());
            assert!(state.of("device/other/VEH001").stand.is_none());
            assert!(state.of("device/demo/VEH001").stand.is_some());
        }
    }

    #[test]
    fn fleets_that_nobody_knows_push_no_device_out_that_is_contained() {
        let mut state = State::default();
        state.of("device/demo/VEH001").stand = stand();
        for fleet in 0..100 {
            state.of(&format!("device/{fleet}/VEH001"));
            assert!(state.devices.len() <= DEVICES_OF_A_NAME_MAX);
        }
        assert!(state.of("device/demo/VEH001").stand.is_some());
    }
}
