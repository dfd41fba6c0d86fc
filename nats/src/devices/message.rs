//! Judges one message of a device: what is taken in, and what is set aside with the reason. Nothing vanishes.

use super::Position;
use super::reader::Record;
use crate::streams::TELEMETRY;
use bytes::Bytes;
use messages::health::{AsSent, QuarantineReason, TelemetryQuarantined};
use messages::record::RECORD_BYTES_MAX;
use messages::telemetry::{self, FrameError, Parsed, Refused, Telemetry};
use messages::{Envelope, MessageId, subject};
use runtime::committer::Entry;
use runtime::guard::{Denied, Principal};
use uuid::Uuid;

/// Who sets messages aside: the `source` of what is said about them.
pub const SOURCE: &str = "ingest";
/// What every stored subject of telemetry begins with.
const ROOT: &str = "aurora.v1.telemetry.";
/// In place of a fleet: records of the house's own.
const CONTROL: &str = "_control";
/// Longest detail of what is set aside, in characters: it may quote what the device sent.
pub const DETAIL_CHARS_MAX: usize = 2_048;
/// Refused samples of one message that are told one by one.
const REFUSED_TOLD_MAX: usize = 5;

/// What came of one message.
pub struct Judged {
    /// Who sent it.
    pub principal: Principal,
    /// What is taken in.
    pub entries: Vec<Entry>,
    /// Samples in them.
    pub samples: usize,
    /// Messages that this came of.
    pub messages: u64,
    /// Why it, or a part of it, is set aside.
    pub(super) aside: Option<Aside>,
    /// The trace that its sender began.
    pub(super) traceparent: Option<String>,
    pub(super) sender: Sender,
}

/// Whom a message is from, and the message itself.
#[derive(Clone)]
pub(super) struct Sender {
    fleet: String,
    asset: String,
    pub(super) position: Position,
    body: Bytes,
}

/// Why a message is set aside, for people, and what of it.
pub(super) struct Aside {
    pub(super) reason: QuarantineReason,
    pub(super) detail: String,
    pub(super) remedy: String,
    /// Its readings; where there are none, the message is kept as it was sent.
    pub(super) telemetry: Option<Telemetry>,
    /// Tells what is set aside of one message apart.
    pub(super) part: u32,
}

impl Judged {
    /// Judges `record` of the stream with the id `stream`; `None` for one that no device sent.
    #[must_use]
    pub fn of(record: &Record, stream: Uuid) -> Option<Self> {
        let tokens: Vec<&str> = record.subject.strip_prefix(ROOT)?.split('.').collect();
        let [fleet, _, asset] = tokens[..] else { return None };
        if fleet == CONTROL {
            return None;
        }
        let position = Position { stream, sequence: record.sequence };
        let text = |token| subject::unescape(token).map(|text| text.into_owned());
        let names = text(fleet).and_then(|fleet| Ok((fleet, text(asset)?)));
        let (fleet, asset) = names.clone().unwrap_or_else(|_| (fleet.to_owned(), asset.to_owned()));
        let sender = Sender { fleet, asset, position, body: record.body.clone() };
        Some(match names {
            Ok(_) => Self::of_device(sender, record),
            Err(error) => Self::set_aside(sender, malformed(&error)),
        })
    }

    fn of_device(sender: Sender, record: &Record) -> Self {
        match telemetry::parse(&sender.fleet, &sender.asset, headers(record), &record.body) {
            Ok(parsed) => Self::of_frame(sender, parsed),
            Err(error @ FrameError::Identity { .. }) => {
                let remedy = format!(
                    "name `{}` in the payload, or publish as the asset that it is about",
                    sender.asset
                );
                let reason = QuarantineReason::Impersonation;
                Self::set_aside(sender, aside(reason, error.to_string(), remedy))
            }
            Err(error) => Self::set_aside(sender, malformed(&error)),
        }
    }

