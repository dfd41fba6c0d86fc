//! Everything ends at every instant, during every step of a story; nobody is asked twice, nothing is lost.
//!
//! The story is `brake-to-capa` without its past. The provider of contacts stays alive, keeps its own book, and
//! loses one reply in three. Ends within a commit are shown where commits are made (`tests/kills`,
//! `runtime/tests/store`).

use crate::provider::Provider;
use crate::theatre::performed;
use crate::{script, theatre};
use messages::Message;
use messages::case::CaseOpened;
use messages::contact::{ContactSend, CustomerContacted};
use messages::effect::{Conclusion, EffectConcluded, Policy};
use runtime::conductor::{CrashPoint, Moment, Work};
use runtime::effects::Effects;
use scenarios::runner::Played;
use std::collections::{BTreeMap, BTreeSet};

/// The text of the story up to its steps, its steps, and what is done at the end.
fn parts() -> (String, Vec<String>, String) {
    let text =
        script::without_past(script::text("brake-to-capa")).replace("sample: 5s", "sample: 30s");
    let (head, rest) = text.split_once("steps:\n").expect("a script has steps");
    let (steps, tail) = rest.split_once("always:\n").expect("this script cleans up");
    let mut parted: Vec<String> = Vec::new();
    for line in steps.lines() {
        if line.starts_with("  - ") {
            parted.push(String::new());
        }
        let step = parted.last_mut().expect("the first line of the steps begins one");
        step.push_str(line);
        step.push('\n');
    }
    (format!("{head}steps:\n"), parted, format!("always:\n{tail}"))
}

/// The story in which everything ends at `point` during the step at `place`.
fn told(crash: Option<(CrashPoint, usize)>, provider: &Provider) -> Played {
    let (head, mut steps, tail) = parts();
    if let Some((point, place)) = crash {
        steps.insert(place, format!("  - crash: {point}\n"));
    }
    let text = format!("{head}{}{tail}", steps.concat());
    let effects =
        Effects::default().with::<ContactSend>(provider.clone()).allow_simulated_contact(true);
    performed("outage", &text, 42, agents::catalog(), Some(effects))
}

fn said<M: Message>(played: &Played) -> Vec<M> {
    let records = played.chronicle.records().iter();
    records
        .filter(|it| it.name() == M::NAME)
        .map(|it| it.envelope.open().expect("what agents say can be read"))
        .collect()
}

/// Steps of cases at which the owner was reached, and how often.
fn reached(played: &Played) -> BTreeMap<String, u32> {
    let mut reached = BTreeMap::new();
    for contacted in said::<CustomerContacted>(played) {
        *reached.entry(contacted.step).or_default() += 1;
    }
    reached
}

#[expect(clippy::print_stderr, reason = "how often everything ended is part of the report")]
/// Every step of the story, with everything ending at `point` during it.
fn during_every_step(
    point: CrashPoint,
    policy: Policy,
    judge: impl Fn(&Played, &Provider, usize),
) -> u64 {
    let (_, steps, _) = parts();
    let mut crashes = 0;
    for place in 0..steps.len() {
        let provider = Provider::of(policy);
        let played = told(Some((point, place)), &provider);
        judge(&played, &provider, place);
        crashes += played.crashes;
    }
    eprintln!("{point}: everything ended {crashes} times, in {} stories", steps.len());
    crashes
}

/// The provider can be asked: the story ends as if nothing had happened.
fn changes_nothing(point: CrashPoint) {
    let undisturbed = told(None, &Provider::of(Policy::QueryThenRetry));
    assert_eq!(theatre::failure(&undisturbed), None);
    let expected = reached(&undisturbed);
    assert!(expected.len() >= 3, "the owner is spoken to at several steps: {expected:?}");
    let crashes = during_every_step(point, Policy::QueryThenRetry, |played, provider, place| {
        assert_eq!(theatre::failure(played), None, "{point}, step {place}");
        assert_eq!(said::<CaseOpened>(played).len(), 1, "{point}, step {place}: one case");
        assert_eq!(reached(played), expected, "{point}, step {place}: one contact a step");
        let twice = provider.done_twice();
        assert!(twice.is_empty(), "{point}, step {place}: done twice {twice:?}");
    });
    assert!(crashes > 0, "the story comes to {point}");
}

/// The provider can neither be asked nor told apart: what may have happened is never tried again.
fn leaves_it_to_a_person(point: CrashPoint) {
    let uncertain = std::cell::Cell::new(0);
    during_every_step(point, Policy::AtMostOnce, |played, provider, place| {
        let called: BTreeSet<String> = provider.called_twice();
        assert!(called.is_empty(), "{point}, step {place}: called twice {called:?}");
        let concluded = said::<EffectConcluded>(played);
        let unsure =
            concluded.iter().filter(|it| matches!(it.conclusion, Conclusion::Uncertain { .. }));
        uncertain.set(uncertain.get() + unsure.count());
    });
    assert!(uncertain.get() > 0, "{point}: some contact is uncertain");
}

macro_rules! instants {
    ($($name:ident: $point:expr;)*) => {$(
        #[test]
        fn $name() {
            changes_nothing($point);
        }
    )*};
}

instants! {
    before_what_the_world_says_is_durable: CrashPoint::Before(Work::Ingest);
    after_what_the_world_says_is_durable: CrashPoint::After(Work::Ingest);
    before_a_turn_is_durable: CrashPoint::Before(Work::Turn);
    after_a_turn_is_durable: CrashPoint::After(Work::Turn);
    before_a_timer_is_durable: CrashPoint::Before(Work::Timer);
    after_a_timer_is_durable: CrashPoint::After(Work::Timer);
    before_a_checkpoint_is_durable: CrashPoint::Before(Work::Checkpoint);
    after_a_checkpoint_is_durable: CrashPoint::After(Work::Checkpoint);
    before_a_contact_is_attempted: CrashPoint::Effect(Moment::BeforeAttempted);
    once_a_contact_counts_as_attempted: CrashPoint::Effect(Moment::AfterAttempted);
    once_the_provider_was_called: CrashPoint::Effect(Moment::AfterCall);
    once_a_contact_is_concluded: CrashPoint::Effect(Moment::AfterConcluded);
}

#[test]
fn a_contact_that_may_have_been_made_is_left_to_a_person() {
    leaves_it_to_a_person(CrashPoint::Effect(Moment::AfterCall));
    leaves_it_to_a_person(CrashPoint::Effect(Moment::AfterAttempted));
}
