//! The text of the configuration that `init` writes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::catalog::{self, Template};
use crate::proposal::Proposal;

/// What goes into the file.
pub(super) struct Plan<'a> {
    /// What it starts from, for its first lines.
    pub(super) head: String,
    pub(super) team: &'a str,
    pub(super) objective: &'a str,
    pub(super) owner: &'a str,
    pub(super) currency: String,
    pub(super) entries: Vec<Entry>,
}

/// A template of it.
pub(super) struct Entry {
    pub(super) template: &'static Template,
    pub(super) queries: Queries,
}

/// Where its queries come from.
pub(super) enum Queries {
    /// Those of the catalogue, over its tables.
    Catalogue,
    Proposed(Proposal),
    /// Nothing gives its inputs; why.
    Missing(String),
}

impl Entry {
    fn is_missing(&self) -> bool {
        matches!(self.queries, Queries::Missing(_))
    }
}

/// A text as a scalar of YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Plan<'_> {
    /// The whole file. `url` says where a kind of source is.
    pub(super) fn text(&self, url: &dyn Fn(&str) -> String) -> String {
        let mut text = self.head.clone();
        let used = |kind: &str| self.entries.iter().any(|e| e.template.source == kind);
        text.push_str("version: 1\n\n# Where your days and months begin at midnight; UTC without it.\n# calendar: { timezone: Europe/Berlin }\n\nsources:\n");
        if used("sql") {
            let _ = writeln!(text, "  warehouse: {{ sql: {{ url: {} }} }}", quoted(&url("sql")));
        }
        if used("prometheus") {
            let _ = writeln!(
                text,
                "  prometheus: {{ prometheus: {{ url: {} }} }}",
                quoted(&url("prometheus"))
            );
        }
        let _ = writeln!(
            text,
            "\nobjectives:\n  goal: {{ title: {}, owner: {} }}",
            quoted(self.objective),
            quoted(self.owner)
        );
        let (missing, found): (Vec<&Entry>, Vec<&Entry>) =
            self.entries.iter().partition(|e| e.is_missing());
        if !found.is_empty() {
            text.push_str("\nmetrics:\n");
        }
        let mut said = BTreeSet::new();
        for entry in &found {
            text += &metrics(entry, &mut said);
        }
        if !found.is_empty() {
            text.push_str("\nkpis:\n");
        }
        for entry in &found {
            text += &self.kpi(entry);
            text.push('\n');
        }
        if !missing.is_empty() {
            text.push_str("\n# Not found in the database. With the names of your tables in the queries, and without the marks of\n# comments, these go to the metrics and KPIs above.\n");
        }
        for entry in missing {
            let Queries::Missing(why) = &entry.queries else { continue };
            let block = format!("{}{}", metrics(entry, &mut BTreeSet::new()), self.kpi(entry));
            let _ = write!(text, "#\n# {}: {}\n", entry.template.id, crate::shown::line(why, 200));
            for line in block.lines() {
                let _ = writeln!(text, "{}", format!("# {line}").trim_end());
            }
        }
        text.trim_end().to_owned() + "\n"
    }

    fn kpi(&self, entry: &Entry) -> String {
        let template = entry.template;
        let block = catalog::kpi(template, Some("goal"))
            .replace("unit: USD", &format!("unit: {}", self.currency))
            .replace("team: my_team", &format!("team: {}", quoted(self.team)))
            .replace("owner: me@example.com", &format!("owner: {}", quoted(self.owner)));
        let mut text = format!("  # {}\n{block}", template.title);
        if let Some((id, time)) = self.outcome_of(entry) {
            let _ = writeln!(text, "    predicts: [{id}]\n    lead_time: {time}");
        }
        if let Some(trap) = template.traps.first() {
            let _ = writeln!(text, "    # trap: {trap}");
        }
        text
    }

    /// The outcome that an early KPI moves before: a partner of the catalogue, else the last one.
    fn outcome_of(&self, entry: &Entry) -> Option<(&str, &str)> {
        let template = entry.template;
        if !template.kind.is_early() {
            return None;
        }
        let others = || {
            self.entries
                .iter()
                .filter(|other| !other.is_missing() && !other.template.kind.is_early())
        };
        let lagging = |id: &str| others().any(|other| other.template.id == id);
        let partner = template.leads.iter().find(|partner| lagging(&partner.id));
        if let Some(partner) = partner {
            return Some((partner.id.as_str(), partner.text.as_str()));
        }
        let outcome = others().next_back()?;
        let time = template.leads.first().map_or("30d", |partner| partner.text.as_str());
        Some((outcome.template.id.as_str(), time))
    }
}

/// Its metrics. What was said of a table is not said again.
fn metrics<'e>(entry: &'e Entry, said: &mut BTreeSet<&'e str>) -> String {
    let Queries::Proposed(proposal) = &entry.queries else {
        return catalog::metrics(entry.template);
    };
    let mut text = String::new();
    for note in proposal.notes.iter().filter(|note| said.insert(note)) {
        let _ = writeln!(text, "  # {}", crate::shown::line(note, 300));
    }
    for (name, query) in &proposal.metrics {
        text += &catalog::metric(entry.template, &entry.template.metric_name(name), query);
    }
    text
}
