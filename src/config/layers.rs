//! Values laid over each other, each with its origin.

use super::expected::{in_words, shown};
use super::profiles::ProfileFile;
use super::{ConfigFailure, Settings};
use crate::nearest::nearest;
use runtime::Catalog;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere.
    Default,
    /// In a file, at a line.
    File(PathBuf, usize),
    /// In an environment variable.
    Variable(String),
    /// With a flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Variable(name) => f.write_str(name),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One value in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Value {
    /// Its name, with dots.
    pub key: String,
    /// The value.
    pub value: Json,
    /// Where it was set.
    #[serde(serialize_with = "as_text")]
    pub origin: Origin,
}

fn as_text<S: serde::Serializer>(origin: &Origin, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(origin)
}

/// The tables as laid so far. The tables of [`Settings`] take no new keys; an agent's may.
pub(super) struct Layers {
    tables: Map<String, Json>,
    set_by_key: BTreeMap<String, Set>,
    own: Vec<String>,
}

/// A value that was set.
struct Set {
    /// Its name, part by part: a part may have dots.
    path: Vec<String>,
    origin: Origin,
}

impl Layers {
    /// What holds where nothing else is said.
    pub(super) fn defaults(catalog: &Catalog) -> Result<Self, ConfigFailure> {
        let Ok(Json::Object(mut tables)) = serde_json::to_value(Settings::default()) else {
            unreachable!("the settings are an object of plain values")
        };
        let own: Vec<String> = tables.keys().cloned().collect();
        for (kind, entry) in catalog.iter() {
            if tables.insert(kind.to_owned(), entry.defaults.clone()).is_some() {
                return Err(ConfigFailure::KindTaken { kind: kind.to_owned() });
            }
        }
        Ok(Self { tables, set_by_key: BTreeMap::new(), own })
    }

