//! `dataset.toml`: every key is read, every mistake is told with its key, value and remedy.

use crate::fixture::{Folder, VEHICLE, shipped, trips, vehicle};
use simulator::dataset::ProfileName;
use simulator::{Dataset, DatasetError, Replay, ReplayOptions};
use std::path::Path;

const COOLANT: &str = r#"
[[overlays]]
name = "coolant"
fault = "coolant_pump_wear"
component = "engine"
channel = "coolant_temperature"
copies = 3
seed = 7
start_running_hours = [1, 2]
over_running_hours = [4, 6]
by = [30, 40]
settle = "10m"
"#;

fn error_of(description: &str) -> String {
    let folder = Folder::new(description).with("trips.csv", trips("VEH001", 1));
    folder.entries().expect_err("the description has a mistake").to_string()
}

#[test]
fn a_mistake_in_the_description_is_told_with_its_place_and_remedy() {
    let mistakes = [
        (
            "profile = \"vehicle\"",
            "profil = \"vehicle\"",
            "unknown field `profil`, expected one of `profile`",
        ),
        ("profile = \"vehicle\"", "", "missing field `profile`"),
        (
            "profile = \"vehicle\"",
            "profile = \"vehicle\"\nhorizon = \"soon\"",
            "`soon` is not a length of time",
        ),
        (
            "time = \"time\"",
            "time = \"time\"\nformat = \"%H\"",
            "`telemetry.format` is `%H`; write `rfc3339`",
        ),
        (
            "time = \"time\"",
            "time = \"time\"\nformat = { cycle = \"1h\" }",
            "expected a strptime pattern",
        ),
        ("time = \"time\"", "", "`telemetry.time` is `left out`"),
        ("time = \"time\"", "time = \"when\"", "no column `when` (named by `telemetry.time`)"),
        (
            "time = \"time\"",
            "time = \"time\"\ndelimiter = \"::\"",
            "neither one ASCII character nor `whitespace`",
        ),
        (
            "asset = \"vehicle\"",
            "asset = \"machine\"",
            "no column `machine` (named by `telemetry.asset`)",
        ),
        (
            "asset = \"vehicle\"",
            "asset = { file = \"name\" }",
            "expected a column, `{ file = \"stem\" }`",
        ),
        ("asset = \"vehicle\"", "asset = { row = \"AI\" }\nformat = \"unix\"", "no usable row"),
        ("files = [\"*.csv\"]", "files = []", "`telemetry.files` is `[]`; name at least one file"),
        ("files = [\"*.csv\"]", "files = [\"x*.csv\"]", "matches no file"),
        ("files = [\"*.csv\"]", "files = [\"***\"]", "write a valid pattern"),
        (
            "coolant = \"coolant_temperature\"",
            "coolant = \"coolant_temp_erature\"",
            "profile `vehicle` has `coolant_temperature`",
        ),
        (
            "coolant = \"coolant_temperature\"",
            "coolant = \"pid_05\"",
            "profile `vehicle` has `coolant_temperature`",
        ),
        (
            "coolant = \"coolant_temperature\"",
            "coolant = \"battery_voltage\"",
            "give each channel one column",
        ),
        ("volts = ", "amps = ", "(named by `telemetry.channels.amps`)"),
        ("channel = \"engine_speed\"", "channel = \"speed\"", "`running.channel` is `speed`"),
        ("above = 400", "above = nan", "`running.above` is `NaN`"),
    ];
    for (good, bad, expected) in mistakes {
        assert!(VEHICLE.contains(good), "{good}");
        let error = error_of(&VEHICLE.replacen(good, bad, 1));
        assert!(error.contains(expected), "{bad}: {error}");
        assert!(error.contains("dataset.toml") || error.contains("trips.csv"), "{bad}: {error}");
    }
}

