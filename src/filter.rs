//! Which KPIs somebody asks for, by parameters of a request: the same on pages and in the API. A name or
//! value that is not known is an error that says which are: a mistyped filter must not look like good news.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::assess::Status;
use crate::kpi::{Function, Kpi, KpiKind};
use crate::shown;
use crate::snapshot::Snapshot;

/// What can be chosen, in the order in which it is offered.
pub const KEYS: [&str; 5] = ["team", "objective", "function", "kind", "status"];

/// Characters of a text from outside that an error repeats.
const LONGEST: usize = 60;

/// What was chosen; nothing chosen keeps all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(BTreeMap<&'static str, BTreeSet<String>>);

/// Why parameters are no filter.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilterError {
    /// A parameter of this name means nothing here.
    #[error("unknown parameter `{0}`: there are {list}", list = KEYS.join(", "))]
    Name(String),
    /// It means something, but not this.
    #[error("{key}: {value:?} is not known: {known}")]
    Value {
        /// The parameter.
        key: &'static str,
        /// What was asked for.
        value: String,
        /// What there is.
        known: String,
    },
}

impl Filter {
    /// The filter of pairs of name and value. An empty value chooses nothing; a name that comes several
    /// times keeps what has any of the values.
    ///
    /// # Errors
    /// The first name or value that is not known.
    pub fn parse<'q>(
        pairs: impl IntoIterator<Item = (&'q str, &'q str)>,
        snapshot: &Snapshot,
    ) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        for (name, value) in pairs {
            let key = KEYS.into_iter().find(|key| *key == name);
            let key = key.ok_or_else(|| FilterError::Name(shown::line(name, LONGEST)))?;
            if value.is_empty() {
                continue;
            }
            let known = values(key, snapshot);
            if !known.contains(value) {
                let (value, known) = (shown::line(value, LONGEST), listed(&known));
                return Err(FilterError::Value { key, value, known });
            }
            filter.0.entry(key).or_default().insert(value.to_owned());
        }
        Ok(filter)
    }

    /// Whether a KPI is asked for, its status apart.
    pub fn keeps(&self, kpi: &Kpi) -> bool {
        let chosen = |key: &str, value: Option<&str>| {
            self.0.get(key).is_none_or(|set| value.is_some_and(|value| set.contains(value)))
        };
        chosen("team", kpi.team.as_deref())
            && chosen("objective", kpi.objective.as_deref())
            && chosen("function", Some(&kpi.function.to_string()))
            && chosen("kind", Some(&kpi.kind.to_string()))
    }

    /// Whether a status is asked for.
    pub fn keeps_status(&self, status: Status) -> bool {
        self.0.get("status").is_none_or(|set| set.contains(status.as_str()))
    }

    /// Whether this value was chosen.
    pub fn has(&self, key: &str, value: &str) -> bool {
        self.0.get(key).is_some_and(|set| set.contains(value))
    }

    /// What was chosen, as names and values.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().flat_map(|(key, set)| set.iter().map(|value| (*key, value.as_str())))
    }
}

/// The values that a parameter can have.
pub fn values(key: &str, snapshot: &Snapshot) -> BTreeSet<String> {
    let kpis = || snapshot.kpis.iter().map(|state| &state.kpi);
    match key {
        "team" => kpis().filter_map(|kpi| kpi.team.clone()).collect(),
        "objective" => snapshot.objectives.keys().cloned().collect(),
        "function" => Function::ALL.iter().map(Function::to_string).collect(),
        "kind" => KpiKind::ALL.iter().map(KpiKind::to_string).collect(),
        "status" => Status::ALL.iter().map(|status| status.as_str().to_owned()).collect(),
        _ => BTreeSet::new(),
    }
}

fn listed(known: &BTreeSet<String>) -> String {
    if known.is_empty() {
        return "no KPI has one".to_owned();
    }
    let known: Vec<&String> = known.iter().collect();
    format!("there are {}", shown::list(&known))
}
