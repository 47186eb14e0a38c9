//! The rules: code, name, why. Not here: when they are broken.

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; never fails a check.
    Info,
    /// Fails `check --strict`.
    Warning,
}

/// One rule of the lint.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// What `allow` names it by.
    pub code: &'static str,
    /// In words that stand in messages.
    pub name: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How much it matters.
    pub severity: Severity,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 21] = [
        warning(
            "K001",
            "too-many",
            "nobody steers by more than seven numbers: the rest is context",
        ),
        warning("K002", "too-few", "fewer than three numbers show one side of the work only"),
        warning(
            "K003",
            "no-leading",
            "without an early KPI a miss shows when it is too late to act",
        ),
        warning("K004", "no-lagging", "without an outcome nobody knows whether the activity paid"),
        warning("K005", "no-objective", "a KPI that serves no goal is a statistic"),
        warning("K006", "no-owner", "what everybody answers for nobody does"),
        warning(
            "K007",
            "no-levers",
            "a number that nothing can be done about is no use when it falls",
        ),
        warning(
            "K008",
            "no-baseline",
            "without a starting point nobody knows what the target asks for",
        ),
        warning("K009", "vague", "two people have to count the same things the same way"),
        warning(
            "K010",
            "predicts-nothing",
            "an early KPI is worth having for the outcome that follows it",
        ),
        warning(
            "K011",
            "churned-definition",
            "a trend across changed definitions compares different things",
        ),
        info("K012", "unused-metric", "it is fetched and feeds no KPI"),
        warning(
            "K013",
            "target-without-precedent",
            "targets far beyond anything reached before are missed, and stop to be taken seriously",
        ),
        warning(
            "K014",
            "target-nearly-always-met",
            "a target that is met without effort steers nothing",
        ),
        warning(
            "K101",
            "partial-cohort",
            "the last members of a cohort can still convert: the newest window always looks worse than it is",
        ),
        warning(
            "K102",
            "mean-of-ratios",
            "days with few events count like days with many: divide a sum by a sum",
        ),
        warning(
            "K103",
            "summed-distinct-counts",
            "who comes on two days or from two places is counted twice",
        ),
        warning(
            "K104",
            "growing-ratio",
            "its numerator grows with the period while the denominator stays: it looks good early and bad late, whatever happens",
        ),
        warning(
            "K105",
            "flow-named-like-a-stock",
            "a flow starts at zero with each period, a stock carries on: the verdicts are opposite",
        ),
        warning(
            "K106",
            "milestones-below-target",
            "being on the path up to the end would still miss the target",
        ),
        info(
            "K107",
            "slo-as-minimum",
            "99.9 % and 99.5 % look alike, 0.1 % and 0.5 % of errors do not",
        ),
    ];
}

const fn warning(code: &'static str, name: &'static str, why: &'static str) -> Rule {
    Rule { code, name, why, severity: Severity::Warning }
}

const fn info(code: &'static str, name: &'static str, why: &'static str) -> Rule {
    Rule { code, name, why, severity: Severity::Info }
}

/// The rule with this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    const ALL: &[Rule] = &Rule::ALL;
    ALL.iter().find(|rule| rule.code == code)
}
