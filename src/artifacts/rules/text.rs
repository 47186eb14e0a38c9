//! What an alert about a KPI says: a Go template that asks Prometheus, at the moment of firing, for
//! the numbers of exactly the label set that the alert is about. What does not exist is left out.
//!
//! Not here: which alert says what (`kpi_alerts`).

/// How to print an amount of a unit: `humanize` alone would print 0.8 as `800m`.
const AMOUNT: &str = r#"{{- define "amount" }}{{ if eq .arg1 "percent" }}{{ humanizePercentage .arg0 }}
  {{- else }}{{ if or (ge .arg0 1.0) (le .arg0 -1.0) }}{{ humanize .arg0 }}{{ else }}{{ printf "%.3g" .arg0 }}{{ end }}
  {{- if not (match "^(|count|ratio)$" .arg1) }} {{ .arg1 }}{{ end }}{{ end }}{{ end }}
"#;

/// Before every sentence: who the alert is about. `$s` selects the label set.
const ABOUT: &str = r#"{{- $s := "" }}{{ $own := "" }}{{ $title := $labels.kpi }}{{ $unit := "" }}{{ $owner := "" }}
{{- range $name, $value := $labels }}{{ if not (match "^(__name__|kind|function|objective|team)$" $name) }}
  {{- $s = printf "%s%s=%q," $s $name $value }}
  {{- if not (match "^(job|kpi)$" $name) }}{{ $own = printf "%s, %s %s" $own $name $value }}{{ end }}
{{- end }}{{ end }}
{{- range query (printf "@info{job=%q,kpi=%q}" $labels.job $labels.kpi) }}
  {{- $title = .Labels.title }}{{ $unit = .Labels.unit }}{{ $owner = .Labels.owner }}
{{- end }}
{{- $title }}{{ $own }}"#;

/// Where it stands: value, plan, target, pace, time left.
pub(super) const STANDING: &str = r#"{{ with query (printf "max(@value{%s})" $s) }}value {{ template "amount" (args (. | first | value) $unit) }}{{ else }}no value now{{ end }}
{{- with query (printf "max(@expected_value{%s})" $s) }}, expected by now {{ template "amount" (args (. | first | value) $unit) }}{{ end }}
{{- with query (printf "1 - max(@value{%s}) / (max(@expected_value{%s}) > 0) > 0" $s $s) }} ({{ . | first | value | humanizePercentage }} below){{ end }}
{{- with query (printf "max(@value{%s}) / (max(@expected_value{%s}) > 0) - 1 > 0" $s $s) }} ({{ . | first | value | humanizePercentage }} above){{ end }}
{{- with query (printf "max(@target_value{%s})" $s) }}, target {{ template "amount" (args (. | first | value) $unit) }}{{ end }}
{{- with query (printf "max(@target_lower_value{%s})" $s) }}, not below {{ template "amount" (args (. | first | value) $unit) }}{{ end }}
{{- with query (printf "max(@target_upper_value{%s})" $s) }}, not above {{ template "amount" (args (. | first | value) $unit) }}{{ end }}
{{- with query (printf "min(@pace_ratio{%s})" $s) }}, pace {{ . | first | value | printf "%.2f" }} (1.00 is on plan){{ end }}
{{- with query (printf "max(@required_value_per_day{%s}) > 0" $s) }}, needs {{ template "amount" (args (. | first | value) $unit) }} a day{{ end }}
{{- with query (printf "clamp_min((max(@period_end_timestamp_seconds{%s}) - time()) / 86400, 0)" $s) }}, days left: {{ . | first | value | printf "%.0f" }}{{ end }}."#;

/// Whose it is.
pub(super) const OWNER: &str = "
{{- if $owner }} Owner: {{ $owner }}.{{ end }}";

/// What can be done: levers are not exposed, the page of the KPI shows them.
pub(super) const LEVERS: &str = " Levers: see the page of the KPI.";

/// What a leading KPI is a sign of: the outcomes of the same objective.
pub(super) const PREDICTS: &str = r#"
{{- if $labels.objective }}{{ with query (printf "kpi:meta:info{job=%q,objective=%q,kind=\"lagging\"}" $labels.job $labels.objective) }} Early sign for{{ range $i, $kpi := . | sortByLabel "kpi" }}{{ if $i }},{{ end }} {{ $kpi.Labels.kpi }}{{ end }} (objective {{ $labels.objective }}).{{ end }}{{ end }}"#;

/// How the period may end, where the exporter knows.
pub(super) const PROJECTION: &str = r#"
{{- with query (printf "max(@projected_value{%s})" $s) }}: projected {{ template "amount" (args (. | first | value) $unit) }}{{ end }}
{{- with query (printf "min(@projected_lower_value{%s})" $s) }}, at worst {{ template "amount" (args (. | first | value) $unit) }}{{ end }}
{{- with query (printf "max(@projected_upper_value{%s})" $s) }}, at best {{ template "amount" (args (. | first | value) $unit) }}{{ end }}
{{- with query (printf "min(@target_hit_probability{%s})" $s) }}, chance to hit {{ . | first | value | humanizePercentage }}{{ end }}."#;

/// A description of a KPI, with the short forms of `names`: its name, then the parts.
pub(super) fn about(parts: &[&str]) -> String {
    let parts = parts.concat();
    let amount = if parts.contains("template \"amount\"") { AMOUNT } else { "" };
    format!("{amount}{ABOUT}{parts}")
}
