//! Centres as last registered, the parts that they have and the visits foreseen for them.

use super::open;
use messages::booking::DemandForecast;
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
    /// The newest, if any.
    pub(crate) demand: Option<DemandForecast>,
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
            DemandForecast::NAME => self.foresee(open(delivery)),
            _ => return false,
        }
        true
    }

    fn register(&mut self, delivery: &Delivery) {
        let Some(registered) = open::<CentreRegistered>(delivery) else { return };
        let before = self.by_id.remove(&registered.centre);
        let (part_by_name, demand) =
            before.map(|centre| (centre.part_by_name, centre.demand)).unwrap_or_default();
        let centre = Centre {
            registered_at: delivery.envelope.time,
            sequence: delivery.sequence,
            provenance: delivery.envelope.provenance,
            part_by_name,
            demand,
            registered,
        };
        self.by_id.insert(centre.registered.centre.clone(), centre);
    }

    fn foresee(&mut self, forecast: Option<DemandForecast>) {
        let Some(forecast) = forecast else { return };
        if let Some(centre) = self.by_id.get_mut(&forecast.centre) {
            centre.demand = Some(forecast);
        }
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
