//! Layers over each other, and what is said of a value that cannot be used.

use super::*;
use messages::Record;
use runtime::{Agent, ConfigError, Wiring};
use std::fs;

/// An agent with something to configure.
struct Probe;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct ProbeConfig {
    silence_max: Span,
    threshold: f64,
    channels: Vec<String>,
    weights: BTreeMap<String, f64>,
    repeats: u8,
    within: Within,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Within {
    day: Span,
    night: Span,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self {
            silence_max: span(60_000),
            threshold: 0.5,
            channels: Vec::new(),
            weights: BTreeMap::new(),
            repeats: 2,
            within: Within { day: span(60_000), night: span(3_600_000) },
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Nothing;

impl Record for Nothing {
    const SCHEMA: u16 = 60_100;
}

impl Agent for Probe {
    const KIND: &'static str = "line-probe";
    type Config = ProbeConfig;
    type State = Nothing;

    fn new(config: ProbeConfig, _models: &Models) -> Result<Self, ConfigError> {
        if config.threshold > 1.0 {
            let reason = format!("threshold is {}; it is a share of 1", config.threshold);
            return Err(ConfigError::new(Self::KIND, reason));
        }
        if config.repeats > 3 && config.threshold >= 0.9 {
            let reason = format!("{} repeats need a threshold below 0.9", config.repeats);
            return Err(ConfigError::new(Self::KIND, reason));
        }
        Ok(Self)
    }

    fn wiring(_wiring: &mut Wiring<Self>) {}
}

fn catalog() -> Catalog {
    Catalog::default().with::<Probe>()
}

/// What comes of a file, variables and flags.
fn laid(
    text: &str,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &'static str, &str)],
) -> Result<Loaded, ConfigFailure> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    fs::write(&file, text).unwrap();
    let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let flags = flags.iter().map(|(key, flag, text)| (*key, *flag, (*text).to_owned()));
    let sources =
        Sources { file: Some(file), variables: variables.collect(), flags: flags.collect() };
    load(&catalog(), &sources)
}

fn refused(text: &str) -> (String, Option<String>) {
    let failure = laid(text, &[], &[]).unwrap_err();
    let text = failure.to_string();
    // The folder has another name each time.
    let shown = match text.find("/") {
        Some(start) => {
            let end = text.find(FILE).unwrap_or(start);
            format!("{}{}", &text[..start], &text[end..])
        }
        None => text,
    };
    (shown, failure.help())
}

fn value<'l>(loaded: &'l Loaded, key: &str) -> &'l SettingValue {
    loaded.values.iter().find(|value| value.key == key).unwrap()
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
    let file = "[store]\npath = 'file'\n[facade]\nlisten = '127.0.0.1:1'\n[limits]\nasset_messages_burst = 7\n";
    let variables = [
        ("AURORASYNC__STORE__PATH", "variable"),
        ("AURORASYNC__FACADE__LISTEN", "127.0.0.1:2"),
        ("HOME", "/nowhere"),
    ];
    let loaded = laid(file, &variables, &[("store.path", "--data", "flag")]).unwrap();
    assert_eq!(loaded.settings.store.path, Path::new("flag"));
    assert_eq!(loaded.settings.facade.listen.port(), 2);
    assert_eq!(loaded.settings.limits.asset_messages_burst, 7);
    assert_eq!(loaded.settings.retention, Retention::default());
    let origin = |key| value(&loaded, key).origin.to_string();
    assert_eq!(origin("store.path"), "--data");
    assert_eq!(origin("facade.listen"), "AURORASYNC__FACADE__LISTEN");
    assert!(origin("limits.asset_messages_burst").ends_with("aurora.toml:6"));
    assert_eq!(origin("retention.health"), "default");
}

#[test]
fn a_place_to_serve_is_an_address_or_localhost_and_a_port() {
    let listen = |text: &str| {
        laid("", &[], &[("facade.listen", "--facade", text)])
            .map(|loaded| loaded.settings.facade.listen.to_string())
            .map_err(|failure| failure.to_string())
    };
    assert_eq!(listen("localhost:7455").unwrap(), "127.0.0.1:7455");
    assert_eq!(listen("[::1]:0").unwrap(), "[::1]:0");
    for wrong in ["127.0.0.1", "127.0.0.1:99999", "localhost", "example.org:80", ":80", ""] {
        let error = listen(wrong).unwrap_err();
        assert!(error.contains("HOST:PORT") && error.contains("(--facade)"), "{error}");
        assert!(error.contains(&format!("`{wrong}`")), "{error}");
    }
}

#[test]
fn an_agents_table_takes_its_values_from_everywhere_too() {
    let file = "[line-probe]\nchannels = ['a']\n[line-probe.weights]\nb = 2\n";
    let variables = [
        ("AURORASYNC__LINE_PROBE__SILENCE_MAX", "90s"),
        ("AURORASYNC__LINE_PROBE__THRESHOLD", "0.25"),
    ];
    let loaded = laid(file, &variables, &[]).unwrap();
    let expected = serde_json::json!({
        "channels": ["a"], "silence_max": "90s", "threshold": 0.25, "weights": {"b": 2},
        "repeats": 2, "within": {"day": "1m", "night": "1h"},
    });
    assert_eq!(loaded.agents["line-probe"], expected);
    assert!(value(&loaded, "line-probe.weights.b").origin.to_string().ends_with(":4"));
}

