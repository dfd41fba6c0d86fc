//! Earlier forms of what is remembered of an asset, read into the present one.

use super::State;
use super::confirmation::Confirmations;
use super::speech::{Run, Said, Standing};
use messages::Timestamp;
use messages::prediction::{CannotSay, Severity};
use models::foresight::sampled::Memory;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version 1 counted windows without their time.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub(super) struct SaidV1 {
    severity: Severity,
    probability: f64,
    graver_windows: u8,
    milder_windows: u8,
}

impl From<SaidV1> for Said {
    /// What was being counted begins anew.
    fn from(old: SaidV1) -> Self {
        let (graver, milder) = (Run::default(), Run::default());
        Self { severity: old.severity, probability: old.probability, graver, milder }
    }
}

/// Version 1 knew nothing of sensors that are compared.
#[derive(Deserialize, Serialize)]
pub(super) struct StateV1 {
    judged_through: Option<Timestamp>,
    fleet: String,
    said: BTreeMap<String, SaidV1>,
    withheld: Vec<CannotSay>,
}

impl From<StateV1> for State {
    fn from(old: StateV1) -> Self {
        Self::from(StateV2 {
            judged_through: old.judged_through,
            fleet: old.fleet,
            said: old.said.into_iter().map(|(component, said)| (component, said.into())).collect(),
            withheld: old.withheld,
            confirmations: Confirmations::default(),
        })
    }
}

/// Version 2 kept nothing of the past for models, and no model judged in the shadow of another.
#[derive(Deserialize, Serialize)]
pub(super) struct StateV2 {
    judged_through: Option<Timestamp>,
    fleet: String,
    said: BTreeMap<String, Said>,
    withheld: Vec<CannotSay>,
    confirmations: Confirmations,
}

impl From<StateV2> for State {
    fn from(old: StateV2) -> Self {
        Self {
            judged_through: old.judged_through,
            standing: Standing { fleet: old.fleet, said: old.said },
            withheld: old.withheld,
            confirmations: old.confirmations,
            memory: Memory::default(),
            shadow: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::{Record, record};

    impl Record for StateV1 {
        const SCHEMA: u16 = State::SCHEMA;
    }

    impl Record for StateV2 {
        const SCHEMA: u16 = State::SCHEMA;
        const VERSION: u16 = 2;
    }

    #[test]
    fn a_state_of_version_2_is_read_with_all_that_it_held() {
        let judged_through: Timestamp = "2026-03-02T05:01:00Z".parse().unwrap();
        let said = Said { severity: Severity::High, probability: 0.7, ..Said::default() };
        let old = StateV2 {
            judged_through: Some(judged_through),
            fleet: "demo".into(),
            said: [("engine".to_owned(), said)].into(),
            withheld: Vec::new(),
            confirmations: Confirmations::default(),
        };
        let state: State = record::decode(&record::encode(&old).unwrap()).unwrap();
        assert_eq!(
            (state.judged_through, state.standing.fleet.as_str()),
            (Some(judged_through), "demo")
        );
        assert_eq!((state.standing.said["engine"], state.memory), (said, Memory::default()));
    }

    #[test]
    fn a_state_of_version_1_is_read_with_all_that_it_held() {
        let judged_through: Timestamp = "2026-03-02T05:01:00Z".parse().unwrap();
        let (severity, probability) = (Severity::High, 0.7);
        let said = SaidV1 { severity, probability, graver_windows: 1, milder_windows: 2 };
        let old = StateV1 {
            judged_through: Some(judged_through),
            fleet: "demo".into(),
            said: [("engine".to_owned(), said)].into(),
            withheld: Vec::new(),
        };
        let state: State = record::decode(&record::encode(&old).unwrap()).unwrap();
        assert_eq!(
            (state.judged_through, state.standing.fleet.as_str()),
            (Some(judged_through), "demo")
        );
        assert_eq!(
            state.standing.said["engine"],
            Said { severity, probability, ..Said::default() }
        );
    }
}
