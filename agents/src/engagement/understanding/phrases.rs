//! Finds the phrases of a lexicon in a reply; where two would take the same words, the longer one has them.

use super::Sense;
use super::table::Table;
use super::words::{Kind, Spelling, Token};
use crate::engagement::moment::expression::Expression;
use std::collections::{BTreeMap, BTreeSet};

/// Most words that a gap in a phrase stands for.
const GAP_WORDS_MAX: usize = 3;

/// A word, a mark, or all words of an expression of time as one.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Index of the expression of time that it stands for.
    pub(super) time: Option<usize>,
    /// Clauses are numbered from the first on.
    pub(super) clause: usize,
    /// Where it stands in the reply, in bytes.
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Item {
    pub(super) fn is_mark(&self) -> bool {
        self.time.is_none()
            && matches!(self.kind, Kind::Break | Kind::Comma | Kind::Question | Kind::Dash)
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.contains(&self.text.as_str())
    }

    pub(super) fn is_word_of(&self, words: &BTreeSet<&'static str>) -> bool {
        self.kind == Kind::Word && words.contains(self.text.as_str())
    }
}

/// A phrase found.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) sense: Sense,
    /// Items that it took.
    pub(super) items: Vec<usize>,
}

impl Match {
    pub(super) fn first(&self) -> usize {
        self.items[0]
    }

    pub(super) fn last(&self) -> usize {
        self.items[self.items.len() - 1]
    }
}

/// All phrases of a language, ready to be looked for.
#[derive(Clone, Debug)]
pub(super) struct Lexicon {
    table: Table,
    phrases: Vec<Phrase>,
    /// Phrases by the words that they may begin with; those that begin with something else under "".
    by_first: BTreeMap<&'static str, Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Phrase {
    sense: Sense,
    elements: Vec<Element>,
}

#[derive(Clone, Debug)]
struct Element {
    what: What,
    optional: bool,
}

#[derive(Clone, Debug)]
enum What {
    Start,
    End,
    Gap,
    /// Any of these words; `@t` among them is an expression of time, `@n` a number.
    Words(Vec<&'static str>),
}

impl Lexicon {
    pub(super) fn english() -> Self {
        let table = Table::english();
        let phrases: Vec<Phrase> =
            table.phrases.iter().map(|(sense, text)| Phrase::parse(*sense, text)).collect();
        let mut by_first: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
        for (index, phrase) in phrases.iter().enumerate() {
            for word in phrase.firsts() {
                by_first.entry(word).or_default().push(index);
            }
        }
        Self { table, phrases, by_first }
    }

    /// The small words and moods of the language.
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// The spelling of all words that mean something: of phrases, of times, and the small ones around them.
    pub(super) fn spelling(&self) -> Spelling {
        let table = &self.table;
        let small = table.fillers.iter().chain(&table.negators).chain(&table.times).copied();
        let moods = table.moods.iter().map(|(_, word)| *word);
        Spelling::new(self.words().chain(small).chain(moods))
    }

    /// Tokens as items, each expression of time being one.
    pub(super) fn items(&self, tokens: &[Token], expressions: &[Expression]) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let (mut clause, mut at) = (0, 0);
        while let Some(token) = tokens.get(at) {
            let time = expressions.iter().position(|expression| expression.tokens.start == at);
            let end = time.map_or(at + 1, |time| expressions[time].tokens.end);
            let covered = &tokens[at..end];
            let words = covered.iter().map(|token| token.text.as_str());
            let words: Vec<&str> = words.filter(|text| !text.is_empty()).collect();
            let begins = token.is_mark() || token.is_word_of(&self.table.clause_words);
            clause += usize::from(time.is_none() && begins);
            items.push(Item {
                text: words.join(" "),
                kind: if time.is_some() { Kind::Word } else { token.kind },
                time,
                clause,
                from: token.from,
                to: covered.last().map_or(token.to, |last| last.to),
            });
            at = end;
        }
        items
    }

