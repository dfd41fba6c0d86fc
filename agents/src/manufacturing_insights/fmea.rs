//! How urgent a pattern is: ratings for severity, occurrence and detection, and their Action Priority.

use messages::capa::{Fmea, Priority};

/// Occurrence from so many failures per 1,000 assets on (AIAG & VDA FMEA handbook, 2019, table P2, from 10 down to 3).
const OCCURRENCE_PER_1000: [(f64, u8); 8] =
    [(100.0, 10), (50.0, 9), (20.0, 8), (10.0, 7), (2.0, 6), (0.5, 5), (0.1, 4), (0.01, 3)];

/// Detection from this share of failures on that was foreseen; below the last it is 10.
const DETECTION_FORESEEN: [(f64, u8); 4] = [(0.95, 2), (0.8, 4), (0.5, 6), (0.2, 8)];

/// Severity where people may be harmed, and where the function is lost.
const SEVERITY: [u8; 2] = [10, 8];

/// What is known of a pattern.
pub(super) struct Known {
    pub(super) safety: bool,
    pub(super) failures: u64,
    pub(super) assets: u64,
    /// Failures that were foreseen, and those of which it is known.
    pub(super) foreseen: [u64; 2],
}

/// Rates a pattern.
pub(super) fn rate(known: &Known) -> Fmea {
    let severity = if known.safety { SEVERITY[0] } else { SEVERITY[1] };
    let per_1000 = 1_000.0 * known.failures as f64 / known.assets.max(1) as f64;
    let above = |(from, _): &&(f64, u8)| per_1000 >= *from;
    let occurrence = OCCURRENCE_PER_1000.iter().find(above).map_or(2, |(_, rating)| *rating);
    let [foreseen, of] = known.foreseen;
    let share = foreseen as f64 / of.max(1) as f64;
    let above = |(from, _): &&(f64, u8)| of > 0 && share >= *from;
    let detection = DETECTION_FORESEEN.iter().find(above).map_or(10, |(_, rating)| *rating);
    let harm = if known.safety { "endangers people" } else { "loses its function" };
    let because = vec![
        format!("severity {severity}: the profile says that a failure {harm}"),
        format!("occurrence {occurrence}: {per_1000:.1} failures per 1,000 assets of the group"),
        format!("detection {detection}: {foreseen} of {of} failures were foreseen"),
    ];
    Fmea {
        severity,
        occurrence,
        detection,
        priority: priority(severity, occurrence, detection),
        because,
    }
}

/// Action Priority for a design or process (AIAG & VDA FMEA handbook, 2019).
fn priority(severity: u8, occurrence: u8, detection: u8) -> Priority {
    use Priority::{High, Low, Medium};
    // From the hardest to detect to the easiest: 7 to 10, 5 and 6, 2 to 4, 1.
    let row = match (severity, occurrence) {
        (_, 0..=1) | (0..=1, _) => [Low; 4],
        (9.., 6..) | (7.., 8..) => [High; 4],
        (9.., 4..) | (7..=8, 6..) => [High, High, High, Medium],
        (9.., _) => [High, Medium, Low, Low],
        (7..=8, 4..) => [High, Medium, Medium, Medium],
        (7..=8, _) => [Medium, Medium, Low, Low],
        (4..=6, 8..) => [High, High, Medium, Medium],
        (4..=6, 6..) => [Medium, Medium, Medium, Low],
        (4..=6, 4..) => [Medium, Low, Low, Low],
        (2..=3, 8..) => [Medium, Medium, Low, Low],
        _ => [Low; 4],
    };
    row[match detection {
        7.. => 0,
        5..=6 => 1,
        2..=4 => 2,
        _ => 3,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_those_of_the_handbook() {
        for (severity, occurrence, detection, expected) in [
            (10, 10, 1, Priority::High),
            (9, 6, 1, Priority::High),
            (9, 5, 1, Priority::Medium),
            (9, 4, 3, Priority::High),
            (9, 3, 7, Priority::High),
            (9, 2, 6, Priority::Medium),
            (9, 2, 4, Priority::Low),
            (9, 1, 10, Priority::Low),
            (8, 8, 1, Priority::High),
            (8, 7, 1, Priority::Medium),
            (7, 4, 7, Priority::High),
            (7, 4, 1, Priority::Medium),
            (8, 3, 5, Priority::Medium),
            (8, 3, 4, Priority::Low),
            (6, 8, 5, Priority::High),
            (6, 8, 4, Priority::Medium),
            (5, 6, 2, Priority::Medium),
            (5, 6, 1, Priority::Low),
            (4, 5, 7, Priority::Medium),
            (4, 5, 6, Priority::Low),
            (3, 9, 5, Priority::Medium),
            (3, 9, 4, Priority::Low),
            (2, 7, 10, Priority::Low),
            (1, 10, 10, Priority::Low),
        ] {
            let found = priority(severity, occurrence, detection);
            assert_eq!(found, expected, "S {severity} O {occurrence} D {detection}");
        }
    }

    #[test]
    fn ratings_follow_from_what_is_known() {
        let known = Known { safety: true, failures: 20, assets: 100, foreseen: [0, 0] };
        let rated = rate(&known);
        assert_eq!((rated.severity, rated.occurrence, rated.detection), (10, 10, 10));
        assert_eq!(rated.priority, Priority::High);
        let known = Known { safety: false, failures: 3, assets: 1_000, foreseen: [96, 100] };
        let rated = rate(&known);
        assert_eq!((rated.severity, rated.occurrence, rated.detection), (8, 6, 2));
    }
}
