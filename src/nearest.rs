//! What somebody probably meant.

/// The candidate most like `name`, if any is like it at all.
#[must_use]
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let far = 1 + name.chars().count() / 3;
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_foreign_word_finds_none() {
        let words = ["telemetry", "health"];
        assert_eq!(nearest("telemtery", words), Some("telemetry"));
        assert_eq!(nearest("helth", words), Some("health"));
        assert_eq!(nearest("colour", words), None);
    }
}
