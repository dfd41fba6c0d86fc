//! What a profile must be, and how the one that is not is refused.

use super::*;
use crate::Finite;
use crate::prediction::{Driving, Severity};
use crate::telemetry::TroubleCode;

const VEHICLE: &str = include_str!("../../../profiles/vehicle.toml");

fn vehicle() -> Profile {
    Profile::parse(VEHICLE).unwrap()
}

/// Problems of the vehicle's profile after a change of its text.
fn problems(from: &str, to: &str) -> Vec<String> {
    assert!(VEHICLE.contains(from), "`{from}` is in the profile");
    match Profile::parse(&VEHICLE.replacen(from, to, 1)) {
        Err(ProfileError::Inconsistent { problems, .. }) => {
            problems.iter().map(ToString::to_string).collect()
        }
        other => panic!("`{to}` gave {other:?}"),
    }
}

#[test]
fn every_profile_that_comes_with_the_program_is_sound_and_named_like_its_file() {
    for name in NAMES {
        let profile = Profile::parse(embedded(name).unwrap()).unwrap();
        assert_eq!(profile.name, *name);
    }
    assert_eq!(embedded("bicycle"), None);
}

#[test]
fn the_vehicle_has_thirty_features() {
    assert_eq!(vehicle().features.count(), 30);
}

#[test]
fn a_profile_survives_being_written() {
    let profile = vehicle();
    let text = toml::to_string(&profile).unwrap();
    assert_eq!(Profile::parse(&text).unwrap(), profile);
}

#[test]
fn a_channel_is_found_by_each_of_its_names() {
    let profile = vehicle();
    let coolant = profile.channel_named("coolant_temperature");
    assert!(coolant.is_some());
    let path = "Powertrain.CombustionEngine.EngineCoolant.Temperature";
    assert_eq!(profile.channel_named(path), coolant);
    assert_eq!(profile.channel_named(&format!("Vehicle.{path}")), coolant);
    assert_eq!(profile.channel_named("ect"), coolant);
    assert_eq!(profile.channel_named("Vehicle.coolant_temperature"), None);
    assert_eq!(profile.channel_named(""), None);
}

#[test]
fn a_misspelled_name_is_answered_with_the_nearest() {
    let profile = vehicle();
    assert_eq!(profile.nearest("coolant_temperatur"), Some("coolant_temperature"));
    assert_eq!(profile.nearest("Vehicle.Sped"), Some("Vehicle.Speed"));
    assert_eq!(profile.nearest("qqqqqq"), None);
    assert_eq!(profile.nearest(&"x".repeat(10_000)), None);
}

#[test]
fn an_unknown_field_is_named_with_its_line() {
    let error = Profile::parse(&VEHICLE.replacen("horizon =", "horizn =", 1)).unwrap_err();
    let ProfileError::Malformed(text) = error else { panic!("{error}") };
    assert!(text.contains("horizn") && text.contains("horizon") && text.contains("line"), "{text}");
}

#[test]
fn an_unknown_unit_is_named_with_the_nearest() {
    let error = Profile::parse(&VEHICLE.replacen("\"Celsius\"", "\"Celcius\"", 1)).unwrap_err();
    assert!(error.to_string().contains("did you mean `Celsius`"), "{error}");
}

/// A change to the profile and what is reported of it.
const INCONSISTENCIES: &[(&str, &str, &str)] = &[
    (
        "\"ect\"",
        "\"rpm\"",
        "channel `coolant_temperature`: name `rpm` is taken by channel `engine_speed`",
    ),
    ("range = [-40, 215]", "range = [215, -40]", "`range` is [215, -40]"),
    (
        "warn = 100, critical = 110",
        "warn = 110, critical = 100",
        "`warn` is 110 and `critical` 100",
    ),
    (
        "warn = 100, critical = 110",
        "warn = 100, critical = 300",
        "limit `critical` is 300, outside the range [-40, 215]",
    ),
    ("warn = 100, critical = 110", "warn = 110, critical = 110", "make critical worse than warn"),
    ("wander = 2.5", "wander = 0", "`wander` is 0"),
    ("worse = \"up\"\n", "", "has limits but no `worse`"),
    (
        "states = [\"warm\"]",
        "states = [\"wram\"]",
        "operating state `wram` does not exist; did you mean `warm`?",
    ),
    (
        "trends = [\"run\", \"week\"]",
        "trends = [\"run\", \"run\"]",
        "lists a reach in `trends` twice",
    ),
    ("trends = [\"run\", \"week\"]", "trends = []", "channel `coolant_temperature` keeps no trend"),
    ("resolution = 1\n", "resolution = -1\n", "`resolution` is -1"),
    (
        "{ channel = \"engine_speed\", below = 50 }",
        "{ channel = \"engine_sped\", below = 50 }",
        "channel `engine_sped` does not exist; did you mean `engine_speed`?",
    ),
    (
        "{ channel = \"engine_speed\", below = 50 }",
        "{ channel = \"engine_speed\" }",
        "condition on `engine_speed` has no bound",
    ),
    (
        "{ channel = \"engine_speed\", below = 50 }",
        "{ channel = \"engine_speed\", at_least = 50, below = 50 }",
        "`at_least` 50 is not less than `below` 50",
    ),
    ("id = \"warm\"", "id = \"off\"", "state `off`: is there 2 times"),
    ("id = \"warm\"", "id = \"Warm one\"", "`Warm one` is no id"),
    ("probability_threshold = 0.75", "probability_threshold = 75", "`probability_threshold` is 75"),
    ("role = \"primary\"", "role = \"supporting\"", "has no primary evidence"),
    ("repair_min = 3000", "repair_min = 9000", "repair costs 9000 to 8000"),
    ("currency = \"INR\"\n", "", "has costs; add `currency`"),
    ("spn = 1099, fmi = [17, 18]", "spn = 1099, fmi = []", "`spn` and `fmi` belong together"),
    ("spn = 1099, fmi = [17, 18]", "spn = 1099, fmi = [32]", "`fmi` is 32"),
    ("obd2 = \"P0217\", ", "", "neither or both of `obd2` and `spn`"),
    ("usage = \"odometer\"\n", "", "some count kilometres"),
    ("usage = \"odometer\"", "usage = \"speed\"", "`speed` is no length"),
    ("time = [\"hour\"", "time = [\"weekday\"", "names one twice"),
    ("run = \"36m\"", "run = \"35m\"", "`run` is 35m"),
    ("window = \"1m\"", "window = \"7m\"", "no whole part of a day"),
    ("gap = \"20m\"", "gap = \"20s\"", "`gap` is 20s"),
    ("false_alarm_rate = 0.001", "false_alarm_rate = 0", "`false_alarm_rate` is 0"),
    ("raise_after = 5", "raise_after = 0", "`raise_after` is 0"),
    ("high_probability = 0.60", "high_probability = 0.30", "do not fall"),
    (
        "id = \"misfire\"",
        "id = \"oil_pump_wear\"",
        "failure mode `oil_pump_wear`: is there 2 times",
    ),
    (
        "peer = { channel = \"ambient_temperature\"",
        "peer = { channel = \"battery_voltage\"",
        "its `peer`, `battery_voltage`, has another unit",
    ),
    (
        "peer = { channel = \"ambient_temperature\"",
        "peer = { channel = \"coolant_temperature\"",
        "is its own `peer`",
    ),
    (
        "states = [\"off\"], settle = \"8h\"",
        "settle = \"8h\"",
        "has a `peer` that settles but is one in all states",
    ),
    (
        "states = [\"off\"], settle = \"8h\", within = 8",
        "states = [\"of\"], settle = \"8h\", within = 8",
        "operating state `of` does not exist; did you mean `off`?",
    ),
    ("within = 8", "within = 0", "`within` is 0; write a number above 0"),
];

