//! The three forms of telemetry: what they mean alike, and what each refuses with which answer.

use crate::roundtrip::frames;
use crate::samples;
use base64::Engine;
use messages::cloudevents::CloudEventError;
use messages::json::JsonError;
use messages::telemetry::{
    self, BODY_BYTES_MAX, FRAME_SAMPLES_MAX, FRAME_SIGNALS_MAX, FrameError, Parsed, RefusedKind,
    Signal, Telemetry, TroubleCode, json,
};
use messages::{Finite, record};
use proptest::prelude::*;

const TIME: &str = "2026-03-02T06:00:00Z";

fn parse(body: &str) -> Result<Parsed, FrameError> {
    json::parse("demo", "VEH001", body.as_bytes())
}

/// The frame of a body of which every sample is taken.
fn taken(body: &str) -> Telemetry {
    let Parsed { frame, refused } = parse(body).unwrap();
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

/// A sample with `fields`, between two good ones.
fn answer(sample: &str) -> (RefusedKind, String) {
    let good = format!(r#"{{"t":"{TIME}","s":{{"good":1}}}}"#);
    let body = format!(r#"{{"samples":[{good},{sample},{good}]}}"#);
    let Parsed { frame, refused } = parse(&body).unwrap();
    assert_eq!(frame.samples.len(), 2, "{sample}");
    assert_eq!(columns(&frame), [("good", None)], "{sample}");
    let [refused] = &refused[..] else { panic!("{sample}: {refused:?}") };
    assert_eq!(refused.index, 1, "{sample}");
    (refused.kind, refused.detail.clone())
}

#[test]
fn a_bad_sample_is_refused_by_index_and_its_neighbours_are_taken() {
    use RefusedKind as Kind;
    let t = format!(r#""t":"{TIME}""#);
    for (kind, sample) in [
        (Kind::Malformed, "17".to_owned()),
        (Kind::Malformed, format!("{{{t},{t}}}")),
        (Kind::UnknownField, format!(r#"{{{t},"speed":3}}"#)),
        (Kind::UnknownField, format!(r#"{{{t},"boot":3}}"#)),
        (Kind::Time, r#"{"s":{"a":1}}"#.to_owned()),
        (Kind::Time, r#"{"t":null,"s":{"a":1}}"#.to_owned()),
        (Kind::Time, r#"{"t":1772431200,"s":{"a":1}}"#.to_owned()),
        (Kind::Time, r#"{"t":"2026-03-02","s":{"a":1}}"#.to_owned()),
        (Kind::Time, r#"{"t":"2026-03-02T06:00:00","s":{"a":1}}"#.to_owned()),
        (Kind::Sequence, format!(r#"{{{t},"seq":-1}}"#)),
        (Kind::Sequence, format!(r#"{{{t},"seq":1.0}}"#)),
        (Kind::Sequence, format!(r#"{{{t},"seq":"1"}}"#)),
        (Kind::Sequence, format!(r#"{{{t},"seq":18446744073709551616}}"#)),
        (Kind::Value, format!(r#"{{{t},"s":[1]}}"#)),
        (Kind::Value, format!(r#"{{{t},"s":{{"a":1,"a":2}}}}"#)),
        (Kind::Value, format!(r#"{{{t},"s":{{"a":"1"}}}}"#)),
        (Kind::Value, format!(r#"{{{t},"s":{{"a":true}}}}"#)),
        (Kind::Value, format!(r#"{{{t},"s":{{"a":1e999}}}}"#)),
        (Kind::Value, format!(r#"{{{t},"s":{{"a":-1{}}}}}"#, "0".repeat(400))),
        (Kind::Name, format!(r#"{{{t},"s":{{"":1}}}}"#)),
        (Kind::Name, format!(r#"{{{t},"s":{{"a\u0000b":1}}}}"#)),
        (Kind::Name, format!(r#"{{{t},"s":{{"{}":1}}}}"#, "a".repeat(129))),
        (Kind::Unit, format!(r#"{{{t},"s":{{"a":1}},"u":{{"b":"psi"}}}}"#)),
        (Kind::Unit, format!(r#"{{{t},"s":{{"a":1}},"u":{{"a":1}}}}"#)),
        (Kind::Unit, format!(r#"{{{t},"s":{{"a":1}},"u":{{"a":""}}}}"#)),
        (Kind::Unit, format!(r#"{{{t},"s":{{"a":1}},"u":"psi"}}"#)),
        (Kind::Code, format!(r#"{{{t},"codes":"P0217"}}"#)),
        (Kind::Code, format!(r#"{{{t},"codes":[""]}}"#)),
        (Kind::Code, format!(r#"{{{t},"codes":[217]}}"#)),
        (Kind::Code, format!(r#"{{{t},"codes":[{{"scheme":"uds","spn":1,"fmi":1}}]}}"#)),
        (Kind::Code, format!(r#"{{{t},"codes":[{{"scheme":"j1939","spn":524288,"fmi":1}}]}}"#)),
        (Kind::Code, format!(r#"{{{t},"codes":[{{"scheme":"j1939","spn":1,"fmi":32}}]}}"#)),
        (Kind::Code, format!(r#"{{{t},"codes":[{{"scheme":"j1939","spn":1,"fmi":1,"oc":128}}]}}"#)),
        (Kind::TooManyCodes, format!(r#"{{{t},"codes":[{}0]}}"#, "0,".repeat(64))),
        (Kind::TooManySignals, format!(r#"{{{t},"s":{{{}}}}}"#, signals(0, 65))),
    ] {
        let (found, detail) = answer(&sample);
        assert_eq!(found, kind, "{sample}: {detail}");
        assert!(!detail.is_empty() && detail.len() < 400, "{detail}");
    }
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
        "`oil` is \"low\", which is no finite number; send null or leave it out when it was not measured"
    );
}

#[test]
fn a_sample_that_would_widen_the_frame_too_far_is_refused_and_leaves_no_column() {
    let wide: Vec<_> = (0..FRAME_SIGNALS_MAX / 64 + 1)
        .map(|i| format!(r#"{{"t":"{TIME}","s":{{{}}}}}"#, signals(i * 64, 64)))
        .collect();
    let Parsed { frame, refused } =
        parse(&format!(r#"{{"samples":[{},{}]}}"#, wide.join(","), wide[0])).unwrap();
    assert_eq!(frame.signals.len(), FRAME_SIGNALS_MAX);
    assert_eq!(frame.samples.len(), wide.len());
    assert_eq!((refused.len(), refused[0].kind), (1, RefusedKind::TooManySignals));
    assert_eq!(record::decode::<Telemetry>(&record::encode(&frame).unwrap()).unwrap(), frame);
}

#[test]
fn a_body_of_which_nothing_can_be_taken_is_an_error() {
    let syntax = |body| assert!(matches!(parse(body), Err(FrameError::Json(JsonError::Syntax(_)))));
    for body in ["", "[]", "17", "{", "{\"t\":NaN}", "{\"t\":Infinity}", "{\"t\":+1}", "{}{}", "\u{feff}{}"] {
        syntax(body);
    }
    let sample = format!(r#"{{"t":"{TIME}"}}"#);
    let error = |body: &str| parse(body).unwrap_err();
    assert_eq!(error("{}"), FrameError::Shape);
    assert_eq!(error(r#"{"samples":[]}"#), FrameError::Shape);
    assert_eq!(error(&format!(r#"{{"t":"{TIME}","samples":[{sample}]}}"#)), FrameError::Shape);
    let boot = FrameError::Field { field: "boot", wanted: "a whole number from 0 on" };
    assert_eq!(error(r#"{"boot":-1,"t":"x"}"#), boot);
    assert!(matches!(error(r#"{"samples":{}}"#), FrameError::Field { field: "samples", .. }));
    let unknown = FrameError::UnknownField { field: "rpm".to_owned() };
    assert_eq!(error(r#"{"t":"x","rpm":1}"#), unknown);
    assert_eq!(error(&format!(r#"{{"rpm":1,"samples":[{sample}]}}"#)), unknown);
    let duplicate = JsonError::DuplicateKey { key: "boot".to_owned() };
    assert_eq!(error(r#"{"boot":1,"boot":1,"t":"x"}"#), FrameError::Json(duplicate));
    assert_eq!(json::parse("f", "a", b"{\"t\":\"\xff\"}"), Err(FrameError::NotUtf8));
    let deep = format!(r#"{{"t":"{TIME}","s":{}1{}}}"#, "[".repeat(16), "]".repeat(16));
    assert_eq!(error(&deep), FrameError::Json(JsonError::TooDeep));
    let many = vec![sample; FRAME_SAMPLES_MAX + 1].join(",");
    let samples = FRAME_SAMPLES_MAX + 1;
    assert_eq!(error(&format!(r#"{{"samples":[{many}]}}"#)), FrameError::TooManySamples { samples });
    let bytes = BODY_BYTES_MAX + 1;
    assert_eq!(error(&" ".repeat(bytes)), FrameError::TooLarge { bytes });
}

type Headers<'a> = &'a [(&'a str, &'a str)];

fn parse_any(headers: Headers<'_>, body: &[u8]) -> Result<Parsed, FrameError> {
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    telemetry::parse("demo", "VEH001", headers, body)
}

const BINARY: [(&str, &str); 4] = [
    ("ce-specversion", "1.0"),
    ("ce-id", "1"),
    ("ce-source", "gateway-7"),
    ("ce-type", "telemetry.received"),
];

fn binary<'a>(more: Headers<'a>) -> Vec<(&'a str, &'a str)> {
    [&BINARY[..], more].concat()
}

fn structured(fields: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"1","source":"gateway-7","type":"telemetry.received",{fields}}}"#)
}

#[test]
fn all_forms_of_one_sample_mean_the_same() {
    let bare = format!(r#"{{"t":"{TIME}","seq":17,"s":{{"a":96.5}}}}"#);
    let expected = Parsed { frame: taken(&bare), refused: vec![] };
    let postcard = record::encode(&expected.frame).unwrap();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&postcard);
    let type_of_postcard = "application/vnd.aurorasync.postcard";
    let in_json = structured(&format!(r#""data":{bare}"#));
    let in_base64 = structured(&format!(
        r#""datacontenttype":"{type_of_postcard}","data_base64":"{base64}""#
    ));
    let json = ("Content-Type", "application/json; charset=utf-8");
    let structured = ("content-type", "application/CloudEvents+json");
    for (form, headers, body) in [
        ("bare", vec![], bare.as_bytes()),
        ("bare over HTTP", vec![json], bare.as_bytes()),
        ("binary", binary(&[("ce-subject", "VEH001")]), bare.as_bytes()),
        ("binary over HTTP", binary(&[json]), bare.as_bytes()),
        ("binary postcard", binary(&[("ce-datacontenttype", type_of_postcard)]), &postcard),
        ("binary postcard over HTTP", binary(&[("content-type", type_of_postcard)]), &postcard),
        ("structured", vec![structured], in_json.as_bytes()),
        ("structured without headers", vec![], in_json.as_bytes()),
        ("structured postcard", vec![structured], in_base64.as_bytes()),
    ] {
        assert_eq!(parse_any(&headers, body), Ok(expected.clone()), "{form}");
    }
}

#[test]
fn a_device_speaks_for_itself_only() {
    let identity = |result| matches!(result, Err(FrameError::Identity { .. }));
    let bare = format!(r#"{{"t":"{TIME}"}}"#);
    assert!(identity(parse_any(&binary(&[("ce-subject", "VEH002")]), bare.as_bytes())));
    let event = structured(&format!(r#""subject":"VEH002","data":{bare}"#));
    assert!(identity(parse_any(&[], event.as_bytes())));
    let postcard = binary(&[("ce-datacontenttype", "application/vnd.aurorasync.postcard")]);
    let other_asset = Telemetry { asset: "VEH002".into(), ..samples::telemetry() };
    assert!(identity(parse_any(&postcard, &record::encode(&other_asset).unwrap())));
    let other_fleet = Telemetry { fleet: "other".into(), ..samples::telemetry() };
    assert!(identity(parse_any(&postcard, &record::encode(&other_fleet).unwrap())));
}

#[test]
fn an_event_that_is_none_or_not_telemetry_is_refused_by_name() {
    let bare = format!(r#"{{"t":"{TIME}"}}"#);
    let other = [("ce-specversion", "1.0"), ("ce-type", "asset.retired")];
    let error = parse_any(&other, bare.as_bytes()).unwrap_err();
    assert_eq!(error, FrameError::Type { found: "asset.retired".to_owned() });
    let missing = |attribute| Err(FrameError::Event(CloudEventError::Missing { attribute }));
    assert_eq!(parse_any(&BINARY[..2], bare.as_bytes()), missing("type"));
    let anonymous: Vec<_> = BINARY.into_iter().filter(|(name, _)| *name != "ce-id").collect();
    assert_eq!(parse_any(&anonymous, bare.as_bytes()), missing("id"));
    let announced = [("content-type", "application/cloudevents+json")];
    assert_eq!(parse_any(&announced, bare.as_bytes()), missing("specversion"));
    let xml = binary(&[("ce-datacontenttype", "text/xml")]);
    assert!(matches!(parse_any(&xml, bare.as_bytes()), Err(FrameError::Event(_))));
    let postcard = binary(&[("ce-datacontenttype", "application/vnd.aurorasync.postcard")]);
    assert!(matches!(parse_any(&postcard, bare.as_bytes()), Err(FrameError::Record(_))));
}

/// Bare JSON that says what `frame` says.
fn to_bare(frame: &Telemetry) -> String {
    let samples = frame.samples.iter().map(|sample| {
        let measured = || frame.signals.iter().zip(&sample.values).filter(|(_, value)| value.is_some());
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let values: Vec<_> = measured()
            .map(|(signal, value)| format!("{}:{:e}", quoted(&signal.name), value.unwrap().get()))
            .collect();
        let units: Vec<_> = measured()
            .filter_map(|(signal, _)| Some(format!("{}:{}", quoted(&signal.name), quoted(signal.unit.as_deref()?))))
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
            sample.sampled_at, values.join(","), units.join(","), codes.join(",")
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
        let Parsed { frame: parsed, refused } =
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
