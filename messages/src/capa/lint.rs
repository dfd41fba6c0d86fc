//! What a statement must and must not say, whoever signs it.

use super::{Criterion, Statement};

/// Longest text of a statement, in bytes.
pub const TEXT_BYTES_MAX: usize = 2_000;
/// Fewest times that "why" is asked.
pub const WHYS_MIN: usize = 3;
/// Most times that "why" is asked.
pub const WHYS_MAX: usize = 7;
/// Most pieces of evidence that a root cause names.
pub const EVIDENCE_MAX: usize = 20;
/// Longest life of later assets that a criterion may ask for, in days of all of them together: a thousand years.
pub const LIFE_DAYS_MAX: u32 = 365_250;

/// Who is blamed in place of a cause.
const BLAMED: [&str; 9] = [
    "operator",
    "human",
    "driver",
    "user",
    "worker",
    "technician",
    "mechanic",
    "owner",
    "personnel",
];
/// What they are blamed of.
const BLAME: [&str; 7] =
    ["error", "mistake", "fault", "carelessness", "negligence", "misuse", "inattention"];

/// A statement that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A text is missing or too long.
    #[error("`{field}` has {bytes} bytes; write 1 to {TEXT_BYTES_MAX}")]
    Text {
        /// Which.
        field: &'static str,
        /// How long it is.
        bytes: usize,
    },
    /// A number that cannot be.
    #[error("`{field}` is `{value}`; {remedy}")]
    Number {
        /// Which.
        field: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        remedy: &'static str,
    },
    /// Somebody is blamed in place of a cause.
    #[error(
        "`{text}` blames somebody, which is no root cause; say what let it happen and was not noticed"
    )]
    Blame {
        /// What was written.
        text: String,
    },
    /// Nobody says where it should have been noticed.
    #[error("`escape_point` is missing; say which check should have noticed it and did not")]
    NoEscapePoint,
    /// Too few or too many reasons.
    #[error(
        "`whys` has {count} reasons; write {WHYS_MIN} to {WHYS_MAX}, each why of the one before"
    )]
    Whys {
        /// How many there are.
        count: usize,
    },
    /// No evidence, or too much.
    #[error("`evidence` has {count} pieces; name 1 to {EVIDENCE_MAX} findings, tests or documents")]
    Evidence {
        /// How many there are.
        count: usize,
    },
}

impl Statement {
    /// Refuses what no CAPA may say, at whichever gate it stands.
    ///
    /// # Errors
    /// [`Refusal`] naming the field, what it says and what would do.
    pub fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Containment { measures, effective_percent } => {
                text("measures", measures)?;
                let percent = effective_percent.get();
                let remedy = "write 0 to 100";
                number("effective_percent", percent, (0.0..=100.0).contains(&percent), remedy)
            }
            Self::RootCause { cause, escape_point, whys, evidence } => {
                text("cause", cause)?;
                if escape_point.trim().is_empty() {
                    return Err(Refusal::NoEscapePoint);
                }
                text("escape_point", escape_point)?;
                if !(WHYS_MIN..=WHYS_MAX).contains(&whys.len()) {
                    return Err(Refusal::Whys { count: whys.len() });
                }
                whys.iter().try_for_each(|why| text("whys", why))?;
                if !(1..=EVIDENCE_MAX).contains(&evidence.len()) {
                    return Err(Refusal::Evidence { count: evidence.len() });
                }
                evidence.iter().try_for_each(|piece| text("evidence", piece))?;
                match blames(cause) {
                    true => Err(Refusal::Blame { text: cause.clone() }),
                    false => Ok(()),
                }
            }
            Self::Action { action, criterion } => {
                text("action", action)?;
                criterion.check()
            }
            Self::Implemented { done, .. } => text("done", done),
            Self::Prevention { measures } => text("measures", measures),
            Self::Closure { summary } => text("summary", summary),
        }
    }
}

impl Criterion {
    fn check(self) -> Result<(), Refusal> {
        let (ratio, level, days) = (self.ratio_max.get(), self.level.get(), self.life_days);
        let remedy = "write a share above 0 and below 1";
        number("ratio_max", ratio, ratio > 0.0 && ratio < 1.0, remedy)?;
        let remedy = "write 0.5 or more and less than 1";
        number("level", level, (0.5..1.0).contains(&level), remedy)?;
        let remedy = "write 1 to 365250 days of life, all later assets together";
        number("life_days", f64::from(days), (1..=LIFE_DAYS_MAX).contains(&days), remedy)
    }
}

