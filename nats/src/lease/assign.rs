//! Who shall own which partition: everybody alike, and as few change hands as that allows.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

/// The owner of each partition among `members`, given who owns what now. Everybody computes the same from the same;
/// nobody has more than one partition more than another, and a partition leaves its owner only for that.
#[must_use]
pub fn assign(
    partitions: NonZeroU16,
    members: &BTreeSet<String>,
    owners: &BTreeMap<u16, String>,
) -> BTreeMap<u16, String> {
    let mut kept: BTreeMap<&str, Vec<u16>> =
        members.iter().map(|member| (&**member, Vec::new())).collect();
    let mut free = Vec::new();
    for partition in 0..partitions.get() {
        match owners.get(&partition).and_then(|owner| kept.get_mut(&**owner)) {
            Some(own) => own.push(partition),
            None => free.push(partition),
        }
    }
    let mut shares = shares(partitions, &kept);
    for (member, own) in &mut kept {
        let share = shares.get_mut(*member).map_or(0, std::mem::take);
        free.extend(own.drain(own.len().min(share)..));
        shares.insert(member, share - own.len());
    }
    free.sort_unstable();
    let mut free = free.into_iter();
    for (member, own) in &mut kept {
        own.extend(free.by_ref().take(shares.get(*member).copied().unwrap_or(0)));
    }
    let owned = |(member, own): (&str, Vec<u16>)| {
        let member = member.to_owned();
        own.into_iter().map(move |partition| (partition, member.clone()))
    };
    kept.into_iter().flat_map(owned).collect()
}

/// How many partitions each member gets: the odd ones go to those who have most already.
fn shares<'m>(
    partitions: NonZeroU16,
    kept: &BTreeMap<&'m str, Vec<u16>>,
) -> BTreeMap<&'m str, usize> {
    let mut members: Vec<(&str, usize)> =
        kept.iter().map(|(member, own)| (*member, own.len())).collect();
    members.sort_by_key(|(member, count)| (std::cmp::Reverse(*count), *member));
    let total = usize::from(partitions.get());
    let (least, odd) = (total / members.len().max(1), total % members.len().max(1));
    let share = |(rank, (member, _))| (member, least + usize::from(rank < odd));
    members.into_iter().enumerate().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn partitions(count: u16) -> NonZeroU16 {
        NonZeroU16::new(count).unwrap()
    }

    fn moved(before: &BTreeMap<u16, String>, after: &BTreeMap<u16, String>) -> usize {
        before.iter().filter(|(partition, owner)| after.get(partition) != Some(owner)).count()
    }

    fn spread(owners: &BTreeMap<u16, String>, members: &BTreeSet<String>) -> usize {
        let count = |member| owners.values().filter(|owner| *owner == member).count();
        let counts: Vec<usize> = members.iter().map(count).collect();
        counts.iter().max().unwrap() - counts.iter().min().unwrap()
    }

    #[test]
    fn every_partition_has_an_owner_and_all_have_alike() {
        for count in [1, 2, 7, 64] {
            for size in 1..6 {
                let names = ["a", "b", "c", "d", "e"];
                let all = members(&names[..size]);
                let owners = assign(partitions(count), &all, &BTreeMap::new());
                assert_eq!(owners.len(), usize::from(count));
                assert!(spread(&owners, &all) <= 1, "{owners:?}");
            }
        }
    }

    #[test]
    fn what_is_well_shared_stays_where_it_is() {
        for count in [1, 5, 64] {
            let all = members(&["a", "b", "c"]);
            let owners = assign(partitions(count), &all, &BTreeMap::new());
            assert_eq!(assign(partitions(count), &all, &owners), owners);
        }
    }

    #[test]
    fn who_joins_takes_its_share_and_no_more_changes_hands() {
        let before = assign(partitions(64), &members(&["b", "c"]), &BTreeMap::new());
        let all = members(&["a", "b", "c"]);
        let after = assign(partitions(64), &all, &before);
        assert!(spread(&after, &all) <= 1);
        assert_eq!(moved(&before, &after), 21, "a third of 64, rounded down");
    }

    #[test]
    fn who_leaves_leaves_only_its_own_behind() {
        let before = assign(partitions(64), &members(&["a", "b", "c"]), &BTreeMap::new());
        let rest = members(&["a", "c"]);
        let after = assign(partitions(64), &rest, &before);
        assert_eq!(moved(&before, &after), before.values().filter(|owner| *owner == "b").count());
        assert!(spread(&after, &rest) <= 1);
    }

    #[test]
    fn nobody_is_there_and_nobody_owns() {
        let before = assign(partitions(4), &members(&["a"]), &BTreeMap::new());
        assert_eq!(assign(partitions(4), &BTreeSet::new(), &before), BTreeMap::new());
    }
}
