//! CloudEvents in both modes: the same envelope comes back, and what is missing or wrong is named.

use crate::roundtrip::envelopes;
use crate::samples::{asset_retired_in_json, envelope};
use bytes::Bytes;
use messages::Envelope;
use messages::cloudevents::{self, ATTRIBUTE_BYTES_MAX, CloudEventError};
use proptest::prelude::*;
use serde_json::{Value, json};

type Headers = Vec<(String, String)>;

fn read(headers: &Headers, data: &Bytes) -> Result<Envelope, CloudEventError> {
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    cloudevents::from_headers(headers, data.clone())
}

fn without(name: &str) -> Headers {
    let headers = cloudevents::to_headers(&envelope()).unwrap();
    headers.into_iter().filter(|(header, _)| header != name).collect()
}

fn with(name: &str, value: &str) -> Headers {
    let mut headers = without(name);
    headers.push((name.to_owned(), value.to_owned()));
    headers
}

#[test]
fn headers_are_those_of_the_specification() {
    let headers = cloudevents::to_headers(&envelope()).unwrap();
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(
        lines,
        [
            "ce-specversion: 1.0",
            "ce-id: 151ba88c-a957-5be6-9822-0848f63d8538",
            "ce-type: telemetry.received",
            "ce-source: simulator",
            "ce-subject: VEH001",
            "ce-time: 2026-03-02T06:00:00.25Z",
            "ce-datacontenttype: application/vnd.aurorasync.postcard",
            "ce-dataschema: urn:aurorasync:schema:1:1",
            "ce-class: telemetry",
            "ce-provenance: simulated",
            "ce-stage: DA",
            "ce-caseid: 00000000-0000-0000-0000-000000001234",
            "ce-causationid: c0a6648b-9302-50b5-b917-30c34083b443",
            "ce-originstream: health",
            "ce-originpartition: 2",
            "ce-originsequence: 300",
            "ce-originindex: 1",
            "ce-addressedto: diagnosis",
            "ce-traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ]
    );
}

#[test]
fn attribute_names_are_lower_case_letters_and_digits() {
    for (name, _) in cloudevents::to_headers(&envelope()).unwrap() {
        let attribute = name.strip_prefix("ce-").unwrap();
        assert!(attribute.len() <= 20, "{attribute}");
        assert!(attribute.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    }
}

#[test]
fn a_missing_required_header_is_named() {
    for attribute in ["specversion", "id", "type", "source", "time", "class", "provenance"] {
        let headers = without(&format!("ce-{attribute}"));
        let error = read(&headers, &envelope().data).unwrap_err();
        assert_eq!(error, CloudEventError::Missing { attribute });
        assert!(error.to_string().contains(&format!("`ce-{attribute}`")), "{error}");
    }
}

#[test]
fn an_origin_is_whole_or_absent() {
    let error = read(&without("ce-originsequence"), &envelope().data).unwrap_err();
    assert_eq!(error, CloudEventError::Missing { attribute: "originsequence" });
}

#[test]
fn a_header_of_the_wrong_kind_is_named_with_its_value() {
    for (attribute, value) in [
        ("specversion", "0.3"),
        ("id", "17"),
        ("time", "yesterday"),
        ("datacontenttype", "text/xml"),
        ("dataschema", "urn:aurorasync:schema:1:2"),
        ("class", "gossip"),
        ("provenance", "guessed"),
        ("caseid", "case-1"),
        ("causationid", "cause-1"),
        ("originstream", "river"),
        ("originpartition", "65536"),
        ("originsequence", "-1"),
        ("originindex", "1.5"),
    ] {
        let error = read(&with(&format!("ce-{attribute}"), value), &envelope().data).unwrap_err();
        let CloudEventError::Invalid { attribute: named, value: shown, .. } = &error else {
            panic!("{attribute}: {error}");
        };
        assert_eq!((*named, shown.as_str()), (attribute, value));
    }
}

#[test]
fn hostile_headers_are_refused_by_name() {
    let data = envelope().data;
    let mut twice = cloudevents::to_headers(&envelope()).unwrap();
    twice.push(("CE-Id".to_owned(), "another".to_owned()));
    assert_eq!(read(&twice, &data), Err(CloudEventError::Duplicate { attribute: "id" }));
    for bytes in [ATTRIBUTE_BYTES_MAX + 1, 10_000_000] {
        let long = with("ce-source", &"a".repeat(bytes));
        assert_eq!(
            read(&long, &data),
            Err(CloudEventError::TooLong { attribute: "source", bytes })
        );
    }
    for value in ["%00", "a%0Ab", "%7F", "%C2%85", "%FF"] {
        let not_text = CloudEventError::NotText { attribute: "source" };
        assert_eq!(read(&with("ce-source", value), &data), Err(not_text), "{value}");
    }
    let raw: [(&[u8], &[u8]); 1] = [(b"ce-source", b"\xff\xfe")];
    let error = cloudevents::from_headers(raw, data).unwrap_err();
    assert_eq!(error, CloudEventError::NotText { attribute: "source" });
}

#[test]
fn unknown_extensions_and_foreign_headers_are_passed_over() {
    let mut headers = cloudevents::to_headers(&envelope()).unwrap();
    for (name, value) in [("ce-colour", "%FF"), ("Nats-Msg-Id", "1"), ("X-Ü", "ü"), ("ce-", "")] {
        headers.push((name.to_owned(), value.to_owned()));
        headers.push((name.to_owned(), value.to_owned()));
    }
    assert_eq!(read(&headers, &envelope().data), Ok(envelope()));
}

#[test]
fn names_of_headers_are_read_in_any_case() {
    let headers = cloudevents::to_headers(&envelope()).unwrap();
    let shouted = headers.into_iter().map(|(name, value)| (name.to_uppercase(), value)).collect();
    assert_eq!(read(&shouted, &envelope().data), Ok(envelope()));
}

#[test]
fn a_field_that_fits_in_no_header_is_an_error_before_it_is_sent() {
    let long = Envelope { key: "k".repeat(ATTRIBUTE_BYTES_MAX + 1), ..envelope() };
    let error = cloudevents::to_headers(&long).unwrap_err();
    assert!(matches!(error, CloudEventError::TooLong { attribute: "subject", .. }), "{error}");
    let nameless = Envelope { source: String::new(), ..envelope() };
    let error = cloudevents::to_headers(&nameless).unwrap_err();
    assert_eq!(error, CloudEventError::Missing { attribute: "source" });
}

#[test]
fn structured_mode_embeds_json_and_encodes_postcard() {
    let text = cloudevents::to_json(&asset_retired_in_json()).unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "asset.retired");
    assert_eq!(event["data"], json!({"asset": "VEH001", "reason": "sold"}));
    let text = cloudevents::to_json(&envelope()).unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["datacontenttype"], "application/vnd.aurorasync.postcard");
    assert!(event["data_base64"].is_string() && event.get("data").is_none());
}