#[test]
fn each_inconsistency_is_named_with_place_value_and_remedy() {
    for (from, to, expected) in INCONSISTENCIES {
        let found = problems(from, to);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{to}: {found:?}");
    }
}

#[test]
fn all_problems_are_listed_at_once() {
    let text = VEHICLE.replacen("window = \"1m\"", "window = \"1s\"", 1).replacen(
        "probability_threshold = 0.75",
        "probability_threshold = 0",
        1,
    );
    let error = Profile::parse(&text).unwrap_err().to_string();
    assert!(error.starts_with("profile `vehicle` does not fit together: "), "{error}");
    assert!(
        error.contains("`window` is 1000 ms") && error.contains("`probability_threshold` is 0")
    );
}

#[test]
fn advice_follows_the_first_rule_that_fits() {
    let profile = vehicle();
    let advise = |component: &str, probability: f64, hours: Option<f64>| {
        let component = profile.component(component).unwrap();
        profile.severity.advise(component, probability, hours)
    };
    let cases = [
        ("brake", 0.90, None, Severity::Emergency),
        ("engine", 0.94, None, Severity::High),
        ("engine", 0.95, Some(23.9), Severity::Emergency),
        ("engine", 0.95, Some(24.0), Severity::Critical),
        ("engine", 0.95, None, Severity::High),
        ("brake", 0.75, Some(48.0), Severity::Critical),
        ("brake", 0.75, Some(48.1), Severity::High),
        ("engine", 0.60, Some(1.0), Severity::High),
        ("tyre", 0.65, Some(48.0), Severity::Critical),
        ("battery", 0.70, Some(72.0), Severity::Critical),
        ("battery", 0.59, Some(1.0), Severity::Medium),
        ("battery", 0.40, None, Severity::Medium),
        ("battery", 0.39, Some(1.0), Severity::Low),
    ];
    for (component, probability, hours, severity) in cases {
        let advice = advise(component, probability, hours);
        assert_eq!(advice.severity, severity, "{component} {probability} {hours:?}");
    }
    let emergency = advise("brake", 0.9, None);
    assert_eq!(emergency.act_within_hours.map(Finite::get), Some(2.0));
    assert_eq!(emergency.driving, Driving::Stop);
    let high = advise("brake", 0.8, None);
    assert_eq!(high.act_within_hours.map(Finite::get), Some(48.0));
    assert_eq!(high.driving, Driving::WithCare { km_max: 50 });
    assert_eq!(advise("brake", 0.1, None).act_within_hours, None);
}

#[test]
fn trouble_codes_match_whole_or_by_their_beginning() {
    let profile = vehicle();
    let modes = || profile.components.iter().flat_map(|component| &component.modes);
    let modes_of = |code: TroubleCode| -> Vec<&str> {
        modes()
            .filter(|mode| mode.codes.iter().any(|evidence| evidence.matches(&code)))
            .map(|mode| mode.id.as_str())
            .collect()
    };
    let obd2 = |code: &str| TroubleCode::Obd2 { code: code.to_owned() };
    assert_eq!(modes_of(obd2("P0217")), ["coolant_pump_wear"]);
    assert_eq!(modes_of(obd2("P0304")), ["misfire"]);
    assert!(modes_of(obd2("P0116")).is_empty());
    assert_eq!(modes_of(TroubleCode::J1939 { spn: 100, fmi: 1, oc: 3 }), ["oil_pump_wear"]);
    assert!(modes_of(TroubleCode::J1939 { spn: 100, fmi: 2, oc: 3 }).is_empty());
}
