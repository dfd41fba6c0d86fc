//! Groups of a population: which there are, and how each compares with everything outside of it.

use super::census::{Census, Cohort, Sum};
use messages::Timestamp;
use messages::pattern::Group;
use models::reliability::compare;
use std::collections::BTreeSet;

/// A group beside everything else.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) component: String,
    pub(super) group: Group,
    pub(super) own: Sum,
    pub(super) rest: Sum,
    /// Probability of so many failures if it were like the rest.
    pub(super) p_raw: f64,
    /// The same, corrected for all groups that are compared and for looking again.
    pub(super) p_value: f64,
}

impl Compared {
    /// The rate of the group divided by that of the rest.
    pub(super) fn ratio(&self) -> Option<f64> {
        let rate = |sum: Sum| sum.failures as f64 / sum.days;
        (self.rest.failures > 0 && self.own.days > 0.0).then(|| rate(self.own) / rate(self.rest))
    }
}

/// The groups that are compared: each model, supplier and batch, and each batch of each supplier.
pub(super) fn groups(census: &Census) -> BTreeSet<Group> {
    let mut groups = BTreeSet::new();
    for (_, Group { model, supplier, batch }) in census.cohorts() {
        let none = Group::default;
        if supplier.is_some() && batch.is_some() {
            let (supplier, batch) = (supplier.clone(), batch.clone());
            groups.insert(Group { supplier, batch, ..none() });
        }
        let alone =
            [Group { model, ..none() }, Group { supplier, ..none() }, Group { batch, ..none() }];
        groups.extend(alone.into_iter().filter(|group| *group != none()));
    }
    groups
}

/// Every group of every component beside the rest. What belongs to a group of `explained` counts on neither side: one
/// bad batch makes neither its supplier nor its model bad.
pub(super) fn compare(
    census: &Census,
    now: Timestamp,
    looks_per_year: f64,
    explained: impl Fn(&str) -> Vec<Group>,
) -> Vec<Compared> {
    let groups = groups(census);
    let cohorts = census.cohorts();
    let mut compared = Vec::new();
    for component in census.components.keys() {
        let explained = explained(component);
        let open: Vec<&(Cohort, Group)> = cohorts
            .iter()
            .filter(|(_, group)| !explained.iter().any(|known| known.holds(group)))
            .collect();
        let sums: Vec<(&Group, Sum)> = open
            .into_iter()
            .map(|(cohort, group)| (group, census.sum(component, now, |it| it == *cohort)))
            .collect();
        compared.extend(groups.iter().filter_map(|group| one(component, group, &sums)));
    }
    let raw: Vec<f64> = compared.iter().map(|it| it.p_raw).collect();
    for (compared, adjusted) in compared.iter_mut().zip(compare::holm(&raw)) {
        compared.p_value = compare::looked_often(adjusted, looks_per_year);
    }
    compared
}

fn one(component: &str, group: &Group, sums: &[(&Group, Sum)]) -> Option<Compared> {
    let (mut own, mut rest) = (Sum::default(), Sum::default());
    for (its, sum) in sums {
        let side = if group.holds(its) { &mut own } else { &mut rest };
        side.failures += sum.failures;
        side.assets += sum.assets;
        side.days += sum.days;
    }
    let p_raw = compare::more_often(own.failures, own.days, rest.failures, rest.days)?;
    let (component, group) = (component.to_owned(), group.clone());
    Some(Compared { component, group, own, rest, p_raw, p_value: 1.0 })
}
