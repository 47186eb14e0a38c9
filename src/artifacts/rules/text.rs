//! What an alert about a KPI says: a Go template that asks Prometheus, at the moment of firing, for
//! the exporter's own sentence about exactly the label set that the alert is about: the same words and
//! digits as on its page. What does not exist is left out.
//!
//! Prometheus has no templates that rules could share, so every description holds what it needs; it
//! stays readable because it has eight lines at most. Not here: which alert says what.

use crate::exposition::Family;
use crate::exposition::families::{KPI_LEAD_CORRELATION, KPI_LEVER_INFO};
use crate::signals::Lead;

/// Then `$s` selects the label set, and `$own` says it: `, region west`.
const SELECTOR: &str = r#"{{- $s := "" }}{{ $own := "" }}{{ range $k, $v := $labels }}{{ if not (match "^(__name__|kind|function|objective|team)$" $k) }}{{ $s = printf "%s%s=%q," $s $k $v }}{{ if not (match "^(job|kpi)$" $k) }}{{ $own = printf "%s, %s %s" $own $k $v }}{{ end }}{{ end }}{{ end }}
"#;

/// Begins the part that knows the definition of the KPI as `$i`.
const ABOUT: &str = r#"{{- range query (printf "kpi:about:info{job=%q,kpi=%q}" $labels.job $labels.kpi) }}{{ $i := .Labels }}{{ $i.title }}"#;

/// Ends it with whose KPI it is.
const OWNER: &str = "{{- with $i.owner }} Owner: {{ . }}.{{ end }}";

/// The title of the KPI with its own labels, on one line.
pub(super) const TITLE: &str = r#"{{ range query (printf "kpi:about:info{job=%q,kpi=%q}" $labels.job $labels.kpi) }}{{ .Labels.title }}{{ end }}{{ range $k, $v := $labels }}{{ if not (match "^(__name__|job|kpi|kind|function|objective|team)$" $k) }}, {{ $k }} {{ $v }}{{ end }}{{ end }}"#;

/// The number that an alert is about, in a template.
pub(super) const VALUE: &str = "$value";

/// A summary: the KPI, then these words.
pub(super) fn title(words: &str) -> String {
    format!("{TITLE}{words}")
}

/// A description of the KPI as a whole: its title, these words, the owner.
pub(super) fn about(words: &str) -> String {
    format!("{SELECTOR}{ABOUT}{{{{ $own }}}}{words}{OWNER}{{{{ end }}}}")
}

/// A description of a verdict: the title, these words, the sentence of the exporter, what the KPI
/// leads, who can do what about it, where to look.
pub(super) fn verdict(words: &str, sentence: &Family, page: &str) -> String {
    let (sentence, leads, lever) = (reason(sentence), leads(), lever());
    format!(
        "{SELECTOR}{ABOUT}{{{{ $own }}}}{words}.\n\
         {sentence}\n\
         {leads}\n\
         {OWNER}{lever}{{{{ end }}}} {page}"
    )
}

/// The exporter's sentence, as `$r`; replicas may tell it at different moments, and one of them is enough.
fn reason(family: &Family) -> String {
    format!(
        "{{{{- $r := \"\" }}}}{{{{ with printf \"max by (reason) ({family}{{%s}})\" $s | query | sortByLabel \"reason\" }}}}\
         {{{{ $r = . | first | label \"reason\" }}}} {{{{ $r }}}}{{{{ end }}}}"
    )
}

/// What the KPI claims to announce, and whether history bears it out; where the sentence in `$r` does not say
/// so already.
fn leads() -> String {
    let proven = Lead::Leads { lag: 1, rho: 1.0 }.verdict();
    format!(
        "{{{{- if not (match \"Its lead on\" $r) }}}}{{{{ range printf \"max by (predicts, verdict) ({KPI_LEAD_CORRELATION}{{job=%q,kpi=%q}})\" $labels.job $labels.kpi | query | sortByLabel \"predicts\" }}}} \
         It leads {{{{ $p := .Labels.predicts }}}}{{{{ with query (printf \"kpi:about:info{{job=%q,kpi=%q}}\" $labels.job $p) }}}}{{{{ . | first | label \"title\" }}}}{{{{ else }}}}{{{{ $p }}}}{{{{ end }}}} ({{{{ if eq .Labels.verdict \"{proven}\" }}}}proven{{{{ else }}}}unproven{{{{ end }}}}).{{{{ end }}}}{{{{ end }}}}"
    )
}

/// What can be done first.
fn lever() -> String {
    format!(
        "{{{{ range query (printf \"max by (lever) ({KPI_LEVER_INFO}{{job=%q,kpi=%q}})\" $labels.job $labels.kpi) }}}} \
         First lever: {{{{ .Labels.lever }}}}.{{{{ end }}}}"
    )
}
