//! Learning from recordings with the program: honest splits, files that can be trusted, and real recordings.
//!
//! The real recordings are not part of the repository. Without them those tests say so and do nothing;
//! in CI (`CI=true`) that is a failure.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::{TempDir, tempdir};

/// Where the recordings are, seen from the root of the repository.
const RECORDINGS: &str = "../shared/data";

/// Days that the small fleet is recorded, of which the first fifty-nine are learned from.
const DAYS: u32 = 90;

fn aurorasync(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aurorasync"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn done(folder: &Path, arguments: &[&str]) -> Value {
    let output = aurorasync(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = aurorasync(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Six o'clock of a day of 2015, from 0.
fn day(number: u32) -> String {
    let (month, day) = match number {
        0..31 => (1, number + 1),
        31..59 => (2, number - 30),
        _ => (3, number - 58),
    };
    format!("2015-{month:02}-{day:02} 06:00:00")
}

/// Twelve machines whose vibration rises the day before the first component fails, every tenth day; what happens from
/// `changed_from` on is another story.
fn fleet(changed_from: u32) -> TempDir {
    let folder = tempdir().unwrap();
    let mut telemetry = "machine,at,volt,vibration\n".to_owned();
    let mut failures = "machine,at,component\n".to_owned();
    for machine in 0..12 {
        for number in 0..DAYS {
            let changed = number >= changed_from;
            let phase = (number + machine) % 10;
            let noise = f64::from((number * 7 + machine * 13) % 11) / 10.0;
            let vibration = if phase == 8 && !changed { 60.0 } else { 40.0 } + noise;
            writeln!(telemetry, "{machine},{},{},{vibration}", day(number), 170.0 + noise).unwrap();
            if phase == 9 && !changed {
                writeln!(failures, "{machine},{},comp1", day(number)).unwrap();
            }
        }
    }
    let dataset = "profile = \"machine\"\nhorizon = \"30h\"\n\
        [telemetry]\nfiles = [\"telemetry.csv\"]\nasset = \"machine\"\ntime = \"at\"\n\
        format = \"%Y-%m-%d %H:%M:%S\"\nchannels = { volt = \"voltage\", vibration = \"vibration\" }\n\
        [failures]\nfile = \"failures.csv\"\nasset = \"machine\"\ntime = \"at\"\ncomponent = \"component\"\n\
        [split]\ntrain_before = \"2015-03-01 00:00:00\"\ntest_from = \"2015-03-03 00:00:00\"\n";
    fs::write(folder.path().join("telemetry.csv"), telemetry).unwrap();
    fs::write(folder.path().join("failures.csv"), failures).unwrap();
    fs::write(folder.path().join("dataset.toml"), dataset).unwrap();
    folder
}

#[test]
fn what_is_learned_is_kept_byte_by_byte_and_damage_is_refused() {
    let fleet = fleet(DAYS);
    let folder = fleet.path();
    let train = |seed: &str, file: &str| {
        done(folder, &["train", "dataset.toml", "--seed", seed, "--out", file, "-o", "json"]);
        fs::read(folder.join(file)).unwrap()
    };
    let model = train("1", "a.model");
    assert!(model == train("1", "b.model"), "the same data and seed, other bytes");
    assert!(model != train("2", "c.model"), "another seed, the same bytes");
    let shown = done(folder, &["model", "show", "a.model", "-o", "json"]);
    assert_eq!(shown["seed"], 1);
    assert_eq!(shown["says"], "which components fail");
    assert!(shown["figures"]["macro_f1"].as_f64().unwrap() > 0.95, "{shown}");

    let mut damaged = model.clone();
    damaged[model.len() / 2] ^= 4;
    fs::write(folder.join("b.model"), damaged).unwrap();
    fs::write(folder.join("c.model"), &model[..model.len() - 1]).unwrap();
    assert!(refusal(folder, &["model", "show", "b.model"]).contains("it was altered"));
    assert!(refusal(folder, &["model", "show", "c.model"]).contains("bytes where"));
    assert!(refusal(folder, &["model", "show", "dataset.toml"]).contains("it is no model"));
    let listed = done(folder, &["model", "ls", "-o", "json"]);
    let problems: Vec<bool> =
        listed.as_array().unwrap().iter().map(|item| item["problem"].is_string()).collect();
    assert_eq!(problems, [false, true, true], "{listed}");
}

#[test]
fn machines_that_fail_are_foreseen_through_bus_and_agents_as_in_the_evaluation() {
    let Some(root) = root_with_recordings() else { return };
    let scratch = tempdir().unwrap();
    let text = |file: &str| scratch.path().join(file).to_str().unwrap().to_owned();
    let (model, events) = (text("a.model"), text("events.ndjson"));
    let azure = ["profiles/datasets/azure-pdm", "--data", RECORDINGS, "-o", "json"];
    let trained = done(root, &[&["train"][..], &azure, &["--out", &model]].concat());
    let evaluated = trained["figures"]["macro_f1"].as_f64().unwrap();
    assert!(evaluated >= 0.95, "{evaluated}");
    done(root, &[&["replay"][..], &azure, &["--model", &model, "--events", &events]].concat());
    let (dataset, recordings) = (root.join(azure[0]), root.join(RECORDINGS));
    if let Some(scored) = judged_from_outside(&dataset, &recordings, Path::new(&events)) {
        let found = scored["macro_f1"].as_f64().unwrap();
        assert!((found - evaluated).abs() <= 0.01, "{scored}, not {evaluated}");
    }
}

/// What the judge in Python, which shares no code with the program, makes of a replay; `None` without a Python that can.
#[expect(clippy::print_stdout, reason = "whoever runs it is told what was not tried")]
fn judged_from_outside(dataset: &Path, recordings: &Path, events: &Path) -> Option<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/python/score_replay.py");
    let can = Command::new("python3").args(["-c", "import tomllib"]).output();
    if !can.is_ok_and(|ran| ran.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "there is no python3 of 3.11 or later");
        println!("SKIPPED: there is no python3 of 3.11 or later");
        return None;
    }
    let ran = Command::new("python3").arg(script).args([dataset, recordings, events]).output();
    let ran = ran.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(serde_json::from_slice(&ran.stdout).unwrap())
}

#[test]
fn what_is_learned_from_samples_judges_through_bus_and_agents_as_in_the_evaluation() {
    let fleet = fleet(DAYS);
    let folder = fleet.path();
    let path = folder.join("dataset.toml");
    let text = fs::read_to_string(&path).unwrap().replace("\"30h\"", "\"24h\"");
    fs::write(&path, text).unwrap();
    let trained = done(folder, &["train", "dataset.toml", "--out", "a.model", "-o", "json"]);
    let evaluated = trained["figures"]["macro_f1"].as_f64().unwrap();
    let replay = ["replay", "dataset.toml", "--events", "events.ndjson", "-o", "json"];
    let alone = done(folder, &replay);
    let judged = done(folder, &[&replay[..], &["--model", "a.model"]].concat());
    let first = |findings: &Value| findings["components"][0].clone();
    assert_eq!(first(&alone)["alarms"], 0, "nothing is foreseen without the model");
    assert_eq!(first(&judged)["component"], "comp1");
    let Value::Object(comp1) = first(&judged) else { panic!("{judged}") };
    assert!(comp1["failures"].as_u64().unwrap() > 20, "{comp1:?}");
    assert_eq!(comp1["found"], comp1["failures"], "{comp1:?}");
    let Some(scored) = judged_from_outside(folder, folder, &folder.join("events.ndjson")) else {
        return;
    };
    let scored = scored["macro_f1"].as_f64().unwrap();
    assert!((scored - evaluated).abs() <= 0.01, "{scored} through the agents, not {evaluated}");
}

#[test]
fn what_comes_after_the_cut_changes_nothing_that_is_learned() {
    let learned = |changed_from: u32| {
        let fleet = fleet(changed_from);
        let folder = fleet.path();
        done(folder, &["train", "dataset.toml", "--out", "a.model", "-o", "json"]);
        let mut shown = done(folder, &["model", "show", "a.model", "-o", "json"]);
        let figures = shown.as_object_mut().unwrap().remove("figures").unwrap();
        shown.as_object_mut().unwrap().remove("dataset");
        (shown, figures["macro_f1"].as_f64())
    };
    let (as_it_was, foreseen) = learned(DAYS);
    let (otherwise, not_foreseen) = learned(59);
    assert_eq!(as_it_was, otherwise);
    assert_ne!(foreseen, not_foreseen, "what is judged did change");
}

#[test]
fn an_evaluation_is_a_page_with_nothing_from_elsewhere() {
    let fleet = fleet(DAYS);
    let folder = fleet.path();
    let arguments = ["evaluate", "dataset.toml", "--report", "page.html", "-o", "json"];
    let figures = done(folder, &arguments);
    assert_eq!(
        figures["components"]["comp1"]["failures"],
        figures["components"]["comp1"]["positive"]
    );
    assert_eq!(figures["lead_time_hours"], 24.0);
    let reason = figures["not_learned"]["comp2"].as_str().unwrap();
    assert!(reason.contains("the same outcome"), "{reason}");
    let page = fs::read_to_string(folder.join("page.html")).unwrap();
    for part in
        ["Reliability", "Precision by recall", "Lead time", "Confusion", "What features added"]
    {
        assert!(page.contains(part), "no `{part}`");
    }
    for foreign in ["<script", "http:", "https:", "src="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert_eq!(figures, done(folder, &arguments), "the same data and seed, other figures");
}

#[test]
fn recordings_that_teach_nothing_are_refused_with_the_reason() {
    let fleet = fleet(0);
    let refused = refusal(fleet.path(), &["evaluate", "dataset.toml"]);
    assert!(refused.contains("`comp1`: all"), "{refused}");
    let late = ["evaluate", "dataset.toml", "--train-before", "2014-01-01T00:00:00Z"];
    assert!(refusal(fleet.path(), &late).contains("`0` rows are too few"));
}

/// What each line of the telemetry becomes; the first is that of names.
fn rewritten(fleet: &TempDir, line: impl Fn(usize, &str) -> String) {
    let path = fleet.path().join("telemetry.csv");
    let text = fs::read_to_string(&path).unwrap();
    let lines: String = text.lines().enumerate().map(|(place, text)| line(place, text)).collect();
    fs::write(path, lines).unwrap();
}

#[test]
fn bad_rows_are_learned_around() {
    let f1 = |fleet: &TempDir| {
        let figures = done(fleet.path(), &["evaluate", "dataset.toml", "-o", "json"]);
        figures["macro_f1"].as_f64().unwrap()
    };
    let twice = fleet(DAYS);
    rewritten(
        &twice,
        |place, line| if place == 0 { format!("{line}\n") } else { format!("{line}\n{line}\n") },
    );
    assert!(f1(&twice) > 0.95, "each moment twice");
    let with_voltage = |value: &'static str, each: usize| {
        let fleet = fleet(DAYS);
        rewritten(&fleet, |place, line| {
            let mut fields: Vec<&str> = line.split(',').collect();
            if place > 0 && place % each == 0 {
                fields[2] = value;
            }
            fields.join(",") + "\n"
        });
        fleet
    };
    assert!(f1(&with_voltage("NaN", 1)) > 0.95, "a channel that measures nothing");
    assert!(f1(&with_voltage("inf", 7)) > 0.95, "some rows beyond all numbers");
    assert!(f1(&with_voltage("170.0", 1)) > 0.95, "a channel that never moves");
    let refused = refusal(with_voltage("inf", 1).path(), &["evaluate", "dataset.toml"]);
    assert!(refused.contains("line 2 has `inf` in column `volt`"), "{refused}");
}

#[test]
fn rows_that_cannot_be_read_are_counted_and_the_first_of_them_told() {
    let fleet = fleet(DAYS);
    rewritten(&fleet, |place, line| match place {
        1 | 4 => "0,never,170.0,40.0\n".to_owned(),
        _ => format!("{line}\n"),
    });
    let trained = done(fleet.path(), &["train", "dataset.toml", "-o", "json"]);
    let rows = &trained["figures"]["rows"];
    let counts = (&rows["rows"], &rows["blank"], &rows["bad"]);
    assert_eq!(counts, (&(12 * DAYS).into(), &0.into(), &2.into()), "{rows}");
    let lines: Vec<&Value> =
        [0_usize, 1].iter().map(|row| &rows["bad_first"][row]["line"]).collect();
    assert_eq!(lines, [2, 5], "{rows}");
    let told =
        aurorasync(fleet.path(), &["evaluate", "dataset.toml", "--report", "page.html"]).stdout;
    let told = String::from_utf8(told).unwrap();
    for part in ["rows 1080, 0 blank, 2 bad", "telemetry.csv line 5 has time `never`"] {
        assert!(told.contains(part), "no `{part}` in {told}");
    }
    let page = fs::read_to_string(fleet.path().join("page.html")).unwrap();
    assert!(page.contains("Rows that could not be read: 2 of 1080"), "{page}");
}

#[test]
fn too_few_rows_are_refused_with_their_number() {
    let one = fleet(DAYS);
    rewritten(&one, |place, line| if place < 2 { format!("{line}\n") } else { String::new() });
    assert!(refusal(one.path(), &["evaluate", "dataset.toml"]).contains("`1` rows are too few"));
    let none = fleet(DAYS);
    rewritten(&none, |place, line| if place < 1 { format!("{line}\n") } else { String::new() });
    let refused = refusal(none.path(), &["evaluate", "dataset.toml"]);
    assert!(refused.contains("`telemetry.csv` has no usable row among 0"), "{refused}");
    let never = fleet(DAYS);
    fs::write(never.path().join("failures.csv"), "machine,at,component\n").unwrap();
    assert!(refusal(never.path(), &["evaluate", "dataset.toml"]).contains("the same outcome"));
}

#[test]
fn an_alarm_is_told_with_what_would_clear_it_and_what_came_of_others_like_it() {
    let fleet = fleet(DAYS);
    let figures = done(fleet.path(), &["evaluate", "dataset.toml", "-o", "json"]);
    let comp1 = &figures["components"]["comp1"];
    let alarm = &comp1["explained"][0];
    let reason = alarm["contributions"][0][0].as_str().unwrap();
    assert!(reason.starts_with("vibration"), "{alarm}");
    let changed = alarm["cleared_by"][0]["feature"].as_str().unwrap();
    assert!(changed.starts_with("vibration"), "{alarm}");
    assert_eq!(alarm["alike"][0]["failed_in_hours"], 24.0, "{alarm}");
    let cleared: u64 = comp1["cleared"]["by_changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_u64().unwrap())
        .sum();
    assert!(cleared > 0 && cleared <= comp1["cleared"]["tried"].as_u64().unwrap(), "{comp1}");
}

#[test]
fn settings_are_chosen_without_the_judged_rows() {
    let tried = |changed_from: u32| {
        let fleet = fleet(changed_from);
        let arguments = ["evaluate", "dataset.toml", "--tune", "-o", "json"];
        done(fleet.path(), &arguments)["tried"].clone()
    };
    let as_it_was = tried(DAYS);
    assert_eq!(as_it_was.as_array().unwrap().len(), 9);
    let losses: Vec<f64> =
        as_it_was.as_array().unwrap().iter().map(|it| it["loss"].as_f64().unwrap()).collect();
    assert!(losses.is_sorted(), "{losses:?}");
    assert_eq!(as_it_was, tried(59), "what comes after the cut was looked at");
}

/// Hours of a meter whose days are alike; `until` of them are recorded.
fn meter(until: u32) -> TempDir {
    let folder = tempdir().unwrap();
    let mut telemetry = "at,used\n".to_owned();
    for hour in 0..until {
        let busy = if (8..18).contains(&(hour % 24)) { 80.0 } else { 20.0 };
        let noise = f64::from((hour * 7 + hour / 24 * 13) % 11);
        writeln!(telemetry, "{hour},{}", busy + noise).unwrap();
    }
    let dataset = "profile = \"household\"\n\
        [telemetry]\nfiles = [\"meter.csv\"]\nasset = { file = \"stem\" }\ntime = \"at\"\n\
        format = { cycle = \"1h\", origin = \"2015-01-01T00:00:00Z\" }\nchannels = { used = \"active\" }\n\
        [forecast]\nchannel = \"active\"\nahead = [\"2h\", \"30h\"]\nseason = \"24h\"\n\
        [split]\ntrain_before = \"1000\"\ntest_from = \"1000\"\n";
    fs::write(folder.path().join("meter.csv"), telemetry).unwrap();
    fs::write(folder.path().join("dataset.toml"), dataset).unwrap();
    folder
}

#[test]
fn a_series_is_foreseen_and_one_without_a_past_gets_a_plain_answer_and_is_told_so() {
    let long = meter(1_400);
    let arguments = ["evaluate", "dataset.toml", "--report", "page.html", "-o", "json"];
    let figures = done(long.path(), &arguments);
    let ahead = figures["ahead"].as_array().unwrap();
    assert_eq!(
        ahead.iter().map(|it| it["hours"].as_f64().unwrap()).collect::<Vec<_>>(),
        [2.0, 30.0]
    );
    for judged in ahead {
        assert_eq!(judged["method"], "trees", "{judged}");
        assert!(judged["below_plain"].as_f64().unwrap() > 0.1, "{judged}");
        assert!((0.8..=1.0).contains(&judged["coverage"].as_f64().unwrap()), "{judged}");
    }
    // 400 hours are judged, of which the last two, or thirty, have no truth yet.
    assert_eq!((&ahead[0]["rows_judged"], &ahead[1]["rows_judged"]), (&398.into(), &370.into()));
    let page = fs::read_to_string(long.path().join("page.html")).unwrap();
    assert!(page.contains("Mean absolute error") && page.contains("The newest moments"));
    assert_eq!(figures, done(long.path(), &arguments), "the same data and seed, other figures");

    let short = meter(300);
    let early =
        ["evaluate", "dataset.toml", "--train-before", "2015-01-08T00:00:00Z", "-o", "json"];
    let figures = done(short.path(), &early);
    let why = figures["ahead"][0]["why"].as_str().unwrap();
    assert!(why.contains("too short for trees"), "{why}");
    assert_ne!(figures["ahead"][0]["method"], "trees");
    assert!(refusal(short.path(), &["train", "dataset.toml"]).contains("nothing to keep"));
    assert!(
        refusal(short.path(), &["evaluate", "dataset.toml", "--tune"])
            .contains("leave `--tune` out")
    );
}

#[test]
fn a_choice_that_would_change_nothing_is_refused() {
    let refused = |folder: &Path, arguments: &[&str], words: &str| {
        let said = refusal(folder, arguments);
        assert!(said.contains(words), "{said}");
    };
    let fleet = fleet(DAYS);
    refused(fleet.path(), &["train", "dataset.toml", "--assessed", "--tune"], "leave `--tune` out");
    let times = ["--train-before", "2015-02-01T00:00:00Z"];
    let assessed = [&["train", "dataset.toml", "--assessed"][..], &times].concat();
    refused(fleet.path(), &assessed, "not parted by times");
    let meter = meter(100);
    let path = meter.path().join("dataset.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("[forecast]").unwrap();
    let (_, split) = rest.split_once("[split]").unwrap();
    for truth in
        ["[end_of_life]\nat = \"last_sample\"", "[anomalies]\ncolumn = \"used\"\nnormal_head = 9"]
    {
        fs::write(&path, format!("{head}{truth}\n[split]{split}")).unwrap();
        let evaluate = [&["evaluate", "dataset.toml"][..], &times].concat();
        refused(meter.path(), &evaluate, "not parted by times");
    }
}

/// The root of the repository, where there are recordings.
#[expect(clippy::print_stdout, reason = "whoever runs it is told what was not tried")]
fn root_with_recordings() -> Option<&'static Path> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join(RECORDINGS).is_dir() {
        assert!(std::env::var_os("CI").is_none(), "there are no recordings in {RECORDINGS}");
        println!("SKIPPED: there are no recordings in {RECORDINGS}");
        return None;
    }
    Some(root)
}

/// What an evaluation of real recordings gives; `None` without them.
fn evaluated(dataset: &str, seed: &str) -> Option<Value> {
    let root = root_with_recordings()?;
    let dataset = format!("profiles/datasets/{dataset}");
    Some(done(root, &["evaluate", &dataset, "--data", RECORDINGS, "--seed", seed, "-o", "json"]))
}

#[test]
fn steps_of_a_milling_machine_that_fail_are_foreseen() {
    if let Some(found) = evaluated("ai4i2020", "0") {
        assert!(found["f1"].as_f64().unwrap() >= 0.8, "{found}");
        assert!(found["ece"].as_f64().unwrap() <= 0.05, "{found}");
    }
}

#[test]
fn a_closed_valve_is_noticed_more_often_than_not_and_seldom_where_there_is_none() {
    if let Some(found) = evaluated("skab-valve1", "0") {
        assert!(found["f1"].as_f64().unwrap() >= 0.7, "{found}");
        assert!(found["false_alarm_rate"].as_f64().unwrap() <= 0.2, "{found}");
    }
}

#[test]
fn electricity_of_a_household_is_foreseen_better_than_by_plain_answers() {
    if let Some(found) = evaluated("household-power", "0") {
        for judged in found["ahead"].as_array().unwrap() {
            assert!(judged["below_plain"].as_f64().unwrap() > 0.0, "{judged}");
        }
    }
}
