//! The user's own labels as Prometheus labels: legal names that never collide with ours.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::encode::push_label;
use crate::families;
use crate::metric::Labels;

/// Labels that alert rules and scrapes set; those of our own families are `families`'.
const SET_LATER: [&str; 4] = ["alertname", "severity", "job", "instance"];

/// Whether a name has a meaning of its own: on a series that carries user labels, or on the info
/// family that rules join (a user's `team` would make the join ambiguous and fail the whole rule).
fn is_taken(name: &str) -> bool {
    families::is_label(name) || SET_LATER.contains(&name) || name.starts_with("__")
}

/// Whether a scrape could add a label of this name to our series.
///
/// # Errors
/// Why not.
pub fn check_scrape_label(name: &str) -> Result<(), String> {
    let reserved = name.starts_with("__");
    if name.is_empty() || reserved || name != sanitized(name) {
        return Err(format!("`{name}` is no name of a label"));
    }
    if families::is_label(name) {
        return Err(format!("`{name}` is a label of the metrics themselves"));
    }
    Ok(())
}

/// What Prometheus puts before a scraped label that collides with one of the target's.
const COLLISION_PREFIX: &str = "exported_";

/// Appends the user's labels to a rendered label set. Illegal characters become `_`; a name that is
/// taken is prefixed with `exported_`, again and again until it is free, as Prometheus does it.
pub(super) fn push_user_labels(out: &mut String, labels: &Labels) {
    if labels.is_empty() {
        return;
    }
    let mut used = BTreeSet::new();
    for (name, value) in labels.iter() {
        let mut legal = sanitized(name);
        while is_taken(&legal) || used.contains(&legal) {
            legal.insert_str(0, COLLISION_PREFIX);
        }
        push_label(out, &legal, value);
        used.insert(legal);
    }
}

/// `[a-zA-Z_][a-zA-Z0-9_]*` from anything.
fn sanitized(name: &str) -> String {
    let mut legal = String::with_capacity(name.len() + 1);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        legal.push('_');
    }
    for c in name.chars() {
        // Writing to a string does not fail.
        let _ = legal.write_char(if c.is_ascii_alphanumeric() { c } else { '_' });
    }
    legal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(names: &[&str]) -> String {
        let mut out = String::new();
        push_user_labels(&mut out, &names.iter().map(|name| (*name, "x")).collect());
        out
    }

    #[test]
    fn plain_names_stay_as_they_are() {
        assert_eq!(rendered(&["region", "plan_2"]), r#"plan_2="x",region="x""#);
    }

    #[test]
    fn a_scrape_adds_labels_that_are_legal_and_not_ours() {
        assert!(check_scrape_label("job").is_ok() && check_scrape_label("env_2").is_ok());
        for name in ["", "2nd", "a b", "__name__", "kpi", "team", "le", "kpi_status"] {
            assert!(check_scrape_label(name).is_err(), "{name}");
        }
    }

    #[test]
    fn illegal_characters_become_underscores() {
        assert_eq!(rendered(&["sales region"]), r#"sales_region="x""#);
        assert_eq!(rendered(&["2nd"]), r#"_2nd="x""#);
        assert_eq!(rendered(&["größe"]), r#"gr__e="x""#);
    }

    #[test]
    fn a_name_of_ours_is_prefixed_as_prometheus_does_it() {
        assert_eq!(rendered(&["kpi"]), r#"exported_kpi="x""#);
        assert_eq!(rendered(&["team"]), r#"exported_team="x""#);
        assert_eq!(rendered(&["__name__"]), r#"exported___name__="x""#);
        assert_eq!(rendered(&["exported_le", "le"]), r#"exported_le="x",exported_exported_le="x""#);
    }

    #[test]
    fn two_names_never_become_one() {
        assert_eq!(rendered(&["a b", "a-b", "a_b"]).matches("a_b=").count(), 3);
        assert_eq!(rendered(&["a b", "a-b"]), r#"a_b="x",exported_a_b="x""#);
    }
}
