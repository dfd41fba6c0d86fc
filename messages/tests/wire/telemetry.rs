//! Telemetry as bare JSON: what is taken, and what is refused with which answer.

use crate::roundtrip::frames;
use crate::samples;
use messages::json::JsonError;
use messages::telemetry::{
    BODY_BYTES_MAX, FRAME_SAMPLES_MAX, FRAME_SIGNALS_MAX, FrameError, Parsed, RefusedKind, Signal,
    Telemetry, TroubleCode, json,
};
use messages::{Finite, record};
use proptest::prelude::*;

const TIME: &str = "2026-03-02T06:00:00Z";

fn parse(body: &str) -> Result<Parsed, FrameError> {
    json::parse("demo", "VEH001", body.as_bytes())
}

/// The frame of a body of which every sample is taken.
fn taken(body: &str) -> Telemetry {
    let Parsed { frame, refused, .. } = parse(body).unwrap();
    assert_eq!(refused, [], "{body}");
    frame
}

fn number(value: f64) -> Option<Finite> {
    Some(Finite::new(value).unwrap())
}

fn columns(frame: &Telemetry) -> Vec<(&str, Option<&str>)> {
    frame.signals.iter().map(|Signal { name, unit }| (&**name, unit.as_deref())).collect()
}

#[test]
fn a_single_sample_is_a_frame_of_one() {
    let frame = taken(
        r#"{"boot":3,"t":"2026-03-02T07:00:00+01:00","seq":17,"s":{"coolant_temperature":96.5,"tyre_pressure":31,"oil":null},
            "u":{"tyre_pressure":"psi"},"codes":["P0217",{"scheme":"j1939","spn":110,"fmi":0,"oc":1},{"scheme":"j1939","spn":1,"fmi":2}]}"#,
    );
    assert_eq!((&*frame.fleet, &*frame.asset, frame.boot), ("demo", "VEH001", Some(3)));
    let expected = [("coolant_temperature", None), ("tyre_pressure", Some("psi")), ("oil", None)];
    assert_eq!(columns(&frame), expected);
    let [sample] = &frame.samples[..] else { panic!("one sample") };
    assert_eq!((sample.sampled_at, sample.seq), (samples::at(TIME), Some(17)));
    assert_eq!(sample.values, [number(96.5), number(31.0), None]);
    let code = TroubleCode::Obd2 { code: "P0217".into() };
    let counted = TroubleCode::J1939 { spn: 110, fmi: 0, oc: 1 };
    let uncounted = TroubleCode::J1939 { spn: 1, fmi: 2, oc: 127 };
    assert_eq!(sample.codes, [code, counted, uncounted]);
}

#[test]
fn columns_are_the_union_of_what_the_samples_name_and_units_keep_them_apart() {
    let frame = taken(&format!(
        r#"{{"samples":[{{"t":"{TIME}","s":{{"a":1}}}},{{"t":"{TIME}","s":{{"b":2,"a":3}}}},{{"t":"{TIME}","s":{{"a":4}},"u":{{"a":"psi"}}}},{{"t":"{TIME}"}}]}}"#
    ));
    assert_eq!(columns(&frame), [("a", None), ("b", None), ("a", Some("psi"))]);
    let values: Vec<_> = frame.samples.into_iter().map(|sample| sample.values).collect();
    let expected = [
        [number(1.0), None, None],
        [number(3.0), number(2.0), None],
        [None, None, number(4.0)],
        [None, None, None],
    ];
    assert_eq!(values, expected);
}

