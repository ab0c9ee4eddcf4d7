//! Suggestions: "did you mean …?"

/// Returns the known word that `word` is most likely a misspelling of: letters swapped, missing,
/// doubled or in the wrong case. `None` if no known word is close enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let max_distance = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::osa_distance(&word, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= max_distance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_close_misspellings_have_a_suggestion() {
        let regions = ["us-east-1", "us-west-1", "eu-west-1"];
        assert_eq!(nearest("us-esat-1", regions), Some("us-east-1"));
        assert_eq!(nearest("EU-WEST-1", regions), Some("eu-west-1"));
        assert_eq!(nearest("moon", regions), None);
        assert_eq!(nearest("", regions), None);
    }
}
