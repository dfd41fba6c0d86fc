//! How a type grows: one struct per version, and the newest reads all.

use messages::record::{self, decode_body};
use messages::{DecodeError, Record};
use serde::{Deserialize, Serialize};

/// The state as version 1 wrote it.
#[derive(Serialize, Deserialize)]
struct WearV1 {
    component: String,
    worn_percent: u8,
}

impl Record for WearV1 {
    const SCHEMA: u16 = 60_000;
}

/// The state as it is now: a fraction, and when it was measured if that is known.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wear {
    component: String,
    worn: f64,
    measured_at_millis: Option<i64>,
}

impl Record for Wear {
    const SCHEMA: u16 = 60_000;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let old: WearV1 = decode_body(body)?;
                let worn = f64::from(old.worn_percent) / 100.0;
                Ok(Self { component: old.component, worn, measured_at_millis: None })
            }
            _ => Err(DecodeError::UnknownVersion {
                schema: Self::SCHEMA,
                version,
                known: Self::VERSION,
            }),
        }
    }
}

fn old() -> Vec<u8> {
    record::encode(&WearV1 { component: "brake".to_owned(), worn_percent: 40 }).unwrap()
}

#[test]
fn bytes_of_version_1_are_read_as_version_2() {
    let wear = Wear { component: "brake".to_owned(), worn: 0.4, measured_at_millis: None };
    assert_eq!(record::decode::<Wear>(&old()), Ok(wear));
}

#[test]
fn an_old_body_is_checked_as_strictly_as_a_new_one() {
    let mut bytes = old();
    bytes.push(0);
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&bytes[..4]), &bytes[8..]);
    bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(record::decode::<Wear>(&bytes), Err(DecodeError::Trailing { bytes: 1 }));
}

#[test]
fn an_older_build_refuses_a_newer_version_instead_of_guessing() {
    let wear = Wear { component: "brake".to_owned(), worn: 0.4, measured_at_millis: Some(1) };
    let bytes = record::encode(&wear).unwrap();
    let error = record::decode::<WearV1>(&bytes).err();
    let unknown = DecodeError::UnknownVersion { schema: 60_000, version: 2, known: 1 };
    assert_eq!(error, Some(unknown));
}
