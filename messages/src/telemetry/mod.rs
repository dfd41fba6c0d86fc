//! What a device sent, as sent: frames of samples, before anyone judged them.
//!
//! A frame comes in three forms, all read by [`parse`]: bare JSON (see [`json`]), a CloudEvent in structured mode
//! and a CloudEvent in binary mode, whose data is bare JSON or postcard.

mod form;
pub mod json;
mod reading;
mod refusal;
mod said;

pub use form::parse;
pub use reading::ReadingId;
pub use refusal::{FrameError, Parsed, Refused, RefusedKind};

use crate::finite::Finite;
use crate::message::{Class, Encoding, Message, Stage};
use crate::record::{self, HEADER_BYTES, RECORD_BYTES_MAX, Record};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Longest body that a device may send, in bytes (256 KiB).
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Most samples in one frame.
pub const FRAME_SAMPLES_MAX: usize = 1_000;
/// Most columns in one frame: the union of what its samples measure.
pub const FRAME_SIGNALS_MAX: usize = 256;
/// Most signals in one sample.
pub const SAMPLE_SIGNALS_MAX: usize = 64;
/// Most trouble codes in one sample.
pub const SAMPLE_CODES_MAX: usize = 64;
/// Longest name of a signal, in bytes of UTF-8.
pub const SIGNAL_NAME_BYTES_MAX: usize = 128;
/// Longest unit, in bytes of UTF-8.
pub const UNIT_BYTES_MAX: usize = 32;
/// Longest trouble code, in bytes of UTF-8.
pub const CODE_BYTES_MAX: usize = 16;
/// Largest suspect parameter number of J1939-73 (19 bits).
pub const SPN_MAX: u32 = (1 << 19) - 1;
/// Largest failure mode identifier of J1939-73 (5 bits).
pub const FMI_MAX: u8 = 31;
/// Largest occurrence count of J1939-73 (7 bits); it means "not available".
pub const OCCURRENCE_MAX: u8 = 127;

/// A frame of samples from one asset. The columns are named once; a sample may leave any of them out.
///
/// Decoding refuses a frame that breaks a limit above, names a column twice or has a sample with more or
/// fewer values than columns, so whoever reads one may index by column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Telemetry {
    /// Fleet that the asset belongs to.
    pub fleet: String,
    /// The asset.
    pub asset: String,
    /// Number of the device's boot, where it counts them: `seq` starts again with each.
    pub boot: Option<u64>,
    /// Columns, named as the device names them: channel id, VSS path or alias. One name in two units is two columns.
    pub signals: Vec<Signal>,
    /// The samples, in the order in which they came.
    pub samples: Vec<Sample>,
}

/// One column of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Name as sent.
    pub name: String,
    /// Unit as sent; absent means the profile's unit of that channel.
    pub unit: Option<String>,
}

/// What was measured at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The device's time.
    pub sampled_at: Timestamp,
    /// The device's count of samples since boot.
    pub seq: Option<u64>,
    /// One value per column of the frame; absent where it was not measured.
    pub values: Vec<Option<Finite>>,
    /// Trouble codes that are set.
    pub codes: Vec<TroubleCode>,
}

/// A diagnostic trouble code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TroubleCode {
    /// SAE J2012, such as `P0217`.
    Obd2 {
        /// The code.
        code: String,
    },
    /// SAE J1939-73 diagnostic message.
    J1939 {
        /// Suspect parameter number.
        spn: u32,
        /// Failure mode identifier.
        fmi: u8,
        /// Occurrence count.
        oc: u8,
    },
}

impl Telemetry {
    /// Cuts the frame into frames that each fit into one record, samples in order, columns unchanged.
    ///
    /// A body of 256 KiB may need more than that as a record: JSON writes `1` where postcard writes eight bytes.
    #[must_use]
    pub fn split(self) -> Vec<Telemetry> {
        let mut fitting = Vec::new();
        let mut rest = vec![self];
        while let Some(mut frame) = rest.pop() {
            if frame.samples.len() > 1 && frame.encoded_bytes_max() > RECORD_BYTES_MAX {
                let samples = frame.samples.split_off(frame.samples.len() / 2);
                rest.push(Telemetry { samples, ..frame.clone_without_samples() });
                rest.push(frame);
            } else {
                fitting.push(frame);
            }
        }
        fitting
    }