#[test]
fn a_mistake_in_an_overlay_is_told_with_its_name_and_remedy() {
    let mistakes = [
        ("fault = \"coolant_pump_wear\"", "fault = \"rust\"", "unknown variant `rust`"),
        (
            "component = \"engine\"\n",
            "",
            "`overlays.coolant.component` is `left out`; `coolant_pump_wear` needs it",
        ),
        (
            "component = \"engine\"",
            "component = \"motor\"",
            "profile `vehicle` has brake, engine, battery, tyre",
        ),
        (
            "channel = \"coolant_temperature\"",
            "channel = \"oil_pressure\"",
            "name a channel that `telemetry.channels` has",
        ),
        ("channel = \"coolant_temperature\"", "channel = []", "name at least one channel"),
        (
            "channel = \"coolant_temperature\"",
            "channel = \"engine_speed\"",
            "needs to know when `engine_speed` has failed; give `fails_at`",
        ),
        ("copies = 3", "copies = 0", "make 1 to 1000 copies"),
        ("seed = 7\n", "", "`start_running_hours` is drawn from it"),
        ("[1, 2]", "[2, 1]", "the lower one first"),
        ("[4, 6]", "0", "`overlays.coolant.over_running_hours` is `[0, 0]`"),
        ("by = [30, 40]", "to = 11", "`overlays.coolant.by` is `left out`"),
        ("by = [30, 40]", "by = 30\nto = 11", "`coolant_pump_wear` does not use it; remove it"),
        ("by = [30, 40]", "by = \"much\"", "expected a number or a range"),
        ("settle = \"10m\"", "", "`overlays.coolant.settle` is `left out`"),
        (
            "settle = \"10m\"",
            "settle = \"10m\"\nresolution = 0",
            "`overlays.coolant.resolution` is `0`",
        ),
        (
            "settle = \"10m\"",
            "settle = \"10m\"\nfails_at = inf",
            "`overlays.coolant.fails_at` is `inf`",
        ),
        ("settle = \"10m\"", "settle = \"10m\"\nstart = 2026-03-02", "expected an RFC 3339 time"),
        (
            "settle = \"10m\"",
            "settle = \"10m\"\nstart = \"2026-03-02T00:00:00Z\"",
            "give either `start` or `start_running_hours`",
        ),
        (
            "settle = \"10m\"",
            "settle = \"10m\"\nasset = \"VEH9\"",
            "name an asset that the telemetry has",
        ),
        (
            "name = \"coolant\"",
            "name = \"cool ant and far too long a name for a token that is sent around\"",
            "name",
        ),
    ];
    for (good, bad, expected) in mistakes {
        assert!(COOLANT.contains(good), "{good}");
        let error = error_of(&format!("{VEHICLE}{}", COOLANT.replacen(good, bad, 1)));
        assert!(error.contains(expected), "{bad}: {error}");
        assert!(error.contains("dataset.toml"), "{bad}: {error}");
    }
    let twice = error_of(&format!("{VEHICLE}{COOLANT}{COOLANT}"));
    assert!(twice.contains("give each overlay a name of its own"), "{twice}");
    let without_running = VEHICLE.split("[running]").next().unwrap();
    let error = error_of(&format!("{without_running}{COOLANT}"));
    assert!(error.contains("say in `[running]` when an asset runs"), "{error}");
}

#[test]
fn every_table_is_read_and_one_that_a_replay_cannot_use_yet_is_refused_by_name() {
    let tables = [
        ("[end_of_life]", "at = \"last_sample\""),
        ("[end_of_life]", "file = \"rul.txt\"\norder = \"unit\""),
        ("[anomalies]", "column = \"anomaly\"\nnormal_head = 400"),
        ("[split]", "train_files = [\"a*.csv\"]\ntest_files = [\"b*.csv\"]"),
        ("[split]", "test_fraction = 0.3\nseed = 1"),
        ("[failures]", "column = \"failure\""),
        ("[forecast]", "channel = \"engine_speed\"\nahead = [\"1h\"]\nseason = \"1d\""),
    ];
    for (table, keys) in tables {
        let description = format!("{VEHICLE}{table}\n{keys}\n");
        let folder = Folder::new(&description).with("trips.csv", trips("VEH001", 1));
        folder.load().unwrap_or_else(|error| panic!("{table} {keys}: {error}"));
        let error = folder.entries().unwrap_err();
        assert!(matches!(error, DatasetError::NotYet { .. }), "{table}: {error}");
        assert!(error.to_string().contains(table.trim_matches(['[', ']'])), "{error}");
    }
}

