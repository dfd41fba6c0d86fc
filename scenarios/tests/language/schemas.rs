//! The JSON Schema says of the structure of scripts what the loader says.

use crate::script::{HEAD, read, unmark, with_steps};
use crate::validator;
use scenarios::language::{schema, yaml_json};

fn accepts(text: &str) -> bool {
    let value = yaml_json(text).unwrap_or_else(|error| panic!("{error}"));
    validator::accepts(&schema(), &schema(), &value)
}

#[test]
fn the_schema_takes_what_the_loader_takes() {
    let text = with_steps(
        "  - start: fleet
  - inject: { fault: brake_pad_wear, asset: VEH003, ramp: 3d, to: 0.9 }
    as: brakes
  - expect: { event: failure.predicted, asset: VEH003, where: \"component == 'brake'\" }
    within: 3d
    save: { asset: asset }
  - parallel:
      - kill: { agent: scheduling, how: panic, times: 2 }
      - - wait: 5s
        - clear: \"${brakes}\"
  - repeat: { times: 2, every: 1d, steps: [{ note: again }] }
",
    );
    assert!(read(&text).is_ok());
    assert!(accepts(&text));
}

#[test]
fn a_wrong_structure_is_refused_by_both() {
    for steps in [
        "  - injct: { fault: brake_pad_wear, asset: V1 }",
        "  - within: 5m",
        "  - note: a\n    wait: 5s",
        "  - note: a\n    save: { a: b }",
        "  - start: fleets",
        "  - inject: { fault: brake_pad_wear }",
        "  - inject: { fault: brake_pad_wear, asset: V1, to: 1.5 }",
        "  - inject: { fault: brake_pad_wear, asset: V1, ramp: 3 }",
        "  - inject: { fault: brake_pad_wear, asset: V1 }\n    as: Brakes",
        "  - reply: { case: c, say: yes, x: 1 }",
        "  - kill: { agent: scheduling, how: segfault }",
        "  - kill: { agent: scheduling, how: panic, times: 0 }",
        "  - workshop: { drop_technician: b }",
        "  - workshop: { complte: b, found: brake }",
        "  - publish: { event: asset.registred, key: V1, data: {} }",
        "  - attack: { kind: flood }",
        "  - expect: { http: x }",
        "  - expect: { case: c }",
        "  - expect: { case: c, state: defered }",
        "  - expect: { event: failure.predicted, never: false }",
        "  - expect: { event: failure.predict }",
        "  - repeat: { times: 2, steps: [] }",
        "  - advance: soon",
        "  - just a text",
    ] {
        let text = with_steps(&format!("{steps}\n"));
        assert!(read(&text).is_err(), "the loader takes {steps}");
        assert!(!accepts(&text), "the schema takes {steps}");
    }
    for (right, wrong) in [
        ("scenario.v1", "scenario.v2"),
        ("seed: 7", "seed: -7"),
        ("seed: 7", "sed: 7"),
        ("size: 3", "size: 0"),
        ("history: none", "history: some"),
        ("mode: virtual", "mode: virtuel"),
    ] {
        let text = HEAD.replace(right, wrong) + "steps:\n  - note: a\n";
        assert!(read(&text).is_err() && !accepts(&text), "{wrong}");
    }
}

#[test]
fn marks_are_for_tests_alone() {
    assert_eq!(unmark("a «b» c").0, "a b c");
}
