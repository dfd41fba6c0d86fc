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
//! - `null` means "not measured". A number is read as the nearest 64-bit float, as everywhere in JSON; one that is
//!   beyond them, such as `1e999`, is refused. JSON has no NaN and no infinity.
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
use crate::json::{self, Object, shorten};
use crate::time::Timestamp;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Fields of one sample.
const SAMPLE_FIELDS: [&str; 5] = ["t", "seq", "s", "u", "codes"];
/// Fields of a frame of several samples.
const FRAME_FIELDS: [&str; 2] = ["boot", "samples"];
/// Fields of a frame that is one sample.
const SINGLE_FIELDS: [&str; 6] = ["boot", "t", "seq", "s", "u", "codes"];

/// Reads the bare JSON that `asset` of `fleet` sent.
///
/// # Errors
/// [`FrameError`] when nothing of the body can be taken.
pub fn parse(fleet: &str, asset: &str, body: &[u8]) -> Result<Parsed, FrameError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(FrameError::TooLarge { bytes: body.len() });
    }
    json::check_depth(body)?;
    let text = std::str::from_utf8(body).map_err(|_| FrameError::NotUtf8)?;
    parse_object(fleet, asset, &Object::parse(text)?)
}

/// Reads a frame whose size and depth have been checked.
pub(super) fn parse_object(
    fleet: &str,
    asset: &str,
    frame: &Object<'_>,
) -> Result<Parsed, FrameError> {
    let boot = match frame.get("boot") {
        Some(boot) => Some(
            parse_count(boot)
                .ok_or(FrameError::Field { field: "boot", wanted: "a whole number from 0 on" })?,
        ),
        None => None,
    };
    let mut builder = Builder::default();
    if frame.get("samples").is_some() {
        builder.read_samples(frame)?;
    } else {
        builder.read_single(frame)?;
    }
    Ok(builder.finish(fleet, asset, boot))
}

/// Collects samples into columns.
#[derive(Default)]
struct Builder {
    signals: Vec<Signal>,
    samples: Vec<Sample>,
    refused: Vec<Refused>,
}

impl Builder {
    fn read_samples(&mut self, frame: &Object<'_>) -> Result<(), FrameError> {
        if SAMPLE_FIELDS.into_iter().any(|field| frame.get(field).is_some()) {
            return Err(FrameError::Shape);
        }
        if let Some(field) = frame.unknown(&FRAME_FIELDS) {
            return Err(FrameError::UnknownField { field: shorten(field) });
        }
        let samples = frame.get("samples").map_or("", RawValue::get);
        let samples: Vec<&RawValue> = json::from_str(samples)
            .map_err(|_| FrameError::Field { field: "samples", wanted: "a list of samples" })?;
        if samples.is_empty() {
            return Err(FrameError::Shape);
        }
        if samples.len() > FRAME_SAMPLES_MAX {
            return Err(FrameError::TooManySamples { samples: samples.len() });
        }
        for (index, sample) in samples.into_iter().enumerate() {
            let reading = parse_sample(sample);
            self.take(index, reading);
        }
        Ok(())
    }

    fn read_single(&mut self, frame: &Object<'_>) -> Result<(), FrameError> {
        if let Some(field) = frame.unknown(&SINGLE_FIELDS) {
            return Err(FrameError::UnknownField { field: shorten(field) });
        }
        if SAMPLE_FIELDS.into_iter().all(|field| frame.get(field).is_none()) {
            return Err(FrameError::Shape);
        }
        self.take(0, Reading::parse(frame));
        Ok(())
    }

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
                format!("the frame would have more than {FRAME_SIGNALS_MAX} different signals; send this sample in a frame of its own"),
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
        Parsed { frame, refused: self.refused }
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
    let object = match Object::parse(sample.get()) {
        Ok(object) => object,
        Err(error) => return refuse(RefusedKind::Malformed, error.to_string()),
    };
    match object.unknown(&SAMPLE_FIELDS) {
        Some("boot") => refuse(
            RefusedKind::UnknownField,
            "`boot` belongs beside `samples`; send samples of two boots in two frames",
        ),
        Some(field) => refuse(
            RefusedKind::UnknownField,
            format!(
                "field `{}` is none of `t seq s u codes`; measured values belong under `s`",
                shorten(field)
            ),
        ),
        None => Reading::parse(&object),
    }
}

impl<'a> Reading<'a> {
    fn parse(sample: &Object<'a>) -> Result<Self, Refusal> {
        Ok(Self {
            sampled_at: parse_time(sample.get("t"))?,
            seq: parse_seq(sample.get("seq"))?,
            signals: parse_signals(sample.get("s"), sample.get("u"))?,
            codes: parse_codes(sample.get("codes"))?,
        })
    }
}

fn parse_time(time: Option<&RawValue>) -> Result<Timestamp, Refusal> {
    let Some(time) = time else {
        return refuse(
            RefusedKind::Time,
            "time `t` is missing; send the device's time, such as `2026-03-02T06:00:00Z`",
        );
    };
    let parsed = json::string(time).and_then(|text| text.parse().ok());
    parsed.map_or_else(
        || {
            let text = shorten(time.get());
            refuse(
                RefusedKind::Time,
                format!("time {text} is not RFC 3339; write it like \"2026-03-02T06:00:00Z\""),
            )
        },
        Ok,
    )
}

