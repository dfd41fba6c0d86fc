//! Conditions over made-up events: what they say, and that nothing makes them panic.

use proptest::prelude::*;
use scenarios::expression::vocabulary::{EVENT, Vocabulary};
use scenarios::expression::{Expression, Scope};
use scenarios::language::template::Bindings;
use scenarios::measure;
use serde_json::{Value, json};
use std::collections::BTreeMap;

struct Event {
    data: Value,
    bindings: Bindings,
}

impl Scope for Event {
    fn field(&self, name: &str) -> Option<Value> {
        self.data.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.data.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    }

    fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    fn measure(&self, name: &str, _: &BTreeMap<String, Value>) -> Result<Value, String> {
        Err(format!("`{name}` is not measured here"))
    }
}

fn event() -> Event {
    let data = json!({
        "component": "brake", "probability": 0.82, "batch": null, "count": 3, "urgent": true,
        "slot": { "centre": "Pune", "from": "2026-03-02T09:00:00Z" },
        "hypotheses": [{ "component": "brake", "probability": 0.82 }, { "component": "tyre", "probability": 0.1 }],
        "to": "2026-03-02T15:30:00Z",
    });
    Event { data, bindings: Bindings::from([("case".to_owned(), json!("c-1"))]) }
}

fn value(text: &str) -> Result<Value, String> {
    let expression = Expression::parse(text, &EVENT).map_err(|fault| fault.to_string())?;
    expression.value(&event()).map_err(|error| error.to_string())
}

#[test]
fn conditions_say_what_they_say_in_any_language() {
    for (text, expected) in [
        ("component == 'brake' && probability >= 0.7", json!(true)),
        ("component == 'brake' && probability >= 0.9", json!(false)),
        ("component != 'brake' || urgent", json!(true)),
        ("!urgent", json!(false)),
        ("!(urgent && count < 3)", json!(true)),
        ("1 + 2 * 3", json!(7.0)),
        ("(1 + 2) * 3", json!(9.0)),
        ("10 - 4 - 3", json!(3.0)),
        ("-count + 5", json!(2.0)),
        ("8 / 2 / 2", json!(2.0)),
        ("count == 3.0", json!(true)),
        ("batch == null", json!(true)),
        ("batch != 'Q2'", json!(true)),
        ("slot.centre == \"Pune\"", json!(true)),
        ("hypotheses[1].component", json!("tyre")),
        ("len(hypotheses) == 2", json!(true)),
        ("any(hypotheses, component == 'tyre' && probability > 0.05)", json!(true)),
        ("all(hypotheses, probability > 0.5)", json!(false)),
        ("count(hypotheses, probability > 0.5)", json!(1)),
        ("has(batch)", json!(false)),
        ("has(slot.centre)", json!(true)),
        ("has(slot.bay)", json!(false)),
        ("contains(component, 'rak')", json!(true)),
        ("hours(slot.from, to)", json!(6.5)),
        ("local_hour(slot.from, 'Asia/Kolkata')", json!(14.5)),
        ("'case ${case}'", json!("case c-1")),
        ("${case} == 'c-1'", json!(true)),
        ("'it''s'", json!("it's")),
        ("abs(0 - 4)", json!(4.0)),
        ("'a' < 'b'", json!(true)),
    ] {
        assert_eq!(value(text), Ok(expected), "{text}");
    }
}

#[test]
fn a_missing_field_is_an_answer_in_words_not_false() {
    for (text, said) in [
        ("probablity > 0.7", "there is no field `probablity`; did you mean `probability`?"),
        ("slot.center == 'Pune'", "no field `center`; did you mean `centre`?"),
        ("component.name == 'x'", "'brake' has no field `name`"),
        ("hypotheses[7]", "a list of 2 has no item 7"),
        ("hypotheses[0.5]", "has no item 0.5"),
        ("count / 0", "division by zero"),
        ("component + 1 > 2", "'brake' is not a number"),
        ("component > 3", "'brake' and 3 have no order"),
        ("count && urgent", "3 is neither true nor false"),
        ("hours(component, to) > 1", "not RFC 3339"),
        ("local_hour(to, 'Mars/Base') > 1", "time zone `Mars/Base`"),
        ("len(count) > 1", "`len` cannot be computed of 3"),
        ("any(component, true)", "'brake' is not a list"),
    ] {
        let error = value(text).expect_err(text);
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn a_verdict_names_the_first_part_that_does_not_hold_with_its_values() {
    let condition =
        Expression::condition("component == 'brake' && probability >= 0.9", &EVENT).unwrap();
    let verdict = condition.judge(&event());
    assert!(!verdict.holds());
    assert_eq!(verdict.held(), 1);
    assert_eq!(verdict.failure().unwrap(), "`probability >= 0.9`: probability is 0.82");
    let condition = Expression::condition("probablity >= 0.9", &EVENT).unwrap();
    assert!(condition.judge(&event()).is_undecided());
}

#[test]
fn limits_hold() {
    for text in [
        "(".repeat(40) + "1" + &")".repeat(40),
        "!".repeat(40) + "true",
        "1 + ".repeat(450) + "1",
        "'".to_owned() + &"x".repeat(2_100) + "'",
    ] {
        assert!(Expression::parse(&text, &EVENT).is_err(), "{}", &text[..20]);
    }
    let long = "1 + ".repeat(190) + "1";
    assert_eq!(value(&long), Ok(json!(191.0)));
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "component",
        "probability",
        "hypotheses",
        "slot",
        ".",
        "centre",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "!",
        "(",
        ")",
        "[",
        "]",
        "0",
        "1.5",
        "'brake'",
        "null",
        "true",
        ",",
        "len",
        "any",
        "has",
        "${case}",
        "'${case}'",
        "+",
        "-",
        "*",
        "/",
        "=",
        "failures",
        "cases.lost",
        "é",
        "\"",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

fn survives(text: &str, vocabulary: &Vocabulary) {
    match Expression::parse(text, vocabulary) {
        Ok(expression) => {
            let verdict = expression.judge(&event());
            assert_eq!(verdict.holds(), verdict.failure().is_none());
        }
        Err(fault) => {
            assert!(fault.width >= 1 && fault.offset <= text.chars().count(), "{text}: {fault:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn any_text_is_read_or_refused_at_a_place_within_it(text in "\\PC{0,80}") {
        survives(&text, &EVENT);
        survives(&text, &measure::VOCABULARY);
    }

    #[test]
    fn any_row_of_words_is_computed_or_refused(text in pieces()) {
        survives(&text, &EVENT);
        survives(&text, &measure::VOCABULARY);
    }

    #[test]
    fn arithmetic_is_that_of_numbers(a in -1000i32..1000, b in -1000i32..1000, c in 1i32..1000) {
        let text = format!("({a}) + ({b}) * {c} - ({a}) / {c}");
        let expected = f64::from(a) + f64::from(b) * f64::from(c) - f64::from(a) / f64::from(c);
        prop_assert_eq!(value(&text), Ok(json!(expected)));
    }
}
