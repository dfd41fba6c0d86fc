//! The words of a language, as data: phrases and what each is a sign of, small words, moods. Their file says how it is
//! written and how the reader is taught another phrase.

use super::Sense;
use std::collections::BTreeSet;

const ENGLISH: &str = include_str!("english.lexicon");

/// The words of a language.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) phrases: Vec<(Sense, &'static str)>,
    /// Words that turn what follows them in a clause into its opposite.
    pub(super) negators: BTreeSet<&'static str>,
    /// Words that begin another clause.
    pub(super) clause_words: BTreeSet<&'static str>,
    /// Words that times are named with.
    pub(super) times: BTreeSet<&'static str>,
    /// Words that add nothing to what a reply says.
    pub(super) fillers: BTreeSet<&'static str>,
    /// What words say of the mood, from −1 to 1.
    pub(super) moods: Vec<(f64, &'static str)>,
}

impl Table {
    pub(super) fn english() -> Self {
        Self::parse(ENGLISH).unwrap_or_else(|error| panic!("the shipped lexicon is whole: {error}"))
    }

    fn parse(text: &'static str) -> Result<Self, String> {
        let mut table = Self::default();
        let mut section = "";
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
                continue;
            }
            for entry in line.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
                table.add(section, entry)?;
            }
        }
        Ok(table)
    }

    fn add(&mut self, section: &str, entry: &'static str) -> Result<(), String> {
        match section {
            "negators" => drop(self.negators.insert(entry)),
            "clause_words" => drop(self.clause_words.insert(entry)),
            "times" => drop(self.times.insert(entry)),
            "fillers" => drop(self.fillers.insert(entry)),
            section => {
                if let Some(mood) = section.strip_prefix("mood ") {
                    let mood = mood.parse().map_err(|_| format!("`{mood}` is no mood"))?;
                    self.moods.push((mood, entry));
                } else {
                    let sense = Sense::named(section).ok_or_else(|| {
                        format!("`{section}` is no section; see the list of senses")
                    })?;
                    self.phrases.push((sense, entry));
                }
            }
        }
        Ok(())
    }

    /// What `word` says of the mood, if anything.
    pub(super) fn mood(&self, word: &str) -> Option<f64> {
        self.moods.iter().find(|(_, known)| *known == word).map(|(mood, _)| *mood)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lexicon_has_phrases_for_every_sense_and_names_no_other() {
        let table = Table::english();
        for (name, sense) in Sense::NAMES {
            assert!(table.phrases.iter().any(|(known, _)| known == sense), "[{name}]");
        }
        assert!(Table::parse("[no_such_sense]\nhello").is_err());
        assert!(Table::parse("[mood high]\nhello").is_err());
        assert!(table.moods.iter().all(|(mood, _)| (-1.0..=1.0).contains(mood)));
        assert!(Sense::NAMES.is_sorted_by(|(_, one), (_, next)| one < next));
    }
}
