//! "Did you mean": the name that was probably meant, and lists of names in words.

/// The candidate most like `word`, if any is like it at all.
pub(crate) fn closest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = word.to_lowercase();
    let allowed = 1 + word.chars().count() / 4;
    candidates
        .into_iter()
        .map(|one| (strsim::damerau_levenshtein(&word, &one.to_lowercase()), one))
        .filter(|(distance, one)| *distance <= allowed && *distance < one.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}

/// "did you mean `x`?", or what there is to choose from.
pub(crate) fn did_you_mean(word: &str, what: &str, known: &[&str]) -> String {
    match closest(word, known.iter().copied()) {
        Some(one) => format!("did you mean `{one}`?"),
        None => format!("{what} {}", listed(known, "and")),
    }
}

/// "a, b and c".
pub(crate) fn listed(names: &[&str], last: &str) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["leading", "efficiency", "lagging"];
        assert_eq!(closest("leadng", known), Some("leading"));
        assert_eq!(closest("Lagging", known), Some("lagging"));
        assert_eq!(closest("revenue", known), None);
        assert_eq!(closest("x", ["y", "a"]), None);
    }
}
