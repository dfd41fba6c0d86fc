//! Cases, bookings, centres and owners on the command line, in front of a process that serves a log with a case on it.

use crate::process::{Ran, Served};
use crate::told::{OWNER, Told, tell, tell_closed};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// Only these work: nobody else answers to what the test tells.
const AGENTS: [&str; 2] = ["--agents", "data-analysis,diagnosis"];

/// A process with a case on its log.
struct Desk {
    served: Served,
    told: Told,
    _folder: TempDir,
}

impl Desk {
    fn open(started: bool) -> Self {
        let (served, told, folder) = opened(|data| tell(data, started));
        Self { served, told, _folder: folder }
    }

    fn ask(&self, arguments: &[&str]) -> Ran {
        self.served.ask(arguments)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let all = [arguments, &["-o", "json"]].concat();
        let ran = self.ask(&all);
        ok(&ran);
        ran.json()
    }
}

/// A process on whose log an asset has readings, and what `tell` adds to them.
pub(crate) fn opened<T>(tell: impl FnOnce(&Path) -> T) -> (Served, T, TempDir) {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &AGENTS).ready();
    let add =
        ["owner", "add", OWNER, "--name", "N", "--consent", "app,sms", "--zone", "Asia/Kolkata"];
    ok(&served.ask(&add));
    let asset =
        ["asset", "add", "VEH003", "--fleet", "north", "--profile", "vehicle", "--owner", OWNER];
    ok(&served.ask(&asset));
    for minute in [5, 10] {
        crate::serving::send(&served, "VEH003", minute, 90.25);
    }
    let (status, log) = served.end("TERM");
    assert!(status.success(), "{log}");
    let told = tell(&folder.path().join("data"));
    let served = Served::start(folder.path(), &AGENTS).ready();
    (served, told, folder)
}

#[track_caller]
pub(crate) fn ok(ran: &Ran) {
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[track_caller]
pub(crate) fn refused(ran: &Ran, text: &str) {
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains(text), "{text}: {ran:?}");
}

#[test]
fn a_case_is_found_by_its_asset_or_the_beginning_of_its_id_and_explained() {
    let desk = Desk::open(false);
    let case = desk.told.case.as_str();
    let listed = desk.ask(&["case", "ls"]);
    ok(&listed);
    assert!(
        listed.out.contains(&case[..8]) && listed.out.contains("! the owner may or may not"),
        "{listed:?}"
    );
    for name in [case, &case[..8], "VEH003"] {
        assert_eq!(desk.json(&["case", "show", name])["case"], case, "{name}");
    }
    let shown = desk.ask(&["case", "show", "VEH003"]);
    ok(&shown);
    for text in [
        "probability 81 %",
        "asks for you",
        "contact.send",
        "Pune on Mon 2026-03-02 17:00 (Asia/Kolkata); far away",
    ] {
        assert!(shown.out.contains(text), "{text}: {}", shown.out);
    }
    let why = desk.ask(&["case", "why", "VEH003"]);
    ok(&why);
    let order = [
        "READINGS",
        "telemetry/",
        "FEATURES",
        "brake_pad_wear",
        "CONTRIBUTIONS",
        "+1.31",
        "STEPS",
        "failure.predicted",
        "case.opened",
        "customer.contacted",
        "booking.confirmed",
        "case.escalated",
    ];
    let mut rest = why.out.as_str();
    for text in order {
        let at = rest
            .find(text)
            .unwrap_or_else(|| panic!("{text} is not where it should be:\n{}", why.out));
        rest = &rest[at..];
    }
    refused(&desk.ask(&["case", "show", "VEH009"]), "no case begins with `VEH009`");
    refused(&desk.ask(&["case", "show", "00000000-0000-0000-0000-000000000000"]), "is unknown");
    refused(&desk.ask(&["case", "ls", "--state", "lost"]), "state `lost` is unknown");
}

#[test]
fn of_closed_cases_why_tells_the_newest_and_names_the_others() {
    let (served, [first, second], _folder) = opened(tell_closed);
    let why = served.ask(&["case", "why", "VEH003"]);
    ok(&why);
    assert!(why.out.contains("the second was over by itself"), "{}", why.out);
    let others = why.out.split("OTHER CASES").nth(1).expect("others are named");
    assert!(others.contains(&first[..8]) && !others.contains(&second[..8]), "{others}");
    let told = served.ask(&["case", "why", "VEH003", "-o", "json"]).json();
    assert_eq!(told["case"], second.as_str());
    refused(&served.ask(&["case", "show", "VEH003"]), "none of an asset `VEH003` is open");
}

