//! Earlier forms of what is remembered of an asset, read into the present one.

use super::confirmation::Confirmations;
use super::{Said, State};
use messages::Timestamp;
use messages::prediction::CannotSay;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version 1 knew nothing of sensors that are compared.
#[derive(Deserialize, Serialize)]
pub(super) struct StateV1 {
    judged_through: Option<Timestamp>,
    fleet: String,
    said: BTreeMap<String, Said>,
    withheld: Vec<CannotSay>,
}

impl From<StateV1> for State {
    fn from(old: StateV1) -> Self {
        Self {
            judged_through: old.judged_through,
            fleet: old.fleet,
            said: old.said,
            withheld: old.withheld,
            confirmations: Confirmations::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::prediction::Severity;
    use messages::{Record, record};

    impl Record for StateV1 {
        const SCHEMA: u16 = State::SCHEMA;
    }

    #[test]
    fn a_state_of_version_1_is_read_with_all_that_it_held() {
        let judged_through: Timestamp = "2026-03-02T05:01:00Z".parse().unwrap();
        let said = Said { severity: Severity::High, probability: 0.7, ..Said::default() };
        let old = StateV1 {
            judged_through: Some(judged_through),
            fleet: "demo".into(),
            said: [("engine".to_owned(), said)].into(),
            withheld: Vec::new(),
        };
        let state: State = record::decode(&record::encode(&old).unwrap()).unwrap();
        assert_eq!((state.judged_through, state.fleet.as_str()), (Some(judged_through), "demo"));
        assert_eq!(state.said["engine"], said);
    }
}
