//! Every way of writing a script wrongly is refused where it stands, with the nearest word.

use crate::script::{HEAD, Shelf, known, read, unmark, with_steps};
use scenarios::language::{Source, load};

/// Holds a wrong script to the place that is marked in it and to a part of what is said.
fn judged(text: &str, said: &str) -> Result<(), String> {
    let (text, place) = unmark(text);
    let place = place.ok_or_else(|| format!("no place is marked in\n{text}"))?;
    let Err(error) = read(&text) else { return Err(format!("this was read:\n{text}")) };
    let shown = error.to_string();
    if error.problems.len() != 1 {
        return Err(format!("more than one thing is wrong:\n{shown}"));
    }
    if error.problems[0].place != place {
        return Err(format!(
            "{place:?} is marked, this is at {:?}:\n{shown}",
            error.problems[0].place
        ));
    }
    shown.contains(said).then_some(()).ok_or_else(|| format!("`{said}` is not in:\n{shown}"))
}

/// The same for one script.
fn refused(text: &str, said: &str) {
    judged(text, said).unwrap_or_else(|error| panic!("{error}"));
}

/// The same for many, telling all that are not so.
fn all_refused(scripts: impl Iterator<Item = (String, &'static str)>) {
    let wrong: Vec<String> = scripts.filter_map(|(text, said)| judged(&text, said).err()).collect();
    assert!(
        wrong.is_empty(),
        "{}\n\n{} are not refused as they should be",
        wrong.join("\n\n"),
        wrong.len()
    );
}

/// Wrong steps, where they are wrong, and what is said.
const STEPS: &[(&str, &str)] = &[
    ("  - «injct»: { fault: brake_pad_wear, asset: V1 }", "did you mean `inject`?"),
    ("  - «expct»: { event: failure.predicted }", "did you mean `expect`?"),
    ("  - «within»: 5m", "a step without a verb"),
    ("  - note: a\n    «wait»: 5s", "`note` and `wait` in one step"),
    ("  - note: a\n    «withn»: 5s", "did you mean `within`?"),
    ("  - note: a\n    «save»: { a: b }", "`note` takes no `save`"),
    ("  - wait: 5s\n    «as»: name", "`wait` takes no `as`"),
    ("  - wait: 5s\n    «within»: 1m", "`wait` takes no `within`"),
    ("  - start: «fleets»", "did you mean `fleet`?"),
    ("  - start: «{ asset: V1 }»", "`start` is a text, this is a map"),
    ("  - stop: «3»", "put it in quotes"),
    ("  - inject: { fault: «brake_pad_waer», asset: V1 }", "did you mean `brake_pad_wear`?"),
    ("  - inject: «{ fault: brake_pad_wear }»", "`inject` lacks `asset`"),
    ("  - inject: { fault: brake_pad_wear, «aset»: V1, asset: V1 }", "did you mean `asset`?"),
    ("  - inject: { fault: brake_pad_wear, asset: V1, to: «1.5» }", "from 0 to 1, this is 1.5"),
    ("  - inject: { fault: brake_pad_wear, asset: V1, to: «'0.9'» }", "without quotes"),
    ("  - inject: { fault: brake_pad_wear, asset: V1, ramp: «3» }", "write the unit"),
    (
        "  - inject: { fault: brake_pad_wear, asset: V1, ramp: «3 days» }",
        "`3 days` is not a length of time",
    ),
    ("  - inject: { fault: brake_pad_wear, asset: «V 1» }", "`V 1` has spaces"),
    ("  - inject: { fault: brake_pad_wear, asset: V1, channel: «speed» }", "no fault of a sensor"),
    ("  - inject: { fault: «sensor_drift», asset: V1 }", "needs the `channel`"),
    ("  - inject: { fault: brake_pad_wear, asset: V1 }\n    as: «Brakes»", "`Brakes` is none"),
    ("  - clear: \"«${brakes}»\"", "saved as `brakes`"),
    ("  - clear: «brakes»", "no name of that"),
    (
        "  - inject: { fault: brake_pad_wear, asset: V1 }\n    as: brakes\n  - clear: \"«${brake}»\"",
        "did you mean `brakes`?",
    ),
    (
        "  - inject: { fault: brake_pad_wear, asset: V1 }\n    as: b\n  - note: \"«${b}» begins\"",
        "not a value",
    ),
    ("  - reply: { case: \"«${case}»\", say: yes }", "save it in a step before"),
    ("  - reply: { case: c, say: no, after: 1h, «x»: 1 }", "`reply` has no field `x`"),
    ("  - reply: { case: c, say: «\"\"» }", "`say` is empty"),
    ("  - reply: { case: c, say: \"a «${» b\" }", "`${` without its `}`"),
    ("  - reply: { case: c, say: \"a ${«Case»} b\" }", "`Case` is not a name"),
    ("  - kill: { agent: «schedulin», how: panic }", "did you mean `scheduling`?"),
    ("  - kill: { agent: scheduling, how: «segfault» }", "there are: panic"),
    ("  - kill: { agent: scheduling, how: panic, times: «0» }", "from 1 to 1000, this is 0"),
    ("  - kill: { agent: scheduling, how: panic, times: «two» }", "`times` is a whole number"),
    ("  - pause: «scheduling»", "`pause` is a map"),
    ("  - resume: { «agnt»: scheduling, agent: scheduling }", "did you mean `agent`?"),
    ("  - advance: «0s»", "is not a length of time"),
    ("  - wait: «-5s»", "is not a length of time"),
    ("  - wait: «[5s]»", "this is a list"),
    ("  - workshop: { «complte»: b, found: brake }", "did you mean `complete`?"),
    ("  - workshop: «{ drop_technician: b }»", "lacks `centre`"),
    ("  - workshop: { drop_bay: Pune, bays: «many» }", "`bays` is a whole number"),
    ("  - workshop: { drop_bay: pune, bays: 1, left: «2» }", "contradict each other"),
    (
        "  - publish: { event: «asset.registred», key: V1, data: {} }",
        "did you mean `asset.registered`?",
    ),
    ("  - publish: «{ event: asset.retired, data: {} }»", "lacks `key`"),
    (
        "  - publish: { event: asset.retired, key: V1, data: «{ resaon: x }» }",
        "`asset.retired` has not these fields",
    ),
    (
        "  - publish: { event: asset.retired, key: V1, data: { reason: \"«${why}»\" } }",
        "saved as `why`",
    ),
    ("  - attack: «{ kind: flood, as: master, rate: 5/s }»", "`attack` lacks `for`"),
    ("  - attack: { kind: «fload», as: master, rate: 5/s, for: 5s }", "did you mean `flood`?"),
    ("  - attack: { kind: flood, as: master, rate: «5», for: 5s }", "a rate like `200/s`"),
    ("  - attack: { kind: flood, as: master, rate: «5/w», for: 5s }", "`5/w` is not a rate"),
    ("  - attack: { kind: flood, as: master, rate: «99999/s», for: 5s }", "at most 10000/s"),
    (
        "  - attack: { kind: «scope_abuse», as: master, rate: 5/s, for: 5s }",
        "`scope_abuse` needs the `target`",
    ),
    ("  - attack: { kind: flood, «us»: master, as: master, rate: 5/s, for: 5s }", "no field `us`"),
    ("  - release: «{ because: so }»", "`release` lacks `principal`"),
    ("  - subscribe: { as: master, to: log, records: «0» }", "from 1 to 10000, this is 0"),
    (
        "  - ask: { as: master, command: «slot.hld», key: V1, data: {} }",
        "did you mean `slot.hold`?",
    ),
    ("  - «partition»: { agent: scheduling }", "not available yet"),
    ("  - «delay»: { agent: scheduling }", "not available yet"),
    ("  - «drop»: { agent: scheduling }", "not available yet"),
    ("  - expect: { «http»: \"GET /v1/assets\" }", "`expect http` is not available yet"),
    ("  - expect: { «p95»: turn }", "`expect p95` is not available yet"),
    ("  - expect: { «evnt»: failure.predicted }", "did you mean `event`?"),
    ("  - expect: «{}»", "names none of event"),
    ("  - expect: { event: «failure.predict» }", "did you mean `failure.predicted`?"),
    ("  - expect: { event: failure.predicted, count: 1, min: «1» }", "contradict each other"),
    ("  - expect: { event: failure.predicted, min: 5, max: «2» }", "`min` is more than `max`"),
    ("  - expect: { event: failure.predicted, never: «false» }", "`true` or absent"),
    (
        "  - expect: { event: failure.predicted, never: true }\n    save: «{ a: asset }»",
        "finds no event",
    ),
    ("  - expect: { event: failure.predicted, «wher»: \"a\" }", "did you mean `where`?"),
    (
        "  - expect: { event: failure.predicted, where: \"component «=» 'brake'\" }",
        "equality is written `==`",
    ),
    ("  - expect: { event: failure.predicted, where: \"a «and» b\" }", "`and` is written `&&`"),
    ("  - expect: { event: failure.predicted, where: \"probability >«=»\" }", "a value is missing"),
    (
        "  - expect: { event: failure.predicted, where: \"«1 + 2»\" }",
        "a condition takes true or false",
    ),
    ("  - expect: { event: failure.predicted, where: \"asset == «'»V1\" }", "closing"),
    (
        "  - expect: { event: failure.predicted, where: \"0 < a «<» 1\" }",
        "two comparisons in a row",
    ),
    (
        "  - expect: { event: failure.predicted, where: \"«contain»(asset, 'V')\" }",
        "did you mean `contains`?",
    ),
    (
        "  - expect: { event: failure.predicted, where: \"«len(asset, 1)» > 1\" }",
        "takes 1 arguments",
    ),
    (
        "  - expect: { event: failure.predicted, where: \"asset == «${owner}»\" }",
        "saved as `owner`",
    ),
    ("  - expect: { event: failure.predicted, where: \"a == 70«%»\" }", "the part of one"),
    ("  - expect: { case: c, state: «defered» }", "did you mean `deferred`?"),
    ("  - expect: «{ case: c }»", "lacks `state`"),
    ("  - expect: { booking: b, state: «booked» }", "there are: held"),
    ("  - expect: { agents: «scheduler», state: ready }", "no agent is named `scheduler`"),
    (
        "  - expect: { metric: «bookings.confirmd», where: \"value == 1\" }",
        "did you mean `bookings.confirmed`?",
    ),
    (
        "  - expect: { event: failure.predicted }\n    save: { «Case»: case }",
        "not a name to save under",
    ),
    (
        "  - expect: { event: failure.predicted }\n    save: { a: asset }\n  - expect: { event: failure.predicted }\n    save: { «a»: asset }",
        "saved already on line 9",
    ),
    ("  - parallel:\n      - «note»: a", "two branches or more"),
    (
        "  - parallel:\n      - «expect»: { event: asset.silent }\n        save: { a: asset }\n      - expect: { event: asset.silent }\n        save: { a: asset }",
        "two branches save `a`",
    ),
    ("  - repeat: «{ times: 2 }»", "`repeat` lacks `steps`"),
    ("  - repeat: { times: 2, steps: «[]» }", "an empty list"),
    ("  - include: «other.yaml»", "cannot be included: there is no such file"),
    ("  - «just a text»", "this is a text"),
    ("  - note: a«:» b", "not YAML"),
];

#[test]
fn a_wrong_step_is_refused_where_it_is_wrong_with_the_nearest_word() {
    assert!(STEPS.len() >= 60);
    all_refused(STEPS.iter().map(|(steps, said)| (with_steps(steps), *said)));
}

/// Wrong heads, where they are wrong, and what is said.
const HEADS: &[(&str, &str, &str)] = &[
    (
        "aurorasync/scenario.v1",
        "«aurorasync/scenario.v2»",
        "did you mean `aurorasync/scenario.v1`?",
    ),
    ("name: test", "name: «Test 1»", "`Test 1` is none"),
    ("summary: A test.", "summary: «17»", "put it in quotes"),
    ("seed: 7", "seed: «-7»", "this is -7"),
    ("seed: 7", "seed: «7.5»", "`seed` is a whole number"),
    ("seed: 7", "«sed»: 7\nseed: 7", "did you mean `seed`?"),
    ("seed: 7", "seed: 7\n«seed»: 8", "stands here twice"),
    ("mode: virtual", "mode: «virtuel»", "did you mean `virtual`?"),
    ("\"2026-03-02T06:00:00Z\"", "«\"2026-03-02 6am\"»", "is not RFC 3339"),
    (
        "{ mode: virtual, start: \"2026-03-02T06:00:00Z\" }",
        "«{ mode: virtual }»",
        "needs its `start`",
    ),
    (
        "mode: virtual, start: \"2026-03-02T06:00:00Z\"",
        "mode: real, start: «\"2026-03-02T06:00:00Z\"»",
        "leave `start` out",
    ),
    ("profile: vehicle", "profile: «vehicel»", "did you mean `vehicle`?"),
    ("size: 3", "size: «0»", "from 1 to 100000, this is 0"),
    ("history: none", "history: «some»", "there are: none"),
    ("history: none", "history: «{ population: 5 }»", "lacks `days`"),
    ("history: none", "history: none, assets: [{ asset: V1, consent: [«ap»] }]", "app"),
    ("sample: 5s", "sample: «5»", "write the unit"),
];

#[test]
fn a_wrong_head_is_refused_where_it_is_wrong() {
    let head = |right: &str, wrong: &str| HEAD.replacen(right, wrong, 1) + "steps:\n  - note: a\n";
    all_refused(HEADS.iter().map(|(right, wrong, said)| (head(right, wrong), *said)));
}

/// Wrong sections beside the steps.
const SECTIONS: &[(&str, &str)] = &[
    ("invariants:\n  - { id: a, that: \"«cases.lots» == 0\" }", "did you mean `cases.lost`?"),
    (
        "invariants:\n  - { id: a, that: \"«cases.lost»\" }",
        "a condition takes true or false, this is a number",
    ),
    (
        "invariants:\n  - { id: a, that: \"cases.lost == «'0'»\" }",
        "a number is compared with a text",
    ),
    (
        "invariants:\n  - { id: a, that: \"cases.lost == 0\" }\n  - { id: «a», that: \"cases.open == 0\" }",
        "two invariants are called `a`",
    ),
    ("given:\n  - «{ that: \"cases.lost == 0\" }»", "lacks `because`"),
    (
        "given:\n  - { that: \"«failure»(component='brake') > 1\", because: b }",
        "did you mean `failures`?",
    ),
    (
        "given:\n  - { that: \"failures(«'brake'») > 1\", because: b }",
        "takes its arguments by name",
    ),
    (
        "given:\n  - { that: \"failures(componnt=«'brake'») > 1\", because: b }",
        "did you mean `component`?",
    ),
    (
        "given:\n  - { that: \"failures(component=«1») > 1\", because: b }",
        "`component` takes a text, this is a number",
    ),
    ("given:\n  - { that: \"«failures» > 1\", because: b }", "takes brackets"),
    ("defaults: { within: «soon» }", "is not a length of time"),
    ("always:\n  - clear: \"«${x}»\"", "saved as `x`"),
    ("«alway»:\n  - note: a", "did you mean `always`?"),
];

#[test]
fn a_wrong_section_is_refused_where_it_is_wrong() {
    let script = |section: &str| format!("{HEAD}steps:\n  - note: a\n{section}\n");
    all_refused(SECTIONS.iter().map(|(section, said)| (script(section), *said)));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_lines() {
    let text = with_steps("  - wait: 5\n  - nte: a\n  - kill: { agent: x, how: y }\n");
    let error = read(&text).unwrap_err();
    let lines: Vec<usize> = error.problems.iter().map(|problem| problem.place.line).collect();
    assert_eq!(lines, [8, 9, 10, 10]);
}

#[test]
fn what_is_wrong_in_an_included_file_is_shown_in_that_file() {
    let steps =
        |steps: &str| format!("apiVersion: aurorasync/steps.v1\nsummary: s\nsteps:\n{steps}");
    let shelf = |text: String| {
        let mut shelf = Shelf::default();
        shelf.0.insert("other.yaml".to_owned(), text);
        shelf
    };
    let script = with_steps("  - include: other.yaml\n");
    for (text, line, said) in [
        (steps("  - wait: 5\n"), 4, "write the unit"),
        (steps("  - include: other.yaml\n"), 4, "includes itself"),
        (steps("  - note: \"${case}\"\n"), 4, "saved as `case`"),
        (
            "apiVersion: aurorasync/steps.v1\nsummary: s\nname: n\nsteps: [{note: a}]\n".to_owned(),
            3,
            "has no field `name`",
        ),
    ] {
        let error = load(Source::new("test.yaml", &*script), &shelf(text), &known()).unwrap_err();
        let problem = &error.problems[0];
        assert_eq!(
            (problem.source.name.as_str(), problem.place.line),
            ("other.yaml", line),
            "{error}"
        );
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn a_script_without_a_fleet_starts_and_injects_nothing() {
    let text = with_steps("  - start: «fleet»\n");
    let text = text.replace("{ profile: vehicle, size: 3, sample: 5s, history: none }", "none");
    refused(&text, "this script has no fleet");
}

#[test]
fn a_real_clock_is_not_advanced() {
    let head = "mode: virtual, start: \"2026-03-02T06:00:00Z\"";
    refused(&with_steps("  - advance: «5s»\n").replace(head, "mode: real"), "use `wait`");
}

#[test]
fn steps_for_others_are_no_script() {
    refused(
        "apiVersion: «aurorasync/steps.v1»\nsummary: s\nsteps:\n  - note: a\n",
        "run a script that includes it",
    );
}
