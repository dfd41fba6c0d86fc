//! Telemetry as bare JSON: the form that a device can write with `printf`.
//!
//! ```json
//! {"t": "2026-03-02T06:00:00Z", "seq": 17, "boot": 3,
//!  "s": {"coolant_temperature": 96.5, "tyre_pressure": 31, "oil_pressure": null},
//!  "u": {"tyre_pressure": "psi"},
//!  "codes": ["P0217", {"scheme": "j1939", "spn": 110, "fmi": 0, "oc": 1}]}
//! ```
//! or `{"boot": 3, "samples": [{"t": …}, …]}`. Fleet and asset come from where it was sent.
//!
//! - Each sample is judged by itself: one that is refused does not cost its neighbours.
//! - `null` means "not measured". A number is read as the nearest 64-bit float, as everywhere in JSON; one beyond all
//!   of them, such as `1e999`, is refused. JSON has no NaN and no infinity.
//! - The columns of the frame are all signals that its samples name. One name in two units is two columns.
//! - A unit for a signal that the sample does not have, a field that no sample has and a key that appears twice are refused:
//!   each may be a misspelled measurement.

use super::{
    BODY_BYTES_MAX, CODE_BYTES_MAX, FMI_MAX, FRAME_SAMPLES_MAX, FRAME_SIGNALS_MAX, FrameError,
    OCCURRENCE_MAX, Parsed, Refused, RefusedKind, SAMPLE_CODES_MAX, SAMPLE_SIGNALS_MAX,
    SIGNAL_NAME_BYTES_MAX, SPN_MAX, Sample, Signal, Telemetry, TroubleCode, UNIT_BYTES_MAX,
    is_label,
};
use crate::finite::Finite;
use crate::json::{self, Object, Scalar, shorten};
use crate::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Reads the bare JSON that `asset` of `fleet` sent.
///
/// # Errors
/// [`FrameError`] when nothing of the body can be taken.
pub fn parse(fleet: &str, asset: &str, body: &[u8]) -> Result<Parsed, FrameError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(FrameError::TooLarge { bytes: body.len() });
    }
    json::check_depth(body)?;
    parse_text(fleet, asset, std::str::from_utf8(body).map_err(|_| FrameError::NotUtf8)?)
}

/// Reads a frame whose size and depth have been checked.
pub(super) fn parse_text(fleet: &str, asset: &str, text: &str) -> Result<Parsed, FrameError> {
    let WrittenFrame { boot, samples, t, seq, s, u, codes } = json::unlisted_from_str(text)?;
    let single = WrittenSample { t, seq, s, u, codes };
    let mut builder = Builder::default();
    match samples {
        None if single.is_empty() => return Err(FrameError::Shape),
        None => builder.take(0, Reading::parse(single)),
        Some(samples) if samples.is_empty() || !single.is_empty() => return Err(FrameError::Shape),
        Some(samples) if samples.len() > FRAME_SAMPLES_MAX => {
            return Err(FrameError::TooManySamples { samples: samples.len() });
        }
        Some(samples) => {
            for (index, sample) in samples.into_iter().enumerate() {
                builder.take(index, parse_sample(sample));
            }
        }
    }
    Ok(builder.finish(fleet, asset, boot))
}

/// A frame as it was written: either `samples`, or the fields of its only one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFrame<'a> {
    boot: Option<u64>,
    /// Raw, so that one that cannot be read does not cost its neighbours.
    #[serde(borrow)]
    samples: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    t: Option<Scalar<'a>>,
    #[serde(borrow)]
    seq: Option<&'a RawValue>,
    #[serde(borrow)]
    s: Option<Object<'a, Scalar<'a>>>,
    #[serde(borrow)]
    u: Option<Object<'a, Scalar<'a>>>,
    #[serde(borrow)]
    codes: Option<&'a RawValue>,
}

/// A sample as it was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSample<'a> {
    #[serde(borrow)]
    t: Option<Scalar<'a>>,
    #[serde(borrow)]
    seq: Option<&'a RawValue>,
    #[serde(borrow)]
    s: Option<Object<'a, Scalar<'a>>>,
    #[serde(borrow)]
    u: Option<Object<'a, Scalar<'a>>>,
    #[serde(borrow)]
    codes: Option<&'a RawValue>,
}

impl WrittenSample<'_> {
    fn is_empty(&self) -> bool {
        let Self { t, seq, s, u, codes } = self;
        t.is_none() && seq.is_none() && s.is_none() && u.is_none() && codes.is_none()
    }
}

/// Collects samples into columns.
#[derive(Default)]
struct Builder {
    signals: Vec<Signal>,
    samples: Vec<Sample>,
    refused: Vec<Refused>,
}

impl Builder {
    /// Keeps a sample or the answer to it.
    fn take(&mut self, index: usize, reading: Result<Reading<'_>, Refusal>) {
        match reading.and_then(|reading| self.place(reading)) {
            Ok(sample) => self.samples.push(sample),
            Err(Refusal { kind, detail }) => self.refused.push(Refused { index, kind, detail }),
        }
    }

