//! Do the unit tests of the rules guard anything? Every rule is made wrong in every way that is easy
//! to make by hand, and each time some test has to notice.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kpi_exporter::artifacts::rules::{Group, Rule, RuleOptions, groups, rule_file};

use crate::rules::{test_files, tool};

/// A wrong rule in the place of a right one.
struct Mutant {
    name: &'static str,
    what: String,
    groups: Vec<Group>,
}

#[test]
fn every_mutant_of_every_rule_is_noticed() {
    let mutants = mutants();
    assert!(mutants.len() > 100, "{}", mutants.len());
    let files: BTreeMap<String, String> =
        test_files().into_iter().map(|file| (fs::read_to_string(&file).unwrap(), file)).collect();
    for (text, file) in &files {
        assert!(passes(&groups(&RuleOptions::default()), text, file), "{file} without a mutant");
    }
    let next = AtomicUsize::new(0);
    let survivors = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !noticed(mutant, &files) {
                        survivors.lock().unwrap().push(format!("{}: {}", mutant.name, mutant.what));
                    }
                }
            });
        }
    });
    let survivors = survivors.into_inner().unwrap();
    assert!(survivors.is_empty(), "{} of {}: {survivors:#?}", survivors.len(), mutants.len());
}

/// Runs the tests that mention the rule against the wrong one.
fn noticed(mutant: &Mutant, files: &BTreeMap<String, String>) -> bool {
    let mut files = files.iter().filter(|(text, _)| mentions(text, mutant.name));
    files.any(|(text, file)| !passes(&mutant.groups, text, file))
}

/// Runs a test file against rules: only those that it mentions, and without their texts, which
/// query at every step; `rules` tests those.
fn passes(groups: &[Group], text: &str, file: &str) -> bool {
    const MUTE: &str = "muted";
    let mut groups = groups.to_vec();
    for group in &mut groups {
        group.rules.retain_mut(|rule| match rule {
            Rule::Record { .. } => true,
            Rule::Alert(alert) => {
                MUTE.clone_into(&mut alert.description);
                MUTE.clone_into(&mut alert.summary);
                mentions(text, alert.name)
            }
        });
    }
    let mute = |line: &str| {
        let muted = ["description: ", "summary: "].into_iter().find_map(|key| {
            let (indent, _) = line.split_once(key)?;
            indent.trim().is_empty().then(|| format!("{indent}{key}{MUTE}\n"))
        });
        muted.unwrap_or_else(|| format!("{line}\n"))
    };
    let text: String = text.lines().map(mute).collect();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tests")).unwrap();
    fs::write(folder.path().join("kpi-exporter.rules.yml"), rule_file(&groups)).unwrap();
    let copy = folder.path().join("tests").join(Path::new(file).file_name().unwrap());
    fs::write(&copy, &text).unwrap();
    tool("promtool", &["test", "rules", copy.to_str().unwrap()]).0
}

/// Alerts are named where they are tested; recorded series have a file of their own.
fn mentions(text: &str, rule: &str) -> bool {
    let begins = if rule.contains(':') { "expr: " } else { "alertname: " };
    text.contains(&format!("{begins}{rule}"))
}

fn mutants() -> Vec<Mutant> {
    let original = groups(&RuleOptions::default());
    let mut mutants = Vec::new();
    for (g, group) in original.iter().enumerate() {
        for (r, rule) in group.rules.iter().enumerate() {
            for (what, wrong) in wrong(rule) {
                let mut groups = original.clone();
                groups[g].rules[r] = wrong;
                let name = match rule {
                    Rule::Record { record, .. } => record,
                    Rule::Alert(alert) => alert.name,
                };
                mutants.push(Mutant { name, what, groups });
            }
        }
    }
    mutants
}

/// All wrong forms of a rule.
fn wrong(rule: &Rule) -> Vec<(String, Rule)> {
    match rule {
        Rule::Record { record, expr } => expressions(expr)
            .into_iter()
            .map(|expr| (expr.clone(), Rule::Record { record, expr }))
            .collect(),
        Rule::Alert(alert) => {
            let mut all = Vec::new();
            for expr in expressions(&alert.expr) {
                let mut wrong = alert.clone();
                wrong.expr.clone_from(&expr);
                all.push((expr, Rule::Alert(wrong)));
            }
            for factor in [0.5, 1.5] {
                let scaled = |time: Duration| time.mul_f64(factor);
                let mut wrong = alert.clone();
                wrong.wait = scaled(alert.wait);
                all.push((format!("for × {factor}"), Rule::Alert(wrong.clone())));
                wrong.clone_from(alert);
                wrong.keep = scaled(alert.keep);
                all.push((format!("keep_firing_for × {factor}"), Rule::Alert(wrong)));
            }
            all.retain(|(_, wrong)| wrong != rule);
            all
        }
    }
}

/// An expression with one thing wrong: an operator, a threshold, a matcher, an aggregation.
fn expressions(expr: &str) -> Vec<String> {
    const SWAPS: &[(&str, &[&str])] = &[
        (" == ", &[" != "]),
        (" > ", &[" >= ", " < "]),
        (" >= ", &[" > ", " < "]),
        (" < ", &[" <= ", " > "]),
        ("=~\"", &["!~\""]),
        ("!=\"\"", &["=\"\""]),
        ("=\"off_track\"", &["!=\"off_track\""]),
        ("=\"at_risk\"", &["!=\"at_risk\""]),
        ("=\"kpi-exporter\"", &["!=\"kpi-exporter\""]),
        ("\nand ", &["\nor "]),
        (" unless ", &[" and "]),
        ("3 * ", &["4 * ", "2.5 * "]),
        ("vector(1)", &["vector(1) > 1"]),
    ];
    let mut all = Vec::new();
    for (right, wrongs) in SWAPS {
        for (at, _) in expr.match_indices(right) {
            for wrong in *wrongs {
                all.push([&expr[..at], wrong, &expr[at + right.len()..]].concat());
            }
        }
    }
    for operator in [" < ", " >= ", " > "] {
        for (at, _) in expr.match_indices(operator) {
            let number = &expr[at + operator.len()..];
            let end =
                number.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(number.len());
            let Ok(threshold) = number[..end].parse::<f64>() else { continue };
            let step = if (2.0..100.0).contains(&threshold) { 1.0 } else { 0.02 * threshold };
            for wrong in [threshold - step, threshold + step] {
                if step > 0.0 {
                    all.push(format!("{}{operator}{wrong}{}", &expr[..at], &number[end..]));
                }
            }
        }
    }
    all
}
