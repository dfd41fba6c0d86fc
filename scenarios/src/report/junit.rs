//! A run as a test report that build servers read.

use crate::runner::{Ending, Outcome, Played, Verdict};
use std::fmt::Write;

/// The run as JUnit XML: a case for each step, its time on the story's clock.
pub(super) fn junit(name: &str, played: &Played) -> String {
    let failures = played.outcomes.iter().filter(|outcome| !outcome.is_met()).count();
    let elsewhere = failed_elsewhere(played);
    let (tests, failed) = (
        played.outcomes.len() + usize::from(elsewhere.is_some()),
        failures + usize::from(elsewhere.is_some()),
    );
    let seconds = played.clock[1].since(played.clock[0]).as_secs_f64();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut line = |text: String| writeln!(xml, "{text}").expect("a string takes every line");
    line(format!(
        "<testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failed}\" time=\"{seconds:.3}\">",
        escaped(name)
    ));
    played.outcomes.iter().for_each(|outcome| line(case(outcome)));
    if let Some((step, message)) = elsewhere {
        let failure = format!("<failure message=\"{}\"/>", escaped(message));
        line(format!("  <testcase name=\"{}\" time=\"0\">{failure}</testcase>", escaped(step)));
    }
    line("</testsuite>".to_owned());
    xml
}

/// What failed and is no step: an invariant, what was given.
fn failed_elsewhere(played: &Played) -> Option<(&str, &str)> {
    match &played.ending {
        Ending::Failed { step, message, .. } if played.outcomes.iter().all(Outcome::is_met) => {
            Some((step, message))
        }
        Ending::Interrupted => Some(("the story", "interrupted")),
        _ => None,
    }
}

fn case(outcome: &Outcome) -> String {
    let (name, seconds) = (escaped(&outcome.step), outcome.used().as_secs_f64());
    let head = format!(
        "  <testcase name=\"{name}\" file=\"{}\" line=\"{}\" time=\"{seconds:.3}\"",
        escaped(&outcome.file),
        outcome.line
    );
    match &outcome.verdict {
        Verdict::Met => format!("{head}/>"),
        Verdict::Failed { message, nearest } => {
            let nearest = nearest.as_deref().map(escaped).unwrap_or_default();
            format!(
                "{head}><failure message=\"{}\">{nearest}</failure></testcase>",
                escaped(message)
            )
        }
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_the_report_is_escaped() {
        assert_eq!(escaped("a < \"b\" & \n c"), "a &lt; &quot;b&quot; &amp;   c");
    }
}