    /// Fleet and asset that speak in `data`, found without reading the samples; `None` where nobody can read it.
    #[must_use]
    pub fn sender(encoding: Encoding, data: &[u8]) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
        if encoding == Encoding::Postcard
            && record::peek(data) == Some((Self::SCHEMA, Self::VERSION))
        {
            let (names, _) =
                postcard::take_from_bytes::<(&str, &str)>(&data[HEADER_BYTES..]).ok()?;
            return Some((names.0.into(), names.1.into()));
        }
        let frame = Self::from_data(encoding, data).ok()?;
        Some((frame.fleet.into(), frame.asset.into()))
    }

    fn clone_without_samples(&self) -> Telemetry {
        Telemetry {
            fleet: self.fleet.clone(),
            asset: self.asset.clone(),
            boot: self.boot,
            signals: self.signals.clone(),
            samples: Vec::new(),
        }
    }

    /// No record of this frame is longer than this, in bytes.
    fn encoded_bytes_max(&self) -> usize {
        /// A 64-bit number, or a length, as a varint.
        const VARINT: usize = 10;
        let text = |text: &str| VARINT + text.len();
        let signal =
            |signal: &Signal| text(&signal.name) + 1 + signal.unit.as_deref().map_or(0, text);
        let code = |code: &TroubleCode| match code {
            TroubleCode::Obd2 { code } => VARINT + text(code),
            TroubleCode::J1939 { .. } => 4 * VARINT,
        };
        let value = |value: &Option<Finite>| if value.is_some() { 9 } else { 1 };
        let sample = |sample: &Sample| {
            4 * VARINT
                + 1
                + sample.values.iter().map(value).sum::<usize>()
                + sample.codes.iter().map(code).sum::<usize>()
        };
        HEADER_BYTES
            + text(&self.fleet)
            + text(&self.asset)
            + 1
            + 3 * VARINT
            + self.signals.iter().map(signal).sum::<usize>()
            + self.samples.iter().map(sample).sum::<usize>()
    }
}

/// The fields of [`Telemetry`] as they were decoded, before anyone checked that they fit together.
#[derive(Deserialize)]
#[serde(rename = "Telemetry", deny_unknown_fields)]
struct Unchecked {
    fleet: String,
    asset: String,
    boot: Option<u64>,
    signals: Vec<Signal>,
    samples: Vec<Sample>,
}

impl TryFrom<Unchecked> for Telemetry {
    type Error = FrameError;

    fn try_from(frame: Unchecked) -> Result<Self, FrameError> {
        let Unchecked { fleet, asset, boot, signals, samples } = frame;
        check_columns(&signals)?;
        if samples.len() > FRAME_SAMPLES_MAX {
            return Err(FrameError::TooManySamples { samples: samples.len() });
        }
        for (index, sample) in samples.iter().enumerate() {
            check_sample(index, sample, signals.len())?;
        }
        Ok(Self { fleet, asset, boot, signals, samples })
    }
}

fn check_columns(signals: &[Signal]) -> Result<(), FrameError> {
    if signals.len() > FRAME_SIGNALS_MAX {
        return Err(FrameError::TooManyColumns { columns: signals.len() });
    }
    for (index, signal) in signals.iter().enumerate() {
        let fits = is_label(&signal.name, SIGNAL_NAME_BYTES_MAX)
            && signal.unit.as_deref().is_none_or(|unit| is_label(unit, UNIT_BYTES_MAX));
        if !fits || signals[..index].contains(signal) {
            return Err(FrameError::Column { index });
        }
    }
    Ok(())
}

fn check_sample(index: usize, sample: &Sample, columns: usize) -> Result<(), FrameError> {
    let signals = sample.values.iter().flatten().count();
    let fits = sample.values.len() == columns
        && signals <= SAMPLE_SIGNALS_MAX
        && sample.codes.len() <= SAMPLE_CODES_MAX
        && sample.codes.iter().all(TroubleCode::is_possible);
    if fits { Ok(()) } else { Err(FrameError::Sample { index }) }
}

impl TroubleCode {
    /// Whether its scheme has such codes at all.
    fn is_possible(&self) -> bool {
        match self {
            TroubleCode::Obd2 { code } => is_label(code, CODE_BYTES_MAX),
            TroubleCode::J1939 { spn, fmi, oc } => {
                *spn <= SPN_MAX && *fmi <= FMI_MAX && *oc <= OCCURRENCE_MAX
            }
        }
    }
}

