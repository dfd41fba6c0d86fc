//! Telemetry and the tables beside it: order, gaps, bad rows, formats.

use crate::fixture::{Folder, VEHICLE, at, trips, vehicle};
use flate2::Compression;
use flate2::write::GzEncoder;
use messages::telemetry::{FRAME_SAMPLES_MAX, TroubleCode};
use messages::{Provenance, Timestamp};
use simulator::{DatasetError, Entry, Expected, Replay, ReplayOptions};
use std::io::Write;
use std::time::Duration;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn files_and_assets_are_merged_in_the_order_of_time() {
    let folder = Folder::new(VEHICLE)
        .with("b.csv", trips("VEH002", 2))
        .with("a.csv", trips("VEH001", 1))
        .with("c.csv", "vehicle,time,rpm,coolant,volts\nVEH001,2026-03-02T07:00:05Z,900,80,14\n");
    let entries = folder.entries().unwrap();
    let sent_at: Vec<_> = entries.iter().map(Entry::at).collect();
    assert!(sent_at.is_sorted());
    assert_eq!(folder.values("VEH001", "coolant_temperature").len(), 721);
    let values = folder.values("VEH002", "coolant_temperature");
    assert_eq!(values.len(), 1_440);
    assert!(values.is_sorted_by_key(|(at, _)| *at));
}

#[test]
fn a_frame_is_a_minute_of_one_asset_sent_with_its_last_sample() {
    let folder = Folder::new(VEHICLE).with("trips.csv", trips("VEH001", 1));
    let frames = folder.frames("VEH001");
    assert_eq!(frames.len(), 120);
    assert_eq!(frames[0].telemetry.samples.len(), 6);
    assert_eq!(frames[0].sent_at, at("2026-03-02T06:00:50Z"));
    assert_eq!(frames[0].provenance, Provenance::Replayed);
    let numbers: Vec<u64> = frames
        .iter()
        .flat_map(|frame| &frame.telemetry.samples)
        .filter_map(|sample| sample.seq)
        .collect();
    assert_eq!(numbers, (1..=720).collect::<Vec<_>>());
}

#[test]
fn a_frame_never_has_more_samples_than_one_may_have() {
    let folder = Folder::new(VEHICLE).with("trips.csv", trips("VEH001", 2));
    let options =
        ReplayOptions { batch: Duration::from_secs(86_400 * 30), ..ReplayOptions::default() };
    let replay = Replay::open(&folder.load().unwrap(), &vehicle(), &options).unwrap();
    let sizes: Vec<usize> = replay
        .map(|entry| match entry.unwrap() {
            Entry::Telemetry(frame) => frame.telemetry.samples.len(),
            Entry::Maintenance(_) => 0,
        })
        .collect();
    assert_eq!(sizes, [FRAME_SAMPLES_MAX, 1_440 - FRAME_SAMPLES_MAX]);
}

#[test]
fn a_file_out_of_order_is_sorted_up_to_a_limit() {
    let sorted = trips("VEH001", 2);
    let mut lines: Vec<&str> = sorted.lines().collect();
    lines[1..].reverse();
    let expected = Folder::new(VEHICLE).with("trips.csv", &sorted).frames("VEH001");
    let folder = Folder::new(VEHICLE).with("trips.csv", lines.join("\n"));
    assert!(folder.frames("VEH001") == expected, "put in order, it is the same");
    let options = ReplayOptions { rows_sorted_max: 1_439, ..ReplayOptions::default() };
    let mut replay = Replay::open(&folder.load().unwrap(), &vehicle(), &options).unwrap();
    let error = replay.next().unwrap().unwrap_err();
    assert!(matches!(error, DatasetError::Unsorted { line: 3, rows: 1_440, .. }), "{error}");
    assert!(replay.next().is_none(), "nothing comes after an error");
}

#[test]
fn bad_rows_are_counted_and_told_with_their_lines() {
    let csv = "vehicle,time,rpm,coolant,volts\n\
        VEH001,2026-03-02T06:00:00Z,900,80,14\n\
        VEH001,yesterday,900,80,14\n\
        VEH001,2026-03-02T06:00:02Z,fast,80,14\n\
        VEH001,2026-03-02T06:00:03Z,900,inf,14\n\
        ,2026-03-02T06:00:04Z,900,80,14\n\
        VEH001,2026-03-02T06:00:05Z,900\n\
        VEH001,2026-03-02T06:00:06Z,,NaN,\n\
        VEH001,2026-03-02T06:00:07Z,900,,14\n";
    let folder = Folder::new(VEHICLE).with("trips.csv", csv);
    let mut replay = folder.open().unwrap();
    assert!(replay.by_ref().all(|entry| entry.is_ok()));
    let rows = replay.rows();
    assert_eq!((rows.rows, rows.blank, rows.bad), (8, 1, 5));
    let told: Vec<String> =
        rows.bad_first.iter().map(|bad| format!("{} {}", bad.line, bad.detail)).collect();
    for (bad, expected) in told.iter().zip([
        "3 has time `yesterday`",
        "4 has `fast` in column `rpm`",
        "5 has `inf` in column `coolant`",
        "6 has asset ``",
        "7 has 3 fields where 5 are expected",
    ]) {
        assert!(bad.starts_with(expected), "{bad}");
    }
    let learned = folder.load().unwrap().recordings().unwrap();
    assert_eq!(learned.rows, *rows, "whoever learns from them is told the same");
    let sent = folder.values("VEH001", "coolant_temperature");
    let expected = [(at("2026-03-02T06:00:00Z"), Some(80.0)), (at("2026-03-02T06:00:07Z"), None)];
    assert_eq!(sent, expected);
}

