//! Golden bytes: `messages/tests/golden/<name>.v<version>.{postcard.hex,json}`, one small value of every version ever written.
//!
//! After adding a type or raising a version:
//! `AURORASYNC_GOLDEN=write cargo test -p messages --test wire golden`
//! writes the files that do not exist yet. Nothing overwrites one that does: it stands for bytes in somebody's store.

use crate::samples::{self, AnyMessage};
use messages::Encoding;
use messages::catalogue::CATALOGUE;
use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Once;

fn file(name: &str, version: u16, encoding: Encoding) -> PathBuf {
    let extension = match encoding {
        Encoding::Postcard => "postcard.hex",
        Encoding::Json => "json",
    };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    folder.join(format!("{name}.v{version}.{extension}"))
}

pub(crate) fn read(name: &str, version: u16, encoding: Encoding) -> Vec<u8> {
    let path = file(name, version, encoding);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; see the head of this test for the command that writes it",
            path.display()
        )
    });
    match encoding {
        Encoding::Json => text.trim_end().as_bytes().to_vec(),
        Encoding::Postcard => from_hex(&text),
    }
}

/// The samples, after writing what is asked for and does not exist.
fn all() -> Vec<Box<dyn AnyMessage>> {
    static WRITE: Once = Once::new();
    let samples = samples::all();
    WRITE.call_once(|| {
        if std::env::var("AURORASYNC_GOLDEN").as_deref() == Ok("write") {
            for sample in &samples {
                write_missing(&**sample, Encoding::Postcard);
                write_missing(&**sample, Encoding::Json);
            }
        }
    });
    samples
}

fn write_missing(sample: &dyn AnyMessage, encoding: Encoding) {
    let entry = sample.entry();
    let data = sample.encoded(encoding);
    let text = match encoding {
        Encoding::Json => String::from_utf8(data).unwrap() + "\n",
        Encoding::Postcard => to_hex(&data),
    };
    match fs::File::create_new(file(entry.name, entry.version, encoding)) {
        Ok(mut file) => file.write_all(text.as_bytes()).unwrap(),
        Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}"),
    }
}

fn to_hex(data: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    data.chunks(32).map(|bytes| line(bytes) + "\n").collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn golden_every_catalogued_type_has_a_sample_and_no_other_type_has() {
    let sampled: BTreeSet<_> = all().iter().map(|sample| sample.entry().name).collect();
    let catalogued: BTreeSet<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
    assert_eq!(sampled, catalogued);
}

#[test]
fn golden_the_newest_version_is_written_and_read_as_ever() {
    for sample in all() {
        let entry = sample.entry();
        for encoding in [Encoding::Postcard, Encoding::Json] {
            let golden = read(entry.name, entry.version, encoding);
            assert_eq!(sample.is_in(encoding, &golden), Ok(true), "{} is read", entry.name);
            let written = sample.encoded(encoding);
            assert!(
                written == golden,
                "{} is written with other bytes; raise its version",
                entry.name
            );
        }
    }
}

#[test]
fn golden_every_older_version_is_still_read_and_means_the_same_in_both_encodings() {
    for sample in all() {
        let entry = sample.entry();
        for version in 1..=entry.version {
            let postcard = read(entry.name, version, Encoding::Postcard);
            let json = read(entry.name, version, Encoding::Json);
            assert_eq!(sample.agree(&postcard, &json), Ok(true), "{} v{version}", entry.name);
        }
    }
}
