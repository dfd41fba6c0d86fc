//! Centres as last registered, and the parts that they have.

use super::open;
use messages::centre::{CentreRegistered, PartStocked};
use messages::{Message, Provenance, Sequence, Timestamp};
use runtime::store::Delivery;
use std::collections::BTreeMap;

/// Centres that can be registered here.
pub(crate) const CENTRES_MAX: usize = 10_000;
/// Kinds of parts that a centre can have.
pub(crate) const PARTS_MAX: usize = 1_000;

/// A centre at the log's head.
#[derive(Debug, PartialEq)]
pub(crate) struct Centre {
    pub(crate) registered: CentreRegistered,
    pub(crate) registered_at: Timestamp,
    pub(crate) sequence: Sequence,
    pub(crate) provenance: Provenance,
    pub(crate) part_by_name: BTreeMap<String, Part>,
}

/// How many of a part there are, and from when on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) quantity: u32,
    pub(crate) available_at: Timestamp,
}

/// All centres.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Centres {
    pub(crate) by_id: BTreeMap<String, Centre>,
}

impl Centres {
    /// Takes in a record of the LOG; says whether it is about this.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        match delivery.envelope.name.as_str() {
            CentreRegistered::NAME => self.register(delivery),
            PartStocked::NAME => self.stock(open(delivery)),
            _ => return false,
        }
        true
    }

    fn register(&mut self, delivery: &Delivery) {
        let Some(registered) = open::<CentreRegistered>(delivery) else { return };
        let before = self.by_id.remove(&registered.centre);
        let centre = Centre {
            registered_at: delivery.envelope.time,
            sequence: delivery.sequence,
            provenance: delivery.envelope.provenance,
            part_by_name: before.map(|centre| centre.part_by_name).unwrap_or_default(),
            registered,
        };
        self.by_id.insert(centre.registered.centre.clone(), centre);
    }

    fn stock(&mut self, stocked: Option<PartStocked>) {
        let Some(PartStocked { centre, part, quantity, available_at, .. }) = stocked else {
            return;
        };
        if let Some(centre) = self.by_id.get_mut(&centre) {
            centre.part_by_name.insert(part, Part { quantity, available_at });
        }
    }
}