#[test]
fn a_gzip_file_is_replayed_like_a_plain_one_and_a_torn_one_is_an_error() {
    let description = VEHICLE.replace("*.csv", "*.csv.gz");
    let csv = trips("VEH001", 1);
    let plain = Folder::new(VEHICLE).with("t.csv", &csv).frames("VEH001");
    let whole = gzip(&csv);
    assert!(
        Folder::new(&description).with("t.csv.gz", &whole).frames("VEH001") == plain,
        "compressed, it is the same"
    );
    let torn = Folder::new(&description).with("t.csv.gz", &whole[..whole.len() / 2]);
    let error = torn.entries().unwrap_err();
    assert!(matches!(error, DatasetError::Read { .. }), "{error}");
}

#[test]
fn a_file_of_nothing_but_bad_rows_is_an_error_that_tells_the_first() {
    let folder = Folder::new(VEHICLE)
        .with("t.csv", "vehicle,time,rpm,coolant,volts\nVEH001,06:00,900,80,14\n");
    let error = folder.entries().unwrap_err();
    assert!(matches!(error, DatasetError::NoRows { rows: 1, .. }), "{error}");
    assert!(error.to_string().contains("line 2 has time `06:00`"), "{error}");
}

#[test]
fn columns_without_a_header_split_by_blanks_and_counted_in_cycles_are_read() {
    let description = r#"
        profile = "vehicle"
        [telemetry]
        files = ["train.txt"]
        asset = "unit"
        time = "cycle"
        format = { cycle = "1h", origin = "2026-01-01T00:00:00Z" }
        delimiter = "whitespace"
        header = ["unit", "cycle", "volts"]
        channels = { volts = "battery_voltage" }
    "#;
    let folder = Folder::new(description).with("train.txt", "1 1  14.0 \n1 2 13.9\n2 1 14.1\n");
    let values = folder.values("1", "battery_voltage");
    let expected =
        [(at("2026-01-01T01:00:00Z"), Some(14.0)), (at("2026-01-01T02:00:00Z"), Some(13.9))];
    assert_eq!(values, expected);
    assert_eq!(folder.values("2", "battery_voltage").len(), 1);
}

#[test]
fn assets_are_named_by_files_or_rows_where_no_column_names_them() {
    let by_file = VEHICLE.replace("asset = \"vehicle\"", "asset = { file = \"stem\" }");
    let folder = Folder::new(&by_file).with("VEH007.csv", trips("ignored", 1));
    assert_eq!(folder.frames("VEH007").len(), 120);
    let by_row = VEHICLE.replace("asset = \"vehicle\"", "asset = { row = \"V\" }").replace(
        "time = \"time\"",
        "format = { cycle = \"1s\", origin = \"2026-01-01T00:00:00Z\" }",
    );
    let folder = Folder::new(&by_row).with("rows.csv", trips("ignored", 1));
    assert_eq!(folder.open().unwrap().assets().len(), 720);
    assert_eq!(folder.values("V3", "engine_speed"), [(at("2026-01-01T00:00:03Z"), Some(1_700.0))]);
}

