//! The order of acts: branches go on together, repeated steps keep their time.

use crate::theatre::{Gallery, script, watched};
use scenarios::runner::Ending;

fn acts(steps: &str) -> Vec<String> {
    let mut gallery = Gallery::default();
    let story = watched(&script("", steps), 7, &mut gallery);
    assert_eq!(story.ending, Ending::Passed);
    gallery.acts
}

#[test]
fn branches_go_on_together_in_the_order_of_time() {
    let acts = acts(
        "  - parallel:
      - - wait: 2h
        - note: slow
      - - wait: 1h
        - note: quick
  - note: both
",
    );
    assert_eq!(
        acts,
        [
            "2026-03-02T06:00:00Z parallel",
            "2026-03-02T06:00:00Z wait",
            "2026-03-02T06:00:00Z wait",
            "2026-03-02T07:00:00Z note",
            "2026-03-02T08:00:00Z note",
            "2026-03-02T08:00:00Z note",
        ]
    );
}

#[test]
fn repeated_steps_begin_at_their_intervals_and_after_waits() {
    let acts = acts(
        "  - repeat: { times: 3, every: 1d, steps: [{ note: again }] }\n  - note: done\n    after: 30m\n",
    );
    let notes: Vec<&str> = acts.iter().skip(1).map(String::as_str).collect();
    assert_eq!(
        notes,
        [
            "2026-03-02T06:00:00Z note",
            "2026-03-03T06:00:00Z note",
            "2026-03-04T06:00:00Z note",
            "2026-03-04T06:00:00Z note",
        ]
    );
}
