//! Earlier forms of what is remembered of an asset, read into the present one.

use super::seen::Seen;
use super::window::{Late, OpenWindow};
use super::{Faulty, LastService, Readings, Registration, State};
use messages::Timestamp;
use messages::telemetry::TroubleCode;
use models::anomaly::Baseline;
use models::features::FeatureState;
use models::sensor::Sensors;
use serde::{Deserialize, Serialize};

/// Version 1 knew of a changed window only that it was changed.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct StateV1 {
    pub(super) registration: Option<Registration>,
    pub(super) features: FeatureState,
    pub(super) seen: Seen,
    pub(super) window: Option<OpenWindow>,
    pub(super) published_through: Option<Timestamp>,
    pub(super) changed: Vec<Timestamp>,
    pub(super) sensors: Sensors,
    pub(super) faulty: Vec<Faulty>,
    pub(super) baseline: Baseline,
    pub(super) codes: Vec<(TroubleCode, Timestamp)>,
    pub(super) service: Option<LastService>,
    pub(super) heard_at: Option<Timestamp>,
    pub(super) watching_silence: bool,
    pub(super) readings: Readings,
}

impl From<StateV1> for State {
    fn from(old: StateV1) -> Self {
        Self {
            registration: old.registration,
            features: old.features,
            seen: old.seen,
            window: old.window,
            published_through: old.published_through,
            changed: old.changed.into_iter().map(Late::changed).collect(),
            sensors: old.sensors,
            faulty: old.faulty,
            baseline: old.baseline,
            codes: old.codes,
            service: old.service,
            heard_at: old.heard_at,
            watching_silence: old.watching_silence,
            readings: old.readings,
            compared: Vec::new(),
        }
    }
}

/// Version 2 did not compare sensors.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct StateV2 {
    pub(super) registration: Option<Registration>,
    pub(super) features: FeatureState,
    pub(super) seen: Seen,
    pub(super) window: Option<OpenWindow>,
    pub(super) published_through: Option<Timestamp>,
    pub(super) changed: Vec<Late>,
    pub(super) sensors: Sensors,
    pub(super) faulty: Vec<Faulty>,
    pub(super) baseline: Baseline,
    pub(super) codes: Vec<(TroubleCode, Timestamp)>,
    pub(super) service: Option<LastService>,
    pub(super) heard_at: Option<Timestamp>,
    pub(super) watching_silence: bool,
    pub(super) readings: Readings,
}

impl From<StateV2> for State {
    fn from(old: StateV2) -> Self {
        Self {
            registration: old.registration,
            features: old.features,
            seen: old.seen,
            window: old.window,
            published_through: old.published_through,
            changed: old.changed,
            sensors: old.sensors,
            faulty: old.faulty,
            baseline: old.baseline,
            codes: old.codes,
            service: old.service,
            heard_at: old.heard_at,
            watching_silence: old.watching_silence,
            readings: old.readings,
            compared: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::{Record, record};

    impl Record for StateV1 {
        const SCHEMA: u16 = State::SCHEMA;
        const BYTES_MAX: usize = State::BYTES_MAX;
    }

    #[test]
    fn a_state_of_version_1_is_read_with_all_that_it_held() {
        let end: Timestamp = "2026-03-02T05:01:00Z".parse().unwrap();
        let readings = Readings { accepted: 7, duplicates: 2, quarantined: 1 };
        let old = StateV1 {
            changed: vec![end],
            readings,
            published_through: Some(end),
            watching_silence: true,
            ..StateV1::default()
        };
        let state: State = record::decode(&record::encode(&old).unwrap()).unwrap();
        assert_eq!(state.changed, [Late::changed(end)]);
        assert_eq!((state.readings, state.published_through), (readings, Some(end)));
        assert!(state.watching_silence);
    }

    impl Record for StateV2 {
        const SCHEMA: u16 = State::SCHEMA;
        const VERSION: u16 = 2;
        const BYTES_MAX: usize = State::BYTES_MAX;
    }

    #[test]
    fn a_state_of_version_2_is_read_with_all_that_it_held() {
        let end: Timestamp = "2026-03-02T05:01:00Z".parse().unwrap();
        let readings = Readings { accepted: 7, duplicates: 2, quarantined: 1 };
        let old = StateV2 {
            changed: vec![Late::changed(end)],
            readings,
            published_through: Some(end),
            watching_silence: true,
            ..StateV2::default()
        };
        let state: State = record::decode(&record::encode(&old).unwrap()).unwrap();
        assert_eq!(state.changed, [Late::changed(end)]);
        assert_eq!((state.readings, state.published_through), (readings, Some(end)));
        assert!(state.watching_silence && state.compared.is_empty());
    }
}
