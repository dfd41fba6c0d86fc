//! What is written is read back equal, in both encodings.

use crate::samples;
use bytes::Bytes;
use messages::telemetry::{Sample, Signal, Telemetry, TroubleCode};
use messages::{
    Class, Encoding, Envelope, Finite, Message, MessageId, Origin, Provenance, Stream, Timestamp,
    record,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

pub(crate) fn timestamps() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis())
        .prop_map(|millis| Timestamp::from_millis(millis).unwrap())
}

fn numbers() -> impl Strategy<Value = Finite> {
    prop_oneof![any::<f64>(), -1e6..1e6].prop_filter_map("finite", |value| Finite::new(value).ok())
}

fn codes() -> impl Strategy<Value = TroubleCode> {
    prop_oneof![
        "[PCBU][0-9A-F]{4}".prop_map(|code| TroubleCode::Obd2 { code }),
        (0..1_u32 << 19, 0..32_u8, 0..128_u8).prop_map(|(spn, fmi, oc)| TroubleCode::J1939 {
            spn,
            fmi,
            oc
        }),
    ]
}

fn samples_of(columns: usize) -> impl Strategy<Value = Sample> {
    let values = proptest::collection::vec(option::of(numbers()), columns);
    let codes = proptest::collection::vec(codes(), 0..3);
    (timestamps(), any::<Option<u64>>(), values, codes)
        .prop_map(|(sampled_at, seq, values, codes)| Sample { sampled_at, seq, values, codes })
}

/// Frames that hold what [`Telemetry`] promises.
pub(crate) fn frames() -> impl Strategy<Value = Telemetry> {
    let signals = proptest::collection::btree_set(("\\PC{1,9}", option::of("[a-z%°/]{1,5}")), 0..6);
    let with_samples = |signals: std::collections::BTreeSet<(String, Option<String>)>| {
        let columns = signals.len();
        (Just(signals), proptest::collection::vec(samples_of(columns), 0..5))
    };
    let named = ("\\PC{1,9}", "\\PC{1,9}", any::<Option<u64>>());
    (named, signals.prop_flat_map(with_samples)).prop_map(
        |((fleet, asset, boot), (signals, samples))| {
            let signals = signals.into_iter().map(|(name, unit)| Signal { name, unit }).collect();
            Telemetry { fleet, asset, boot, signals, samples }
        },
    )
}

fn origins() -> impl Strategy<Value = Origin> {
    (select(&Stream::ALL[..]), any::<u16>(), any::<u64>(), any::<u32>()).prop_map(
        |(stream, partition, sequence, index)| Origin { stream, partition, sequence, index },
    )
}

fn ids() -> impl Strategy<Value = MessageId> {
    any::<u128>().prop_map(|id| MessageId(Uuid::from_u128(id)))
}

fn data() -> impl Strategy<Value = (Encoding, Bytes)> {
    let json = "\\{\"a\": ?(1|\"\\PC{0,5}\"|null)\\}"
        .prop_filter("JSON", |text| serde_json::from_str::<serde_json::Value>(text).is_ok());
    prop_oneof![
        Just((Encoding::Postcard, Bytes::new())),
        proptest::collection::vec(any::<u8>(), 0..40)
            .prop_map(|data| (Encoding::Postcard, data.into())),
        json.prop_map(|text| (Encoding::Json, text.into())),
    ]
}

/// Envelopes with every field; texts may hold anything printable.
pub(crate) fn envelopes() -> impl Strategy<Value = Envelope> {
    let texts = ("\\PC{1,12}", "\\PC{1,12}", "\\PC{0,12}");
    let kinds = (select(&Class::ALL[..]), select(&Provenance::ALL[..]), data(), timestamps());
    let links = (
        option::of(any::<u128>().prop_map(Uuid::from_u128)),
        option::of(ids()),
        option::of(origins()),
        option::of("[a-z-]{1,9}"),
        option::of("[0-9a-f-]{1,55}"),
    );
    (ids(), texts, kinds, links).prop_map(
        |(id, (name, source, key), (class, provenance, (encoding, data), time), links)| {
            let (case_id, causation_id, origin, addressed_to, traceparent) = links;
            Envelope {
                id,
                name,
                class,
                encoding,
                source,
                key,
                time,
                provenance,
                case_id,
                causation_id,
                origin,
                addressed_to,
                traceparent,
                data,
            }
        },
    )
}

#[test]
fn every_sample_comes_back_from_both_encodings() {
    for sample in samples::all() {
        for encoding in [Encoding::Postcard, Encoding::Json] {
            assert_eq!(sample.is_in(encoding, &sample.encoded(encoding)), Ok(true));
        }
    }
}

#[test]
fn the_largest_message_still_fits_into_a_dead_letter() {
    use messages::dead::{Cause, DeadLettered};
    let original =
        Envelope { data: vec![7; record::RECORD_BYTES_MAX].into(), ..samples::envelope() };
    let position = original.origin.unwrap();
    let dead = DeadLettered {
        agent: "data-analysis".into(),
        original,
        position,
        cause: Cause::Undecodable,
        reason: "not a frame".into(),
        attempts: 3,
    };
    let bytes = record::encode(&dead).unwrap();
    assert_eq!(record::decode::<DeadLettered>(&bytes).unwrap(), dead);
}

proptest! {
    #[test]
    fn every_frame_comes_back_from_both_encodings(frame in frames()) {
        let postcard = record::encode(&frame).unwrap();
        prop_assert_eq!(&record::decode::<Telemetry>(&postcard).unwrap(), &frame);
        let json = serde_json::to_vec(&frame).unwrap();
        prop_assert_eq!(Telemetry::from_data(Encoding::Json, &json).unwrap(), frame);
    }

    #[test]
    fn every_envelope_comes_back_from_the_store(envelope in envelopes()) {
        let bytes = postcard::to_stdvec(&envelope).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Envelope>(&bytes).unwrap(), envelope);
    }

    #[test]
    fn every_moment_comes_back_from_its_text(moment in timestamps()) {
        prop_assert_eq!(moment.to_string().parse::<Timestamp>().unwrap(), moment);
    }
}
