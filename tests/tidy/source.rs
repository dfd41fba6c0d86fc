//! Finds the workspace's files and takes comments and literals out of Rust, so that rules read code alone.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours.
const FOREIGN: &[&str] = &["target", "node_modules", "runs", "dist", "golden", "compat"];

/// A text file of the workspace.
pub(crate) struct Source {
    /// Where it lies, from the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
    /// The same lines with comments and literals blanked; Rust only.
    pub(crate) code: String,
}

impl Source {
    /// Lines of code with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.code.lines())
    }

    /// Whether all of it is tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// Name of the file without its ending; of its folder for a `mod.rs` or `main.rs`.
    pub(crate) fn noun(&self) -> &str {
        let parts: Vec<&str> = self.path.split('/').collect();
        let stem = parts[parts.len() - 1].trim_end_matches(".rs");
        match stem {
            "mod" | "main" if parts.len() > 1 => parts[parts.len() - 2],
            stem => stem,
        }
    }
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Reads the file at `path`, from the root.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("`{path}`: {error}"))
}

/// Every file below the root whose name ends with `ending`, in order of path.
pub(crate) fn files(ending: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root(), &mut paths);
    let mut found: Vec<Source> = paths
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .map(|path| {
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            let below = path.strip_prefix(root()).expect("the walk began at the root");
            let path = below.to_string_lossy().replace('\\', "/");
            let code = if ending == ".rs" { code_of(&text) } else { String::new() };
            Source { path, text, code }
        })
        .collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    for entry in entries {
        let path = entry.expect("a folder can be read to its end").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !FOREIGN.contains(&name.as_str()) {
                walk(&path, paths);
            }
        } else {
            paths.push(path);
        }
    }
}

/// `text` with comments, strings and character literals blanked.
pub(crate) fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none begins there.
fn skipped(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => position(chars, at, |c| c == '\n'),
        '/' if next == Some('*') => after_block_comment(chars, at),
        '"' => after_string(chars, at + 1),
        'r' if !continues_word(chars, at) => after_raw_string(chars, at),
        '\'' if next == Some('\\') => position(chars, at + 3, |c| c == '\'') + 1,
        '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
    .min(chars.len())
}

fn position(chars: &[char], from: usize, found: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|&at| found(chars[at])).unwrap_or(chars.len())
}

fn continues_word(chars: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| chars[before]);
    before.is_some_and(|c| (c.is_alphanumeric() || c == '_') && c != 'b')
}

fn after_block_comment(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut here = at;
    while here + 1 < chars.len() {
        match (chars[here], chars[here + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                here += 1;
                continue;
            }
        }
        here += 2;
        if depth == 0 {
            return here;
        }
    }
    chars.len()
}

fn after_string(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn after_raw_string(chars: &[char], at: usize) -> usize {
    let quote = position(chars, at + 1, |c| c != '#');
    if chars.get(quote) != Some(&'"') {
        return at;
    }
    let hashes = quote - at - 1;
    let closes =
        |from: usize| chars[from..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    (quote + 1..chars.len())
        .find(|&end| chars[end] == '"' && closes(end + 1))
        .map_or(chars.len(), |end| end + 1 + hashes)
}

/// Whether `line` names the crate `name` by a path: `name::…`, `::name::…` or `use name;`.
pub(crate) fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].trim_end();
        let after = &line[at + name.len()..];
        let whole = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let inside = before
            .strip_suffix("::")
            .is_some_and(|path| path.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        let grouped = before.contains("use ") && before.ends_with(['{', ',']);
        let path =
            after.starts_with("::") || before.ends_with("use") && after.starts_with([';', ' ']);
        whole && path && !inside && !grouped
    })
}

/// Whether `line` holds the word `name`.
pub(crate) fn has_word(line: &str, name: &str) -> bool {
    let wordy = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name)
        .any(|(at, _)| !line[..at].ends_with(wordy) && !line[at + name.len()..].starts_with(wordy))
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = r##"let a = "x // y"; // todo!()
/* todo!() /* nested */ still */ let b = r#"a "quoted" sleep("#; let c = '"'; let d: &'static str = "\"";"##;
    let code = code_of(text);
    assert_eq!(code.len(), text.len());
    assert!(
        !code.contains("todo!") && !code.contains("sleep(") && !code.contains("still"),
        "{code}"
    );
    assert!(code.contains("let b =") && code.contains("let d: &'static str ="), "{code}");
}

#[test]
fn a_crate_is_told_from_a_module_of_its_name() {
    for line in ["use sled::Db;", "let a = ::sled::open(p);", "fn f(t: &sled::Tree)", "use ractor;"]
    {
        assert!(names_crate(line, "sled") || names_crate(line, "ractor"), "{line}");
    }
    for line in
        ["use crate::store::sled::Sled;", "pub mod sled;", "use a::{b, sled::Sled};", "unsled::x"]
    {
        assert!(!names_crate(line, "sled"), "{line}");
    }
}
