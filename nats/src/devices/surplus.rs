//! What devices send beyond their rate: set aside, but packed, so that one that floods costs the others next to nothing.
//!
//! The server has acknowledged it, so it is neither refused nor dropped. Readings of one device and one batch go together
//! into quarantine, from where they can be released; of what cannot be read anyway the first is kept and the rest counted.

use super::message::{Aside, Judged, Sender};
use super::reader::Record;
use messages::Sequence;
use messages::health::QuarantineReason;
use messages::record::RECORD_BYTES_MAX;
use messages::telemetry::{FRAME_SAMPLES_MAX, Telemetry};
use runtime::guard::Principal;
use runtime::rate::{Limiter, RateLimit};

/// Bytes of readings that are set aside in one record.
pub const PACK_BYTES_MAX: usize = RECORD_BYTES_MAX / 2;
/// Header of what the server took in from another stream: with QoS 1 of MQTT each message comes once more this way.
const SOURCED: &str = "Nats-Stream-Source";

/// Tells what is beyond a device's rate.
pub(super) struct Rate {
    limiter: Option<Limiter>,
}

impl Rate {
    /// Without a limit nothing is.
    pub(super) fn new(limit: Option<RateLimit>) -> Self {
        Self { limiter: limit.map(Limiter::new) }
    }

    /// Whether `record` of `device` is within it. What counts is when the server had it: a backlog is no flood.
    pub(super) fn admits(&mut self, device: &Principal, record: &Record) -> bool {
        let Some(limiter) = &mut self.limiter else { return true };
        let is_copy = record.headers.get(SOURCED).is_some();
        let way = if is_copy { " sourced" } else { "" };
        limiter.take(&format!("{}{way}", device.name()), record.received_at).is_ok()
    }
}

/// What came too fast in one batch.
#[derive(Default)]
pub(super) struct Surplus {
    packs: Vec<Pack>,
}

/// What is set aside together.
struct Pack {
    /// Whom the first message is from, and the message.
    sender: Sender,
    holds: Holds,
    messages: u64,
    last: Sequence,
}

enum Holds {
    /// Readings in the same columns.
    Readings { frame: Telemetry, bytes: usize },
    /// What cannot be read or believed, and why the first cannot.
    Unread(Aside),
}

impl Surplus {
    /// Takes in a message; what of it is sound apart from what is not.
    pub(super) fn add(&mut self, one: Judged) {
        let Judged { entries, aside, sender, .. } = one;
        for entry in entries {
            let frame = entry.envelope.open::<Telemetry>();
            let frame = frame.expect("what was written a moment ago can be read");
            self.add_readings(&sender, frame, entry.envelope.data.len());
        }
        if let Some(aside) = aside {
            self.add_unread(&sender, aside);
        }
    }

    fn add_readings(&mut self, from: &Sender, more: Telemetry, more_bytes: usize) {
        for pack in self.packs.iter_mut().filter(|pack| pack.sender.is(from)) {
            let Holds::Readings { frame, bytes } = &mut pack.holds else { continue };
            let is_alike = frame.boot == more.boot && frame.signals == more.signals;
            let fits = frame.samples.len() + more.samples.len() <= FRAME_SAMPLES_MAX
                && *bytes + more_bytes <= PACK_BYTES_MAX;
            if is_alike && fits {
                frame.samples.extend(more.samples);
                *bytes += more_bytes;
                return pack.count(from);
            }
        }
        self.begin(from, Holds::Readings { frame: more, bytes: more_bytes });
    }

    fn add_unread(&mut self, from: &Sender, why: Aside) {
        let like = |pack: &&mut Pack| {
            let is_so = matches!(&pack.holds, Holds::Unread(first) if first.reason == why.reason);
            is_so && pack.sender.is(from)
        };
        match self.packs.iter_mut().find(like) {
            Some(pack) => pack.count(from),
            None => self.begin(from, Holds::Unread(why)),
        }
    }

    fn begin(&mut self, from: &Sender, holds: Holds) {
        let last = from.position.sequence;
        self.packs.push(Pack { sender: from.clone(), holds, messages: 1, last });
    }

    /// A message set aside for each pack.
    pub(super) fn packed(self) -> impl Iterator<Item = Judged> {
        self.packs.into_iter().zip(1..).map(|(pack, part)| pack.set_aside(part))
    }
}

impl Pack {
    fn count(&mut self, from: &Sender) {
        // A message in several records is one.
        if self.last != from.position.sequence {
            self.messages += 1;
            self.last = from.position.sequence;
        }
    }