#[test]
fn a_structured_event_with_doubtful_data_is_refused() {
    let mut event: Value =
        serde_json::from_str(&cloudevents::to_json(&asset_retired_in_json()).unwrap()).unwrap();
    let read = |event: &Value| cloudevents::from_json(event.to_string().as_bytes());
    assert_eq!(read(&event), Ok(asset_retired_in_json()));
    event["data_base64"] = "e30=".into();
    assert!(matches!(read(&event), Err(CloudEventError::Data { .. })), "both kinds of data");
    event.as_object_mut().unwrap().remove("data");
    assert_eq!(read(&event).unwrap().data, "{}");
    event["data_base64"] = "e30".into();
    assert!(matches!(read(&event), Err(CloudEventError::Data { .. })), "not base64");
    event["id"] = json!({});
    assert!(matches!(read(&event), Err(CloudEventError::Invalid { attribute: "id", .. })));
    let twice = br#"{"specversion":"1.0","id":"1","id":"2"}"#;
    assert!(matches!(cloudevents::from_json(twice), Err(CloudEventError::Json(_))));
    assert!(cloudevents::from_json(&vec![b' '; 10_000_000]).is_err());
}

#[test]
fn json_data_that_is_no_json_is_not_written() {
    let broken = Envelope { data: "{} {}".into(), ..asset_retired_in_json() };
    assert!(matches!(cloudevents::to_json(&broken), Err(CloudEventError::Json(_))));
}

proptest! {
    #[test]
    fn every_envelope_comes_back_from_its_headers(envelope in envelopes()) {
        let headers = cloudevents::to_headers(&envelope).unwrap();
        prop_assert!(headers.iter().all(|(_, value)| value.bytes().all(|byte| byte.is_ascii_graphic())));
        prop_assert_eq!(read(&headers, &envelope.data), Ok(envelope));
    }

    #[test]
    fn every_envelope_comes_back_from_its_json(envelope in envelopes()) {
        let text = cloudevents::to_json(&envelope).unwrap();
        prop_assert_eq!(cloudevents::from_json(text.as_bytes()), Ok(envelope));
    }

    #[test]
    fn arbitrary_headers_never_panic(
        headers in proptest::collection::vec(
            ("ce-(id|type|source|time|class|originindex)|\\PC{0,8}", proptest::collection::vec(any::<u8>(), 0..20)), 0..8)
    ) {
        let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()));
        prop_assert!(cloudevents::from_headers(headers, Bytes::new()).is_err());
    }

    #[test]
    fn arbitrary_json_never_panics(text in "\\{?(\"(id|type|data|specversion)\"[:,\\PC]{0,6}){0,5}\\}?") {
        prop_assert!(cloudevents::from_json(text.as_bytes()).is_err());
    }
}
