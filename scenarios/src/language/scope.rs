//! Which names are saved where: a use before its step is refused when the script is loaded.

use super::source::{Place, Problems, suggest};
use super::template::{Template, Use};
use super::yaml::Node;
use crate::expression::Expression;
use std::collections::BTreeMap;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// A value.
    Value,
    /// Something that was injected.
    Injection,
}

/// The names that may be used at a place in the story.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    bound: BTreeMap<String, (Bound, usize)>,
}

impl Names {
    /// A name given from outside.
    pub(super) fn assume(&mut self, name: &str) {
        self.bound.insert(name.to_owned(), (Bound::Value, 0));
    }

    /// Notes that `name` is saved at `place`; twice is refused.
    pub(super) fn bind(&mut self, name: &str, bound: Bound, place: Place, problems: &mut Problems) {
        if let Some((_, line)) = self.bound.get(name) {
            let message = match line {
                0 => format!("`{name}` is saved already before these steps"),
                line => format!("`{name}` is saved already on line {line}"),
            };
            problems.advise(place, message, "give it another name");
            return;
        }
        self.bound.insert(name.to_owned(), (bound, place.line));
    }

    /// Takes over what the branches saved.
    pub(super) fn merge(&mut self, branches: Vec<Names>, problems: &mut Problems, place: Place) {
        let before = self.bound.clone();
        for branch in branches {
            for (name, bound) in branch.bound {
                if before.contains_key(&name) {
                    continue;
                }
                if self.bound.insert(name.clone(), bound).is_some() {
                    problems.add(place, format!("two branches save `{name}`"));
                }
            }
        }
    }

    /// What `name` stands for; an unknown one is refused.
    pub(super) fn look(&self, name: &str, place: Place, problems: &mut Problems) -> Option<Bound> {
        if let Some((bound, _)) = self.bound.get(name) {
            return Some(*bound);
        }
        let names: Vec<&str> = self.bound.keys().map(String::as_str).collect();
        let remedy = match names.is_empty() {
            true => "save it in a step before: save: { name: field }".to_owned(),
            false => suggest(name, &names),
        };
        problems.advise(place, format!("nothing before this step is saved as `{name}`"), remedy);
        None
    }

    /// The template in `node`, its names checked.
    pub(super) fn template(&self, node: &Node, problems: &mut Problems) -> Template {
        self.filled(node, node.text().unwrap_or_default(), problems)
    }

    fn filled(&self, node: &Node, text: &str, problems: &mut Problems) -> Template {
        let Ok((template, uses)) = Template::parse(text) else {
            return Template::literal(text);
        };
        for Use { name, offset, width } in uses {
            self.value(&name, node.place_within(offset, width), problems);
        }
        template
    }

    /// Checks the names in all texts below `node`.
    pub(super) fn texts_below(&self, node: &Node, problems: &mut Problems) {
        if let Some(text) = node.text() {
            if let Err(fault) = Template::parse(text) {
                problems.add(node.place_within(fault.offset, fault.width), fault.message);
            }
            self.filled(node, text, problems);
        }
        node.items().iter().for_each(|below| self.texts_below(below, problems));
        node.entries().iter().for_each(|(_, below)| self.texts_below(below, problems));
    }

    /// Checks the names that an expression uses.
    pub(super) fn expression(&self, node: &Node, expression: &Expression, problems: &mut Problems) {
        for (name, offset, width) in expression.uses() {
            self.value(&name, node.place_within(offset, width), problems);
        }
    }

    fn value(&self, name: &str, place: Place, problems: &mut Problems) {
        if self.look(name, place, problems) == Some(Bound::Injection) {
            let message = format!("`{name}` is something injected, not a value");
            problems.advise(place, message, format!("end it with clear: \"${{{name}}}\""));
        }
    }
}
