//! Shows a story at the terminal: a line for each thing worth telling, at the pace that was asked for.

use super::lines::{Lines, Mark};
use super::run::Pace;
use crate::cli::Session;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Console, Format, Tone};
use indicatif::{ProgressBar, ProgressStyle};
use messages::Timestamp;
use scenarios::language::{Scenario, Step};
use scenarios::measure::Record;
use scenarios::narrator::{Narrator, step_words};
use scenarios::report::Report;
use scenarios::runner::{Audience, Ending, Outcome, Played, Verdict};
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Least time between two lines of a paced story.
const LINE_GAP: Duration = Duration::from_secs(3);
/// How long the person at the terminal may think before the script answers.
const OWNER_THINKS_MAX: Duration = Duration::from_secs(60);
/// Days of the past between two lines about it, where there is no terminal.
const PAST_LINE_DAYS: u64 = 30;
const DAY_SECONDS: u64 = 86_400;

/// Whoever sits at the terminal.
pub(super) struct Watcher<'w> {
    console: &'w Console,
    scenario: &'w Scenario,
    seed: u64,
    tells: bool,
    narrator: Narrator,
    lines: Lines,
    /// Where a terminal shows how much of the past is over.
    bar: ProgressBar,
    /// Time on the wall for the whole story, and the steps that it has.
    pace: Option<(Duration, usize)>,
    told_at: Option<Instant>,
    began_at: Instant,
    steps_done: usize,
    steps: bool,
    plays_owner: bool,
    typed: Option<Receiver<String>>,
    interrupted: Arc<AtomicBool>,
    /// Hears signals while the story is played.
    signals: Runtime,
}

impl<'w> Watcher<'w> {
    #[expect(clippy::disallowed_methods, reason = "people at a terminal see how long it takes")]
    pub(super) fn new(
        session: &'w Session,
        format: Format,
        scenario: &'w Scenario,
        seed: u64,
    ) -> Result<Self, CliError> {
        let interrupted = Arc::new(AtomicBool::new(false));
        Ok(Self {
            console: &session.console,
            scenario,
            seed,
            tells: format == Format::Text && !session.console.quiet,
            narrator: Narrator::default(),
            lines: Lines::of_terminal(),
            bar: ProgressBar::hidden(),
            pace: None,
            told_at: None,
            began_at: Instant::now(),
            steps_done: 0,
            steps: false,
            plays_owner: false,
            typed: None,
            signals: listen(interrupted.clone())?,
            interrupted,
        })
    }

    pub(super) fn paced(mut self, Pace(pace): Pace, steps: usize) -> Self {
        self.pace = pace.map(|pace| (pace, steps.max(1)));
        self
    }

    pub(super) fn stepping(mut self, steps: bool) -> Self {
        self.steps = steps;
        self
    }

    pub(super) fn playing_owner(mut self, plays: bool) -> Self {
        self.plays_owner = plays;
        self
    }

    /// Says what is going to be told.
    pub(super) fn begin(&mut self) -> Result<(), CliError> {
        if self.steps || self.plays_owner {
            self.typed = Some(typed());
        }
        if !self.tells {
            return Ok(());
        }
        let Scenario { name, summary, .. } = self.scenario;
        self.console.line(format!("{name} (seed {})", self.seed))?;
        self.console.line(self.lines.paragraph(summary))?;
        if let Some(history) = self.scenario.fleet.as_ref().and_then(|fleet| fleet.history) {
            let (days, population) = (history.days, history.population);
            let text = format!(
                "first, {days} days of the past are lived through, with {population} further vehicles"
            );
            self.console.line(self.console.tinted(&text, Tone::Faint))?;
            self.bar = bar(days);
        }
        Ok(())
    }

    /// Says how it ended, and where it is written down.
    pub(super) fn end(&mut self, played: &Played, report: &Report) -> Result<(), CliError> {
        if !self.tells {
            return Ok(());
        }
        let met = played.outcomes.iter().filter(|outcome| outcome.is_met()).count();
        let days = played.clock[1].since(played.clock[0]).as_secs_f64() / 86_400.0;
        let (title, tone) = match &played.ending {
            Ending::Passed => ("PASSED", Tone::Good),
            Ending::Interrupted => ("STOPPED", Tone::Doubtful),
            Ending::Failed { .. } => ("FAILED", Tone::Bad),
        };
        let text = format!(
            "{}  {met} steps as expected, {days:.1} days in {:.1} s (times in {})",
            self.console.tinted(title, tone),
            report.wall.as_secs_f64(),
            self.narrator.zone()
        );
        self.console.line(text)?;
        if let Ending::Failed { step, place, message, nearest } = &played.ending {
            self.console.line(format!("  step     {step}"))?;
            self.console.line(format!("  at       {place}"))?;
            self.console.line(format!("  because  {message}"))?;
            if let Some(nearest) = nearest {
                self.console.line(format!("  nearest  {nearest}"))?;
            }
            self.console.line(format!("  again    {}", report.again))?;
        }
        Ok(self.console.line(format!("  written  {}", report.folder.display()))?)
    }

