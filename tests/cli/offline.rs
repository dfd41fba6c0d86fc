//! What needs no running process: help, completions, configuration, and refusals with their remedies.

use crate::process::{run, run_with};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// Nothing listens on the discard port of a machine without inetd.
const NOBODY: &str = "http://127.0.0.1:9";

#[test]
fn help_names_the_exit_codes_and_ends_well() {
    let folder = tempdir().unwrap();
    let ran = run(folder.path(), &["--help"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("Exit codes:"), "{ran:?}");
    assert!(ran.err.is_empty(), "{ran:?}");
}

#[test]
fn what_cannot_be_understood_ends_with_2_and_a_hint() {
    let folder = tempdir().unwrap();
    for (arguments, hint) in [
        (&["assets"][..], "asset"),
        (&["asset", "add", "VEH001"], "--fleet"),
        (&["run", "--crash-at", "commit.before_flash:1"], "commit.before_flush"),
        (&["agent", "ls", "--timeout", "soon"], "`90s`"),
        (&["dead", "show", "first"], "first"),
        (&["version", "-q", "-v"], "cannot be used with"),
        (&[], "Usage:"),
    ] {
        let ran = run(folder.path(), arguments);
        assert_eq!(ran.code, 2, "{arguments:?} {ran:?}");
        assert!(ran.err.contains(hint), "{arguments:?} {ran:?}");
    }
}

#[test]
fn every_verb_that_asks_a_process_says_when_there_is_none() {
    let folder = tempdir().unwrap();
    for arguments in [
        &["asset", "add", "VEH001", "--fleet", "north", "--profile", "vehicle"][..],
        &["asset", "ls"],
        &["asset", "show", "VEH001"],
        &["asset", "retire", "VEH001", "--reason", "sold"],
        &["owner", "add", "o-1", "--name", "N"],
        &["owner", "ls"],
        &["owner", "consent", "o-1", "--grant", "app", "--reason", "said so"],
        &["owner", "messages", "o-1"],
        &["centre", "ls"],
        &["centre", "stock", "pune", "brake", "4"],
        &["case", "ls"],
        &["case", "show", "VEH001"],
        &["case", "why", "VEH001"],
        &["case", "approve", "VEH001"],
        &["case", "resolve", "VEH001", "--effect", "happened"],
        &["case", "cancel", "VEH001", "--reason", "sold"],
        &["booking", "ls"],
        &["booking", "show", "VEH001"],
        &["booking", "move", "VEH001", "--offer", "x", "--reason", "later"],
        &["booking", "cancel", "VEH001", "--reason", "sold"],
        &["booking", "no-show", "VEH001"],
        &["booking", "finding", "VEH001", "--no-fault-found"],
        &["reply", "o-1", "yes"],
        &["quarantine", "ls"],
        &["quarantine", "show", "x"],
        &["quarantine", "release", "x"],
        &["agent", "ls"],
        &["agent", "describe", "diagnosis"],
        &["agent", "state", "diagnosis", "VEH001"],
        &["dead", "ls"],
        &["dead", "show", "1"],
        &["dead", "replay", "1"],
        &["principal", "ls"],
        &["principal", "show", "diagnosis"],
        &["principal", "contain", "diagnosis", "--level", "refused", "--reason", "a test"],
        &["principal", "release", "diagnosis", "--reason", "a test"],
        &["audit", "ls"],
        &["events", "tail"],
        &["check", "readiness"],
        &["backup", "create", "new.backup"],
        &["model", "promoted"],
        &["model", "promote", "north-0a", "--by", "desk", "--reason", "a test"],
        &["model", "rollback", "--by", "desk", "--reason", "a test"],
    ] {
        let ran = run_with(folder.path(), arguments, &[("AURORASYNC_URL", NOBODY)]);
        assert_eq!(ran.code, 3, "{arguments:?} {ran:?}");
        assert!(ran.out.is_empty(), "{arguments:?} {ran:?}");
        let head = format!("error: no process answers at `{NOBODY}`");
        assert!(ran.err.starts_with(&head), "{arguments:?} {ran:?}");
        assert!(
            ran.err.contains("\nhelp: start it with `aurorasync run`"),
            "{arguments:?} {ran:?}"
        );
    }
    assert!(!folder.path().join("new.backup").exists());
}

#[test]
fn an_address_that_is_none_is_a_fault_of_the_command_line() {
    let folder = tempdir().unwrap();
    let ran = run(folder.path(), &["agent", "ls", "--url", "127.0.0.1:7380"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("write it like http://127.0.0.1:7380"), "{ran:?}");
}

#[test]
fn colours_are_used_when_asked_for_and_never_on_their_own_in_a_pipe() {
    let folder = tempdir().unwrap();
    let ask = |color: &[&str], variables: &[(&str, &str)]| {
        let mut arguments = vec!["agent", "ls", "--url", NOBODY];
        arguments.extend(color);
        run_with(folder.path(), &arguments, variables).err.contains("\u{1b}[")
    };
    assert!(!ask(&[], &[]));
    assert!(ask(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!ask(&["--color", "never"], &[]));
}

#[test]
fn a_configuration_is_written_once_and_is_valid() {
    let folder = tempdir().unwrap();
    let written = run(folder.path(), &["config", "init"]);
    assert_eq!(written.code, 0, "{written:?}");
    let text = fs::read_to_string(folder.path().join("aurora.toml")).unwrap();
    for table in ["[store]", "[facade]", "[data-analysis]", "[diagnosis]", "[scheduling]"] {
        assert!(text.contains(table), "{text}");
    }
    let again = run(folder.path(), &["config", "init"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("was not touched"), "{again:?}");
    let valid = run(folder.path(), &["config", "validate", "-o", "json"]);
    assert_eq!(valid.code, 0, "{valid:?}");
    assert_eq!(valid.json()["valid"], true);
    assert_eq!(valid.json()["set"], 0);
}

#[test]
fn what_is_in_force_is_shown_with_where_it_was_set() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("aurora.toml"), "[facade]\nlisten = '127.0.0.1:7999'\n").unwrap();
    let variables = [("AURORASYNC__RETENTION__HEALTH", "3d")];
    let ran = run_with(folder.path(), &["config", "show", "-o", "json"], &variables);
    assert_eq!(ran.code, 0, "{ran:?}");
    let values = ran.json();
    let find = |key: &str| {
        let found = values.as_array().unwrap().iter().find(|value| value["key"] == key).unwrap();
        (found["value"].as_str().unwrap().to_owned(), found["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(find("facade.listen"), ("127.0.0.1:7999".into(), "aurora.toml:2".into()));
    assert_eq!(find("retention.health"), ("3d".into(), "AURORASYNC__RETENTION__HEALTH".into()));
    assert_eq!(find("store.path"), ("data".into(), "default".into()));
    let text = run(folder.path(), &["config", "show"]).out;
    assert!(text.lines().all(|line| line.len() < 120), "{text}");
}

#[test]
fn a_configuration_that_cannot_be_used_ends_with_5() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("aurora.toml");
    for (text, error, help) in [
        (
            "[facade]\nlisen = 'x'\n",
            "`facade.lisen` (aurora.toml:2) is not known",
            "`facade.listen`",
        ),
        (
            "[diagnosis]\nraise_windws = 1\n",
            "`diagnosis.raise_windws` (aurora.toml:2) is not known",
            "`diagnosis.raise_windows`",
        ),
    ] {
        fs::write(&file, text).unwrap();
        for verb in [&["config", "validate"][..], &["config", "show"], &["run"]] {
            let ran = run(folder.path(), verb);
            assert_eq!(ran.code, 5, "{verb:?} {ran:?}");
            assert!(ran.err.contains(error), "{verb:?} {ran:?}");
            assert!(ran.err.contains(&format!("did you mean {help}?")), "{verb:?} {ran:?}");
        }
    }
    let ran = run(folder.path(), &["config", "show", "-c", "other.toml"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.err.contains("`other.toml` cannot be read"), "{ran:?}");
}

#[test]
fn a_profile_file_is_added_and_a_broken_one_is_refused() {
    let folder = tempdir().unwrap();
    let profiles = folder.path().join("profiles");
    fs::create_dir(&profiles).unwrap();
    let vehicle = messages::profile::embedded("vehicle").unwrap();
    let lorry = vehicle.replacen("name = \"vehicle\"", "name = \"lorry\"", 1);
    fs::write(profiles.join("lorry.toml"), lorry).unwrap();
    let ran = run(folder.path(), &["config", "show"]);
    assert!(ran.out.contains("diagnosis.profiles.lorry"), "{ran:?}");
    assert!(ran.out.contains("profiles/lorry.toml:1"), "{ran:?}");
    fs::write(profiles.join("broken.toml"), "name = 3\n").unwrap();
    let ran = run(folder.path(), &["config", "validate"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.err.contains("profile `profiles/broken.toml`"), "{ran:?}");
}

#[test]
fn a_file_of_assets_is_refused_whole_with_every_line_that_is_wrong() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("fleet.csv");
    fs::write(
        &file,
        "asset,fleet,profile\nVEH001,north,vehicle\n,north,vehicle\nVEH003,,vehicle\n",
    )
    .unwrap();
    let ran = run(folder.path(), &["asset", "import", "fleet.csv", "--url", NOBODY]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("`fleet.csv` has 2 faults; nothing was imported"), "{ran:?}");
    assert!(
        ran.err.contains("\n  line 3: `asset` is empty\n  line 4: `fleet` is empty\n"),
        "{ran:?}"
    );
}

#[test]
fn stores_and_exports_that_are_not_there_or_not_whole_are_refused() {
    let folder = tempdir().unwrap();
    let refused = |arguments: &[&str], code: i32, text: &str| {
        let ran = run(folder.path(), arguments);
        assert_eq!(ran.code, code, "{arguments:?} {ran:?}");
        assert!(ran.err.contains(text), "{arguments:?} {ran:?}");
    };
    refused(&["verify", "--data", "nowhere"], 1, "there is no store in `nowhere`");
    refused(&["audit", "verify", "--data", "nowhere"], 1, "there is no store in `nowhere`");
    refused(&["backup", "create", "a", "--data", "nowhere"], 1, "there is no store in `nowhere`");
    refused(&["backup", "verify", "nothing.backup"], 4, "nothing.backup");
    fs::write(folder.path().join("garbage.backup"), b"garbage").unwrap();
    refused(&["backup", "verify", "garbage.backup"], 4, "not intact");
    refused(&["backup", "restore", "garbage.backup", "--data", "new"], 4, "not intact");
    assert!(!Path::new("nowhere").exists() && !folder.path().join("new").join("store").exists());
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn the_doctor_says_that_the_process_it_was_asked_about_does_not_answer() {
    let folder = tempdir().unwrap();
    let doctor = ["doctor", "-o", "json"];
    let by_flag = run(folder.path(), &[&doctor[..], &["--url", NOBODY]].concat());
    let by_variable = run_with(folder.path(), &doctor, &[("AURORASYNC_URL", NOBODY)]);
    for ran in [by_flag, by_variable] {
        assert_eq!(ran.code, 3, "{ran:?}");
        let rows = ran.json();
        let row = |check| rows.as_array().unwrap().iter().find(|row| row["check"] == check);
        let process = row("process").expect("a row about the process");
        assert_eq!(process["verdict"], "failed", "{process}");
        assert!(process["detail"].as_str().unwrap().contains(NOBODY), "{process}");
        assert!(process["fix"].as_str().unwrap().contains("aurorasync run"), "{process}");
        assert_eq!(row("port"), None, "nobody asked about that port");
    }
}

#[test]
fn a_story_whose_folder_cannot_be_made_is_not_begun() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("taken"), b"a file").unwrap();
    let ran = run(folder.path(), &["scenario", "run", "brake-to-capa", "--out", "taken"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("taken"), "{ran:?}");
}

#[test]
fn the_doctor_finds_a_busy_port_and_is_content_without_one() {
    let folder = tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = listener.local_addr().unwrap().to_string();
    let examine = || {
        // Who has the port takes connections and never answers.
        let arguments = ["doctor", "-o", "json", "--timeout", "300ms"];
        let variables = [("AURORASYNC__FACADE__LISTEN", listen.as_str())];
        run_with(folder.path(), &arguments, &variables)
    };
    let port = |rows: &serde_json::Value| {
        let rows = rows.as_array().unwrap().clone();
        rows.into_iter().find(|row| row["check"] == "port").unwrap()
    };
    let busy = examine();
    assert_eq!(busy.code, 1, "{busy:?}");
    assert_eq!(port(&busy.json())["verdict"], "failed");
    assert!(port(&busy.json())["fix"].as_str().unwrap().contains("--facade"));
    drop(listener);
    let free = examine();
    assert_eq!(free.code, 0, "{free:?}");
    assert_eq!(port(&free.json())["verdict"], "ok");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it leaves nothing behind");
}

#[test]
fn completions_are_a_script_and_the_version_is_a_line() {
    let folder = tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let ran = run(folder.path(), &["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("quarantine"), "{shell}");
    }
    let ran = run(folder.path(), &["version"]);
    assert_eq!(ran.out, format!("aurorasync {}\n", env!("CARGO_PKG_VERSION")));
    let kinds = run(folder.path(), &["version", "-o", "json"]).json()["agents"].clone();
    let catalog = agents::catalog();
    let catalogued: Vec<&str> = catalog.iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, serde_json::json!(catalogued));
}