/// Whether a text can name something: not empty, not longer than `bytes_max`, nothing invisible.
fn is_label(text: &str, bytes_max: usize) -> bool {
    // Folded, not searched: without an early exit the compiler checks many bytes at once.
    let is_plain = text.bytes().fold(true, |plain, byte| plain & (0x20..0x7f).contains(&byte));
    (1..=bytes_max).contains(&text.len()) && (is_plain || !text.contains(char::is_control))
}

impl Record for Telemetry {
    const SCHEMA: u16 = 1;
}

impl Message for Telemetry {
    const NAME: &'static str = "telemetry.received";
    const CLASS: Class = Class::Telemetry;
    const STAGE: Option<Stage> = Some(Stage::Da);

    fn key(&self) -> &str {
        &self.asset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(columns: usize, samples: usize) -> Telemetry {
        let signal = |i| Signal { name: format!("s{i}"), unit: None };
        let sample = |i: usize| Sample {
            sampled_at: Timestamp::from_millis(i64::try_from(i).unwrap()).unwrap(),
            seq: Some(i as u64),
            values: vec![Some(Finite::new(f64::MAX).unwrap()); columns],
            codes: vec![TroubleCode::Obd2 { code: "P0217".to_owned() }],
        };
        Telemetry {
            fleet: "demo".to_owned(),
            asset: "VEH001".to_owned(),
            boot: Some(u64::MAX),
            signals: (0..columns).map(signal).collect(),
            samples: (0..samples).map(sample).collect(),
        }
    }

    #[test]
    fn a_frame_too_large_for_a_record_is_cut_into_frames_that_fit_and_nothing_is_lost() {
        let whole = frame(SAMPLE_SIGNALS_MAX, FRAME_SAMPLES_MAX);
        assert!(record::encode(&whole).is_err());
        let parts = whole.clone().split();
        assert!(parts.len() > 1);
        for part in &parts {
            assert_eq!(record::decode::<Telemetry>(&record::encode(part).unwrap()).unwrap(), *part);
        }
        let samples: Vec<Sample> = parts.into_iter().flat_map(|part| part.samples).collect();
        assert_eq!(samples, whole.samples);
    }

    #[test]
    fn a_frame_that_fits_stays_whole() {
        assert_eq!(frame(10, 100).split(), [frame(10, 100)]);
        assert_eq!(frame(0, 0).split(), [frame(0, 0)]);
    }

    #[test]
    fn whose_frame_it_is_is_read_from_the_head_of_both_encodings() {
        let frame = frame(2, 3);
        let postcard = record::encode(&frame).unwrap();
        let json = serde_json::to_vec(&frame).unwrap();
        for (encoding, data) in [(Encoding::Postcard, &postcard), (Encoding::Json, &json)] {
            let (fleet, asset) = Telemetry::sender(encoding, data).unwrap();
            assert_eq!((&*fleet, &*asset), ("demo", "VEH001"));
            assert_eq!(Telemetry::sender(encoding, &data[..9]), None);
        }
    }

    #[test]
    fn no_record_is_longer_than_its_estimate() {
        for (columns, samples) in [(0, 0), (1, 1), (10, 100), (64, 300)] {
            let frame = frame(columns, samples);
            assert!(record::encode(&frame).unwrap().len() <= frame.encoded_bytes_max());
        }
    }

    #[test]
    fn a_frame_whose_parts_do_not_fit_together_is_not_decoded() {
        let broken: [fn(&mut Telemetry); 8] = [
            |frame| frame.samples[0].values.clear(),
            |frame| frame.samples[0].values.push(None),
            |frame| frame.signals[1] = frame.signals[0].clone(),
            |frame| frame.signals[0].name.clear(),
            |frame| frame.signals[0].unit = Some("°C\u{7}".to_owned()),
            |frame| frame.samples[0].codes = vec![TroubleCode::Obd2 { code: String::new() }],
            |frame| {
                frame.samples[0].codes = vec![TroubleCode::J1939 { spn: 1 << 19, fmi: 0, oc: 1 }]
            },
            |frame| frame.samples = vec![frame.samples[0].clone(); FRAME_SAMPLES_MAX + 1],
        ];
        for (index, breaks) in broken.into_iter().enumerate() {
            let mut frame = frame(2, 1);
            breaks(&mut frame);
            let bytes = record::encode(&frame).unwrap();
            assert!(record::decode::<Telemetry>(&bytes).is_err(), "case {index}");
            let json = serde_json::to_string(&frame).unwrap();
            assert!(serde_json::from_str::<Telemetry>(&json).is_err(), "case {index} in JSON");
        }
    }
}
