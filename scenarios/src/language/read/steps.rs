//! Reads steps in order, with the names that are saved on the way.

use super::super::attack::{Attack, AttackKind, RATE_MAX};
use super::super::scenario::{Action, Bays, Step, Workshop};
use super::super::scope::{Bound, Names};
use super::super::source::{Problems, Source};
use super::super::template::Template;
use super::super::vocabulary::Known;
use super::super::words;
use super::super::yaml::{self, Node, Value};
use super::{Files, check, count, span, text};
use messages::{Encoding, catalogue};
use std::time::Duration;

/// Deepest chain of included files.
const INCLUDE_DEPTH_MAX: usize = 8;

/// Time between two kills where the script does not say.
const KILL_EVERY: Duration = Duration::from_secs(60);

/// Records that one step reads where the script does not say.
const RECORDS_DEFAULT: usize = 100;

pub(super) struct Steps<'s> {
    pub(super) files: &'s dyn Files,
    pub(super) known: &'s Known,
    pub(super) problems: &'s mut Problems,
    pub(super) within: Duration,
    pub(super) has_fleet: bool,
    pub(super) is_virtual: bool,
    pub(super) included: Vec<String>,
}

impl Steps<'_> {
    pub(super) fn steps(&mut self, list: Option<&Node>, names: &mut Names) -> Vec<Step> {
        let items = list.map(Node::items).unwrap_or_default();
        items.iter().flat_map(|node| self.step(node, names)).collect()
    }

    /// The step in `node`; for an include, the steps of the other file.
    fn step(&mut self, node: &Node, names: &mut Names) -> Vec<Step> {
        let verb = node.entries().iter().find(|(key, _)| words::verb(&key.text).is_some());
        let Some((key, below)) = verb else { return Vec::new() };
        let after = node.get("after").map(span);
        if key.text == "include" {
            return self.include(node, below, names);
        }
        let action = self.action(&key.text, node, below, names);
        let within = node.get("within").map_or(self.within, span);
        let title = format!("{}: {}", key.text, flow(below));
        let source = self.problems.source().clone();
        let step =
            action.map(|action| Step { source, place: key.place, title, after, within, action });
        step.into_iter().collect()
    }

    fn action(
        &mut self,
        verb: &str,
        node: &Node,
        below: &Node,
        names: &mut Names,
    ) -> Option<Action> {
        match verb {
            "start" | "stop" => {
                self.need_fleet(below);
                Some(if verb == "start" { Action::Start } else { Action::Stop })
            }
            "inject" => self.inject(node, below, names),
            "clear" => self.clear(below, names),
            "reply" => Some(Action::Reply {
                case: self.reference(below, "case", names)?,
                say: self.reference(below, "say", names)?,
                after: below.get("after").map(span),
            }),
            "kill" => Some(Action::Kill {
                agent: text(below, "agent"),
                times: below.get("times").map_or(1, count),
                every: below.get("every").map_or(KILL_EVERY, span),
            }),
            "crash" => below.text().and_then(|name| name.parse().ok()).map(Action::Crash),
            "pause" => Some(Action::Pause(text(below, "agent"))),
            "resume" => Some(Action::Resume(text(below, "agent"))),
            "advance" if !self.is_virtual => {
                self.problems.advise(below.place, "a real clock cannot be advanced", "use `wait`");
                None
            }
            "advance" | "wait" => Some(Action::Wait(span(below))),
            "workshop" => self.workshop(below, names).map(Action::Workshop),
            "publish" => self.publish(below, "event", names),
            "ask" => self.publish(below, "command", names),
            "attack" => self.attack(below, names).map(Action::Attack),
            "release" => Some(Action::Release {
                principal: self.reference(below, "principal", names)?,
                because: self.reference(below, "because", names),
            }),
            "subscribe" => Some(Action::Subscribe {
                principal: self.reference(below, "as", names)?,
                to: self.reference(below, "to", names)?,
                records: below.get("records").map_or(RECORDS_DEFAULT, |node| count(node) as usize),
            }),
            "expect" => self.expectation(node, below, names).map(Action::Expect),
            "parallel" => Some(self.parallel(below, names)),
            "repeat" => Some(Action::Repeat {
                times: below.get("times").map_or(1, count),
                every: below.get("every").map(span),
                steps: self.steps(below.get("steps"), names),
            }),
            _ => Some(Action::Note(names.template(below, self.problems))),
        }
    }

    fn publish(&mut self, below: &Node, name: &str, names: &Names) -> Option<Action> {
        let data = below.get("data")?;
        names.texts_below(data, self.problems);
        let event = text(below, name);
        self.readable(&event, data);
        Some(Action::Publish {
            principal: self.reference(below, "as", names),
            event,
            key: self.reference(below, "key", names)?,
            data: data.json(),
        })
    }

    /// Refuses `data` that is no message called `event`; what is filled in later is looked at when it is said.
    fn readable(&mut self, event: &str, data: &Node) {
        let Some(known) = catalogue::find(event) else { return };
        let written = data.json().to_string();
        if !written.contains("${")
            && let Err(error) = (known.show)(Encoding::Json, written.as_bytes())
        {
            self.problems.add(data.place, format!("`{event}` has not these fields: {error}"));
        }
    }

    fn attack(&mut self, below: &Node, names: &Names) -> Option<Attack> {
        let (kind, rate) = (below.get("kind")?, below.get("rate")?);
        let attack = Attack {
            kind: AttackKind::from_name(kind.text()?)?,
            principal: self.reference(below, "as", names)?,
            target: self.reference(below, "target", names),
            rate: rate.text()?.parse().ok()?,
            lasts: span(below.get("for")?),
        };
        if let (None, Some(remedy)) = (&attack.target, attack.kind.needs()) {
            let message =
                format!("`{}` needs the `target` that it is aimed at", attack.kind.name());
            self.problems.advise(kind.place, message, remedy);
        }
        if attack.rate.a_second() > RATE_MAX {
            self.problems.add(rate.place, format!("`rate` is at most {RATE_MAX}/s"));
        }
        if matches!(attack.kind, AttackKind::SpoofedDevice | AttackKind::SlowPoisoning) {
            self.need_fleet(below);
        }
        Some(attack)
    }

    pub(super) fn reference(
        &mut self,
        node: &Node,
        field: &str,
        names: &Names,
    ) -> Option<Template> {
        node.get(field).map(|node| names.template(node, self.problems))
    }

    fn need_fleet(&mut self, at: &Node) {
        if !self.has_fleet {
            let remedy = "describe it under `fleet:`";
            self.problems.advise(at.place, "this script has no fleet", remedy);
        }
    }

    fn inject(&mut self, node: &Node, below: &Node, names: &mut Names) -> Option<Action> {
        self.need_fleet(below);
        let fault = below.get("fault")?;
        let name = fault.text().unwrap_or_default().to_owned();
        let of_sensor = name.starts_with("sensor_");
        match below.get("channel") {
            None if of_sensor => {
                let message = format!("`{name}` needs the `channel` that it is about");
                self.problems.advise(fault.place, message, "channel: coolant_temperature");
            }
            Some(channel) if !of_sensor => {
                let message = format!("`{name}` is no fault of a sensor and takes no `channel`");
                self.problems.add(channel.place, message);
            }
            _ => {}
        }
        let action = Action::Inject {
            fault: name,
            asset: self.reference(below, "asset", names)?,
            channel: self.reference(below, "channel", names),
            ramp: below.get("ramp").map(span),
            to: below.get("to").and_then(|node| node.json().as_f64()),
            name: node.get("as").and_then(Node::text).map(str::to_owned),
        };
        if let Some(name) = node.get("as") {
            let text = name.text().unwrap_or_default();
            names.bind(text, Bound::Injection, name.place, self.problems);
        }
        Some(action)
    }

    fn clear(&mut self, below: &Node, names: &Names) -> Option<Action> {
        let text = below.text().unwrap_or_default();
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = name else {
            let message = format!("`clear` ends what was injected, `{text}` is no name of that");
            let remedy = "name the inject step with `as: brakes` and write clear: \"${brakes}\"";
            self.problems.advise(below.place, message, remedy);
            return None;
        };
        let place = below.place_within(0, text.chars().count());
        if names.look(name, place, self.problems)? == Bound::Value {
            self.problems.add(place, format!("`{name}` is a value, nothing that was injected"));
        }
        Some(Action::Clear(name.to_owned()))
    }

    fn workshop(&mut self, below: &Node, names: &Names) -> Option<Workshop> {
        let mut field = |name: &str| self.reference(below, name, names);
        if let Some(booking) = field("complete") {
            let fields = ["found", "cause", "part", "batch"].into_iter();
            let found = fields.filter_map(|name| Some((name, field(name)?))).collect();
            return Some(Workshop::Complete { booking, found });
        }
        if let Some(booking) = field("no_show") {
            return Some(Workshop::NoShow(booking));
        }
        if let Some(technician) = field("drop_technician") {
            return Some(Workshop::DropTechnician { centre: field("centre")?, technician });
        }
        if let Some(centre) = field("drop_bay") {
            let number = |name: &str| below.get(name).map(|node| count(node) as u16);
            if let (Some(_), Some(left)) = (below.get("bays"), below.get("left")) {
                self.problems.add(left.place, "`bays` and `left` contradict each other");
            }
            let bays = match number("left") {
                Some(left) => Bays::Left(left),
                None => Bays::Fewer(number("bays").unwrap_or(1)),
            };
            return Some(Workshop::DropBay { centre, bays });
        }
        if let Some(centre) = field("close") {
            return Some(Workshop::Close { centre, days: below.get("days").map_or(1, count) });
        }
        field("restore").map(Workshop::Restore)
    }

    fn parallel(&mut self, below: &Node, names: &mut Names) -> Action {
        let items = below.items();
        if items.len() < 2 {
            self.problems.add(below.place, "`parallel` has two branches or more");
        }
        let (mut branches, mut saved) = (Vec::new(), Vec::new());
        for item in items {
            let mut own = names.clone();
            branches.push(match item.value {
                Value::List(_) => self.steps(Some(item), &mut own),
                _ => self.step(item, &mut own),
            });
            saved.push(own);
        }
        names.merge(saved, self.problems, below.place);
        Action::Parallel(branches)
    }

    fn include(&mut self, node: &Node, below: &Node, names: &mut Names) -> Vec<Step> {
        let name = below.text().unwrap_or_default();
        if let Some(after) = node.entries().iter().find(|(key, _)| key.text == "after") {
            self.problems
                .add(after.0.place, "`include` takes no `after`: begin the file with `wait`");
        }
        if self.included.iter().any(|other| other == name) {
            self.problems.add(below.place, format!("`{name}` includes itself"));
            return Vec::new();
        }
        if self.included.len() > INCLUDE_DEPTH_MAX {
            let message = format!("files include each other more than {INCLUDE_DEPTH_MAX} deep");
            self.problems.add(below.place, message);
            return Vec::new();
        }
        match self.files.read(name) {
            Ok(text) => self.fragment(name, text, below, names),
            Err(error) => {
                self.problems.add(below.place, format!("`{name}` cannot be included: {error}"));
                Vec::new()
            }
        }
    }

    fn fragment(&mut self, name: &str, text: String, at: &Node, names: &mut Names) -> Vec<Step> {
        let mut problems = Problems::of(Source::new(name, text));
        let node = yaml::read(&mut problems);
        if let Some(node) = &node {
            check(node, &words::FRAGMENT, self.known, &mut problems);
        }
        let Some(node) = node.filter(|_| problems.is_empty()) else {
            self.problems.extend(problems.into_error().problems);
            return Vec::new();
        };
        let mut own = Names::default();
        for need in node.get("needs").map(Node::items).unwrap_or_default() {
            let needed = need.text().unwrap_or_default();
            names.look(needed, at.place, self.problems);
            own.assume(needed);
        }
        let mut included = self.included.clone();
        included.push(name.to_owned());
        let mut below = Steps {
            files: self.files,
            known: self.known,
            problems: &mut problems,
            within: self.within,
            has_fleet: self.has_fleet,
            is_virtual: self.is_virtual,
            included,
        };
        let steps = below.steps(node.get("steps"), &mut own);
        if !problems.is_empty() {
            self.problems.extend(problems.into_error().problems);
        }
        names.merge(vec![own], self.problems, at.place);
        steps
    }
}

/// A value on one line, as flow YAML.
fn flow(node: &Node) -> String {
    match &node.value {
        Value::Map(entries) => {
            let fields: Vec<String> =
                entries.iter().map(|(key, node)| format!("{}: {}", key.text, flow(node))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Text(text) if needs_quotes(&text.text) => format!("{:?}", text.text),
        Value::Text(text) => text.text.clone(),
        _ => node.json().to_string(),
    }
}

fn needs_quotes(text: &str) -> bool {
    text.contains([',', '{', '}', '[', ']', '#', '"', '&', '*', '!', '|', '>', '\'', '%', '@', '`'])
        || text.contains(": ")
}