#[test]
fn registrations_carry_what_the_table_of_assets_knows() {
    let description = format!(
        "{VEHICLE}[assets]\nfile = \"assets.txt\"\nasset = \"id\"\nattributes = {{ model = \"model\", age = \"age_years\" }}\n"
    );
    let folder = Folder::new(&description)
        .with("a.csv", trips("VEH001", 1))
        .with("b.csv", trips("VEH002", 1))
        .with("assets.txt", "id,model,age\nVEH001,Etios,4\nVEH003,Leon,1\n");
    let replay = folder.open().unwrap();
    let assets = replay.assets();
    let ids: Vec<&str> = assets.iter().map(|asset| asset.asset.as_str()).collect();
    assert_eq!(ids, ["VEH001", "VEH002"]);
    assert_eq!(assets[0].model.as_deref(), Some("Etios"));
    let age = at("2026-03-02T06:00:00Z").since(assets[0].in_service_since.unwrap());
    assert_eq!(age.as_secs() / 86_400, 1_460);
    assert_eq!((&assets[1].model, &assets[1].profile), (&None, &"vehicle".to_owned()));
    let wrong = Folder::new(&description.replace("age_years", "age"))
        .with("a.csv", trips("VEH001", 1))
        .with("assets.txt", "id,model,age\nVEH001,Etios,4\n");
    let error = wrong.open().err().unwrap().to_string();
    assert!(error.contains("an asset has only model, age_years"), "{error}");
    let wrong = folder.with("assets.txt", "id,model,age\nVEH001,Etios,old\n");
    let error = wrong.open().err().unwrap().to_string();
    assert!(error.contains("assets.txt` line 2: has age `old`"), "{error}");
}

#[test]
fn trouble_codes_come_in_their_place_as_samples_in_which_nothing_was_measured() {
    let description =
        format!("{VEHICLE}[codes]\nfile = \"c.txt\"\nasset = \"id\"\ntime = \"t\"\ncode = \"c\"\n");
    let folder = Folder::new(&description).with("a.csv", trips("VEH001", 1)).with(
        "c.txt",
        "id,t,c\nVEH009,2026-03-02T06:00:00Z,P0217\nVEH001,2026-03-02T05:00:00Z,P0300\n\
         VEH001,2026-03-02T06:30:00Z,P0217\nVEH001,2026-03-02T06:30:00Z,P0301\n\
         VEH001,2026-03-03T06:30:00Z,P0302\n",
    );
    let entries = folder.entries().unwrap();
    assert!(entries.iter().map(Entry::at).is_sorted());
    let frames = folder.frames("VEH001");
    let samples: Vec<_> = frames.iter().flat_map(|frame| &frame.telemetry.samples).collect();
    assert!(samples.iter().map(|sample| sample.sampled_at).is_sorted());
    let told = samples.iter().filter(|sample| !sample.codes.is_empty());
    let told: Vec<(Timestamp, String)> = told
        .inspect(|sample| assert!(sample.values.iter().all(Option::is_none)))
        .map(|sample| match &sample.codes[..] {
            [TroubleCode::Obd2 { code }] => (sample.sampled_at, code.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        ("2026-03-02T05:00:00Z", "P0300"),
        ("2026-03-02T06:30:00Z", "P0217"),
        ("2026-03-02T06:30:00Z", "P0301"),
        ("2026-03-03T06:30:00Z", "P0302"),
    ];
    assert_eq!(told, expected.map(|(moment, code)| (at(moment), code.to_owned())));
    let numbers: std::collections::BTreeSet<_> = samples.iter().map(|it| it.seq).collect();
    assert_eq!(numbers.len(), samples.len(), "each sample has a number of its own");
}

#[test]
fn maintenance_and_failures_are_read_and_maintenance_comes_in_its_place() {
    let description = format!(
        "{VEHICLE}[maintenance]\nfile = \"m.txt\"\nasset = \"id\"\ntime = \"t\"\ncomponent = \"c\"\n\
         [failures]\nfile = \"f.txt\"\nasset = \"id\"\ntime = \"t\"\ncomponent = \"c\"\n"
    );
    let folder = Folder::new(&description)
        .with("a.csv", trips("VEH001", 1))
        .with(
            "m.txt",
            "id,t,c\nVEH009,2026-03-02T06:00:00Z,brake\nVEH001,2026-03-02T07:00:00Z,engine\n",
        )
        .with("f.txt", "id,t,c\nVEH001,2026-03-02T06:30:00Z,engine\n");
    let entries = folder.entries().unwrap();
    assert!(entries.iter().map(Entry::at).is_sorted());
    let maintained: Vec<usize> = (0..entries.len())
        .filter(|place| matches!(entries[*place], Entry::Maintenance(_)))
        .collect();
    assert_eq!(maintained, [60], "after an hour of frames, and for assets of the recording only");
    let failures = folder.load().unwrap().failures().unwrap();
    let failed_at = Some(at("2026-03-02T06:30:00Z"));
    let expected = Expected::Failure { component: "engine".to_owned(), failed_at };
    assert_eq!(failures[0].expected, expected);
    for (bad, told) in [
        ("VEH001,noon,engine", "has time `noon`"),
        ("VEH001", "1 fields"),
        (",2026-03-02T06:30:00Z,engine", "no asset"),
    ] {
        let folder = Folder::new(&description).with("f.txt", format!("id,t,c\n{bad}\n"));
        let error = folder.load().unwrap().failures().unwrap_err();
        assert!(matches!(error, DatasetError::Row { line: 2, .. }), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
}
