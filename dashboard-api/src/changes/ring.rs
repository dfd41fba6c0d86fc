//! The newest records of the LOG in memory, as those who follow need them: encoded once, shared by all, bounded.
//!
//! Who follows holds a position and no queue of their own: whoever stops reading costs nothing, and whoever falls
//! behind the oldest page is told to begin again.

use crate::shown;
use crate::views::LogView;
use bytes::Bytes;
use messages::{CaseId, Envelope, Sequence};
use runtime::store::{Delivery, Partition};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use tokio::sync::watch;

/// Records that are kept for those who follow.
pub(crate) const RING_RECORDS_MAX: usize = 65_536;
/// Bytes that they may take, as estimated by [`cost`].
pub(crate) const RING_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Bytes of a record besides three times its data: the envelope, and its fields when it is written for people.
const RECORD_BYTES: usize = 1_024;
/// Pages that a reader takes at once.
const READ_PAGES_MAX: usize = 64;

/// The newest records.
pub(crate) struct Ring {
    kept: RwLock<Kept>,
    published: watch::Sender<Sequence>,
    records_max: usize,
}

#[derive(Default)]
struct Kept {
    pages: VecDeque<Arc<Page>>,
    records: usize,
    bytes: usize,
    /// Everything behind it is here; `None` before anything was read.
    begin: Option<Sequence>,
    head: Sequence,
}

/// Records that were read together.
pub(crate) struct Page {
    changes: Vec<Change>,
    bytes: usize,
    whole: OnceLock<Bytes>,
}

/// A record, and what it is about.
pub(crate) struct Change {
    pub(crate) sequence: Sequence,
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) asset: Option<String>,
    pub(crate) fleet: Option<String>,
    written: OnceLock<Written>,
}

/// A record as it is sent: as an event of a stream; its data lies within.
struct Written {
    event: Bytes,
    data: std::ops::Range<usize>,
}

/// What was asked for is not kept any more, or was never there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    /// The oldest position that can be gone on from.
    pub(crate) begin: Sequence,
    /// The newest.
    pub(crate) head: Sequence,
}

impl Default for Ring {
    fn default() -> Self {
        Self::at_most(RING_RECORDS_MAX)
    }
}

impl Ring {
    pub(crate) fn at_most(records_max: usize) -> Self {
        Self { kept: RwLock::default(), published: watch::Sender::new(0), records_max }
    }

    /// Takes in records that are part of `view` now. Nobody is woken before [`Ring::publish`].
    pub(crate) fn push(&self, view: &LogView, batch: &[Delivery]) {
        let Some((first, last)) = batch.first().zip(batch.last()) else { return };
        let changes: Vec<Change> = batch.iter().map(|delivery| change(view, delivery)).collect();
        let bytes = batch.iter().map(|delivery| cost(&delivery.envelope)).sum();
        let (begin, head) = (first.sequence - 1, last.sequence);
        let page = Arc::new(Page { changes, bytes, whole: OnceLock::new() });
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.begin.get_or_insert(begin);
        kept.records += page.changes.len();
        kept.bytes += bytes;
        kept.head = head;
        kept.pages.push_back(page);
        while kept.records > self.records_max || kept.bytes > RING_BYTES_MAX {
            let Some(oldest) = kept.pages.pop_front() else { break };
            kept.records -= oldest.changes.len();
            kept.bytes -= oldest.bytes;
            kept.begin = Some(oldest.last());
        }
    }

    /// Wakes those who wait.
    pub(crate) fn publish(&self) {
        let head = self.head();
        self.published.send_if_modified(|published| std::mem::replace(published, head) != head);
    }

    /// Follows how far there is something to read.
    pub(crate) fn follow(&self) -> watch::Receiver<Sequence> {
        self.published.subscribe()
    }

    /// Position of the newest record.
    pub(crate) fn head(&self) -> Sequence {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).head
    }

    /// Some pages that hold records behind `after`; none when there are none yet.
    pub(crate) fn behind(&self, after: Sequence) -> Result<Vec<Arc<Page>>, Expired> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let begin = kept.begin.unwrap_or(kept.head);
        if after < begin || after > kept.head {
            return Err(Expired { begin, head: kept.head });
        }
        let from = kept.pages.partition_point(|page| page.last() <= after);
        Ok(kept.pages.range(from..).take(READ_PAGES_MAX).cloned().collect())
    }
}

/// What a record takes, about: its data, the same written for people, and both again as an event.
fn cost(envelope: &Envelope) -> usize {
    RECORD_BYTES + 3 * envelope.data.len()
}

fn change(view: &LogView, delivery: &Delivery) -> Change {
    let envelope = delivery.envelope.clone();
    let case = envelope.case_id.and_then(|id| view.cases.rows.get(CaseId(id)));
    let (asset, fleet) = match (case, view.assets.get(&envelope.key)) {
        (_, Some(asset)) => (Some(envelope.key.clone()), Some(asset.registered.fleet.clone())),
        (Some(case), None) => (Some(case.asset.clone()), Some(case.fleet.clone())),
        (None, None) => (None, None),
    };
    Change { sequence: delivery.sequence, envelope, asset, fleet, written: OnceLock::new() }
}

