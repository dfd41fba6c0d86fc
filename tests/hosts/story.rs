//! What people do meanwhile: they register what there is, say yes to whatever is proposed, and say what became of
//! a contact during which a process ended.

use crate::process::{LOOK_PAUSE, PATIENCE, Process};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Assets that fail, each with an owner of its own.
pub(crate) struct Story {
    pub(crate) assets: Vec<String>,
    /// What was said under a key of its own, and taken.
    said: BTreeSet<String>,
}

/// A zone in which it is about noon: nobody is contacted at night.
fn zone() -> String {
    let hour = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 3_600 % 24;
    // The sign of these names is that of POSIX: `Etc/GMT-3` is three hours ahead.
    match 12 - i64::try_from(hour).unwrap() {
        0 => "Etc/GMT".to_owned(),
        ahead if ahead > 0 => format!("Etc/GMT-{ahead}"),
        behind => format!("Etc/GMT+{}", -behind),
    }
}

impl Story {
    /// Registers `count` assets, their owners and a centre through `process`.
    pub(crate) fn begin(process: &Process, count: usize) -> Self {
        let zone = zone();
        let folder = tempfile::tempdir().unwrap();
        let centres = folder.path().join("centres.csv");
        let text = format!(
            "centre,network,name,zone,bays,technicians,skills,emergency_slots_per_day,hours\n\
             near,main,Near,{zone},4,6,brake engine battery tyre,4,mon-sun 08:00-20:00\n"
        );
        std::fs::write(&centres, text).unwrap();
        process.ask(&["centre", "import", centres.to_str().unwrap()]);
        process.ask(&["centre", "stock", "near", "engine", "20"]);
        let assets: Vec<String> = (1..=count).map(|number| format!("VEH00{number}")).collect();
        for asset in &assets {
            let owner = format!("o-{asset}");
            process.ask(&[
                "owner",
                "add",
                &owner,
                "--name",
                "N",
                "--zone",
                &zone,
                "--consent",
                "app,sms",
            ]);
            process.ask(&[
                "asset",
                "add",
                asset,
                "--fleet",
                "north",
                "--profile",
                "vehicle",
                "--owner",
                &owner,
            ]);
        }
        Self { assets, said: BTreeSet::new() }
    }

    /// Says yes to what is proposed, for as long as `life`.
    pub(crate) fn go_on(&mut self, process: &Process, life: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < life {
            self.answer(process);
            std::thread::park_timeout(LOOK_PAUSE);
        }
    }

    /// Says yes to what is proposed until each asset is booked in.
    pub(crate) fn until_booked(&self, process: &Process) {
        let mut story = Self { assets: self.assets.clone(), said: self.said.clone() };
        let begun = Instant::now();
        loop {
            let cases = story.answer(process);
            let booked = |asset: &&String| {
                cases.iter().any(|case| case["asset"] == ***asset && !case["booking"].is_null())
            };
            if self.assets.iter().filter(booked).count() == self.assets.len() {
                return;
            }
            if begun.elapsed() > PATIENCE {
                panic!("not all are booked in: {}\n{:?}", json!(cases), process.get("/v1/agents"));
            }
            std::thread::park_timeout(LOOK_PAUSE);
        }
    }

    /// Says yes wherever an owner is awaited, and that an uncertain contact took place; gives all cases.
    fn answer(&mut self, process: &Process) -> Vec<Value> {
        let Some(listed) = process.get("/v1/cases") else { return Vec::new() };
        let cases = listed["items"].as_array().cloned().unwrap_or_default();
        for case in &cases {
            let id = case["case"].as_str().unwrap();
            if case["state"] == "awaiting_customer" {
                let yes = json!({
                    "owner": case["owner"], "channel": "app", "case": id,
                    "text": "Yes, please, as soon as possible.",
                });
                self.say(process, "/v1/replies", format!("yes-{id}"), &yes);
            }
            for uncertain in case["uncertain"].as_array().unwrap() {
                let intent = uncertain["intent"].as_str().unwrap();
                let took_place = json!({
                    "decision": "resolve", "effect": "happened", "intent": intent, "by": "desk",
                });
                let path = format!("/v1/cases/{id}/decision");
                self.say(process, &path, format!("asked-{intent}"), &took_place);
            }
        }
        cases
    }

    /// Under one key: whoever is not answered says it again.
    fn say(&mut self, process: &Process, path: &str, key: String, body: &Value) {
        if !self.said.contains(&key) && process.post(path, &key, body) {
            self.said.insert(key);
        }
    }
}
