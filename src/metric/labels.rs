//! A label set: what tells one series of a metric from another. Not a Prometheus label set with
//! `kpi` in it: only the labels that the user's own data carries.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::shown;

/// Label names and values of one series, in name order. Empty for a metric without labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Labels(pub BTreeMap<String, String>);

impl Labels {
    /// Whether there is no label at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same but for these names.
    #[must_use]
    pub fn without(&self, names: &[impl AsRef<str>]) -> Self {
        let gone = |name: &String| names.iter().any(|gone| gone.as_ref() == name);
        let kept = self.0.iter().filter(|(name, _)| !gone(name));
        kept.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The part with these names; `None` when one of them is not there.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Option<Self> {
        names.iter().map(|name| Some((*name, self.0.get(*name)?.as_str()))).collect()
    }

    /// Natural join: the union of both sets, or `None` when a shared name has two values.
    pub fn join(&self, other: &Self) -> Option<Self> {
        let mut joined = self.0.clone();
        for (name, value) in &other.0 {
            match joined.get(name) {
                Some(have) if have != value => return None,
                Some(_) => {}
                None => {
                    joined.insert(name.clone(), value.clone());
                }
            }
        }
        Some(Self(joined))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect())
    }
}

impl Labels {
    /// `plan=pro, region=EU`, for people; nothing at all for an empty set.
    pub fn words(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| match value.as_str() {
            "" => format!("{name}=''"),
            value => format!("{name}={value}"),
        });
        shown::line(&pairs.collect::<Vec<_>>().join(", "), shown::MOST)
    }
}

/// `{plan="pro", region="EU"}`; nothing at all for an empty set.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        f.write_str("{")?;
        for (i, (name, value)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={:?}", shown::cut(value, shown::MOST))?;
        }
        f.write_str("}")
    }
}