#[test]
fn numbers_are_read_to_the_nearest_float() {
    for (text, value) in [
        ("-0", 0.0),
        ("1e3", 1000.0),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("0.1", 0.1),
        ("1E-400", 0.0),
        ("1.7976931348623157e308", f64::MAX),
    ] {
        let frame = taken(&format!(r#"{{"t":"{TIME}","s":{{"a":{text}}}}}"#));
        assert_eq!(frame.samples[0].values, [number(value)], "{text}");
    }
}

/// The answer to `sample` when it is sent between two good ones.
fn answer(sample: &str) -> (RefusedKind, String) {
    let good = format!(r#"{{"t":"{TIME}","s":{{"good":1}}}}"#);
    let body = format!(r#"{{"samples":[{good},{sample},{good}]}}"#);
    let Parsed { frame, refused, .. } = parse(&body).unwrap();
    assert_eq!(frame.samples.len(), 2, "{sample}");
    assert_eq!(columns(&frame), [("good", None)], "{sample}");
    let [refused] = &refused[..] else { panic!("{sample}: {refused:?}") };
    assert_eq!(refused.index, 1, "{sample}");
    (refused.kind, refused.detail.clone())
}

/// Each of `fields`, behind a good time, is refused as `kind`, with an answer that a device's log can hold.
fn assert_refused<const N: usize>(kind: RefusedKind, fields: [&str; N]) {
    for fields in fields {
        let (found, detail) = answer(&format!(r#"{{"t":"{TIME}",{fields}}}"#));
        assert_eq!(found, kind, "{fields}: {detail}");
        assert!(detail.len() < 400, "{detail}");
    }
}

#[test]
fn a_sample_that_is_not_written_like_one_is_refused_by_index_and_its_neighbours_are_taken() {
    assert_eq!(answer("17").0, RefusedKind::Malformed);
    let listed = format!(r#"["{TIME}",1,{{"a":1}},null,null]"#);
    assert_eq!(answer(&listed).0, RefusedKind::Malformed, "fields by their order");
    let huge = format!(r#""s":{{"a":-1{}}}"#, "0".repeat(400));
    let malformed = [
        r#""t":"2026-03-02T06:00:00Z""#,
        r#""speed":3"#,
        r#""boot":3"#,
        r#""s":[1]"#,
        r#""s":{"a":1,"a":2}"#,
        r#""s":{"a":1e999}"#,
        r#""u":"psi""#,
        &huge,
    ];
    assert_refused(RefusedKind::Malformed, malformed);
}

#[test]
fn a_sample_without_a_moment_in_time_is_refused() {
    for time in [
        "",
        r#""t":null,"#,
        r#""t":1772431200,"#,
        r#""t":"2026-03-02","#,
        r#""t":"2026-03-02T06:00:00","#,
    ] {
        let (kind, detail) = answer(&format!(r#"{{{time}"s":{{"a":1}}}}"#));
        assert_eq!(kind, RefusedKind::Time, "{time}: {detail}");
    }
}

#[test]
fn a_sequence_number_that_is_no_count_is_refused() {
    let counts = [r#""seq":-1"#, r#""seq":1.0"#, r#""seq":"1""#, r#""seq":18446744073709551616"#];
    assert_refused(RefusedKind::Sequence, counts);
}

#[test]
fn a_value_that_is_no_number_is_refused() {
    let values =
        [r#""s":{"a":"1"}"#, r#""s":{"a":true}"#, r#""s":{"a":[1]}"#, r#""s":{"a":{"b":1}}"#];
    assert_refused(RefusedKind::Value, values);
}

#[test]
fn a_name_or_unit_that_names_nothing_is_refused() {
    let long = format!(r#""s":{{"{}":1}}"#, "a".repeat(129));
    let names = [r#""s":{"":1}"#, r#""s":{"a\u0000b":1}"#, r#""s":{"a\u0085b":1}"#, &long];
    assert_refused(RefusedKind::Name, names);
    let units = [
        r#""s":{"a":1},"u":{"b":"psi"}"#,
        r#""s":{"a":1},"u":{"a":1}"#,
        r#""s":{"a":1},"u":{"a":""}"#,
        r#""u":{"a":"psi"}"#,
    ];
    assert_refused(RefusedKind::Unit, units);
}

#[test]
fn a_code_that_no_scheme_has_is_refused() {
    let codes = [
        r#""codes":"P0217""#,
        r#""codes":[""]"#,
        r#""codes":[217]"#,
        r#""codes":[{"spn":1,"fmi":1}]"#,
        r#""codes":[{"scheme":"uds","spn":1,"fmi":1}]"#,
        r#""codes":[{"scheme":"j1939","spn":524288,"fmi":1}]"#,
        r#""codes":[{"scheme":"j1939","spn":1,"fmi":32}]"#,
        r#""codes":[{"scheme":"j1939","spn":1,"fmi":1,"oc":128}]"#,
        r#""codes":[{"scheme":"j1939","spn":1,"fmi":1,"lamp":1}]"#,
        r#""codes":[["j1939",1,1,1]]"#,
    ];
    assert_refused(RefusedKind::Code, codes);
}

#[test]
fn more_signals_or_codes_than_a_sample_may_have_are_refused() {
    let codes = |count| format!(r#""codes":[{}]"#, vec![r#""P0217""#; count].join(","));
    let wide = |count| format!(r#""s":{{{}}}"#, signals(0, count));
    assert_refused(RefusedKind::TooManyCodes, [&*codes(65)]);
    assert_refused(RefusedKind::TooManySignals, [&*wide(65)]);
    taken(&format!(r#"{{"t":"{TIME}",{},{}}}"#, codes(64), wide(64)));
}

fn signals(first: usize, count: usize) -> String {
    let signals: Vec<_> = (first..first + count).map(|i| format!(r#""s{i}":1"#)).collect();
    signals.join(",")
}

#[test]
fn the_answer_says_what_to_do() {
    let (_, detail) = answer(&format!(r#"{{"t":"{TIME}","s":{{"oil":"low"}}}}"#));
    assert_eq!(
        detail,
        "`oil` is \"low\", which is no number; send null or leave it out when it was not measured"
    );
}

#[test]
fn a_sample_that_would_widen_the_frame_too_far_is_refused_and_leaves_no_column() {
    let wide: Vec<_> = (0..FRAME_SIGNALS_MAX / 64 + 1)
        .map(|i| format!(r#"{{"t":"{TIME}","s":{{{}}}}}"#, signals(i * 64, 64)))
        .collect();
    let Parsed { frame, refused, .. } =
        parse(&format!(r#"{{"samples":[{},{}]}}"#, wide.join(","), wide[0])).unwrap();
    assert_eq!(frame.signals.len(), FRAME_SIGNALS_MAX);
    assert_eq!(frame.samples.len(), wide.len());
    assert_eq!((refused.len(), refused[0].kind), (1, RefusedKind::TooManySignals));
    assert_eq!(record::decode::<Telemetry>(&record::encode(&frame).unwrap()).unwrap(), frame);
}

#[test]
fn a_body_of_which_nothing_can_be_taken_is_an_error() {
    let sample = format!(r#"{{"t":"{TIME}"}}"#);
    for body in [
        "",
        "[]",
        &format!(r#" [3,null,"{TIME}",1,{{"a":1}},null,null]"#),
        "17",
        "{",
        "{}{}",
        "\u{feff}{}",
        r#"{"t":NaN}"#,
        r#"{"t":Infinity}"#,
        r#"{"t":+1}"#,
        r#"{"t":"x","rpm":1}"#,
        r#"{"boot":-1,"t":"x"}"#,
        r#"{"boot":1,"boot":1,"t":"x"}"#,
        r#"{"samples":{}}"#,
        r#"{"s":{"a":1,"a":1}}"#,
        r#"{"s":{"a":1e999}}"#,
        &format!(r#"{{"rpm":1,"samples":[{sample}]}}"#),
    ] {
        let refused = matches!(parse(body), Err(FrameError::Json(JsonError::Unexpected(_))));
        assert!(refused, "{body}");
    }
    for body in ["{}", r#"{"samples":[]}"#, &format!(r#"{{"t":"{TIME}","samples":[{sample}]}}"#)] {
        assert_eq!(parse(body), Err(FrameError::Shape), "{body}");
    }
    assert_eq!(json::parse("f", "a", b"{\"t\":\"\xff\"}"), Err(FrameError::NotUtf8));
}

#[test]
fn a_body_beyond_a_limit_is_an_error_that_names_it() {
    let deep = format!(r#"{{"t":"{TIME}","s":{}1{}}}"#, "[".repeat(16), "]".repeat(16));
    assert_eq!(parse(&deep), Err(FrameError::Json(JsonError::TooDeep)));
    let samples = FRAME_SAMPLES_MAX + 1;
    let many = vec![format!(r#"{{"t":"{TIME}"}}"#); samples].join(",");
    let body = format!(r#"{{"samples":[{many}]}}"#);
    assert_eq!(parse(&body), Err(FrameError::TooManySamples { samples }));
    let bytes = BODY_BYTES_MAX + 1;
    assert_eq!(parse(&" ".repeat(bytes)), Err(FrameError::TooLarge { bytes }));
}

/// Bare JSON that says what `frame` says.
fn to_bare(frame: &Telemetry) -> String {
    let samples = frame.samples.iter().map(|sample| {
        let measured =
            || frame.signals.iter().zip(&sample.values).filter(|(_, value)| value.is_some());
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let values: Vec<_> = measured()
            .map(|(signal, value)| format!("{}:{:e}", quoted(&signal.name), value.unwrap().get()))
            .collect();
        let units: Vec<_> = measured()
            .filter_map(|(signal, _)| {
                Some(format!("{}:{}", quoted(&signal.name), quoted(signal.unit.as_deref()?)))
            })
            .collect();
        let code = |code: &TroubleCode| match code {
            TroubleCode::Obd2 { code } => quoted(code),
            TroubleCode::J1939 { spn, fmi, oc } => {
                format!(r#"{{"scheme":"j1939","spn":{spn},"fmi":{fmi},"oc":{oc}}}"#)
            }
        };
        let codes: Vec<_> = sample.codes.iter().map(code).collect();
        let seq = sample.seq.map_or("null".to_owned(), |seq| seq.to_string());
        format!(
            r#"{{"t":"{}","seq":{seq},"s":{{{}}},"u":{{{}}},"codes":[{}]}}"#,
            sample.sampled_at,
            values.join(","),
            units.join(","),
            codes.join(",")
        )
    });
    let samples: Vec<_> = samples.collect();
    let boot = frame.boot.map_or("null".to_owned(), |boot| boot.to_string());
    format!(r#"{{"boot":{boot},"samples":[{}]}}"#, samples.join(","))
}

proptest! {
    #[test]
    fn what_a_frame_says_in_bare_json_is_taken_with_the_same_identities(frame in frames()) {
        // Bare JSON names a signal once per sample, and has at least one sample.
        let mut names: Vec<_> = frame.signals.iter().map(|signal| &signal.name).collect();
        names.sort_unstable();
        names.dedup();
        prop_assume!(names.len() == frame.signals.len() && !frame.samples.is_empty());
        let body = to_bare(&frame);
        let Parsed { frame: parsed, refused, .. } =
            json::parse(&frame.fleet, &frame.asset, body.as_bytes()).unwrap();
        prop_assert_eq!(refused, []);
        let identities = |frame: &Telemetry| -> Vec<_> {
            frame.samples.iter().map(|sample| frame.reading_identity(sample)).collect()
        };
        prop_assert_eq!(identities(&parsed), identities(&frame));
        prop_assert_eq!(record::decode::<Telemetry>(&record::encode(&parsed).unwrap()).unwrap(), parsed);
    }

    #[test]
    fn arbitrary_bytes_never_make_the_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(json::parse("f", "a", &body).is_err());
    }

    #[test]
    fn arbitrary_damage_to_a_good_body_gives_a_sound_frame_or_an_error(
        place in 0..200_usize, damage in "[\\PC\"{}\\[\\]:,0-9eE+.-]{0,4}",
    ) {
        let mut body: Vec<char> = to_bare(&samples::telemetry()).chars().collect();
        let place = place.min(body.len() - 1);
        body.splice(place..=place, damage.chars());
        let body: String = body.into_iter().collect();
        if let Ok(Parsed { frame, .. }) = parse(&body) {
            prop_assert_eq!(record::decode::<Telemetry>(&record::encode(&frame).unwrap()).unwrap(), frame);
        }
    }
}
