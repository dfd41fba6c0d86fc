//! How a reply was said: from the mood of its words, turned round where they are negated.

use super::table::Table;
use super::words::{Kind, Token};

/// How far before a word a "not" still turns it round.
const NEGATION_WORDS: usize = 3;
/// What a turned word keeps of its strength: "not good" is milder than "bad".
const TURNED: f64 = -0.5;
/// How much each further word adds to the strongest one.
const FURTHER: f64 = 0.25;

/// From −1, angry, to 1, delighted; 0 when no word says anything.
pub(super) fn of(tokens: &[Token], table: &Table) -> f64 {
    let moods: Vec<f64> = (0..tokens.len()).filter_map(|at| mood_at(tokens, at, table)).collect();
    let strongest = moods.iter().copied().fold(0.0, |strongest: f64, mood| {
        // Of two equally strong ones the bad one counts: it is the one to heed.
        let stronger =
            mood.abs() > strongest.abs() || (mood.abs() == strongest.abs() && mood < 0.0);
        if stronger { mood } else { strongest }
    });
    let rest: f64 = moods.iter().sum::<f64>() - strongest;
    (strongest + FURTHER * rest).clamp(-1.0, 1.0)
}

fn mood_at(tokens: &[Token], at: usize, table: &Table) -> Option<f64> {
    let token = tokens.get(at).filter(|token| token.kind == Kind::Word)?;
    let mood = table.mood(&token.text)?;
    let before =
        tokens[..at].iter().rev().take(NEGATION_WORDS).take_while(|token| !token.is_mark());
    let negated = before.filter(|token| token.is_word_of(&table.negators)).count() % 2 == 1;
    Some(if negated { mood * TURNED } else { mood })
}
