//! What the sources say of each setting: the words above its field.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Fields of a struct with their types and the words above each.
type Fields = BTreeMap<String, (String, String)>;

/// Every struct below some folders, by file and name.
pub(crate) struct Structs(BTreeMap<(PathBuf, String), Fields>);

impl Structs {
    pub(crate) fn below(root: &Path, folders: &[&str]) -> Self {
        let mut structs = BTreeMap::new();
        for folder in folders {
            let mut paths = Vec::new();
            walk(&root.join(folder), &mut paths);
            for path in paths {
                let text = fs::read_to_string(&path).unwrap();
                structs
                    .extend(read(&text).into_iter().map(|(name, it)| ((path.clone(), name), it)));
            }
        }
        Self(structs)
    }

    /// The fields of `Config` in `folder`.
    pub(crate) fn config(&self, folder: &Path) -> &Fields {
        let mut found =
            self.0.iter().filter(|((path, name), _)| name == "Config" && path.starts_with(folder));
        let (_, fields) = found.next().unwrap_or_else(|| panic!("no `Config` in {folder:?}"));
        assert!(found.next().is_none(), "one `Config` in {folder:?}");
        fields
    }

    /// The fields of the struct that a setting of type `named` holds; its defaults have the names `of`.
    pub(crate) fn within(&self, named: &str, of: &[&String]) -> Option<&Fields> {
        let name = named.rsplit("::").next().unwrap_or(named);
        let mut found = self.0.iter().filter(|((_, known), fields)| {
            known == name && of.iter().all(|field| fields.contains_key(*field))
        });
        let (_, fields) = found.next()?;
        found.next().is_none().then_some(fields)
    }
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            paths.push(path);
        }
    }
    paths.sort();
}

/// The structs with public fields of a file.
fn read(text: &str) -> Vec<(String, Fields)> {
    let mut found: Vec<(String, Fields)> = Vec::new();
    let (mut inside, mut words) = (false, String::new());
    for line in text.lines() {
        if let Some(named) = line.strip_prefix("pub struct ").and_then(|it| it.strip_suffix(" {")) {
            found.push((named.to_owned(), Fields::new()));
            inside = true;
        } else if line == "}" {
            inside = false;
        }
        let line = line.trim();
        if let Some(more) = line.strip_prefix("/// ") {
            words.extend((!words.is_empty()).then_some(' '));
            words += more;
            continue;
        }
        let field =
            line.strip_prefix("pub ").and_then(|line| line.strip_suffix(',')?.split_once(": "));
        if let (true, Some((name, kind)), Some((_, fields))) = (inside, field, found.last_mut()) {
            fields.insert(name.to_owned(), (kind.to_owned(), words.clone()));
        }
        if !line.starts_with("#[") {
            words.clear();
        }
    }
    found
}

#[test]
fn words_above_a_field_are_those_of_its_setting() {
    let text = "/// Of all.\npub struct Config {\n    /// How long,\n    /// in days.\n    #[serde(default)]\n    \
                pub days_max: Span,\n    hidden: u8,\n}\n\npub fn other() {}\n";
    let [(name, fields)] = &read(text)[..] else { panic!("one struct") };
    let expected = [("days_max".to_owned(), ("Span".to_owned(), "How long, in days.".to_owned()))];
    assert_eq!((name.as_str(), fields), ("Config", &expected.into()));
}
