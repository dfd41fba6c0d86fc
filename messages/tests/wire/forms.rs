//! The three forms of telemetry mean the same, and a device speaks for itself alone in each.

use crate::samples;
use base64::Engine;
use messages::cloudevents::CloudEventError;
use messages::record;
use messages::telemetry::{self, FrameError, Parsed, Telemetry, json};

const TIME: &str = "2026-03-02T06:00:00Z";

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
    format!(
        r#"{{"specversion":"1.0","id":"1","source":"gateway-7","type":"telemetry.received",{fields}}}"#
    )
}

#[test]
fn all_forms_of_one_sample_mean_the_same() {
    let bare = format!(r#"{{"t":"{TIME}","seq":17,"s":{{"a":96.5}}}}"#);
    let expected = json::parse("demo", "VEH001", bare.as_bytes()).unwrap();
    let postcard = record::encode(&expected.frame).unwrap();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&postcard);
    let type_of_postcard = "application/vnd.aurorasync.postcard";
    let in_json = structured(&format!(r#""data":{bare}"#));
    let in_base64 =
        structured(&format!(r#""datacontenttype":"{type_of_postcard}","data_base64":"{base64}""#));
    let json = ("Content-Type", "application/json; charset=utf-8");
    let structured = ("content-type", "application/CloudEvents+json");
    let (none, given) = (None, Some("1"));
    for (form, event_id, headers, body) in [
        ("bare", none, vec![], bare.as_bytes()),
        ("bare over HTTP", none, vec![json], bare.as_bytes()),
        ("binary", given, binary(&[("ce-subject", "VEH001")]), bare.as_bytes()),
        ("binary over HTTP", given, binary(&[json]), bare.as_bytes()),
        ("binary postcard", given, binary(&[("ce-datacontenttype", type_of_postcard)]), &postcard),
        (
            "binary postcard over HTTP",
            given,
            binary(&[("content-type", type_of_postcard)]),
            &postcard,
        ),
        ("structured", given, vec![structured], in_json.as_bytes()),
        ("structured without headers", given, vec![], in_json.as_bytes()),
        ("structured postcard", given, vec![structured], in_base64.as_bytes()),
    ] {
        let expected = Parsed { event_id: event_id.map(str::to_owned), ..expected.clone() };
        assert_eq!(parse_any(&headers, body), Ok(expected), "{form}");
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
