//! A CAPA as an 8D report, put together from its records: what was found, decided and signed, with where it stands on
//! the log.

use messages::capa::{
    CapaClosed, CapaOpened, CapaRefused, CapaReopened, CapaState, CapaUpdated, Effectiveness, Gate,
    RecallSuggested, Statement,
};
use messages::pattern::Rate;
use messages::{Envelope, Message, Provenance, Sequence, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// An 8D report.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) state: CapaState,
    pub(super) provenance: Provenance,
    pub(super) opened_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// What opened it: D0, D2, and when D3 is due.
    pub(super) opened: CapaOpened,
    /// D0: why a recall is suggested, if it is.
    pub(super) recall: Option<String>,
    /// D1: who signed anything.
    pub(super) people: Vec<String>,
    /// D2: how often the group fails by now.
    pub(super) rate: Rate,
    /// D3 to D8, as far as they are signed and hold.
    pub(super) signed: BTreeMap<Gate, Signed>,
    /// D6: how the criterion stands.
    pub(super) effectiveness: Option<Effectiveness>,
    /// Everything that happened, in order.
    pub(super) history: Vec<Line>,
    /// Records that are no longer told because there are too many.
    pub(super) omitted: u64,
}

/// A signature.
#[derive(Debug, Serialize)]
pub(super) struct Signed {
    pub(super) by: String,
    pub(super) at: Timestamp,
    pub(super) statement: Statement,
}

/// Something that happened.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    /// Position on the LOG.
    pub(super) sequence: Sequence,
    /// The message's name.
    pub(super) event: String,
    pub(super) text: String,
}

impl Report {
    pub(super) fn opened(sequence: Sequence, envelope: &Envelope, omitted: u64) -> Option<Self> {
        let opened = envelope.open::<CapaOpened>().ok()?;
        let mut report = Self {
            state: CapaState::Open,
            provenance: envelope.provenance,
            opened_at: envelope.time,
            updated_at: envelope.time,
            recall: None,
            people: Vec::new(),
            rate: opened.rate.clone(),
            signed: BTreeMap::new(),
            effectiveness: None,
            history: Vec::new(),
            omitted,
            opened,
        };
        let text = format!("{} failures of {}", report.opened.failures, report.opened.group);
        report.line(sequence, envelope, text);
        Some(report)
    }

    /// Takes in another record of the CAPA.
    pub(super) fn hear(&mut self, sequence: Sequence, envelope: &Envelope) {
        let text = match envelope.name.as_str() {
            CapaUpdated::NAME => envelope.open().ok().map(|it| self.updated(it, envelope.time)),
            CapaReopened::NAME => envelope.open().ok().map(|it| self.reopened(it)),
            CapaClosed::NAME => envelope.open::<CapaClosed>().ok().map(|closed| {
                self.state = CapaState::Closed;
                self.effectiveness = Some(closed.effectiveness);
                format!("closed: {}", closed.summary)
            }),
            CapaRefused::NAME => envelope.open::<CapaRefused>().ok().map(|refused| {
                format!("{} of {} was refused: {}", refused.gate, refused.by, refused.reason)
            }),
            RecallSuggested::NAME => envelope.open::<RecallSuggested>().ok().map(|suggested| {
                self.recall = Some(suggested.reason.clone());
                format!("recall suggested: {}", suggested.reason)
            }),
            _ => None,
        };
        if let Some(text) = text {
            self.line(sequence, envelope, text);
        }
    }

    fn line(&mut self, sequence: Sequence, envelope: &Envelope, text: String) {
        self.updated_at = envelope.time;
        let event = envelope.name.clone();
        self.history.push(Line { at: envelope.time, sequence, event, text });
    }

    fn updated(&mut self, updated: CapaUpdated, at: Timestamp) -> String {
        self.state = updated.state;
        self.rate = updated.rate.unwrap_or_else(|| self.rate.clone());
        self.effectiveness = updated.effectiveness.or_else(|| self.effectiveness.take());
        if let (Some(gate), Some(statement), Some(by)) =
            (updated.gate, updated.statement, updated.by)
        {
            if !self.people.contains(&by) {
                self.people.push(by.clone());
            }
            self.signed.insert(gate, Signed { by, at, statement });
        }
        updated.reason
    }

    fn reopened(&mut self, reopened: CapaReopened) -> String {
        self.state = CapaState::Reopened;
        self.signed.retain(|gate, _| *gate < Gate::D4);
        self.effectiveness = Some(reopened.effectiveness);
        format!("reopened: {}", reopened.reason)
    }
}

/// One discipline of the report, as texts: what both forms that people read are made of.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
}

impl Report {
    /// Title of the whole.
    pub(super) fn title(&self) -> String {
        format!("8D report: {} of {}", self.opened.component, self.opened.group)
    }

    /// The disciplines in their order.
    pub(super) fn sections(&self) -> Vec<Section> {
        let mut sections = vec![self.gate_zero(), self.team(), self.problem()];
        let titles = [
            (Gate::D3, "containment"),
            (Gate::D4, "root cause and escape point"),
            (Gate::D5, "action and how it is judged"),
            (Gate::D6, "implementation and effectiveness"),
            (Gate::D7, "prevention"),
            (Gate::D8, "closure"),
        ];
        sections.extend(titles.into_iter().map(|(gate, title)| self.gate(gate, title)));
        sections
    }