impl Page {
    /// Position before its first record.
    pub(crate) fn begin(&self) -> Sequence {
        self.changes.first().map_or(0, |change| change.sequence - 1)
    }

    /// Position of its last record.
    pub(crate) fn last(&self) -> Sequence {
        self.changes.last().map_or(0, |change| change.sequence)
    }

    /// Its records behind `after`.
    pub(crate) fn changes(&self, after: Sequence) -> &[Change] {
        let from = self.changes.partition_point(|change| change.sequence <= after);
        &self.changes[from..]
    }

    /// All of it as events; written once, whoever many ask for it.
    pub(crate) fn events(&self) -> Bytes {
        let whole = || self.changes.iter().flat_map(|change| change.event().to_vec()).collect();
        self.whole.get_or_init(whole).clone()
    }
}

impl Change {
    /// What it changes: the first word of the message's name, or the resource that the word stands for.
    pub(crate) fn kind(&self) -> &str {
        super::kind_of(&self.envelope.name)
    }

    /// As an event of a stream.
    pub(crate) fn event(&self) -> &[u8] {
        &self.written().event
    }

    /// As JSON.
    pub(crate) fn data(&self) -> Bytes {
        let written = self.written();
        written.event.slice(written.data.clone())
    }

    fn written(&self) -> &Written {
        self.written.get_or_init(|| {
            let mut item = shown::record(Partition::LOG, self.sequence, &self.envelope);
            item["kind"] = self.kind().into();
            item["asset"] = self.asset.clone().map_or(Value::Null, Value::from);
            item["fleet"] = self.fleet.clone().map_or(Value::Null, Value::from);
            let mut event = format!("id: {}:{}\ndata: ", Partition::LOG, self.sequence);
            let begin = event.len();
            event.push_str(&item.to_string());
            let data = begin..event.len();
            event.push_str("\n\n");
            Written { event: event.into(), data }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::registry::AssetRetired;
    use messages::{Message, MessageId};

    fn batch(from: Sequence, count: u64) -> Vec<Delivery> {
        let message = AssetRetired { asset: "VEH001".to_owned(), reason: "sold".to_owned() };
        (from..from + count)
            .map(|sequence| {
                let id = MessageId::named("test", &sequence.to_string());
                let envelope = Arc::new(Envelope::new(id, "test", &message).unwrap());
                Delivery { previous: sequence - 1, sequence, envelope }
            })
            .collect()
    }

    fn ring(records_max: usize, pages: &[u64]) -> Ring {
        let ring = Ring::at_most(records_max);
        let mut from = 1;
        for count in pages {
            ring.push(&LogView::default(), &batch(from, *count));
            from += count;
        }
        ring
    }

    fn read(ring: &Ring, after: Sequence) -> Result<Vec<Sequence>, Expired> {
        let pages = ring.behind(after)?;
        let changes = pages.iter().flat_map(|page| page.changes(after));
        Ok(changes.map(|change| change.sequence).collect())
    }

    #[test]
    fn everything_behind_a_position_is_there_once_and_in_order() {
        let ring = ring(100, &[3, 2, 4]);
        for after in 0..=9 {
            assert_eq!(read(&ring, after), Ok((after + 1..=9).collect()), "after {after}");
        }
    }

    #[test]
    fn the_oldest_page_goes_first_and_who_stood_there_is_told() {
        let ring = ring(5, &[3, 2, 3]);
        assert_eq!(read(&ring, 2), Err(Expired { begin: 3, head: 8 }));
        assert_eq!(read(&ring, 3), Ok(vec![4, 5, 6, 7, 8]));
        assert_eq!(read(&ring, 9), Err(Expired { begin: 3, head: 8 }), "not there yet");
    }

    #[test]
    fn what_is_large_pushes_out_as_much_as_what_is_many() {
        let ring = Ring::at_most(1_000);
        let bytes = cost(&batch(1, 1)[0].envelope);
        let page = 500;
        for number in 0..(RING_BYTES_MAX / bytes / page) as u64 + 2 {
            let records = batch(1 + number * page as u64, page as u64);
            ring.push(&LogView::default(), &records);
        }
        let kept = ring.kept.read().unwrap();
        assert!(kept.records <= 1_000 && kept.bytes <= RING_BYTES_MAX);
    }

    #[test]
    fn an_event_is_one_line_of_json_between_its_position_and_an_empty_line() {
        let ring = ring(10, &[1]);
        let page = ring.behind(0).unwrap().remove(0);
        let text = String::from_utf8(page.events().to_vec()).unwrap();
        let (id, data) = text.trim_end().split_once('\n').unwrap();
        assert_eq!(id, "id: log/0:1");
        let data = data.strip_prefix("data: ").unwrap();
        assert!(text.ends_with("\n\n") && !data.contains('\n'));
        assert_eq!(page.changes(0)[0].data(), data.as_bytes());
        let item: Value = serde_json::from_str(data).unwrap();
        assert_eq!(item["name"], AssetRetired::NAME);
        assert_eq!((&item["kind"], &item["asset"]), (&"asset".into(), &Value::Null));
    }
}