fn parse_seq(seq: Option<&RawValue>) -> Result<Option<u64>, Refusal> {
    let Some(seq) = seq else { return Ok(None) };
    match parse_count(seq) {
        Some(count) => Ok(Some(count)),
        None => refuse(
            RefusedKind::Sequence,
            format!("`seq` {} is not a whole number from 0 on", shorten(seq.get())),
        ),
    }
}

fn parse_count(value: &RawValue) -> Option<u64> {
    value.get().parse().ok()
}

fn parse_signals<'a>(
    signals: Option<&'a RawValue>,
    units: Option<&'a RawValue>,
) -> Result<Vec<Measured<'a>>, Refusal> {
    let mut measured = Vec::new();
    if let Some(signals) = signals {
        let signals = parse_map("s", RefusedKind::Value, signals)?;
        measured.reserve_exact(signals.len());
        for (name, value) in signals {
            measured.push(parse_signal(name, value)?);
        }
    }
    if let Some(units) = units {
        for (name, unit) in parse_map("u", RefusedKind::Unit, units)? {
            set_unit(&mut measured, &name, unit)?;
        }
    }
    Ok(measured)
}

/// Reads `s` or `u`: an object with as many fields as a sample may have signals.
fn parse_map<'a>(
    field: &str,
    kind: RefusedKind,
    value: &'a RawValue,
) -> Result<Object<'a>, Refusal> {
    let object = match Object::parse(value.get()) {
        Ok(object) => object,
        Err(error) => return refuse(kind, format!("`{field}`: {error}")),
    };
    if object.len() > SAMPLE_SIGNALS_MAX {
        let count = object.len();
        return refuse(
            RefusedKind::TooManySignals,
            format!("`{field}` has {count} signals, more than the {SAMPLE_SIGNALS_MAX} allowed; send the rest in another sample of the same time"),
        );
    }
    Ok(object)
}

fn parse_signal<'a>(name: Cow<'a, str>, value: &RawValue) -> Result<Measured<'a>, Refusal> {
    if !is_label(&name, SIGNAL_NAME_BYTES_MAX) {
        return refuse(
            RefusedKind::Name,
            format!(
                "signal name `{}` is not 1 to {SIGNAL_NAME_BYTES_MAX} printable bytes",
                shorten(&name).escape_default()
            ),
        );
    }
    match parse_value(value.get()) {
        Some(value) => Ok(Measured { name, unit: None, value }),
        None => refuse(
            RefusedKind::Value,
            format!(
                "`{name}` is {}, which is no finite number; send null or leave it out when it was not measured",
                shorten(value.get())
            ),
        ),
    }
}

/// A number, or that there is none; `None` for anything else.
fn parse_value(text: &str) -> Option<Option<Finite>> {
    if text == "null" {
        return Some(None);
    }
    // Rust reads more than JSON writes ("inf", "+1"), but JSON's reader has been here before: only its numbers start so.
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let number = if is_number { text.parse().ok()? } else { return None };
    Finite::new(number).ok().map(Some)
}

fn set_unit<'a>(
    measured: &mut [Measured<'a>],
    name: &str,
    unit: &'a RawValue,
) -> Result<(), Refusal> {
    if unit.get() == "null" {
        return Ok(());
    }
    let Some(signal) = measured.iter_mut().find(|signal| signal.name == name) else {
        return refuse(
            RefusedKind::Unit,
            format!("`u` names `{}`, which is not in `s`; correct the name, or send the signal as null", shorten(name)),
        );
    };
    match json::string(unit).filter(|unit| is_label(unit, UNIT_BYTES_MAX)) {
        Some(unit) => {
            signal.unit = Some(unit);
            Ok(())
        }
        None => refuse(
            RefusedKind::Unit,
            format!("unit of `{name}` is {}, not a text of 1 to {UNIT_BYTES_MAX} printable bytes", shorten(unit.get())),
        ),
    }
}

fn parse_codes(codes: Option<&RawValue>) -> Result<Vec<TroubleCode>, Refusal> {
    let Some(codes) = codes else { return Ok(Vec::new()) };
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
            format!("`codes` has {count}, more than the {SAMPLE_CODES_MAX} allowed; send the rest in another sample of the same time"),
        );
    }
    codes.into_iter().map(parse_code).collect()
}

fn parse_code(value: &RawValue) -> Result<TroubleCode, Refusal> {
    let code = match json::string(value) {
        Some(code) => Some(TroubleCode::Obd2 { code: code.into_owned() }),
        None => Object::parse(value.get()).ok().and_then(|object| parse_code_object(&object)),
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

/// `oc` may be left out: J1939-73 has a value that says "not available".
fn parse_code_object(object: &Object<'_>) -> Option<TroubleCode> {
    let number = |field| object.get(field).and_then(parse_count);
    if object.unknown(&["scheme", "spn", "fmi", "oc"]).is_some()
        || json::string(object.get("scheme")?)? != "j1939"
    {
        return None;
    }
    let oc = match object.get("oc") {
        Some(oc) => parse_count(oc)?,
        None => u64::from(OCCURRENCE_MAX),
    };
    Some(TroubleCode::J1939 {
        spn: number("spn")?.try_into().ok()?,
        fmi: number("fmi")?.try_into().ok()?,
        oc: oc.try_into().ok()?,
    })
}
