//! "Did you mean": the name that was probably meant, and lists of names in words.

use crate::shown;

/// Bytes of a word that may be a slip.
const LONGEST: usize = 100;
/// Names of a list that are shown.
const MOST: usize = 30;

/// The candidate most like `word`, if any is like it at all.
pub(crate) fn closest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    // Nobody means a name by so long a word, and comparing takes its time.
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let length = word.chars().count();
    let allowed = 1 + length / 4;
    candidates
        .into_iter()
        .filter(|one| one.len() <= LONGEST)
        // Comparing takes its time: not what is too short or too long by itself.
        .filter(|one| one.chars().count().abs_diff(length) <= allowed)
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
        [first @ .., _] if first.len() >= MOST => {
            let names: Vec<_> =
                first[..MOST].iter().map(|name| shown::cut(name, LONGEST)).collect();
            format!("{} {last} {} more", names.join(", "), first.len() + 1 - MOST)
        }
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
        assert_eq!(closest(&"leading".repeat(50_000), known), None);
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..1000).map(|i| format!("m{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let list = listed(&names, "and");
        assert!(list.starts_with("m0, m1, ") && list.ends_with("m29 and 970 more"), "{list}");
        assert_eq!(listed(&names[..3], "or"), "m0, m1 or m2");
    }
}
