//! `agent new`: writes a crate with an agent of one's own, with its tests and a story.
//!
//! What is written is the example in `examples/repeat-failures` under another name: it is built and tested with the program,
//! so that what is written works.

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest name of an agent.
const NAME_BYTES_MAX: usize = 48;
/// The name that stands for the new one in what is written.
const EXAMPLE: &str = "repeat-failures";
/// Numbers of records that are free for agents of others.
const SCHEMAS: std::ops::Range<u32> = 50_000..65_000;

/// Files of the crate beside its manifest.
const FILES: [(&str, &str); 6] = [
    ("README.md", include_str!("../../../examples/repeat-failures/README.md")),
    ("src/lib.rs", include_str!("../../../examples/repeat-failures/src/lib.rs")),
    ("src/main.rs", include_str!("../../../examples/repeat-failures/src/main.rs")),
    ("tests/agent.rs", include_str!("../../../examples/repeat-failures/tests/agent.rs")),
    ("tests/story.rs", include_str!("../../../examples/repeat-failures/tests/story.rs")),
    ("tests/story.yaml", include_str!("../../../examples/repeat-failures/tests/story.yaml")),
];

/// Flags of `agent new`.
#[derive(Args, Debug)]
pub struct NewArgs {
    /// The agent's kind, in small letters, digits and `-`: also the name of the crate and of the folder.
    name: String,
    /// The language it is written in.
    #[arg(long, value_enum, default_value_t, value_name = "LANGUAGE")]
    lang: Language,
    /// The folder in which the crate's folder is made.
    #[arg(long = "in", default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// The checkout of AuroraSync that the crate builds on; where it is not said, the one that the current folder is in.
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    #[command(flatten)]
    answer: Answer,
}

/// Languages that agents are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// Rust.
    #[default]
    Rust,
}

pub(super) fn perform(args: &NewArgs, session: &Session) -> Result<Exit, CliError> {
    check_name(&args.name)?;
    let Language::Rust = args.lang;
    let checkout = match &args.path {
        Some(path) => checkout(path)?,
        None => {
            let here = std::env::current_dir();
            checkout_around(&here.map_err(|error| at(Path::new("."), error))?)?
        }
    };
    let made = args.folder.join(&args.name);
    if made.exists() {
        return Err(CliError::Input {
            text: format!("`{}` exists already", made.display()),
            help: "give another name, or another folder with `--in`".to_owned(),
        });
    }
    write(&made, &args.name, &checkout)?;
    let files: Vec<&str> =
        FILES.iter().map(|(file, _)| *file).chain(["Cargo.toml", "Cargo.lock"]).collect();
    let value = json!({ "agent": args.name, "folder": made, "checkout": checkout, "files": files });
    let text = format!("{}: agent `{}`, its tests and a story", made.display(), args.name);
    session.console.done(args.answer.output, text, &value)?;
    session.console.next(args.answer.output, &format!("cd {} && cargo test", made.display()));
    Ok(Exit::Ok)
}

fn check_name(name: &str) -> Result<(), CliError> {
    let sound = name.len() <= NAME_BYTES_MAX
        && name.split('-').all(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    if sound {
        return Ok(());
    }
    Err(CliError::Input {
        text: format!("`{name}` cannot name an agent"),
        help: format!(
            "write words of small letters and digits joined by `-`, at most {NAME_BYTES_MAX} characters: `fuel-watch`"
        ),
    })
}

/// The checkout in `path`.
fn checkout(path: &Path) -> Result<PathBuf, CliError> {
    let found = path.canonicalize().ok().filter(|path| is_checkout(path));
    found.ok_or_else(|| CliError::Input {
        text: format!("`{}` is no checkout of AuroraSync", path.display()),
        help: "give the folder that holds its `Cargo.toml` and `runtime/`".to_owned(),
    })
}

/// The checkout that `folder` is in.
fn checkout_around(folder: &Path) -> Result<PathBuf, CliError> {
    let found = folder.ancestors().find(|path| is_checkout(path));
    found.map(Path::to_owned).ok_or_else(|| CliError::Input {
        text: format!("`{}` is in no checkout of AuroraSync", folder.display()),
        help: "say where one is with `--path DIR`".to_owned(),
    })
}

fn is_checkout(path: &Path) -> bool {
    let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
    manifest.contains("name = \"aurorasync\"") && path.join("runtime/Cargo.toml").exists()
}

fn write(made: &Path, name: &str, checkout: &Path) -> Result<(), CliError> {
    for folder in ["src", "tests"] {
        let folder = made.join(folder);
        fs::create_dir_all(&folder).map_err(|error| at(&folder, error))?;
    }
    let texts = FILES.map(|(file, text)| (file, renamed(text, name)));
    for (file, text) in texts.into_iter().chain([("Cargo.toml", manifest(name, checkout)?)]) {
        let file = made.join(file);
        fs::write(&file, text).map_err(|error| at(&file, error))?;
    }
    // The versions of libraries that the checkout is tested with.
    let locked = checkout.join("Cargo.lock");
    fs::copy(&locked, made.join("Cargo.lock")).map_err(|error| at(&locked, error))?;
    Ok(())
}

fn at(path: &Path, source: std::io::Error) -> CliError {
    CliError::File { path: path.to_owned(), source }
}

/// `text` of the example, told of `name`.
fn renamed(text: &str, name: &str) -> String {
    let (first, second) = schemas(name);
    text.replace("50_000", &first)
        .replace("50_001", &second)
        .replace(EXAMPLE, name)
        .replace(&snake(EXAMPLE), &snake(name))
        .replace(&camel(EXAMPLE), &camel(name))
}

/// Numbers for the message and the memory, from the name: two agents hardly ever have the same.
fn schemas(name: &str) -> (String, String) {
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let first = SCHEMAS.start + hash % ((SCHEMAS.end - SCHEMAS.start) / 2) * 2;
    let written = |number: u32| format!("{}_{:03}", number / 1_000, number % 1_000);
    (written(first), written(first + 1))
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn camel(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    };
    name.split('-').map(word).collect()
}

fn manifest(name: &str, checkout: &Path) -> Result<String, CliError> {
    let ours = ["agents", "aurorasync", "messages", "runtime"].map(|crate_name| {
        let folder = if crate_name == "aurorasync" {
            checkout.to_owned()
        } else {
            checkout.join(crate_name)
        };
        format!("{crate_name} = {{ path = {:?} }}\n", folder.display().to_string())
    });
    // As in the workspace of the checkout: libraries are optimised, what is written here builds quickly.
    let profiles = crates_of(checkout)?.into_iter().map(|name| {
        format!("\n[profile.dev.package.{name}]\nopt-level = 1\ndebug = \"line-tables-only\"\n")
    });
    Ok(format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
         # A workspace of its own, wherever it lies.\n[workspace]\n\n\
         # Tests stand in `tests`: a program less to link after each edit.\n\
         [lib]\ntest = false\ndoctest = false\n\n\
         [[bin]]\nname = \"{name}\"\npath = \"src/main.rs\"\ntest = false\n\n\
         [dependencies]\n{}serde = {{ version = \"1\", features = [\"derive\"] }}\n\n\
         [dev-dependencies]\ntempfile = \"3\"\n\n\
         [profile.dev]\nopt-level = 1\ndebug = \"line-tables-only\"\n\n\
         [profile.dev.package.\"*\"]\nopt-level = 2\ndebug = false\n{}",
        ours.concat(),
        profiles.collect::<String>(),
    ))
}