    /// Puts each value into its column.
    fn place(&mut self, reading: Reading<'_>) -> Result<Sample, Refusal> {
        let columns_before = self.signals.len();
        let mut values = Vec::with_capacity(columns_before.max(reading.signals.len()));
        values.resize(columns_before, None);
        for (place, signal) in reading.signals.into_iter().enumerate() {
            let column = self.column(place, &signal);
            values.resize(self.signals.len(), None);
            values[column] = signal.value;
        }
        if self.signals.len() > FRAME_SIGNALS_MAX {
            self.signals.truncate(columns_before);
            return refuse(
                RefusedKind::TooManySignals,
                format!(
                    "the frame would have more than {FRAME_SIGNALS_MAX} different signals; send this sample in a frame of its own"
                ),
            );
        }
        let Reading { sampled_at, seq, codes, .. } = reading;
        Ok(Sample { sampled_at, seq, values, codes })
    }

    /// The column of a signal, a new one if need be. Samples mostly repeat their order, so `place` is looked at first.
    fn column(&mut self, place: usize, signal: &Measured<'_>) -> usize {
        let is_it = |column: &Signal| {
            column.name == signal.name && column.unit.as_deref() == signal.unit.as_deref()
        };
        if self.signals.get(place).is_some_and(is_it) {
            return place;
        }
        self.signals.iter().position(is_it).unwrap_or_else(|| {
            let unit = signal.unit.as_deref().map(str::to_owned);
            self.signals.push(Signal { name: signal.name.clone().into_owned(), unit });
            self.signals.len() - 1
        })
    }

    fn finish(mut self, fleet: &str, asset: &str, boot: Option<u64>) -> Parsed {
        for sample in &mut self.samples {
            sample.values.resize(self.signals.len(), None);
        }
        let frame = Telemetry {
            fleet: fleet.to_owned(),
            asset: asset.to_owned(),
            boot,
            signals: self.signals,
            samples: self.samples,
        };
        Parsed { frame, refused: self.refused, event_id: None, traceparent: None }
    }
}

/// One sample as it was written.
struct Reading<'a> {
    sampled_at: Timestamp,
    seq: Option<u64>,
    signals: Vec<Measured<'a>>,
    codes: Vec<TroubleCode>,
}

/// One signal of a sample.
struct Measured<'a> {
    name: Cow<'a, str>,
    unit: Option<Cow<'a, str>>,
    value: Option<Finite>,
}

/// Why a sample was not taken.
struct Refusal {
    kind: RefusedKind,
    detail: String,
}

fn refuse<T>(kind: RefusedKind, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { kind, detail: detail.into() })
}

fn parse_sample(sample: &RawValue) -> Result<Reading<'_>, Refusal> {
    match json::unlisted_from_str(sample.get()) {
        Ok(sample) => Reading::parse(sample),
        Err(error) => refuse(
            RefusedKind::Malformed,
            format!(
                "{error}; a sample is written like {{\"t\":\"2026-03-02T06:00:00Z\",\"s\":{{\"speed\":51.5}}}}"
            ),
        ),
    }
}

impl<'a> Reading<'a> {
    fn parse(sample: WrittenSample<'a>) -> Result<Self, Refusal> {
        Ok(Self {
            sampled_at: parse_time(sample.t)?,
            seq: parse_seq(sample.seq)?,
            signals: parse_signals(sample.s, sample.u)?,
            codes: parse_codes(sample.codes)?,
        })
    }
}

fn parse_time(time: Option<Scalar<'_>>) -> Result<Timestamp, Refusal> {
    let parsed = match &time {
        Some(Scalar::Text(text)) => text.parse().ok(),
        _ => None,
    };
    match (parsed, time) {
        (Some(time), _) => Ok(time),
        (None, Some(time)) => refuse(
            RefusedKind::Time,
            format!("time {time} is not RFC 3339; write it like \"2026-03-02T06:00:00Z\""),
        ),
        (None, None) => refuse(
            RefusedKind::Time,
            "time `t` is missing; send the device's time, such as \"2026-03-02T06:00:00Z\"",
        ),
    }
}

fn parse_seq(seq: Option<&RawValue>) -> Result<Option<u64>, Refusal> {
    let Some(seq) = seq else { return Ok(None) };
    match seq.get().parse() {
        Ok(count) => Ok(Some(count)),
        Err(_) => refuse(
            RefusedKind::Sequence,
            format!("`seq` {} is not a whole number from 0 on", shorten(seq.get())),
        ),
    }
}

fn parse_signals<'a>(
    signals: Option<Object<'a, Scalar<'a>>>,
    units: Option<Object<'a, Scalar<'a>>>,
) -> Result<Vec<Measured<'a>>, Refusal> {
    let mut measured = Vec::new();
    if let Some(signals) = signals {
        check_count(&signals)?;
        measured.reserve_exact(signals.len());
        for (name, value) in signals {
            measured.push(parse_signal(name, &value)?);
        }
    }
    if let Some(units) = units {
        check_count(&units)?;
        for (name, unit) in units {
            set_unit(&mut measured, &name, unit)?;
        }
    }
    Ok(measured)
}

