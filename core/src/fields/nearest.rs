//! "Did you mean …?": the known word that is nearest to a mistyped one.

/// The candidate nearest to `word`, if one is near enough to be worth suggesting.
///
/// A dotted path also counts as near when it ends in the word: `heads` finds `model.heads`.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 80;
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let is_tail = candidate.strip_suffix(&word).is_some_and(|rest| rest.ends_with('.'));
            let last = candidate.rsplit('.').next().unwrap_or(candidate);
            // A near miss of the last part alone costs one more than a near miss of the whole.
            let edits = distance(&word, candidate).min(distance(&word, last) + 1);
            (if is_tail { 0 } else { edits }, candidate)
        })
        .min_by_key(|(edits, _)| *edits)
        .filter(|(edits, candidate)| *edits <= 1 + word.len().min(candidate.len()) / 3)
        .map(|(_, candidate)| candidate)
}

/// The sentence's end: `; did you mean "model.heads"?`, or nothing.
pub fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default()
}

/// Levenshtein's distance: how many letters must be inserted, removed or replaced.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 4] = ["model.heads", "model.depth", "model.mlp.width", "training.learning_rate"];

    #[test]
    fn a_slip_finds_the_word_that_was_meant() {
        assert_eq!(nearest("model.haeds", PATHS), Some("model.heads"));
        assert_eq!(nearest("heads", PATHS), Some("model.heads"));
        assert_eq!(nearest("learning-rate", PATHS), Some("training.learning_rate"));
        assert_eq!(nearest("mlp.width", PATHS), Some("model.mlp.width"));
    }

    #[test]
    fn a_word_that_is_far_from_all_finds_none() {
        assert_eq!(nearest("bananas", PATHS), None);
        assert_eq!(nearest("", PATHS), None);
        assert_eq!(nearest(&"model.heads".repeat(1000), PATHS), None);
    }

    #[test]
    fn the_distance_counts_single_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("gpu", "gpu"), 0);
    }
}