    /// Every word that some phrase is made of.
    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.phrases.iter().flat_map(|phrase| &phrase.elements).flat_map(|element| {
            match &element.what {
                What::Words(words) => words.as_slice(),
                _ => &[],
            }
            .iter()
            .copied()
        })
    }

    /// The phrases in `items`, in their order; no item belongs to two.
    pub(super) fn matches(&self, items: &[Item]) -> Vec<Match> {
        let mut found: Vec<Match> = (0..items.len())
            .flat_map(|at| {
                self.beginning_with(&items[at]).filter_map(move |phrase| phrase.at(items, at))
            })
            .collect();
        // The sort is stable: among phrases of one length the earlier row of the table has precedence.
        found.sort_by_key(|found| {
            std::cmp::Reverse((found.items.len(), std::cmp::Reverse(found.sense)))
        });
        let mut taken = vec![false; items.len()];
        found.retain(|found| {
            let free = found.items.iter().all(|item| !taken[*item]);
            if free {
                found.items.iter().for_each(|item| taken[*item] = true);
            }
            free
        });
        found.sort_by_key(Match::first);
        found
    }

    fn beginning_with<'a>(&'a self, item: &Item) -> impl Iterator<Item = &'a Phrase> + use<'a> {
        let named = self.by_first.get(item.text.as_str()).into_iter().flatten();
        let other = self.by_first.get("").into_iter().flatten();
        named.chain(other).map(|index| &self.phrases[*index])
    }
}

impl Phrase {
    fn parse(sense: Sense, text: &'static str) -> Self {
        let elements = text.split_whitespace().map(|word| {
            let (word, optional) = match word.strip_suffix('?') {
                Some(word) => (word, true),
                None => (word, false),
            };
            let what = match word {
                "^" => What::Start,
                "$" => What::End,
                ".." => What::Gap,
                words => What::Words(words.split('|').collect()),
            };
            Element { what, optional }
        });
        Self { sense, elements: elements.collect() }
    }

    /// Words that it may begin with; "" when it may begin with something else.
    fn firsts(&self) -> Vec<&'static str> {
        let mut firsts = Vec::new();
        for element in &self.elements {
            match &element.what {
                What::Words(words) => {
                    firsts.extend(
                        words.iter().map(|word| if word.starts_with('@') { "" } else { word }),
                    );
                }
                What::Start => continue,
                What::End | What::Gap => firsts.push(""),
            }
            if !element.optional {
                break;
            }
        }
        firsts.sort_unstable();
        firsts.dedup();
        firsts
    }

    /// This phrase where it begins with the item at `at`.
    fn at(&self, items: &[Item], at: usize) -> Option<Match> {
        if items[at].is_mark() {
            return None;
        }
        let mut taken = Vec::new();
        let fits = fits(&self.elements, items, at, &mut taken);
        (fits && taken.first() == Some(&at)).then_some(Match { sense: self.sense, items: taken })
    }
}

/// Whether `elements` fit the items from `at` on; adds those that they take.
fn fits(elements: &[Element], items: &[Item], at: usize, taken: &mut Vec<usize>) -> bool {
    let Some((element, rest)) = elements.split_first() else { return true };
    let before = taken.len();
    let done = match &element.what {
        What::Start => items[..at].iter().all(Item::is_mark) && fits(rest, items, at, taken),
        What::End => {
            items[at.min(items.len())..].iter().all(Item::is_mark) && fits(rest, items, at, taken)
        }
        What::Gap => (0..=GAP_WORDS_MAX).any(|skipped| {
            let passed = items.get(at..at + skipped);
            passed.is_some_and(|passed| !passed.iter().any(Item::is_mark))
                && fits(rest, items, at + skipped, taken)
        }),
        What::Words(words) => {
            let here = past_commas(items, at, taken.is_empty());
            let word = items.get(here).is_some_and(|item| is_one_of(item, words));
            word && {
                taken.push(here);
                fits(rest, items, here + 1, taken)
            }
        }
    };
    if done {
        return true;
    }
    taken.truncate(before);
    element.optional && fits(rest, items, at, taken)
}

fn past_commas(items: &[Item], at: usize, first: bool) -> usize {
    let comma = |item: &&Item| item.time.is_none() && item.kind == Kind::Comma;
    if first { at } else { at + items.iter().skip(at).take_while(comma).count() }
}

fn is_one_of(item: &Item, words: &[&str]) -> bool {
    words.iter().any(|word| match *word {
        "@t" => item.time.is_some(),
        "@n" => item.time.is_none() && matches!(item.kind, Kind::Number { .. }),
        word => (item.kind == Kind::Word || item.time.is_some()) && item.text == word,
    })
}
