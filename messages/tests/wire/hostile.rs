//! Whatever is done to bytes, reading them gives the value or a typed error: never a panic, never another value.

use crate::samples::{self, telemetry};
use messages::record::{HEADER_BYTES, RECORD_BYTES_MAX};
use messages::telemetry::Telemetry;
use messages::{DecodeError, Encoding, Message, Record, record};
use proptest::prelude::*;

/// The bytes with the checksum made right again, as an attacker would.
fn signed(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&bytes[..4]), &bytes[HEADER_BYTES..]);
    bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

#[test]
fn a_record_cut_at_any_length_is_refused() {
    for sample in samples::all() {
        let bytes = sample.encoded(Encoding::Postcard);
        for length in 0..bytes.len() {
            assert!(sample.is_in(Encoding::Postcard, &bytes[..length]).is_err(), "{length}");
            if length >= HEADER_BYTES {
                let cut = signed(bytes[..length].to_vec());
                let error = sample.is_in(Encoding::Postcard, &cut).unwrap_err();
                let body = length - HEADER_BYTES;
                assert_eq!(
                    error,
                    DecodeError::Truncated { bytes: body },
                    "{length}, checksum right"
                );
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_a_record_is_noticed() {
    for sample in samples::all() {
        let bytes = sample.encoded(Encoding::Postcard);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = sample.is_in(Encoding::Postcard, &flipped).unwrap_err();
            assert!(matches!(error, DecodeError::Checksum { .. }), "bit {bit}: {error}");
        }
    }
}

#[test]
fn a_flipped_bit_of_json_is_an_error_or_a_value_but_no_panic() {
    for sample in samples::all() {
        let bytes = sample.encoded(Encoding::Json);
        let mut refused = 0;
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            refused += usize::from(sample.is_in(Encoding::Json, &flipped).is_err());
        }
        assert!(refused > bytes.len(), "{refused} of {} flips were refused", bytes.len() * 8);
    }
}

#[test]
fn another_schema_and_an_unknown_version_are_named() {
    let bytes = record::encode(&telemetry()).unwrap();
    let mut other = bytes.clone();
    other[0..2].copy_from_slice(&999_u16.to_le_bytes());
    let error = record::decode::<Telemetry>(&signed(other)).unwrap_err();
    assert_eq!(error, DecodeError::WrongSchema { expected: 1, found: 999 });
    for version in [0, Telemetry::VERSION + 1, u16::MAX] {
        let mut other = bytes.clone();
        other[2..4].copy_from_slice(&version.to_le_bytes());
        let error = record::decode::<Telemetry>(&signed(other)).unwrap_err();
        assert_eq!(error, DecodeError::UnknownVersion { schema: 1, version, known: 1 });
    }
}

#[test]
fn bytes_behind_the_value_are_refused() {
    for sample in samples::all() {
        let mut bytes = sample.encoded(Encoding::Postcard);
        bytes.extend([0, 0, 0]);
        let error = sample.is_in(Encoding::Postcard, &signed(bytes)).unwrap_err();
        assert_eq!(error, DecodeError::Trailing { bytes: 3 });
        let mut json = sample.encoded(Encoding::Json);
        json.extend(b" {}");
        assert!(sample.is_in(Encoding::Json, &json).is_err());
    }
}

#[test]
fn what_is_larger_than_a_record_is_refused_before_it_is_looked_at() {
    let huge = vec![b' '; RECORD_BYTES_MAX + 1];
    let too_large = Err(DecodeError::TooLarge { bytes: huge.len() });
    for encoding in [Encoding::Postcard, Encoding::Json] {
        assert_eq!(Telemetry::from_data(encoding, &huge), too_large);
    }
}

#[test]
fn nan_and_infinity_are_refused_in_a_record() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let bytes = record::encode(&telemetry()).unwrap();
        let value = 96.5_f64.to_le_bytes();
        let place = bytes.windows(8).position(|window| window == value).unwrap();
        let mut broken = bytes;
        broken[place..place + 8].copy_from_slice(&number.to_le_bytes());
        let error = record::decode::<Telemetry>(&signed(broken)).unwrap_err();
        assert!(matches!(error, DecodeError::Invalid(_)), "{error}");
    }
}

#[test]
fn a_length_that_promises_more_than_there_is_takes_no_memory() {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes[0..4].copy_from_slice(&[1, 0, 1, 0]);
    bytes.extend(postcard::to_stdvec(&("demo", "VEH001", None::<u64>, u64::MAX >> 1)).unwrap());
    assert!(record::decode::<Telemetry>(&signed(bytes)).is_err());
}

#[test]
fn json_nested_too_deep_is_refused_with_a_reason() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let error = Telemetry::from_data(Encoding::Json, deep.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("deeper than 16"), "{error}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for sample in samples::all() {
            prop_assert_ne!(sample.is_in(Encoding::Postcard, &bytes), Ok(true));
            prop_assert_ne!(sample.is_in(Encoding::Json, &bytes), Ok(true));
        }
    }

    #[test]
    fn an_arbitrary_body_under_a_right_header_gives_a_value_or_a_typed_error(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        schema in prop_oneof![Just(1_u16), 10..14_u16, Just(20), 30..35_u16, 40..43_u16],
    ) {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[0..2].copy_from_slice(&schema.to_le_bytes());
        bytes[2] = 1;
        bytes.extend(body);
        let bytes = signed(bytes);
        for sample in samples::all() {
            let read = sample.is_in(Encoding::Postcard, &bytes);
            if sample.entry().schema != schema {
                let wrong = matches!(read, Err(DecodeError::WrongSchema { .. }));
                prop_assert!(wrong, "{:?}", read);
            }
        }
    }
}
