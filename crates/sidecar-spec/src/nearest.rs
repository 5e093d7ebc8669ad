//! What a mistyped word most likely meant.

/// The item of `known` that a mistyped `word` most likely meant: at most a third of its letters differ, or two.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(2);
    known.into_iter().map(|k| (distance(word, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

/// The number of letters to insert, delete or replace (Levenshtein), with one row of the table in memory.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_forgiven_and_other_words_are_not() {
        let known = ["port", "health", "depends-on"];
        assert_eq!(nearest("helth", known), Some("health"));
        assert_eq!(nearest("depend-on", known), Some("depends-on"));
        assert_eq!(nearest("prot", known), Some("port"));
        assert_eq!(nearest("environment", known), None);
    }
}