fn number(
    field: &'static str,
    value: f64,
    sound: bool,
    remedy: &'static str,
) -> Result<(), Refusal> {
    if sound { Ok(()) } else { Err(Refusal::Number { field, value: value.to_string(), remedy }) }
}

fn text(field: &'static str, text: &str) -> Result<(), Refusal> {
    let bytes = text.len();
    let sound = !text.trim().is_empty() && bytes <= TEXT_BYTES_MAX;
    if sound { Ok(()) } else { Err(Refusal::Text { field, bytes }) }
}

/// Whether a text says that somebody erred: one who is blamed and what of, at most two words apart.
fn blames(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|letter: char| !letter.is_alphabetic()).filter(|it| !it.is_empty()).collect();
    let singular = |word: &str, known: &[&str]| {
        known.iter().any(|known| {
            word.strip_prefix(known).is_some_and(|ending| ["", "s", "es"].contains(&ending))
        })
    };
    let places = |known: &[&str]| {
        let found = words.iter().enumerate().filter(|(_, word)| singular(word, known));
        found.map(|(place, _)| place).collect::<Vec<_>>()
    };
    let (who, what) = (places(&BLAMED), places(&BLAME));
    who.iter().any(|one| what.iter().any(|other| one.abs_diff(*other) <= 3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finite;

    fn finite(value: f64) -> Finite {
        Finite::new(value).unwrap()
    }

    fn root_cause(cause: &str, escape_point: &str, whys: usize) -> Statement {
        Statement::RootCause {
            cause: cause.to_owned(),
            escape_point: escape_point.to_owned(),
            whys: vec!["because".to_owned(); whys],
            evidence: vec!["finding of the workshop".to_owned()],
        }
    }

    #[test]
    fn operator_error_is_no_root_cause() {
        for cause in [
            "Operator error",
            "human errors during assembly",
            "An error of the operator",
            "Careless work: mistake by a technician",
            "driver misuse",
        ] {
            let refused = root_cause(cause, "outgoing inspection", 5).check();
            assert_eq!(refused, Err(Refusal::Blame { text: cause.to_owned() }), "{cause}");
        }
        for cause in [
            "Binder of the pads was cured too cold; the oven has no alarm",
            "The error of the torque gauge exceeds its tolerance",
            "The manual tells operators to skip the second cure",
        ] {
            assert_eq!(root_cause(cause, "outgoing inspection", 5).check(), Ok(()), "{cause}");
        }
    }

    #[test]
    fn a_root_cause_names_where_it_escaped_and_asks_why_often_enough() {
        assert_eq!(root_cause("cold cure", "  ", 5).check(), Err(Refusal::NoEscapePoint));
        assert_eq!(root_cause("cold cure", "gate", 2).check(), Err(Refusal::Whys { count: 2 }));
        let bare = Statement::RootCause {
            cause: "cold cure".to_owned(),
            escape_point: "gate".to_owned(),
            whys: vec!["because".to_owned(); 3],
            evidence: Vec::new(),
        };
        assert_eq!(bare.check(), Err(Refusal::Evidence { count: 0 }));
    }

    #[test]
    fn a_criterion_can_be_met_and_can_be_missed() {
        let action = |ratio: f64, life_days: u32, level: f64| Statement::Action {
            action: "alarm at the oven".to_owned(),
            criterion: Criterion { ratio_max: finite(ratio), life_days, level: finite(level) },
        };
        assert_eq!(action(0.5, 1_000, 0.9).check(), Ok(()));
        for wrong in [
            action(0.0, 1_000, 0.9),
            action(1.0, 1_000, 0.9),
            action(0.5, 0, 0.9),
            action(0.5, 9, 1.0),
        ] {
            assert!(matches!(wrong.check(), Err(Refusal::Number { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn texts_are_there_and_of_a_length_that_can_be_kept() {
        let measures = |text: &str| Statement::Prevention { measures: text.to_owned() };
        assert_eq!(measures(" ").check(), Err(Refusal::Text { field: "measures", bytes: 1 }));
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        assert!(matches!(measures(&long).check(), Err(Refusal::Text { .. })));
        let harm =
            Statement::Containment { measures: "stop".into(), effective_percent: finite(101.0) };
        assert!(matches!(harm.check(), Err(Refusal::Number { .. })));
    }
}
