//! Reads what is expected, and refuses what contradicts itself.

use super::super::scenario::{Expectation, Often, Subject};
use super::super::scope::{Bound, Names};
use super::super::yaml::Node;
use super::steps::Steps;
use super::{count, text};
use crate::expression::Expression;
use crate::expression::vocabulary::EVENT;
use crate::measure;
use std::collections::BTreeMap;

/// Fields by which an event is chosen.
const ABOUT: [&str; 5] = ["asset", "case", "booking", "owner", "by"];

/// Fields that say how often.
const OFTEN: [&str; 4] = ["count", "min", "max", "never"];

impl Steps<'_> {
    pub(super) fn expectation(
        &mut self,
        node: &Node,
        below: &Node,
        names: &mut Names,
    ) -> Option<Expectation> {
        let subject = self.subject(below, names)?;
        let condition = below.get("where").and_then(|node| {
            let condition = Expression::condition(node.text()?, &EVENT).ok()?;
            names.expression(node, &condition, self.problems);
            Some(condition)
        });
        let save = self.save(node, &subject, names);
        let ever = below.get("ever").is_some();
        Some(Expectation { subject, condition, ever, save })
    }

    fn subject(&mut self, below: &Node, names: &Names) -> Option<Subject> {
        let state = text(below, "state");
        if below.get("event").is_some() {
            let about = ABOUT
                .into_iter()
                .filter_map(|field| Some((field, self.reference(below, field, names)?)));
            let about: BTreeMap<_, _> = about.collect();
            return Some(Subject::Event {
                name: text(below, "event"),
                about,
                often: self.often(below),
            });
        }
        if let Some(node) = below.get("metric") {
            let measure = Expression::parse(node.text()?, &measure::VOCABULARY).ok()?;
            names.expression(node, &measure, self.problems);
            return Some(Subject::Metric(measure));
        }
        if below.get("agents").is_some() {
            let agents = text(below, "agents");
            return Some(Subject::Agents((agents != "*").then_some(agents), state));
        }
        if let Some(booking) = self.reference(below, "booking", names) {
            return Some(Subject::Booking(booking, state));
        }
        if let Some(case) = self.reference(below, "case", names) {
            return Some(Subject::Case(case, state));
        }
        self.reference(below, "asset", names).map(|asset| Subject::Asset(asset, state))
    }

    fn often(&mut self, below: &Node) -> Often {
        let given: Vec<&str> = OFTEN.into_iter().filter(|name| below.get(name).is_some()).collect();
        let number = |name: &str| below.get(name).map_or(0, count);
        match given[..] {
            [] => Often::AtLeast(1),
            ["count"] => Often::Exactly(number("count")),
            ["min"] => Often::AtLeast(number("min")),
            ["max"] => Often::Between(0, number("max")),
            ["never"] => Often::Between(0, 0),
            ["min", "max"] if number("min") <= number("max") => {
                Often::Between(number("min"), number("max"))
            }
            _ => {
                let place = below.get(given[1]).map_or(below.place, |node| node.place);
                let message = match given[..] {
                    ["min", "max"] => "`min` is more than `max`".to_owned(),
                    _ => format!("`{}` and `{}` contradict each other", given[0], given[1]),
                };
                self.problems.add(place, message);
                Often::AtLeast(1)
            }
        }
    }

    fn save(
        &mut self,
        node: &Node,
        subject: &Subject,
        names: &mut Names,
    ) -> BTreeMap<String, Expression> {
        let mut save = BTreeMap::new();
        let Some(below) = node.get("save") else { return save };
        let nothing_found = match subject {
            Subject::Event { often, .. } => often.least() == 0,
            Subject::Agents(..) | Subject::Metric(_) => true,
            _ => false,
        };
        if nothing_found {
            let message = "this expectation finds no event to save anything of";
            self.problems.add(below.place, message);
        }
        for (key, node) in below.entries() {
            let taken = Expression::parse(node.text().unwrap_or_default(), &EVENT);
            let Ok(taken) = taken else { continue };
            names.expression(node, &taken, self.problems);
            save.insert(key.text.clone(), taken);
        }
        for (key, _) in below.entries() {
            names.bind(&key.text, Bound::Value, key.place, self.problems);
        }
        save
    }
}
