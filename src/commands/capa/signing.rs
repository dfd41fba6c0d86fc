//! `capa sign`: what each gate wants to know, from flags, as the facade takes it.

use super::find;
use crate::cli::{Answer, Remote, Repeat, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use crate::shown;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

/// Flags of `capa sign`.
#[derive(Args, Debug)]
pub struct SignArgs {
    /// The CAPA: its id, the first letters of it, or its component.
    capa: String,
    /// The gate.
    #[arg(long, value_enum, ignore_case = true)]
    gate: Gate,
    /// Who signs.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// D3: what was done so that it does no more harm. D7: what keeps it from happening elsewhere.
    #[arg(long, value_name = "TEXT")]
    measures: Option<String>,
    /// D3: share of the harm that this keeps away, in per cent.
    #[arg(long, value_name = "PERCENT")]
    effective: Option<f64>,
    /// D4: the root cause.
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
    /// D4: where it should have been noticed and was not.
    #[arg(long, value_name = "TEXT")]
    escape_point: Option<String>,
    /// D4: why, and why again; three to seven times.
    #[arg(long, value_name = "TEXT")]
    why: Vec<String>,
    /// D4: a finding, test or document that shows it; as often as there are.
    #[arg(long, value_name = "TEXT")]
    evidence: Vec<String>,
    /// D5: what will be done.
    #[arg(long, value_name = "TEXT")]
    action: Option<String>,
    /// D5: later assets must fail at most at this share of the rate at opening.
    #[arg(long, value_name = "SHARE")]
    ratio_max: Option<f64>,
    /// D5: days of life of later assets, all together, at which that is decided.
    #[arg(long, value_name = "N")]
    life_days: Option<u32>,
    /// D5: with which certainty, 0.5 to below 1.
    #[arg(long, value_name = "SHARE")]
    level: Option<f64>,
    /// D6: what was done where.
    #[arg(long, value_name = "TEXT")]
    done: Option<String>,
    /// D6: assets whose life begins from here on have it; left out: from now on.
    #[arg(long, value_name = "TIME")]
    effective_from: Option<String>,
    /// D8: what was learned.
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    #[command(flatten)]
    repeat: Repeat,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Gates that are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Gate {
    /// Containment.
    D3,
    /// Root cause and escape point.
    D4,
    /// Action, and how it is judged.
    D5,
    /// It is implemented.
    D6,
    /// Prevention.
    D7,
    /// Closure.
    D8,
}

/// A flag by name, with its value if it was given.
type Flag = (&'static str, Option<Value>);

impl SignArgs {
    /// What was given, by the flags' names.
    fn flags(&self) -> Vec<Flag> {
        let text = |it: &Option<String>| it.clone().map(Value::from);
        let list = |it: &Vec<String>| (!it.is_empty()).then(|| json!(it));
        let number = |it: Option<f64>| it.map(Value::from);
        vec![
            ("measures", text(&self.measures)),
            ("effective", number(self.effective)),
            ("cause", text(&self.cause)),
            ("escape-point", text(&self.escape_point)),
            ("why", list(&self.why)),
            ("evidence", list(&self.evidence)),
            ("action", text(&self.action)),
            ("ratio-max", number(self.ratio_max)),
            ("life-days", self.life_days.map(Value::from)),
            ("level", number(self.level)),
            ("done", text(&self.done)),
            ("effective-from", text(&self.effective_from)),
            ("summary", text(&self.summary)),
        ]
    }
}

impl Gate {
    /// What it is called, and its flags with the fields that they fill.
    const fn wants(self) -> (&'static str, &'static [(&'static str, &'static str)]) {
        match self {
            Self::D3 => {
                ("containment", &[("measures", "measures"), ("effective", "effective_percent")])
            }
            Self::D4 => (
                "root_cause",
                &[
                    ("cause", "cause"),
                    ("escape-point", "escape_point"),
                    ("why", "whys"),
                    ("evidence", "evidence"),
                ],
            ),
            Self::D5 => (
                "action",
                &[
                    ("action", "action"),
                    ("ratio-max", "ratio_max"),
                    ("life-days", "life_days"),
                    ("level", "level"),
                ],
            ),
            Self::D6 => ("implemented", &[("done", "done"), ("effective-from", "effective_from")]),
            Self::D7 => ("prevention", &[("measures", "measures")]),
            Self::D8 => ("closure", &[("summary", "summary")]),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::D3 => "D3",
            Self::D4 => "D4",
            Self::D5 => "D5",
            Self::D6 => "D6",
            Self::D7 => "D7",
            Self::D8 => "D8",
        }
    }

    /// The statement that the flags make.
    fn statement(self, flags: &[Flag]) -> Result<Value, CliError> {
        let (name, wanted) = self.wants();
        let is_wanted = |flag: &str| wanted.iter().any(|(known, _)| *known == flag);
        if let Some((flag, _)) = flags.iter().find(|(flag, it)| it.is_some() && !is_wanted(flag)) {
            return Err(self.error(format!("`--{flag}` is not of gate {}", self.name())));
        }
        let mut fields = Map::new();
        for (flag, field) in wanted {
            let given =
                flags.iter().find(|(known, _)| known == flag).and_then(|(_, it)| it.clone());
            if given.is_none() && *flag != "effective-from" {
                return Err(self.error(format!("gate {} needs `--{flag}`", self.name())));
            }
            fields.insert((*field).to_owned(), given.unwrap_or(Value::Null));
        }
        if self == Self::D5 {
            let criterion = ["ratio_max", "life_days", "level"];
            let criterion: Map<String, Value> =
                criterion.iter().filter_map(|field| fields.remove_entry(*field)).collect();
            fields.insert("criterion".to_owned(), criterion.into());
        }
        Ok(json!({ name: fields }))
    }

    fn error(self, text: String) -> CliError {
        let flags: Vec<String> =
            self.wants().1.iter().map(|(flag, _)| format!("--{flag}")).collect();
        CliError::Input { text, help: format!("{} takes {}", self.name(), flags.join(", ")) }
    }
}

pub(super) fn sign(args: SignArgs, session: &Session) -> Result<Exit, CliError> {
    let statement = args.gate.statement(&args.flags())?;
    let client = Client::new(&args.remote)?;
    let id = find(&client, &args.capa)?;
    let body = json!({ "by": args.by, "statement": statement });
    let key = args.repeat.key.as_deref();
    let said = client.post_once(&format!("/v1/capas/{id}/sign"), &body, key)?;
    let short = shown::id(&said, "/capa");
    let text = format!("CAPA {short}: {} of {} is recorded", args.gate.name(), args.by);
    session.console.done(args.answer.output, text, &said)?;
    session.console.next(args.answer.output, &format!("aurorasync capa show {short}"));
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gate_takes_its_flags_and_says_what_is_missing() {
        let flags = vec![("measures", Some(json!("blocked"))), ("effective", Some(json!(80.0)))];
        let statement = Gate::D3.statement(&flags).unwrap();
        let wanted = json!({ "containment": { "measures": "blocked", "effective_percent": 80.0 } });
        assert_eq!(statement, wanted);
        let missing = Gate::D4.statement(&[]).unwrap_err();
        assert!(missing.to_string().contains("needs `--cause`"), "{missing}");
        let foreign = Gate::D8.statement(&flags).unwrap_err();
        assert!(foreign.to_string().contains("`--measures` is not of gate D8"), "{foreign}");
    }

    #[test]
    fn every_statement_is_one_that_the_log_can_hold() {
        let text = || Some(json!("text"));
        let list = || Some(json!(["one", "two", "three"]));
        let flags = vec![
            ("measures", text()),
            ("effective", Some(json!(80.0))),
            ("cause", text()),
            ("escape-point", text()),
            ("why", list()),
            ("evidence", list()),
            ("action", text()),
            ("ratio-max", Some(json!(0.5))),
            ("life-days", Some(json!(600))),
            ("level", Some(json!(0.9))),
            ("done", text()),
            ("summary", text()),
        ];
        for gate in [Gate::D3, Gate::D4, Gate::D5, Gate::D6, Gate::D7, Gate::D8] {
            let own = |(flag, _): &&Flag| gate.wants().1.iter().any(|(known, _)| known == flag);
            let own: Vec<Flag> = flags.iter().filter(own).cloned().collect();
            let statement = gate.statement(&own).unwrap();
            let read: messages::capa::Statement = serde_json::from_value(statement).unwrap();
            assert_eq!((read.gate().name(), read.check()), (gate.name(), Ok(())));
        }
    }
}