#[test]
fn what_is_not_known_is_named_with_its_line_and_what_was_meant() {
    let (text, help) = refused("\n[facade]\nlisen = '127.0.0.1:1'\n");
    assert_eq!(text, "`facade.lisen` (aurora.toml:3) is not known");
    assert_eq!(help.unwrap(), "did you mean `facade.listen`?");
    let (text, help) = refused("[stroe]\n");
    assert_eq!(text, "`stroe` (aurora.toml:1) is not known");
    assert_eq!(help.unwrap(), "did you mean `store`?");
    let (_, help) = refused("[limits]\nlisten = '127.0.0.1:1'\n");
    assert_eq!(help.unwrap(), "did you mean `facade.listen`?");
    let failure = laid("", &[("AURORASYNC__STORE__PAHT", "x")], &[]).unwrap_err();
    assert_eq!(failure.to_string(), "`store.paht` (AURORASYNC__STORE__PAHT) is not known");
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_the_reason() {
    let (text, _) = refused("[retention]\nhealth = 'soon'\n");
    assert!(text.starts_with("`retention.health` is `soon` (aurora.toml:2): "), "{text}");
    assert!(text.contains("`7d`"), "{text}");
    let (text, _) = refused("[limits]\nasset_messages_burst = -1\n");
    assert!(text.starts_with("`limits.asset_messages_burst` is `-1`"), "{text}");
    let (text, _) = refused("store = 3\n");
    assert!(text.contains("it is a table"), "{text}");
    let (text, _) = refused("[store.path]\n");
    assert!(text.contains("it is a single value"), "{text}");
}

#[test]
fn what_is_no_toml_is_shown_with_its_place() {
    let (text, _) = refused("[store\n");
    assert!(text.contains("line 1, column"), "{text}");
}

#[test]
fn an_agent_refuses_its_table_in_its_own_words() {
    let (text, help) = refused("[line-probe]\ntreshold = 1\n");
    assert_eq!(text, "`line-probe.treshold` (aurora.toml:2) is not known");
    assert_eq!(help.unwrap(), "did you mean `line-probe.threshold`?");
    let (text, _) = refused("[line-probe]\nthreshold = 1.5\n");
    let said =
        "`line-probe.threshold` is `1.5` (aurora.toml:2): threshold is 1.5; it is a share of 1";
    assert_eq!(text, said);
    let (text, _) = refused("[line-probe]\nsilence_max = '3 parsecs'\n");
    assert!(
        text.starts_with("`line-probe.silence_max` is `3 parsecs` (aurora.toml:2): "),
        "{text}"
    );
}

#[test]
fn a_value_of_the_wrong_kind_in_an_agents_table_is_named_with_its_place_and_without_types() {
    let said = |text: &str, expected: &str| assert_eq!(refused(text).0, expected);
    said(
        "[line-probe]\nchannels = ['a']\nthreshold = 'high'\n",
        "`line-probe.threshold` is `high` (aurora.toml:3): give a number; `0.5`, for example",
    );
    said(
        "[line-probe]\nchannels = 'a'\n",
        "`line-probe.channels` is `a` (aurora.toml:2): give a list",
    );
    said(
        "[line-probe]\nrepeats = 300\n",
        "`line-probe.repeats` is `300` (aurora.toml:2): give a whole number from 0 to 255; `2`, for example",
    );
    said(
        "[line-probe]\nwithin = '5h'\n",
        "`line-probe.within` is `5h` (aurora.toml:2): give a table of `day`, `night`",
    );
    said(
        "[line-probe.within]\nday = '1h'\nnihgt = '2h'\n",
        "`line-probe.within.nihgt` (aurora.toml:3) is not known",
    );
    let failure = laid("", &[("AURORASYNC__LINE_PROBE__REPEATS", "9pm")], &[]).unwrap_err();
    let said = "`line-probe.repeats` is `9pm` (AURORASYNC__LINE_PROBE__REPEATS): \
                give a whole number from 0 to 255; `2`, for example";
    assert_eq!(failure.to_string(), said);
}

#[test]
fn values_that_do_not_go_together_are_told_with_their_table() {
    let (text, _) = refused("[line-probe]\nrepeats = 5\nthreshold = 0.9\n");
    let said = "table [line-probe] cannot be used: 5 repeats need a threshold below 0.9";
    assert_eq!(text, said);
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_command_that_makes_one() {
    let sources =
        Sources { file: Some(PathBuf::from("/nowhere/aurora.toml")), ..Sources::default() };
    let failure = load(&catalog(), &sources).unwrap_err();
    assert!(failure.help().unwrap().contains("aurorasync config init"));
}