    /// Prints one line of the story, not sooner than its pace allows.
    #[expect(clippy::disallowed_methods, reason = "a paced story keeps time by the wall's clock")]
    fn tell(&mut self, line: &str) {
        if !self.tells {
            return;
        }
        if let (Some(_), Some(told_at)) = (self.pace, self.told_at) {
            self.rest_until(told_at + LINE_GAP);
        }
        self.told_at = Some(Instant::now());
        // Nobody may be reading any more; the story goes on and is written down.
        drop(self.console.line(line));
    }

    /// Lets time pass on the wall, unless somebody stops the story.
    #[expect(clippy::disallowed_methods, reason = "a paced story keeps time by the wall's clock")]
    fn rest_until(&self, moment: Instant) {
        let interrupted = self.interrupted.clone();
        self.signals.block_on(async {
            while Instant::now() < moment && !interrupted.load(Ordering::Relaxed) {
                let step =
                    Duration::from_millis(50).min(moment.saturating_duration_since(Instant::now()));
                tokio::time::sleep(step).await;
            }
        });
    }

    /// A line typed at the terminal, within `limit` if there is one.
    fn line_typed(&self, limit: Option<Duration>) -> Option<String> {
        let typed = self.typed.as_ref()?;
        match limit {
            Some(limit) => typed.recv_timeout(limit).ok(),
            None => typed.recv().ok(),
        }
    }
}

impl Audience for Watcher<'_> {
    fn past(&mut self, passed: Duration, whole: Duration) {
        let [day, days] = [passed, whole].map(|it| it.as_secs() / DAY_SECONDS);
        self.bar.set_position(day);
        if day == days {
            self.bar.finish_and_clear();
        } else if self.tells && self.bar.is_hidden() && day.is_multiple_of(PAST_LINE_DAYS) {
            let text = format!("  day {day:>3} of {days}");
            // Nobody may be reading any more; the story goes on and is written down.
            drop(self.console.line(self.console.tinted(&text, Tone::Faint)));
        }
    }

    fn act(&mut self, at: Timestamp, step: &Step) {
        let Some(words) = step_words(step) else { return };
        let line = self.lines.act(&self.narrator.clock(at), Mark::Act, &words);
        if self.steps {
            self.console.note(&format!("{line}   [Enter]"));
            self.line_typed(None);
        } else {
            let line = self.console.tinted(&line, Tone::Doubtful);
            self.tell(&line);
        }
    }

    fn record(&mut self, record: &Record, told: bool) {
        if !told {
            return self.narrator.learn(record);
        }
        if let Some(line) = self.narrator.hear(record) {
            let clock = self.narrator.clock(line.at);
            let text = self.lines.said(&clock, &line.who, &line.text);
            self.tell(&text);
        }
    }

    fn ended(&mut self, outcome: &Outcome) {
        self.steps_done += 1;
        if let Some(budget) = outcome.budget_seconds {
            let (mark, tone) = match outcome.verdict {
                Verdict::Met => (Mark::Met, Tone::Good),
                Verdict::Failed { .. } => (Mark::Failed, Tone::Bad),
            };
            let used = human(outcome.used().as_secs_f64());
            let words = format!("{} ({used} of {})", outcome.words, human(budget));
            let text = self.lines.act(&self.narrator.clock(outcome.ended_at), mark, &words);
            let text = self.console.tinted(&text, tone);
            self.tell(&text);
        }
        if let Some((pace, steps)) = self.pace {
            let share = pace.mul_f64(self.steps_done.min(steps) as f64 / steps as f64);
            self.rest_until(self.began_at + share);
        }
    }

    fn note(&mut self, at: Timestamp, text: &str) {
        let line = self.lines.act(&self.narrator.clock(at), Mark::Note, text);
        self.tell(&line);
    }

    fn is_interrupted(&mut self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn owner(&mut self, script: &str) -> Option<String> {
        if !self.plays_owner {
            return None;
        }
        let seconds = OWNER_THINKS_MAX.as_secs();
        self.console.note(&format!(
            "you are the owner; answer within {seconds} s, or the script says “{script}”"
        ));
        self.line_typed(Some(OWNER_THINKS_MAX)).filter(|line| !line.trim().is_empty())
    }
}

/// A line on standard error that moves with the days of the past; none when that is not a terminal.
fn bar(days: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} day {pos} of {len}, {elapsed}");
    ProgressBar::new(u64::from(days))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// Seconds for people: the two largest units.
fn human(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{whole} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Hears the first request to stop and remembers it; at the second the process ends.
fn listen(interrupted: Arc<AtomicBool>) -> Result<Runtime, CliError> {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    threads.spawn(async move {
        for stopped_before in [false, true] {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            if stopped_before {
                std::process::exit(Exit::Interrupted as i32);
            }
            interrupted.store(true, Ordering::Relaxed);
        }
    });
    Ok(threads)
}

/// Lines typed at the terminal, as they come.
#[expect(
    clippy::disallowed_methods,
    reason = "reading a terminal blocks; the thread ends with the process"
)]
fn typed() -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