    fn gate_zero(&self) -> Section {
        let safety = if self.opened.safety { "yes" } else { "no" };
        let mut lines = vec![format!("safety component: {safety}")];
        lines.extend(self.recall.iter().map(|reason| format!("recall suggested: {reason}")));
        let fmea = &self.opened.fmea;
        lines.push(format!(
            "severity {}, occurrence {}, detection {}: action priority {:?}",
            fmea.severity, fmea.occurrence, fmea.detection, fmea.priority
        ));
        lines.extend(fmea.because.iter().cloned());
        Section { title: "D0 safety and recall".to_owned(), lines }
    }

    fn team(&self) -> Section {
        let lines = match self.people.is_empty() {
            true => vec!["nobody has signed yet".to_owned()],
            false => self.people.clone(),
        };
        Section { title: "D1 team (who signed)".to_owned(), lines }
    }

    fn problem(&self) -> Section {
        let opened = &self.opened;
        let mut lines = vec![
            format!(
                "p = {:.2e}, corrected for all groups compared and for looking again",
                opened.p_value.get()
            ),
            format!("at opening: {}", counted(&opened.rate)),
            format!("the rest: {}", counted(&opened.rest)),
            format!("now: {}", counted(&self.rate)),
        ];
        lines.extend(
            opened
                .is_is_not
                .iter()
                .map(|it| format!("{}: is {}; is not {}", it.about, it.is, it.is_not)),
        );
        lines.extend(opened.causes.iter().map(|it| {
            format!(
                "cause `{}` reported by {} of {} workshops, of {} failures",
                it.cause, it.workshops, it.of_workshops, it.failures
            )
        }));
        if let Some(life) = &opened.life {
            lines.push(format!(
                "Weibull of the group: β {:.2}, η {:.0} days, B10 {:.0} days, from {} failures and {} suspensions",
                life.shape.value.get(),
                life.scale_days.value.get(),
                life.b10_days.value.get(),
                life.failures,
                life.suspensions
            ));
        }
        Section { title: "D2 problem".to_owned(), lines }
    }

    fn gate(&self, gate: Gate, title: &str) -> Section {
        let mut lines = match self.signed.get(&gate) {
            None => vec!["not signed".to_owned()],
            Some(signed) => {
                let mut lines = statement(&signed.statement);
                lines.push(format!("signed by {} at {}", signed.by, signed.at));
                lines
            }
        };
        if gate == Gate::D3 {
            lines.push(format!("due by {}", self.opened.contain_by));
        }
        if gate == Gate::D6
            && let Some(stands) = &self.effectiveness
        {
            lines.push(effectiveness(stands));
        }
        Section { title: format!("{gate} {title}"), lines }
    }
}

/// A rate with what was counted.
fn counted(rate: &Rate) -> String {
    let per_1000 = rate.per_1000_years.map_or(String::new(), |it| {
        let end = |end: Option<messages::Finite>| {
            end.map_or("?".to_owned(), |it| format!("{:.0}", it.get()))
        };
        let (low, high) = (end(it.low), end(it.high));
        format!(", {:.0} ({low} to {high}) per 1,000 assets and year", it.value.get())
    });
    let query = &rate.query;
    format!(
        "{} failures of {} assets in {:.0} days of life{per_1000}; counted {} where {} from {} to {}",
        rate.failures,
        rate.assets,
        rate.life_days.get(),
        query.counted.join(" and "),
        query.condition,
        query.from,
        query.until
    )
}

fn statement(statement: &Statement) -> Vec<String> {
    match statement {
        Statement::Containment { measures, effective_percent } => {
            vec![measures.clone(), format!("{effective_percent} % effective")]
        }
        Statement::RootCause { cause, escape_point, whys, evidence } => {
            let mut lines =
                vec![format!("cause: {cause}"), format!("escape point: {escape_point}")];
            lines.extend(whys.iter().map(|why| format!("why: {why}")));
            lines.extend(evidence.iter().map(|piece| format!("evidence: {piece}")));
            lines
        }
        Statement::Action { action, criterion } => vec![
            action.clone(),
            format!(
                "criterion, fixed beforehand: later assets fail at {} of the rate at opening at most, \
                 with certainty {}, over {} days of life",
                criterion.ratio_max, criterion.level, criterion.life_days
            ),
        ],
        Statement::Implemented { done, effective_from } => {
            let from = effective_from.map(|from| format!("effective for assets from {from} on"));
            [Some(done.clone()), from].into_iter().flatten().collect()
        }
        Statement::Prevention { measures } => vec![measures.clone()],
        Statement::Closure { summary } => vec![summary.clone()],
    }
}

fn effectiveness(stands: &Effectiveness) -> String {
    let met = match stands.met {
        Some(true) => "met",
        Some(false) => "missed",
        None => "not decided",
    };
    format!(
        "criterion {met}: {} failures of {} later assets in {:.0} days of life, at most {} allowed",
        stands.failures,
        stands.assets,
        stands.life_days.get(),
        stands.failures_max
    )
}