    fn of_frame(sender: Sender, parsed: Parsed) -> Self {
        let Parsed { frame, refused, event_id, traceparent } = parsed;
        let samples = frame.samples.len();
        let named = |id: String| frame.event_name(&id);
        let first = event_id.map_or_else(|| sender.message_id(), named);
        let trace = traceparent.clone();
        let said = if samples == 0 { Ok(Vec::new()) } else { frame.said(first, trace) };
        let entries = match said {
            Ok(said) => said.into_iter().map(Entry::from).collect(),
            Err(error) => return Self::set_aside(sender, malformed(&error)),
        };
        let aside = (!refused.is_empty()).then(|| malformed(&told(&refused)));
        let principal = sender.principal();
        Self { principal, entries, samples, messages: 1, aside, traceparent, sender }
    }

    pub(super) fn set_aside(sender: Sender, aside: Aside) -> Self {
        Self {
            principal: sender.principal(),
            entries: Vec::new(),
            samples: 0,
            messages: 1,
            aside: Some(aside),
            traceparent: None,
            sender,
        }
    }

    /// Why it, or a part of it, is set aside.
    #[must_use]
    pub fn reason(&self) -> Option<QuarantineReason> {
        self.aside.as_ref().map(|aside| aside.reason)
    }

    /// The same message, set aside because its sender may not speak now.
    #[must_use]
    pub fn denied(self, denied: &Denied) -> Self {
        let remedy = format!("see `aurorasync principal show {}`", self.principal.name());
        let reason = QuarantineReason::Contained;
        Self::set_aside(self.sender, aside(reason, denied.to_string(), remedy))
    }

    /// What is said about what is set aside.
    #[must_use]
    pub fn said_aside(&self) -> Option<Entry> {
        let said = self.sender.quarantined(self.aside.as_ref()?);
        Some(Envelope { traceparent: self.traceparent.clone(), ..said }.into())
    }
}

impl Sender {
    fn principal(&self) -> Principal {
        Principal::device(&self.fleet, &self.asset)
    }

    /// Names the message by where it lies: the same each time it is read.
    fn message_id(&self) -> MessageId {
        MessageId::named("telemetry", &format!("nats/{}", self.position))
    }

    /// Whether both are of one device.
    pub(super) fn is(&self, other: &Self) -> bool {
        (&self.fleet, &self.asset) == (&other.fleet, &other.asset)
    }

    fn quarantined(&self, aside: &Aside) -> Envelope {
        let kept = self.body.len().min(RECORD_BYTES_MAX);
        let message = TelemetryQuarantined {
            fleet: self.fleet.clone(),
            asset: self.asset.clone(),
            reason: aside.reason,
            detail: aside.detail.chars().take(DETAIL_CHARS_MAX).collect(),
            nearest: None,
            remedy: aside.remedy.clone(),
            telemetry: aside.telemetry.clone().unwrap_or_else(|| Telemetry {
                fleet: self.fleet.clone(),
                asset: self.asset.clone(),
                boot: None,
                signals: Vec::new(),
                samples: Vec::new(),
            }),
            as_sent: aside.telemetry.is_none().then(|| AsSent {
                position: format!("{TELEMETRY}/{}", self.position.sequence),
                body: self.body.slice(..kept),
                bytes: self.body.len() as u64,
            }),
        };
        let id = MessageId::output(SOURCE, self.message_id(), aside.part);
        Envelope::new(id, SOURCE, &message)
            .expect("a body that fits into a record fits into quarantine")
    }
}

/// All headers; whoever parses knows those of CloudEvents, `Content-Type` and `traceparent`, and passes over the rest.
fn headers(record: &Record) -> impl Iterator<Item = (&[u8], &[u8])> {
    record.headers.iter().flat_map(|(name, values)| {
        let name: &str = name.as_ref();
        values.iter().map(move |value| (name.as_bytes(), value.as_str().as_bytes()))
    })
}

/// A message that is set aside whole.
fn aside(reason: QuarantineReason, detail: String, remedy: String) -> Aside {
    Aside { reason, detail, remedy, telemetry: None, part: 0 }
}

fn malformed(error: &dyn std::fmt::Display) -> Aside {
    let remedy =
        "mend what the device sends; `aurorasync ingest check FILE` says what is wrong with a body";
    aside(QuarantineReason::Malformed, error.to_string(), remedy.to_owned())
}

