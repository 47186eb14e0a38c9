//! A label set: what tells one series of a metric from another. Not a Prometheus label set with
//! `kpi` in it: only the labels that the user's own data carries.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::shown;

/// A label's name and value.
type Pair = (Arc<str>, Arc<str>);

/// Label names and values of one series, in name order. Empty for a metric without labels. Clones share
/// it: verdicts, history and store all speak of the same sets.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Labels(Arc<[Pair]>);

impl Labels {
    /// Whether there is no label at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// The values, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(_, value)| value)
    }

    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<&str> {
        // Hardly anybody has more than a few.
        self.iter().find_map(|(have, value)| (have == name).then_some(value))
    }

    /// The same but for these names.
    #[must_use]
    pub fn without(&self, names: &[impl AsRef<str>]) -> Self {
        let gone = |name: &str| names.iter().any(|gone| gone.as_ref() == name);
        if !self.names().any(gone) {
            return self.clone();
        }
        Self(self.0.iter().filter(|(name, _)| !gone(name)).cloned().collect())
    }

    /// The same with another value of a label that it has.
    #[must_use]
    pub fn with_value(&self, name: &str, value: &str) -> Self {
        let other = |pair: &Pair| if *pair.0 == *name { value.into() } else { Arc::clone(&pair.1) };
        Self(self.0.iter().map(|pair| (Arc::clone(&pair.0), other(pair))).collect())
    }

    /// The part with these names; `None` when one of them is not there.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Option<Self> {
        let has = |name: &&str| self.0.iter().find(|(have, _)| **have == **name).cloned();
        let mut found = names.iter().map(has).collect::<Option<Vec<Pair>>>()?;
        if !found.is_sorted_by(|a, b| a.0 < b.0) {
            return Some(found.into_iter().collect());
        }
        if found.len() == self.0.len() {
            return Some(self.clone());
        }
        Some(Self(found.drain(..).collect()))
    }

    /// Natural join: the union of both sets, or `None` when a shared name has two values.
    pub fn join(&self, other: &Self) -> Option<Self> {
        if other.is_empty() {
            return Some(self.clone());
        }
        if self.is_empty() {
            return Some(other.clone());
        }
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut joined = Vec::with_capacity(self.0.len() + other.0.len());
        loop {
            let pair = match (mine.peek(), theirs.peek()) {
                (Some(a), Some(b)) => match a.0.cmp(&b.0) {
                    Ordering::Less => mine.next(),
                    Ordering::Greater => theirs.next(),
                    Ordering::Equal if a.1 == b.1 => {
                        theirs.next();
                        mine.next()
                    }
                    Ordering::Equal => return None,
                },
                (Some(_), None) => mine.next(),
                (None, _) => theirs.next(),
            };
            match pair {
                Some(pair) => joined.push(pair.clone()),
                None => return Some(Self(joined.into())),
            }
        }
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By the first pair that differs.
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        // Sets of a metric share their names, and most of them differ in a value.
        let text = |one: &Arc<str>, other: &Arc<str>| {
            if Arc::ptr_eq(one, other) { Ordering::Equal } else { one.cmp(other) }
        };
        let pairs = self.0.iter().zip(other.0.iter());
        let mut ordered =
            pairs.map(|(one, other)| text(&one.0, &other.0).then_with(|| text(&one.1, &other.1)));
        let first = ordered.find(|ordered| ordered.is_ne());
        first.unwrap_or_else(|| self.0.len().cmp(&other.0.len()))
    }
}

/// Of two pairs with the same name the last one counts.
impl<N: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<Pair> = pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        if pairs.is_empty() {
            return Self::default();
        }
        if !pairs.is_sorted_by(|a, b| a.0 < b.0) {
            pairs = pairs.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
        }
        Self(pairs.into())
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<String, String>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl Labels {
    /// `plan=pro, region=EU`, for people; nothing at all for an empty set.
    pub fn words(&self) -> String {
        let pairs = self.iter().map(|(name, value)| match value {
            "" => format!("{name}=''"),
            value => format!("{name}={value}"),
        });
        shown::line(&pairs.collect::<Vec<_>>().join(", "), shown::MOST)
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: BTreeMap<&str, &str> = self.iter().collect();
        f.debug_tuple("Labels").field(&pairs).finish()
    }
}

/// `{plan="pro", region="EU"}`; nothing at all for an empty set.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        f.write_str("{")?;
        for (i, (name, value)) in self.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={:?}", shown::cut(value, shown::MOST))?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(labels: &Labels) -> BTreeMap<String, String> {
        labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn sets() -> impl Strategy<Value = Vec<(String, String)>> {
        prop::collection::vec(("[a-d]", "[xy]"), 0..5)
    }

    proptest! {
        #[test]
        fn label_sets_are_what_maps_of_them_are(a in sets(), b in sets(), names in prop::collection::vec("[a-e]", 0..4)) {
            let (one, other): (Labels, Labels) = (a.clone().into_iter().collect(), b.clone().into_iter().collect());
            let (a, b): (BTreeMap<_, _>, BTreeMap<_, _>) = (a.into_iter().collect(), b.into_iter().collect());
            prop_assert_eq!(map(&one), a.clone());
            prop_assert_eq!(one.cmp(&other), a.cmp(&b));
            prop_assert_eq!(one == other, a == b);
            let agree = a.iter().all(|(name, value)| b.get(name).is_none_or(|have| have == value));
            let union = agree.then(|| a.clone().into_iter().chain(b).collect::<BTreeMap<_, _>>());
            prop_assert_eq!(one.join(&other).map(|joined| map(&joined)), union);
            let refs: Vec<&str> = names.iter().map(String::as_str).collect();
            let only = refs.iter().map(|name| Some(((*name).to_owned(), a.get(*name)?.clone())));
            let only = only.collect::<Option<BTreeMap<_, _>>>();
            prop_assert_eq!(one.only(&refs).map(|only| map(&only)), only);
            let mut rest = a.clone();
            rest.retain(|name, _| !names.contains(name));
            prop_assert_eq!(map(&one.without(&names)), rest);
            for (name, value) in &a {
                prop_assert_eq!(one.get(name), Some(value.as_str()));
                let mut changed = a.clone();
                changed.insert(name.clone(), "z".to_owned());
                prop_assert_eq!(map(&one.with_value(name, "z")), changed);
            }
            let text = serde_json::to_string(&one).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&a).unwrap());
            prop_assert_eq!(serde_json::from_str::<Labels>(&text).unwrap(), one);
        }
    }
}
