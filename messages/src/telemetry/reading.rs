//! What makes two readings the same one, however and however often they arrive.

use super::{Sample, Telemetry};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identity of one reading among those of its asset.
///
/// A device that counts both its boots and its samples names its readings by them. A count of samples alone names
/// nothing: it starts again with each boot. Such readings, and those without a count, are named by their time and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReadingId {
    /// Named by the device's own counters.
    Counted {
        /// Number of the boot.
        boot: u64,
        /// Number of the sample since then.
        seq: u64,
    },
    /// Named by what it says.
    Content {
        /// The device's time.
        sampled_at: Timestamp,
        /// UUIDv5 of sequence number, values and codes; the order of columns and codes does not matter.
        hash: Uuid,
    },
}

/// Contents are named under this root.
const ROOT: Uuid = Uuid::from_u128(0x8a0e_5e9c_34a1_5c3f_9d41_5f0c_b2d7_6e02);

impl Telemetry {
    /// Identity of one of this frame's samples.
    ///
    /// # Panics
    /// When `sample` has more values than the frame has columns, so it is not one of them.
    #[must_use]
    pub fn reading_identity(&self, sample: &Sample) -> ReadingId {
        match (self.boot, sample.seq) {
            (Some(boot), Some(seq)) => ReadingId::Counted { boot, seq },
            _ => ReadingId::Content {
                sampled_at: sample.sampled_at,
                hash: Uuid::new_v5(&ROOT, &self.content(sample)),
            },
        }
    }

    /// The sample's content, the same bytes for the same content and for no other.
    fn content(&self, sample: &Sample) -> Vec<u8> {
        let mut values: Vec<(&str, Option<&str>, u64)> = Vec::with_capacity(sample.values.len());
        for (column, value) in sample.values.iter().enumerate() {
            if let Some(value) = value {
                let signal = &self.signals[column];
                values.push((&signal.name, signal.unit.as_deref(), value.get().to_bits()));
            }
        }
        values.sort_unstable();
        let mut codes: Vec<_> = sample.codes.iter().collect();
        codes.sort_unstable();
        postcard::to_stdvec(&(sample.seq, values, codes)).expect("plain values can be encoded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::json;

    fn first(body: &str) -> ReadingId {
        let frame = json::parse("demo", "VEH001", body.as_bytes()).unwrap().frame;
        frame.reading_identity(&frame.samples[0])
    }

    #[test]
    fn a_device_that_counts_boots_and_samples_names_its_readings() {
        let id = first(r#"{"boot":3,"t":"2026-03-02T06:00:00Z","seq":17,"s":{"a":1}}"#);
        assert_eq!(id, ReadingId::Counted { boot: 3, seq: 17 });
    }

    #[test]
    fn order_of_columns_and_codes_and_missing_values_do_not_matter() {
        let one = first(r#"{"t":"2026-03-02T06:00:00Z","s":{"a":1,"b":2.5},"codes":["P1","P2"]}"#);
        let two = first(
            r#"{"t":"2026-03-02T07:00:00+01:00","s":{"b":2.50,"c":null,"a":1e0},"codes":["P2","P1"]}"#,
        );
        assert_eq!(one, two);
    }

    #[test]
    fn everything_that_was_said_matters() {
        let others = [
            r#"{"t":"2026-03-02T06:00:01Z","s":{"a":1}}"#,
            r#"{"t":"2026-03-02T06:00:00Z","s":{"a":2}}"#,
            r#"{"t":"2026-03-02T06:00:00Z","s":{"b":1}}"#,
            r#"{"t":"2026-03-02T06:00:00Z","s":{"a":1,"b":1}}"#,
            r#"{"t":"2026-03-02T06:00:00Z","s":{"a":1},"u":{"a":"psi"}}"#,
            r#"{"t":"2026-03-02T06:00:00Z","s":{"a":1},"codes":["P0217"]}"#,
            r#"{"t":"2026-03-02T06:00:00Z","s":{"a":1},"seq":1}"#,
        ];
        let mut ids: Vec<_> = others.into_iter().map(first).collect();
        ids.push(first(r#"{"t":"2026-03-02T06:00:00Z","s":{"a":1}}"#));
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn the_hash_never_changes_because_memories_hold_it() {
        let ReadingId::Content { hash, .. } =
            first(r#"{"t":"2026-03-02T06:00:00Z","s":{"a":1},"u":{"a":"psi"},"codes":["P0217"]}"#)
        else {
            panic!("without counters a reading is named by its content");
        };
        assert_eq!(hash.to_string(), "1892aa33-fd10-5f1b-9184-bcdac4cc4cc3");
    }
}