#[test]
fn decisions_are_recorded_once_under_a_key() {
    let desk = Desk::open(false);
    let resolve =
        ["case", "resolve", "VEH003", "--effect", "did-not-happen", "--by", "desk", "--key", "k-1"];
    let first = desk.json(&resolve);
    assert_eq!(first["decision"]["resolve"]["happened"], false);
    assert_eq!(desk.json(&resolve), first, "sent again it is answered again");
    refused(&desk.ask(&["case", "resolve", "VEH003", "--effect", "happened"]), "no effect");
    refused(&desk.ask(&["case", "approve", "VEH003"]), "is uncertain; say what became");
    ok(&desk.ask(&["case", "cancel", "VEH003", "--reason", "sold"]));
    let decided = desk.ask(&["events", "tail", "--name", "case.decided", "-o", "jsonl"]);
    assert_eq!(decided.out.lines().count(), 2, "{decided:?}");
    let unclear = desk.ask(&["case", "resolve", "VEH003", "--effect", "perhaps"]);
    assert_eq!(unclear.code, 2, "{unclear:?}");
}

#[test]
fn a_booking_is_shown_in_the_time_of_its_centre_and_changed_on_request() {
    let desk = Desk::open(false);
    let (booking, offer) = (desk.told.booking.as_str(), desk.told.offer.as_str());
    let listed = desk.ask(&["booking", "ls"]);
    ok(&listed);
    assert!(listed.out.contains("Mon 2026-03-02 17:00"), "{listed:?}");
    let shown = desk.ask(&["booking", "show", "VEH003"]);
    assert!(
        shown.out.contains("Mon 2026-03-02 17:00 to Mon 2026-03-02 19:00 (Asia/Kolkata)"),
        "{shown:?}"
    );
    let moved = ["booking", "move", &booking[..8], "--offer", offer, "--reason", "too early"];
    let moved = desk.json(&moved);
    assert_eq!(moved["booking"], booking);
    let wrong = ["booking", "move", booking, "--offer", booking, "--reason", "too early"];
    refused(&desk.ask(&wrong), offer);
    ok(&desk.ask(&["booking", "cancel", booking, "--reason", "sold"]));
    for name in ["booking.move", "booking.cancel"] {
        let said = desk.ask(&["events", "tail", "--name", name, "-o", "jsonl"]);
        assert_eq!(said.out.lines().count(), 1, "{name} {said:?}");
    }
}

#[test]
fn a_workshop_says_what_it_found_or_that_nobody_came() {
    let desk = Desk::open(true);
    let finding = [
        "booking",
        "finding",
        "VEH003",
        "--component",
        "brake",
        "--cause",
        "worn pads",
        "--repaired",
    ];
    let neither = desk.ask(&finding[..3]);
    assert_eq!(neither.code, 2, "{neither:?}");
    let slip = ["booking", "finding", "VEH003", "--component", "brakes"];
    refused(&desk.ask(&slip), "did you mean `brake`?");
    let said = desk.ask(&finding);
    ok(&said);
    assert!(said.out.contains("finding is recorded (brake faulty, repaired)"), "{said:?}");
    refused(&desk.ask(&["booking", "no-show", "VEH003"]), "already");
    let found = desk.ask(&["events", "tail", "--name", "finding.recorded", "-o", "jsonl"]);
    let found: Value = serde_json::from_str(found.out.trim()).unwrap();
    assert_eq!(
        (&found["data"]["examined"], &found["data"]["network"]),
        (&json!("brake"), &json!("demo"))
    );
    let why = desk.ask(&["case", "why", "VEH003"]);
    assert!(why.out.contains("found brake faulty, cause worn pads, repaired"), "{}", why.out);
}