/// Crates of the checkout's workspace that its program is made of, itself included.
fn crates_of(checkout: &Path) -> Result<Vec<String>, CliError> {
    let file = checkout.join("Cargo.toml");
    let text = fs::read_to_string(&file).map_err(|error| at(&file, error))?;
    let read: toml::Table = text.parse().map_err(CliError::failed)?;
    let members = read.get("workspace").and_then(|it| it.get("members")?.as_array());
    let names = members.into_iter().flatten().filter_map(|name| name.as_str());
    let beside = names.filter(|name| !name.contains('/')).map(str::to_owned);
    Ok(beside.chain(["aurorasync".to_owned()]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_joined_by_hyphens() {
        for sound in ["fuel-watch", "a", "lane7", "tyres"] {
            assert!(check_name(sound).is_ok(), "{sound}");
        }
        for wrong in
            ["", "Fuel", "fuel_watch", "-fuel", "fuel-", "fuel--watch", "7up", "ü", "lane-7"]
        {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
        assert!(check_name(&"a".repeat(NAME_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn every_form_of_the_examples_name_is_replaced() {
        for (file, text) in FILES {
            let written = renamed(text, "fuel-watch").to_lowercase();
            for form in [EXAMPLE.to_owned(), snake(EXAMPLE), camel(EXAMPLE).to_lowercase()] {
                assert!(!written.contains(&form), "{file} still says {form}");
            }
        }
        let agent = renamed(FILES[1].1, "fuel-watch");
        for said in ["pub struct FuelWatch {", "FuelWatchNoticed", "\"fuel_watch.noticed\""] {
            assert!(agent.contains(said), "{said}");
        }
        assert!(!agent.contains("50_000;") && !agent.contains("50_001;"));
    }

    #[test]
    fn the_crates_of_the_checkout_are_built_as_there() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |text: &str| text.parse::<toml::Table>().expect("a manifest is TOML");
        let workspace = fs::read_to_string(checkout.join("Cargo.toml")).expect("it is there");
        let written = manifest("fuel-watch", checkout).expect("this is a checkout");
        let (workspace, written) = (read(&workspace), read(&written));
        let (theirs, ours) = (&workspace["profile"]["dev"], &written["profile"]["dev"]);
        for setting in ["opt-level", "debug"] {
            assert_eq!(theirs[setting], ours[setting]);
            assert_eq!(theirs["package"]["*"][setting], ours["package"]["*"][setting]);
            for crate_name in ["aurorasync", "agents", "messages", "runtime"] {
                assert_eq!(theirs[setting], ours["package"][crate_name][setting], "{crate_name}");
            }
        }
    }

    #[test]
    fn two_names_have_two_numbers_within_the_free_ones() {
        let (one, other) = (schemas("fuel-watch"), schemas("tyre-watch"));
        assert_ne!(one, other);
        for number in [one.0, one.1, other.0, other.1] {
            let number: u32 = number.replace('_', "").parse().expect("a number");
            assert!(SCHEMAS.contains(&number), "{number}");
        }
    }
}