    /// Lays a file over it.
    pub(super) fn file(&mut self, path: &Path) -> Result<(), ConfigFailure> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigFailure::Unreadable { path: path.to_owned(), source })?;
        let syntax = |error: toml::de::Error| ConfigFailure::Syntax {
            path: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        };
        let places = DeTable::parse(&text).map_err(syntax)?;
        let table: toml::Table = toml::from_str(&text).map_err(syntax)?;
        let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let mut said = Vec::new();
        collect(&mut Vec::new(), &table, places.get_ref(), &mut said);
        said.sort_by_key(|(_, _, at)| *at);
        for (key, value, at) in said {
            let origin = Origin::File(path.to_owned(), line(at));
            match value {
                Some(value) => self.set(&key, value, origin)?,
                None => self.enter(&key, origin)?,
            }
        }
        Ok(())
    }

    /// Lays the variable `name` over it, which names a value by `path`, its parts parted by `__`.
    pub(super) fn variable(
        &mut self,
        name: &str,
        path: &str,
        text: &str,
    ) -> Result<(), ConfigFailure> {
        let mut key = Vec::new();
        let mut below = Some(&self.tables);
        for part in path.split("__") {
            let plain = |name: &str| name.to_lowercase().replace('-', "_");
            let known = below.and_then(|table| table.keys().find(|key| plain(key) == plain(part)));
            let part = known.cloned().unwrap_or_else(|| part.to_lowercase());
            below = below.and_then(|table| table.get(&part)).and_then(Json::as_object);
            key.push(part);
        }
        let value = self.read(&key, text);
        self.set(&key, value, Origin::Variable(name.to_owned()))
    }

    /// Lays a flag over it.
    pub(super) fn flag(
        &mut self,
        key: &str,
        flag: &'static str,
        text: &str,
    ) -> Result<(), ConfigFailure> {
        let key: Vec<String> = key.split('.').map(str::to_owned).collect();
        let value = self.read(&key, text);
        self.set(&key, value, Origin::Flag(flag))
    }

    /// Gives a profile to every agent that has a table of them, unless the table was told another.
    pub(super) fn profile(&mut self, catalog: &Catalog, profile: ProfileFile) {
        let ProfileFile { name, text, path } = profile;
        for (kind, _) in catalog.iter() {
            let key = format!("{kind}.profiles.{name}");
            let table = self.tables.get_mut(kind).and_then(|table| table.get_mut("profiles"));
            let Some(Json::Object(known)) = table else { continue };
            if !self.set_by_key.contains_key(&key) && known.get(&name) != Some(&Json::from(&*text))
            {
                known.insert(name.clone(), Json::from(&*text));
                let origin = Origin::File(path.clone(), 1);
                let path = vec![kind.to_owned(), "profiles".to_owned(), name.clone()];
                self.set_by_key.insert(key, Set { path, origin });
            }
        }
    }

    /// Text as the kind of value that it replaces.
    fn read(&self, key: &[String], text: &str) -> Json {
        if matches!(self.get(key), Some(Json::String(_))) {
            return Json::from(text);
        }
        serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
    }

    fn get(&self, key: &[String]) -> Option<&Json> {
        let (first, rest) = key.split_first()?;
        rest.iter().try_fold(self.tables.get(first)?, |value, part| value.get(part))
    }

    /// Whether there is a value or table `key`; an agent's table may hold what we do not know.
    fn known(&self, key: &[String], origin: &Origin) -> Result<(), ConfigFailure> {
        let known = if self.is_own(key) { self.get(key) } else { self.tables.get(&key[0]) };
        if known.is_some() {
            return Ok(());
        }
        let key = key.join(".");
        let nearest = self.nearest(&key);
        Err(ConfigFailure::Unknown { key, origin: origin.clone(), nearest })
    }

    fn is_own(&self, key: &[String]) -> bool {
        self.own.contains(&key[0])
    }

    /// Takes note of a table's head.
    fn enter(&self, key: &[String], origin: Origin) -> Result<(), ConfigFailure> {
        self.known(key, &origin)?;
        match self.get(key) {
            Some(value) if self.is_own(key) && !value.is_object() => Err(ConfigFailure::Unusable {
                key: key.join("."),
                value: "a table".to_owned(),
                origin,
                reason: "it is a single value".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn set(&mut self, key: &[String], value: Json, origin: Origin) -> Result<(), ConfigFailure> {
        self.known(key, &origin)?;
        let unusable = |reason: String| ConfigFailure::Unusable {
            key: key.join("."),
            value: shown(&value),
            origin: origin.clone(),
            reason,
        };
        let (last, tables) = key.split_last().expect("a key has a name");
        if tables.is_empty() || self.is_own(key) && self.get(key).is_some_and(Json::is_object) {
            return Err(unusable("it is a table; set the values in it".to_owned()));
        }
        let before = self.get(key).cloned();
        lay(&mut self.tables, tables, last, value.clone());
        if self.is_own(key) {
            self.check().map_err(|reason| unusable(in_words(&reason, before.as_ref())))?;
        }
        self.set_by_key.insert(key.join("."), Set { path: key.to_vec(), origin });
        Ok(())
    }

    fn check(&self) -> Result<Settings, String> {
        let own = self.tables.iter().filter(|(name, _)| self.own.contains(name));
        let own: Map<String, Json> =
            own.map(|(name, value)| (name.clone(), value.clone())).collect();
        serde_json::from_value(Json::Object(own)).map_err(|error| error.to_string())
    }

    /// The checked settings.
    pub(super) fn settings(&self) -> Settings {
        self.check().expect("every value was checked when it was set")
    }

    /// The agents' tables.
    pub(super) fn agents(&self, catalog: &Catalog) -> BTreeMap<String, Json> {
        let kinds = catalog.iter().map(|(kind, _)| kind.to_owned());
        kinds.map(|kind| (kind.clone(), self.tables[&kind].clone())).collect()
    }

    /// Every value in force.
    pub(super) fn values(&self) -> Vec<Value> {
        let mut leaves = Vec::new();
        for (name, table) in &self.tables {
            leaf(name, table, &mut leaves);
        }
        let with_origin = |(key, value): (String, Json)| {
            let origin = self.set_by_key.get(&key).map(|set| set.origin.clone());
            let origin = origin.unwrap_or(Origin::Default);
            Value { key, value, origin }
        };
        leaves.into_iter().map(with_origin).collect()
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let values = self.values();
        let keys = values.iter().map(|value| value.key.as_str());
        let tables = self.tables.keys().map(String::as_str);
        nearest(name, keys.chain(tables)).map(str::to_owned).or_else(|| {
            // The right word in the wrong table.
            let last = |key: &str| key.rsplit('.').next().map(str::to_owned);
            values.iter().map(|value| &value.key).find(|key| last(key) == last(name)).cloned()
        })
    }

    /// Why agent `kind` refuses its table, which as a whole it does because of `reason`: the first value that was set
    /// and that it refuses by itself, laid over its `defaults`; else values that do not go together, in its own words.
    pub(super) fn refused(
        &self,
        kind: &str,
        defaults: &Json,
        reason: String,
        check: impl Fn(&Json) -> Result<(), String>,
    ) -> ConfigFailure {
        let table = Map::from_iter([(kind.to_owned(), defaults.clone())]);
        for Set { path, origin } in self.set_by_key.values().filter(|set| set.path[0] == kind) {
            let (Some(value), Some((last, above))) = (self.get(path), path.split_last()) else {
                continue;
            };
            let mut tables = table.clone();
            lay(&mut tables, above, last, value.clone());
            let Err(reason) = check(&tables[kind]) else { continue };
            let (key, origin) = (path.join("."), origin.clone());
            if reason.starts_with(&format!("unknown field `{last}`")) {
                let nearest = meant(last, &reason).map(|it| format!("{}.{it}", above.join(".")));
                return ConfigFailure::Unknown { key, origin, nearest };
            }
            let known = path[1..].iter().try_fold(defaults, |value, part| value.get(part));
            let reason = in_words(&reason, known);
            return ConfigFailure::Unusable { key, value: shown(value), origin, reason };
        }
        ConfigFailure::Agent { kind: kind.to_owned(), reason }
    }
}

/// The field that was probably meant by one that is not known, of those that `reason` lists.
fn meant<'r>(field: &str, reason: &'r str) -> Option<&'r str> {
    let (_, expected) = reason.split_once(", expected ")?;
    nearest(field, expected.split('`').skip(1).step_by(2))
}

/// Puts `value` at `path` and `last`; what is in the way becomes a table.
fn lay(tables: &mut Map<String, Json>, path: &[String], last: &str, value: Json) {
    let mut place = tables;
    for part in path {
        let below = place.entry(part.clone()).or_insert(Json::Null);
        if !below.is_object() {
            *below = Json::Object(Map::new());
        }
        place = below.as_object_mut().expect("it was made an object above");
    }
    place.insert(last.to_owned(), value);
}

/// What a file says: a value's name, the value (none for a table as such), and the byte at which it stands.
type Said = (Vec<String>, Option<Json>, usize);

/// Everything that a table says.
fn collect(
    path: &mut Vec<String>,
    table: &toml::Table,
    places: &DeTable<'_>,
    said: &mut Vec<Said>,
) {
    for (key, place) in places {
        let name = key.get_ref().as_ref();
        let Some(value) = table.get(name) else { continue };
        path.push(name.to_owned());
        let at = key.span().start;
        match (value, place.get_ref()) {
            (toml::Value::Table(table), DeValue::Table(places)) => {
                said.push((path.clone(), None, at));
                collect(path, table, places, said);
            }
            _ => said.push((path.clone(), Some(json(value)), at)),
        }
        path.pop();
    }
}

fn json(value: &toml::Value) -> Json {
    match value {
        toml::Value::String(text) => Json::from(text.as_str()),
        toml::Value::Integer(number) => Json::from(*number),
        toml::Value::Float(number) => Json::from(*number),
        toml::Value::Boolean(truth) => Json::from(*truth),
        toml::Value::Datetime(moment) => Json::from(moment.to_string()),
        toml::Value::Array(items) => items.iter().map(json).collect(),
        toml::Value::Table(table) => {
            Json::Object(table.iter().map(|(key, value)| (key.clone(), json(value))).collect())
        }
    }
}

fn leaf(name: &str, value: &Json, leaves: &mut Vec<(String, Json)>) {
    match value {
        Json::Object(table) => {
            for (key, value) in table {
                leaf(&format!("{name}.{key}"), value, leaves);
            }
        }
        value => leaves.push((name.to_owned(), value.clone())),
    }
}
