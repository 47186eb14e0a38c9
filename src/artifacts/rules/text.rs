//! What an alert about a KPI says: a Go template that asks Prometheus, at the moment of firing, for
//! the exporter's numbers of exactly the label set that the alert is about. What does not exist is
//! left out.
//!
//! Prometheus has no templates that rules could share, so every description holds what it needs; it
//! stays readable because it has eight lines at most. Not here: which alert says what.

use crate::exposition::Family;
use crate::exposition::families::{
    KPI_EXPECTED_VALUE, KPI_LEAD_CORRELATION, KPI_LEVER_INFO, KPI_PERIOD_END_TIMESTAMP_SECONDS,
    KPI_REQUIRED_PACE_RATIO, KPI_TARGET_LOWER_VALUE, KPI_TARGET_UPPER_VALUE, KPI_TARGET_VALUE,
    KPI_VALUE,
};
use crate::signals::Lead;

/// Defines `n` with the arguments query, selector, unit and the words before it: a number in its unit,
/// or nothing. `humanize` alone would print 0.8 as `800m`.
const NUMBER: &str = r#"{{- define "n" }}{{ range query (printf .arg0 .arg1) }}{{ $.arg3 }}{{ if eq $.arg2 "percent" }}{{ humanizePercentage .Value }}{{ else }}{{ if or (ge .Value 1.0) (le .Value -1.0) }}{{ humanize .Value }}{{ else }}{{ printf "%.3g" .Value }}{{ end }}{{ if not (match "^(|count|ratio)$" $.arg2) }} {{ $.arg2 }}{{ end }}{{ end }}{{ end }}{{ end }}
"#;

/// Then `$s` selects the label set, and `$own` says it: `, region west`.
const SELECTOR: &str = r#"{{- $s := "" }}{{ $own := "" }}{{ range $k, $v := $labels }}{{ if not (match "^(__name__|kind|function|objective|team)$" $k) }}{{ $s = printf "%s%s=%q," $s $k $v }}{{ if not (match "^(job|kpi)$" $k) }}{{ $own = printf "%s, %s %s" $own $k $v }}{{ end }}{{ end }}{{ end }}
"#;

/// Begins the part that knows the definition of the KPI as `$i`.
const ABOUT: &str = r#"{{- range query (printf "kpi:about:info{job=%q,kpi=%q}" $labels.job $labels.kpi) }}{{ $i := .Labels }}{{ $i.title }}"#;

/// Ends it with whose KPI it is.
const OWNER: &str = "{{- with $i.owner }} Owner: {{ . }}.{{ end }}";

/// The title of the KPI with its own labels, on one line.
const TITLE: &str = r#"{{ range query (printf "kpi:about:info{job=%q,kpi=%q}" $labels.job $labels.kpi) }}{{ .Labels.title }}{{ end }}{{ range $k, $v := $labels }}{{ if not (match "^(__name__|job|kpi|kind|function|objective|team)$" $k) }}, {{ $k }} {{ $v }}{{ end }}{{ end }}"#;

/// A summary: the KPI, then these words.
pub(super) fn title(words: &str) -> String {
    format!("{TITLE}{words}")
}

/// A description of the KPI as a whole: its title, these words, the owner.
pub(super) fn about(words: &str) -> String {
    format!("{SELECTOR}{ABOUT}{{{{ $own }}}}{words}{OWNER}{{{{ end }}}}")
}

/// A description of a verdict: the title, these words and numbers, what it leads, who can do what
/// about it, where to look.
pub(super) fn verdict(words: &str, numbers: &str, page: &str) -> String {
    let (leads, lever) = (leads(), lever());
    format!(
        "{NUMBER}{SELECTOR}{ABOUT}{{{{ $own }}}}{words}{numbers}\n\
         {leads}\n\
         {OWNER}{lever}{{{{ end }}}} {page}"
    )
}

/// Where a KPI stands: value, plan, target, how much faster the rest must run, time left.
pub(super) fn standing() -> String {
    let lower = unless_target(&KPI_TARGET_LOWER_VALUE);
    let upper = unless_target(&KPI_TARGET_UPPER_VALUE);
    [
        number(&worst(&KPI_VALUE), "now "),
        number(&worst(&KPI_EXPECTED_VALUE), ", due by now "),
        number(&worst(&KPI_TARGET_VALUE), ", target "),
        number(&lower, ", not below "),
        number(&upper, ", not above "),
        rest(),
    ]
    .concat()
}

/// How much faster the rest must run, and how long that is; ends the sentence.
pub(super) fn rest() -> String {
    format!(
        "\n{{{{- range query (printf \"max({KPI_REQUIRED_PACE_RATIO}{{%s}}) > 1\" $s) }}}}; \
         the rest of the period must run {{{{ printf \"%.2f\" .Value }}}} times as fast as so far{{{{ end }}}}\
         {{{{ range query (printf \"ceil((max({KPI_PERIOD_END_TIMESTAMP_SECONDS}{{%s}}) - time()) / 86400) > 0\" $s) }}}}; \
         days left: {{{{ .Value }}}}{{{{ end }}}}."
    )
}

/// A number of the label set, if there is one, after these words.
pub(super) fn number(query: &str, before: &str) -> String {
    format!(r#"{{{{ template "n" (args "{query}" $s $i.unit "{before}") }}}}"#)
}

/// A gauge of the label set; replicas give one.
pub(super) fn worst(family: &Family) -> String {
    format!("max({family}{{%[1]s}})")
}

/// A limit that is not the target itself.
fn unless_target(limit: &Family) -> String {
    format!("max({limit}{{%[1]s}}) unless max({KPI_TARGET_VALUE}{{%[1]s}})")
}

/// What the KPI claims to announce, and whether history bears it out.
fn leads() -> String {
    let proven = Lead::Leads { lag: 1, rho: 1.0 }.verdict();
    format!(
        "{{{{- range printf \"max by (predicts, verdict) ({KPI_LEAD_CORRELATION}{{job=%q,kpi=%q}})\" $labels.job $labels.kpi | query | sortByLabel \"predicts\" }}}} \
         It leads {{{{ .Labels.predicts }}}} ({{{{ if eq .Labels.verdict \"{proven}\" }}}}proven{{{{ else }}}}unproven{{{{ end }}}}).{{{{ end }}}}"
    )
}

/// What can be done first.
fn lever() -> String {
    format!(
        "{{{{ range query (printf \"max by (lever) ({KPI_LEVER_INFO}{{job=%q,kpi=%q}})\" $labels.job $labels.kpi) }}}} \
         First lever: {{{{ .Labels.lever }}}}.{{{{ end }}}}"
    )
}