#[test]
fn an_owner_is_heard_and_what_was_said_to_them_is_listed() {
    let desk = Desk::open(false);
    let messages = desk.json(&["owner", "messages", OWNER, "--channel", "app"]);
    assert!(
        messages[0]["text"].as_str().unwrap().starts_with("The brakes of VEH003"),
        "{messages}"
    );
    ok(&desk.ask(&["reply", OWNER, "yes, tomorrow morning", "--case", "VEH003"]));
    let reply = desk.ask(&["events", "tail", "--name", "customer.replied", "-o", "jsonl"]);
    let reply: Value = serde_json::from_str(reply.out.trim()).unwrap();
    assert_eq!(reply["case_id"], desk.told.case);
    refused(&desk.ask(&["reply", "o-9", "yes"]), "owner `o-9` is not registered");
    let consent =
        ["owner", "consent", OWNER, "--grant", "voice", "--revoke", "sms", "--reason", "phoned"];
    ok(&desk.ask(&consent));
    let owners = desk.json(&["owner", "ls"]);
    assert_eq!(owners[0]["consent"], json!(["voice", "app"]));
    let pigeon = desk.ask(&["owner", "consent", OWNER, "--grant", "pigeon", "--reason", "x"]);
    assert_eq!(pigeon.code, 2, "{pigeon:?}");
    assert!(pigeon.err.contains("voice, sms, email, app"), "{pigeon:?}");
}

#[test]
fn the_example_of_centres_is_imported_and_a_faulty_file_loses_nothing() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &AGENTS).ready();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/centres.csv");
    let import =
        |file: &Path| served.ask(&["centre", "import", file.to_str().unwrap(), "-o", "json"]);
    let ran = import(&example);
    ok(&ran);
    assert_eq!(ran.json(), json!({ "imported": 5, "total": 5, "failed": null }));
    ok(&served.ask(&["centre", "stock", "pune", "brake", "4"]));
    let shown = served.ask(&["centre", "show", "pune"]);
    ok(&shown);
    assert!(
        shown.out.contains("4 brake") && shown.out.contains("nothing is foreseen yet"),
        "{shown:?}"
    );
    refused(&served.ask(&["centre", "show", "goa"]), "centre `goa` is not registered");
    let listed = served.ask(&["centre", "ls"]);
    assert!(listed.out.contains("brake, battery") || listed.out.contains("4 brake"), "{listed:?}");
    let file = folder.path().join("centres.csv");
    let text = fs::read_to_string(&example).unwrap();
    fs::write(&file, text.replace("mon-sun 09:00-19:00", "always").replace(",8,10,", ",many,10,"))
        .unwrap();
    let ran = import(&file);
    refused(&ran, "line 3: `hours` holds `always`");
    assert!(
        ran.err.contains("line 4: `bays` is `many`") && ran.err.contains("nothing was imported"),
        "{ran:?}"
    );
    fs::write(&file, text.replace("Asia/Kolkata,5,", "Asia Kolkata,5,")).unwrap();
    let ran = import(&file);
    refused(&ran, "line 5: centre `delhi` was not registered");
    assert!(ran.err.contains("3 of 5 centres before it are registered"), "{ran:?}");
    let unknown = served.ask(&["centre", "stock", "goa", "brake", "4"]);
    refused(&unknown, "centre `goa` is not registered");
}

#[test]
fn a_file_of_owners_is_imported_with_what_they_allow() {
    let folder = tempdir().unwrap();
    let served = Served::start(folder.path(), &AGENTS).ready();
    let file = folder.path().join("owners.csv");
    let path = file.to_str().unwrap();
    fs::write(&file, "owner,name,zone,language,phone,consent\no-1,One,Asia/Kolkata,en,+10000000000,app sms\no-2,Two,UTC,en,,\n").unwrap();
    ok(&served.ask(&["owner", "import", path]));
    let owners = served.ask(&["owner", "ls", "-o", "json"]).json();
    assert_eq!(
        (&owners[0]["consent"], &owners[1]["consent"]),
        (&json!(["sms", "app"]), &json!([]))
    );
    fs::write(&file, "owner,name,zone,language\no-3,Three,UTC,en\no-4,Four,UTC,english!\n")
        .unwrap();
    let ran = served.ask(&["owner", "import", path]);
    refused(&ran, "line 3: owner `o-4` was not registered");
    assert!(ran.err.contains("`language`"), "{ran:?}");
}