#[test]
fn a_table_of_truth_that_contradicts_itself_is_refused() {
    let mistakes = [
        ("[end_of_life]\nfile = \"rul.txt\"\norder = \"random\"", "write `unit`"),
        ("[end_of_life]\nat = \"noon\"", "expected `at = \"last_sample\"`"),
        ("[anomalies]\nnormal_head = 4", "neither column nor file"),
        ("[anomalies]\ncolumn = \"a\"\nfile = \"b\"", "column and file"),
        ("[split]\ntest_from = \"soon\"", "`split.test_from` is `soon`"),
        ("[split]\nseed = 4\ntrain_files = []", "split in one way"),
        ("[split]\ntest_fraction = 2.0\nseed = 4", "a share between 0 and 1"),
        ("[failures]\nfile = \"f.csv\"", "expected `file`, `asset`, `time` and `component`"),
        ("[maintenance]\nfile = \"f.csv\"\nwho = \"me\"", "unknown field `who`"),
        ("[forecast]\nchannel = \"noise\"\nahead = [\"1h\"]\nseason = \"1d\"", "name a channel of"),
        ("[forecast]\nchannel = \"engine_speed\"\nahead = []\nseason = \"1d\"", "1 to 16 lengths"),
        (
            "[forecast]\nchannel = \"engine_speed\"\nahead = [\"0h\"]\nseason = \"1d\"",
            "`0h` is not a length of time",
        ),
        (
            "[forecast]\nchannel = \"engine_speed\"\nahead = [\"1h\"]\nseason = \"1d\"\n[end_of_life]\nat = \"last_sample\"",
            "keep one of both tables",
        ),
    ];
    for (table, expected) in mistakes {
        let error = error_of(&format!("{VEHICLE}{table}\n"));
        assert!(error.contains(expected), "{table}: {error}");
    }
}

#[test]
fn a_description_that_is_not_there_is_an_error() {
    let error = Dataset::load(Path::new("no/such/folder"), None).unwrap_err();
    assert!(matches!(error, DatasetError::Read { .. }));
    assert!(error.to_string().contains("no/such/folder"));
}

#[test]
fn recordings_are_looked_for_in_the_data_folder_when_there_is_one() {
    let description = Folder::new(VEHICLE);
    let data = Folder::new("").with("trips.csv", trips("VEH001", 1));
    let dataset = Dataset::load(&description.path(""), Some(&data.path(""))).unwrap();
    let replay = Replay::open(&dataset, &vehicle(), &ReplayOptions::default()).unwrap();
    assert_eq!(replay.assets().len(), 1);
    assert!(matches!(description.entries(), Err(DatasetError::NoFiles { .. })));
}

#[test]
fn a_profile_is_a_name_or_a_file() {
    let named = Folder::new(VEHICLE).load().unwrap();
    assert_eq!(named.profile(), ProfileName::Installed("vehicle".to_owned()));
    let folder = Folder::new(&VEHICLE.replace("\"vehicle\"\n[", "\"own/pump.toml\"\n["));
    let own = folder.load().unwrap().profile();
    assert_eq!(own.name(), "pump");
    assert_eq!(own, ProfileName::File(folder.path("own/pump.toml")));
}

#[test]
fn every_shipped_dataset_fits_its_profile() {
    let mut names = Vec::new();
    for folder in std::fs::read_dir(shipped()).unwrap().map(|entry| entry.unwrap().path()) {
        if !folder.is_dir() {
            continue;
        }
        let dataset = Dataset::load(&folder, None).unwrap_or_else(|error| panic!("{error}"));
        let profile = messages::profile::embedded(&dataset.profile().name()).unwrap();
        let profile = messages::profile::Profile::parse(profile).unwrap();
        for channel in dataset.channels() {
            assert!(profile.channels.iter().any(|known| known.id == channel), "{channel}");
        }
        names.push(dataset.name().to_owned());
    }
    names.sort();
    for expected in ["carobd", "carobd-faults", "kit-obd2", "kit-obd2-faults"] {
        assert!(names.iter().any(|name| name == expected), "{expected} among {names:?}");
    }
}
