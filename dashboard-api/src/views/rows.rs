//! Rows in the order in which they came, found by id, never more than so many.

use messages::Sequence;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Rows of one kind. When there are too many, the oldest that has ended goes first.
#[derive(Debug, PartialEq)]
pub(crate) struct Rows<I, T> {
    max: usize,
    rows: BTreeMap<Sequence, (I, T)>,
    sequence_by_id: BTreeMap<I, Sequence>,
    ended: BTreeSet<Sequence>,
    /// All others: few, however many there were.
    open: BTreeSet<Sequence>,
    /// Rows that are no longer listed because there are too many.
    pub(crate) omitted: u64,
}

impl<I: Ord + Copy, T> Rows<I, T> {
    /// At most `max` rows.
    pub(crate) fn at_most(max: usize) -> Self {
        Self {
            max,
            rows: BTreeMap::new(),
            sequence_by_id: BTreeMap::new(),
            ended: BTreeSet::new(),
            open: BTreeSet::new(),
            omitted: 0,
        }
    }

    /// Puts a row that began at `sequence`; one that is there already stays as it is.
    pub(crate) fn insert(&mut self, id: I, sequence: Sequence, row: T) {
        if self.sequence_by_id.contains_key(&id) {
            return;
        }
        self.sequence_by_id.insert(id, sequence);
        self.rows.insert(sequence, (id, row));
        self.open.insert(sequence);
        if self.rows.len() > self.max {
            self.forget_one();
        }
    }

    fn forget_one(&mut self) {
        let oldest = self.ended.pop_first().or_else(|| self.open.pop_first());
        if let Some((id, _)) = oldest.and_then(|sequence| self.rows.remove(&sequence)) {
            self.sequence_by_id.remove(&id);
            self.omitted += 1;
        }
    }

    /// Says whether nothing more is expected of a row.
    pub(crate) fn set_ended(&mut self, id: I, ended: bool) {
        let Some(&sequence) = self.sequence_by_id.get(&id) else { return };
        let (from, to) = match ended {
            true => (&mut self.open, &mut self.ended),
            false => (&mut self.ended, &mut self.open),
        };
        from.remove(&sequence);
        to.insert(sequence);
    }

    pub(crate) fn get(&self, id: I) -> Option<&T> {
        self.rows.get(self.sequence_by_id.get(&id)?).map(|(_, row)| row)
    }

    pub(crate) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.rows.get_mut(self.sequence_by_id.get(&id)?).map(|(_, row)| row)
    }

    /// How many there are of which more is expected.
    pub(crate) fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Does something to each row of which more is expected.
    pub(crate) fn for_each_open(&mut self, mut act: impl FnMut(&mut T)) {
        for sequence in &self.open {
            if let Some((_, row)) = self.rows.get_mut(sequence) {
                act(row);
            }
        }
    }

    /// Up to `limit` rows behind `after` that are wanted, with the position of each, and whether there are more.
    pub(crate) fn page(
        &self,
        after: Option<Sequence>,
        limit: usize,
        wanted: &dyn Fn(&T) -> bool,
    ) -> (Vec<(Sequence, I, &T)>, bool) {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rows = self
            .rows
            .range((after, Bound::Unbounded))
            .filter(|(_, (_, row))| wanted(row))
            .map(|(&sequence, (id, row))| (sequence, *id, row));
        let page = rows.by_ref().take(limit).collect();
        (page, rows.next().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(rows: &Rows<u8, &str>) -> Vec<u8> {
        rows.page(None, 9, &|_| true).0.into_iter().map(|(_, id, _)| id).collect()
    }

    #[test]
    fn too_many_rows_push_out_the_oldest_that_has_ended_and_else_the_oldest() {
        let mut rows = Rows::at_most(3);
        for id in 1..=3_u8 {
            rows.insert(id, id.into(), "row");
        }
        rows.set_ended(2, true);
        rows.set_ended(3, true);
        rows.set_ended(3, false);
        rows.insert(4, 4, "row");
        assert_eq!((ids(&rows), rows.omitted), (vec![1, 3, 4], 1));
        rows.insert(5, 5, "row");
        assert_eq!((ids(&rows), rows.omitted), (vec![3, 4, 5], 2));
        assert_eq!((rows.get(1), rows.get(5)), (None, Some(&"row")));
    }

    #[test]
    fn only_rows_of_which_more_is_expected_are_gone_through() {
        let mut rows = Rows::at_most(3);
        for id in 1..=4_u8 {
            rows.insert(id, id.into(), 0);
        }
        rows.set_ended(2, true);
        rows.set_ended(3, true);
        rows.set_ended(3, false);
        let mut seen = 0;
        rows.for_each_open(|row| {
            *row += 1;
            seen += 1;
        });
        assert_eq!([2, 3, 4].map(|id| rows.get(id).copied()), [Some(0), Some(1), Some(1)]);
        assert_eq!((seen, rows.open_count()), (2, 2), "the first was pushed out");
    }

    #[test]
    fn a_row_begins_once() {
        let mut rows = Rows::at_most(3);
        rows.insert(1, 7, "first");
        rows.insert(1, 8, "second");
        assert_eq!(rows.get(1), Some(&"first"));
        assert_eq!(ids(&rows), [1]);
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        let mut rows = Rows::at_most(9);
        for id in 1..=5_u8 {
            rows.insert(id, id.into(), if id == 3 { "other" } else { "row" });
        }
        let (page, more) = rows.page(Some(1), 2, &|row| *row == "row");
        assert_eq!(page.iter().map(|(at, ..)| *at).collect::<Vec<_>>(), [2, 4]);
        assert!(more);
        assert!(!rows.page(Some(4), 2, &|_| true).1);
    }
}