    /// The `part`-th of its batch.
    fn set_aside(self, part: u32) -> Judged {
        let Self { sender, holds, messages, last } = self;
        let first = sender.position.sequence;
        let which = format!("{messages} messages, {first} to {last} of its stream");
        let aside = match holds {
            Holds::Readings { frame, .. } => Aside {
                reason: QuarantineReason::TooFast,
                detail: format!("the device sends more messages than it may: {which}"),
                remedy: "send several samples in one message; `aurorasync quarantine release ID` takes these in"
                    .to_owned(),
                telemetry: Some(frame),
                part,
            },
            Holds::Unread(why) => Aside {
                detail: format!("{} (of {which}, which came too fast, the first is kept)", why.detail),
                part,
                ..why
            },
        };
        Judged { messages, ..Judged::set_aside(sender, aside) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_nats::HeaderMap;
    use bytes::Bytes;
    use messages::Timestamp;
    use messages::health::TelemetryQuarantined;
    use uuid::Uuid;

    fn record(asset: &str, sequence: u64, millis: i64, body: &str) -> Record {
        Record {
            sequence,
            received_at: Timestamp::from_millis(millis).unwrap(),
            subject: format!("aurora.v1.telemetry.demo.9.{asset}"),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn sample(seq: u64, signal: &str) -> String {
        format!(r#"{{"boot":1,"seq":{seq},"t":"2026-03-02T06:00:00Z","s":{{"{signal}":{seq}}}}}"#)
    }

    fn packed(records: &[Record]) -> Vec<(u64, TelemetryQuarantined)> {
        let mut surplus = Surplus::default();
        for record in records {
            surplus.add(Judged::of(record, Uuid::from_u128(7)).unwrap());
        }
        let said = |one: Judged| (one.messages, one.said_aside().unwrap().envelope.open().unwrap());
        surplus.packed().map(said).collect()
    }

    #[test]
    fn readings_of_a_device_are_set_aside_together_and_whole() {
        let speeds = (0..200).map(|seq| record("VEH001", 10 + seq, 0, &sample(seq, "speed")));
        let mut records: Vec<Record> = speeds.collect();
        records.push(record("VEH002", 300, 0, &sample(1, "speed")));
        records.push(record("VEH001", 301, 0, &sample(200, "torque")));
        let packs = packed(&records);
        let told: Vec<_> = packs
            .iter()
            .map(|(count, it)| (&*it.asset, *count, it.telemetry.samples.len()))
            .collect();
        assert_eq!(told, [("VEH001", 200, 200), ("VEH002", 1, 1), ("VEH001", 1, 1)]);
        let (_, first) = &packs[0];
        let seqs: Vec<Option<u64>> = first.telemetry.samples.iter().map(|it| it.seq).collect();
        assert_eq!(seqs, (0..200).map(Some).collect::<Vec<_>>());
        assert_eq!((first.reason, first.telemetry.boot), (QuarantineReason::TooFast, Some(1)));
        assert!(first.detail.contains("200 messages, 10 to 209"), "{}", first.detail);
    }

    #[test]
    fn a_pack_is_no_larger_than_a_frame_or_a_record_may_be() {
        let one = |seq| format!(r#"{{"seq":{seq},"t":"2026-03-02T06:00:00Z","s":{{"speed":1}}}}"#);
        let samples: Vec<String> = (0..300).map(one).collect();
        let body = format!(r#"{{"boot":1,"samples":[{}]}}"#, samples.join(","));
        let records: Vec<Record> =
            (0..7).map(|sequence| record("VEH001", sequence, 0, &body)).collect();
        let packs = packed(&records);
        let sizes: Vec<usize> = packs.iter().map(|(_, it)| it.telemetry.samples.len()).collect();
        assert_eq!(sizes, [900, 900, 300]);
        let codes = vec!["\"P0217\""; 64].join(",");
        let sample = format!(r#"{{"t":"2026-03-02T06:00:00Z","s":{{}},"codes":[{codes}]}}"#);
        let body = format!(r#"{{"samples":[{}]}}"#, vec![sample; 200].join(","));
        let records: Vec<Record> =
            (0..4).map(|sequence| record("VEH001", sequence, 0, &body)).collect();
        assert!(packed(&records).len() > 1);
    }

    #[test]
    fn of_what_cannot_be_read_the_first_is_kept_and_the_rest_counted() {
        let records: Vec<Record> =
            (5..105).map(|sequence| record("VEH001", sequence, 0, "{\"t\":")).collect();
        let packs = packed(&records);
        let [(100, only)] = &packs[..] else { panic!("{packs:?}") };
        assert_eq!(only.reason, QuarantineReason::Malformed);
        assert_eq!(&only.as_sent.as_ref().unwrap().body[..], b"{\"t\":");
        assert!(only.detail.contains("100 messages, 5 to 104"), "{}", only.detail);
    }

    #[test]
    fn what_was_sent_in_its_time_is_not_too_fast_however_late_it_is_read() {
        let device = Principal::device("demo", "VEH001");
        let limit = RateLimit { messages_per_second: 10.0, burst: 3.0 };
        let admitted = |millis_apart: i64| {
            let mut rate = Rate::new(Some(limit));
            let admits =
                |number| rate.admits(&device, &record("VEH001", 1, number * millis_apart, ""));
            (0..1_000).map(admits).filter(|admitted| *admitted).count()
        };
        assert_eq!((admitted(100), admitted(0)), (1_000, 3));
        assert!((500..510).contains(&admitted(50)), "{}", admitted(50));
    }

    #[test]
    fn what_mqtt_stores_twice_counts_once() {
        let device = Principal::device("demo", "VEH001");
        let mut rate = Rate::new(Some(RateLimit { messages_per_second: 1.0, burst: 2.0 }));
        let direct = record("VEH001", 1, 0, "");
        let mut sourced = direct.clone();
        sourced.headers.insert(SOURCED, "$MQTT_msgs 1 > >");
        for _ in 0..2 {
            assert!(rate.admits(&device, &direct) && rate.admits(&device, &sourced));
        }
        assert!(!rate.admits(&device, &direct) && !rate.admits(&device, &sourced));
        assert!(rate.admits(&Principal::device("demo", "VEH002"), &direct), "each has its own");
    }
}
