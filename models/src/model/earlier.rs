//! Models as earlier versions of the program wrote them, read into the present form.

use super::{Learned, Model, Origin, Schema};
use crate::history::Plan;
use crate::regime::Regimes;
use messages::profile::Derived;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version 1 did not know what samples are like.
#[derive(Deserialize, Serialize)]
pub(super) struct ModelV1 {
    pub(super) schema: SchemaV1,
    pub(super) origin: Origin,
    pub(super) figures: BTreeMap<String, f64>,
    pub(super) learned: Learned,
}

/// What rows were made of.
#[derive(Deserialize, Serialize)]
pub(super) struct SchemaV1 {
    pub(super) profile: String,
    pub(super) plan: Plan,
    pub(super) derived: Vec<Derived>,
    pub(super) regimes: Option<Regimes>,
}

impl From<ModelV1> for Model {
    fn from(old: ModelV1) -> Self {
        let SchemaV1 { profile, plan, derived, regimes } = old.schema;
        Self {
            schema: Schema { profile, plan, derived, regimes, sampled: None },
            origin: old.origin,
            figures: old.figures,
            learned: old.learned,
        }
    }
}