/// The first of `refused` one by one, and how many more there are.
fn told(refused: &[Refused]) -> String {
    let first = refused.iter().take(REFUSED_TOLD_MAX);
    let mut told: Vec<String> =
        first.map(|sample| format!("sample {}: {}", sample.index, sample.detail)).collect();
    if refused.len() > REFUSED_TOLD_MAX {
        told.push(format!("{} more", refused.len() - REFUSED_TOLD_MAX));
    }
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_nats::HeaderMap;
    use messages::Timestamp;

    const GOOD: &str = r#"{"t":"2026-03-02T06:00:00Z","s":{"speed":51.5}}"#;

    fn judge(subject: &str, headers: &[(&str, &str)], body: &str) -> Judged {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, *value);
        }
        let body = Bytes::copy_from_slice(body.as_bytes());
        let subject = subject.to_owned();
        let received_at = Timestamp::EPOCH;
        let record = Record { sequence: 17, received_at, subject, headers: map, body };
        Judged::of(&record, Uuid::from_u128(7)).expect("a device sent it")
    }

    fn quarantined(judged: &Judged) -> TelemetryQuarantined {
        judged.said_aside().expect("something is set aside").envelope.open().unwrap()
    }

    #[test]
    fn the_three_forms_give_the_same_frame() {
        let subject = "aurora.v1.telemetry.demo.9.--moto-2f7";
        let event = [
            ("ce-specversion", "1.0"),
            ("ce-id", "a"),
            ("ce-source", "x"),
            ("ce-type", "telemetry.received"),
            ("ce-subject", "moto/7"),
        ];
        let structured = format!(
            r#"{{"specversion":"1.0","id":"a","source":"x","type":"telemetry.received","data":{GOOD}}}"#
        );
        let all = [
            judge(subject, &[], GOOD),
            judge(subject, &event, GOOD),
            judge(subject, &[], &structured),
        ];
        for judged in &all {
            assert_eq!((judged.entries.len(), judged.samples, judged.reason()), (1, 1, None));
            let frame: Telemetry = judged.entries[0].envelope.open().unwrap();
            assert_eq!((frame.fleet.as_str(), frame.asset.as_str()), ("demo", "moto/7"));
            assert_eq!(judged.entries[0].envelope.source, "device/demo/moto/7");
        }
        assert_eq!(all[1].entries[0].envelope.id, all[2].entries[0].envelope.id);
        assert_ne!(all[0].entries[0].envelope.id, all[1].entries[0].envelope.id);
    }

    #[test]
    fn the_trace_that_a_device_began_goes_on_in_each_form() {
        let subject = "aurora.v1.telemetry.demo.9.VEH001";
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let other = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let event = [
            ("ce-specversion", "1.0"),
            ("ce-id", "a"),
            ("ce-source", "x"),
            ("ce-type", "telemetry.received"),
            ("ce-traceparent", trace),
            ("traceparent", other),
        ];
        let structured = format!(
            r#"{{"specversion":"1.0","id":"a","source":"x","type":"telemetry.received","traceparent":"{trace}","data":{GOOD}}}"#
        );
        let bad = format!(r#"{{"samples":[{GOOD},{{"t":"yesterday","s":{{"speed":1}}}}]}}"#);
        for judged in [
            judge(subject, &[("traceparent", trace)], GOOD),
            judge(subject, &event, GOOD),
            judge(subject, &[("traceparent", other)], &structured),
            judge(subject, &[("Traceparent", trace)], &bad),
        ] {
            let said_aside = judged.said_aside();
            let said = judged.entries.iter().chain(&said_aside).map(|it| &it.envelope);
            let traces: Vec<_> = said.map(|it| it.traceparent.as_deref()).collect();
            assert!(!traces.is_empty() && traces.iter().all(|it| *it == Some(trace)), "{traces:?}");
        }
        let unsound = judge(subject, &[("traceparent", "mine")], GOOD);
        assert_eq!(unsound.entries[0].envelope.traceparent, None);
    }

    #[test]
    fn headers_of_the_server_change_nothing() {
        let subject = "aurora.v1.telemetry.demo.9.VEH001";
        let headers = [("Nats-Msg-Id", "a"), ("Nats-Rollup", "all"), ("Nmqtt-Pub", "1")];
        let plain = judge(subject, &[], GOOD);
        let with = judge(subject, &headers, GOOD);
        assert_eq!(with.entries[0].envelope, plain.entries[0].envelope);
    }

    #[test]
    fn whoever_speaks_of_another_asset_is_set_aside_with_the_whole_message() {
        let body = format!(
            r#"{{"specversion":"1.0","id":"a","source":"x","type":"telemetry.received","subject":"VEH002","data":{GOOD}}}"#
        );
        let judged = judge("aurora.v1.telemetry.demo.9.VEH001", &[], &body);
        assert_eq!(
            (judged.entries.len(), judged.reason()),
            (0, Some(QuarantineReason::Impersonation))
        );
        let said = quarantined(&judged);
        assert_eq!(said.asset, "VEH001", "the sender's own name");
        assert!(said.detail.contains("VEH002"), "{}", said.detail);
        let sent = said.as_sent.unwrap();
        assert_eq!((&sent.body[..], sent.position.as_str()), (body.as_bytes(), "TELEMETRY/17"));
    }

    #[test]
    fn a_bad_sample_does_not_cost_its_neighbours_and_is_kept() {
        let body = format!(r#"{{"samples":[{GOOD},{{"t":"yesterday","s":{{"speed":1}}}}]}}"#);
        let judged = judge("aurora.v1.telemetry.demo.9.VEH001", &[], &body);
        assert_eq!((judged.samples, judged.reason()), (1, Some(QuarantineReason::Malformed)));
        let said = quarantined(&judged);
        assert!(said.detail.starts_with("sample 1: time "), "{}", said.detail);
        assert_eq!(&said.as_sent.unwrap().body[..], body.as_bytes());
    }

    #[test]
    fn what_is_no_json_or_has_no_possible_name_is_kept_as_it_was_sent() {
        for (subject, body) in [
            ("aurora.v1.telemetry.demo.9.VEH001", "{\"t\":"),
            ("aurora.v1.telemetry.demo.9.VEH001", ""),
            ("aurora.v1.telemetry.demo.9.veh%1", GOOD),
        ] {
            let judged = judge(subject, &[], body);
            assert_eq!((judged.samples, judged.reason()), (0, Some(QuarantineReason::Malformed)));
            assert_eq!(&quarantined(&judged).as_sent.unwrap().body[..], body.as_bytes());
        }
    }

    #[test]
    fn a_body_longer_than_a_record_keeps_its_beginning_and_its_length() {
        let body = "x".repeat(RECORD_BYTES_MAX + 1);
        let sent = quarantined(&judge("aurora.v1.telemetry.demo.9.VEH001", &[], &body)).as_sent;
        let sent = sent.unwrap();
        assert_eq!((sent.body.len(), sent.bytes), (RECORD_BYTES_MAX, body.len() as u64));
    }

    #[test]
    fn what_is_wrong_is_told_shortly_however_much_a_device_sends() {
        let long = "k".repeat(RECORD_BYTES_MAX - 16);
        let names = "\u{7f}".repeat(RECORD_BYTES_MAX / 2);
        for body in [
            format!(r#"{{"{long}":1}}"#),
            format!(r#"{{"boot":"{long}","t":1,"s":{{}}}}"#),
            format!(r#"{{"boot":"{names}","t":1,"s":{{}}}}"#),
            format!(r#"{{"t":"{names}","s":{{"{long}":1}}}}"#),
        ] {
            let said = quarantined(&judge("aurora.v1.telemetry.demo.9.VEH001", &[], &body));
            assert!(said.detail.chars().count() <= DETAIL_CHARS_MAX, "{}", said.detail.len());
            assert_eq!(said.as_sent.unwrap().bytes, body.len() as u64);
        }
    }

    #[test]
    fn records_of_the_house_are_not_devices() {
        let subject = "aurora.v1.telemetry._control.9._all".to_owned();
        let (received_at, headers, body) = (Timestamp::EPOCH, HeaderMap::new(), Bytes::new());
        let record = Record { sequence: 1, received_at, subject, headers, body };
        assert!(Judged::of(&record, Uuid::from_u128(7)).is_none());
    }
}