fn check_count(signals: &Object<'_, Scalar<'_>>) -> Result<(), Refusal> {
    let count = signals.len();
    if count <= SAMPLE_SIGNALS_MAX {
        return Ok(());
    }
    refuse(
        RefusedKind::TooManySignals,
        format!(
            "sample has {count} signals, more than the {SAMPLE_SIGNALS_MAX} allowed; send the rest in another sample of the same time"
        ),
    )
}

fn parse_signal<'a>(name: Cow<'a, str>, value: &Scalar<'_>) -> Result<Measured<'a>, Refusal> {
    if !is_label(&name, SIGNAL_NAME_BYTES_MAX) {
        return refuse(
            RefusedKind::Name,
            format!(
                "signal name \"{}\" is not 1 to {SIGNAL_NAME_BYTES_MAX} printable bytes",
                shorten(&name).escape_debug()
            ),
        );
    }
    let number = match value {
        Scalar::Null => {
            return Ok(Measured { name, unit: None, value: None });
        }
        Scalar::Number(number) => Finite::new(*number).ok(),
        _ => None,
    };
    match number {
        Some(number) => Ok(Measured { name, unit: None, value: Some(number) }),
        None => refuse(
            RefusedKind::Value,
            format!(
                "`{name}` is {value}, which is no number; send null or leave it out when it was not measured"
            ),
        ),
    }
}

fn set_unit<'a>(
    measured: &mut [Measured<'a>],
    name: &str,
    unit: Scalar<'a>,
) -> Result<(), Refusal> {
    let signal = measured.iter_mut().find(|signal| signal.name == name);
    match (signal, unit) {
        (_, Scalar::Null) => Ok(()),
        (Some(signal), Scalar::Text(unit)) if is_label(&unit, UNIT_BYTES_MAX) => {
            signal.unit = Some(unit);
            Ok(())
        }
        (Some(_), unit) => refuse(
            RefusedKind::Unit,
            format!(
                "unit of `{name}` is {unit}, not a text of 1 to {UNIT_BYTES_MAX} printable bytes"
            ),
        ),
        (None, _) => refuse(
            RefusedKind::Unit,
            format!(
                "`u` names `{}`, which is not in `s`; correct the name, or send the signal as null",
                shorten(name)
            ),
        ),
    }
}

fn parse_codes(codes: Option<&RawValue>) -> Result<Vec<TroubleCode>, Refusal> {
    let Some(codes) = codes else {
        return Ok(Vec::new());
    };
    let Ok(codes) = json::from_str::<Vec<&RawValue>>(codes.get()) else {
        return refuse(
            RefusedKind::Code,
            format!("`codes` is {}, not a list such as [\"P0217\"]", shorten(codes.get())),
        );
    };
    if codes.len() > SAMPLE_CODES_MAX {
        let count = codes.len();
        return refuse(
            RefusedKind::TooManyCodes,
            format!(
                "`codes` has {count}, more than the {SAMPLE_CODES_MAX} allowed; send the rest in another sample of the same time"
            ),
        );
    }
    codes.into_iter().map(parse_code).collect()
}

fn parse_code(value: &RawValue) -> Result<TroubleCode, Refusal> {
    let code = match json::unlisted_from_str(value.get()) {
        Ok(WrittenCode::Obd2(code)) => Some(TroubleCode::Obd2 { code }),
        Ok(WrittenCode::Scheme(J1939Code::J1939 { spn, fmi, oc })) => {
            Some(TroubleCode::J1939 { spn, fmi, oc })
        }
        Err(_) => None,
    };
    match code.filter(TroubleCode::is_possible) {
        Some(code) => Ok(code),
        None => refuse(
            RefusedKind::Code,
            format!(
                "code {} is neither a text of 1 to {CODE_BYTES_MAX} bytes such as \"P0217\" nor {{\"scheme\":\"j1939\",\"spn\":0..{SPN_MAX},\"fmi\":0..{FMI_MAX},\"oc\":0..{OCCURRENCE_MAX}}}",
                shorten(value.get())
            ),
        ),
    }
}

/// A trouble code as it was written: a bare SAE J2012 code, or an object that names its scheme.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenCode {
    Obd2(String),
    Scheme(J1939Code),
}

#[derive(Deserialize)]
#[serde(tag = "scheme", rename_all = "lowercase", deny_unknown_fields)]
enum J1939Code {
    J1939 {
        spn: u32,
        fmi: u8,
        /// May be left out: J1939-73 has a value that says "not available".
        #[serde(default = "not_available")]
        oc: u8,
    },
}

const fn not_available() -> u8 {
    OCCURRENCE_MAX
}
