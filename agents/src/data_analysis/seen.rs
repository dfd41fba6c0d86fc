//! Which readings were taken in already: exact over the lateness, in bounded memory.
//!
//! Readings with the device's counters are kept as bits, the others as fingerprints in order of time.

use messages::Timestamp;
use messages::telemetry::ReadingId;
use models::features::LATENESS;
use serde::{Deserialize, Serialize};

/// Counted readings that are told apart: the newest so many of a boot.
const COUNTED: u64 = 1_024;
/// Highest count that is kept as a bit; a device that sends a higher one is told apart by fingerprint.
const SEQ_MAX: u64 = u64::MAX - COUNTED;
const WORDS: usize = (COUNTED / 64) as usize;
/// Fingerprints kept at most; with more in ten minutes the oldest are forgotten early.
pub(super) const FINGERPRINTS_MAX: usize = 16_384;

/// The readings of one asset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    boot: Option<u64>,
    /// One past the highest count seen in this boot.
    end: u64,
    /// A bit per count: count modulo [`COUNTED`].
    counted: Box<[u64]>,
    /// Second (32 bits) and hash (32 bits), ascending.
    fingerprints: Vec<u64>,
}

impl Seen {
    /// Whether this reading was noted before.
    pub(super) fn contains(&self, reading: &ReadingId, sampled_at: Timestamp) -> bool {
        match self.place(reading) {
            Place::Bit(word, bit) => self.counted.get(word).is_some_and(|bits| bits & bit != 0),
            Place::New => false,
            Place::Listed => {
                self.fingerprints.binary_search(&fingerprint(reading, sampled_at)).is_ok()
            }
        }
    }

    /// Notes a reading, and forgets those older than the lateness before `watermark`.
    pub(super) fn note(
        &mut self,
        reading: &ReadingId,
        sampled_at: Timestamp,
        watermark: Timestamp,
    ) {
        if let (Place::New, ReadingId::Counted { boot, seq }) = (self.place(reading), reading) {
            self.move_to(*boot, seq + 1);
        }
        match self.place(reading) {
            Place::Bit(word, bit) => self.counted[word] |= bit,
            Place::New => unreachable!("the window was moved to hold this reading"),
            Place::Listed => self.list(fingerprint(reading, sampled_at), watermark),
        }
    }

    fn place(&self, reading: &ReadingId) -> Place {
        let ReadingId::Counted { boot, seq } = *reading else { return Place::Listed };
        match self.boot {
            _ if seq > SEQ_MAX => Place::Listed,
            Some(known) if boot == known && seq < self.end && seq + COUNTED >= self.end => {
                let slot = seq % COUNTED;
                Place::Bit(usize::try_from(slot / 64).unwrap_or(0), 1 << (slot % 64))
            }
            Some(known) if boot > known || (boot == known && seq >= self.end) => Place::New,
            None => Place::New,
            Some(_) => Place::Listed,
        }
    }

    /// Moves the window of counts so that it ends at `end`.
    fn move_to(&mut self, boot: u64, end: u64) {
        if self.boot != Some(boot) || end - self.end >= COUNTED {
            self.counted = vec![0; WORDS].into();
        } else {
            for count in self.end..end {
                let slot = count % COUNTED;
                self.counted[usize::try_from(slot / 64).unwrap_or(0)] &= !(1 << (slot % 64));
            }
        }
        self.boot = Some(boot);
        self.end = end;
    }

    fn list(&mut self, fingerprint: u64, watermark: Timestamp) {
        let oldest = seconds(watermark.saturating_sub(LATENESS)) << 32;
        let expired = self.fingerprints.partition_point(|known| *known < oldest);
        let excess = (self.fingerprints.len() + 1).saturating_sub(FINGERPRINTS_MAX);
        self.fingerprints.drain(..expired.max(excess));
        if let Err(place) = self.fingerprints.binary_search(&fingerprint) {
            self.fingerprints.insert(place, fingerprint);
        }
    }
}

enum Place {
    /// A bit of the window of counts.
    Bit(usize, u64),
    /// Beyond the window: never seen.
    New,
    /// Told apart by fingerprint.
    Listed,
}

fn seconds(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_millis() / 1000).unwrap_or(0) & u64::from(u32::MAX)
}

fn fingerprint(reading: &ReadingId, sampled_at: Timestamp) -> u64 {
    let hash = match reading {
        ReadingId::Content { hash, .. } => {
            hash.as_u64_pair().1 ^ sampled_at.as_millis().unsigned_abs()
        }
        ReadingId::Counted { boot, seq } => boot.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seq,
    };
    seconds(sampled_at) << 32 | (hash & u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000).unwrap()
    }

    fn counted(boot: u64, seq: u64) -> ReadingId {
        ReadingId::Counted { boot, seq }
    }

    #[test]
    fn counted_readings_are_known_again_in_any_order_and_across_boots() {
        let mut seen = Seen::default();
        for seq in [5, 3, 900, 4, 2_000, 1_999] {
            assert!(!seen.contains(&counted(1, seq), at(10)), "{seq}");
            seen.note(&counted(1, seq), at(10), at(10));
            assert!(seen.contains(&counted(1, seq), at(10)), "{seq}");
        }
        assert!(!seen.contains(&counted(1, 1_998), at(10)));
        assert!(!seen.contains(&counted(2, 1_999), at(11)), "another boot counts anew");
        seen.note(&counted(2, 0), at(11), at(11));
        assert!(seen.contains(&counted(2, 0), at(11)));
        assert!(
            !seen.contains(&counted(1, 7), at(10)),
            "an earlier boot is told apart by fingerprint"
        );
        seen.note(&counted(1, 7), at(10), at(11));
        assert!(seen.contains(&counted(1, 7), at(10)));
    }

    #[test]
    fn a_count_at_the_end_of_all_numbers_is_a_count_like_any_other() {
        let mut seen = Seen::default();
        for seq in [7, u64::MAX, u64::MAX - 1, SEQ_MAX, SEQ_MAX + 1, 8] {
            assert!(!seen.contains(&counted(1, seq), at(10)), "{seq}");
            seen.note(&counted(1, seq), at(10), at(10));
            assert!(seen.contains(&counted(1, seq), at(10)), "{seq}");
        }
    }

    #[test]
    fn fingerprints_are_kept_for_the_lateness_and_no_longer() {
        let mut seen = Seen::default();
        let reading = |second: i64| ReadingId::Content {
            sampled_at: at(second),
            hash: messages::MessageId::named("seen", &second.to_string()).0,
        };
        let end = i64::try_from(LATENESS.as_secs()).unwrap() * 3;
        for second in 0..end {
            seen.note(&reading(second), at(second), at(second));
        }
        assert!(seen.contains(&reading(end - 1), at(end - 1)));
        let kept = seen.fingerprints.len() as u64;
        assert!((LATENESS.as_secs()..LATENESS.as_secs() + 3).contains(&kept), "{kept}");
    }
}
