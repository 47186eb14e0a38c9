//! What a value is made of: its members by one column, with value, share and change. One verdict is
//! on the whole, over the sums of all rows; members have none.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::join::Joined;
use crate::kpi::same;
use crate::metric::{Labels, Measurement, Metric};
use crate::snapshot::{Breakdown, Member};

/// Members of one column that are shown one by one.
const MOST: usize = 50;

/// What stands for the rest of them.
const OTHER: &str = "other";

/// A measurement without the columns that divide it: its rows added up, or the total that was asked
/// for by itself because they do not add up.
pub(super) fn whole_of<'m>(
    metric: &Metric,
    measured: &'m Measurement,
    divided_by: &[String],
) -> Cow<'m, Measurement> {
    let divides = |name: &String| divided_by.contains(name) || metric.members.contains(name);
    if !metric.labels.iter().any(divides) {
        return Cow::Borrowed(measured);
    }
    if metric.total.is_some() {
        let series = measured.totals.clone().unwrap_or_default();
        return Cow::Owned(Measurement { series, ..measured.clone() });
    }
    let gone: Vec<&String> = metric.labels.iter().filter(|name| divides(name)).collect();
    Cow::Owned(measured.regrouped(|labels| labels.without(&gone)))
}

/// Names of the labels that a measurement has without the columns that divide it.
pub(super) fn labels_of_whole<'m>(metric: &'m Metric, divided_by: &[String]) -> Vec<&'m str> {
    let divides = |name: &&String| divided_by.contains(name) || metric.members.contains(name);
    metric.labels.iter().filter(|name| !divides(name)).map(String::as_str).collect()
}

/// By labels of the verdict: the members that are shown one by one, where there are too many.
pub(super) type Limited = BTreeMap<Labels, BTreeSet<String>>;

/// One column of a breakdown.
#[derive(Clone, Copy)]
pub(super) struct Column<'a> {
    pub(super) name: &'a str,
    /// All columns of the breakdown.
    pub(super) all: &'a [String],
}

impl Column<'_> {
    /// The rows of a metric by this column and the labels of verdicts.
    pub(super) fn rows<'m>(
        self,
        metric: &'m Metric,
        measured: &'m Measurement,
        limited: &Limited,
    ) -> (Vec<&'m str>, Cow<'m, Measurement>) {
        let gone: Vec<&String> = metric
            .labels
            .iter()
            .filter(|name| *name != self.name)
            .filter(|name| self.all.contains(name) || metric.members.contains(name))
            .collect();
        let kept = metric.labels.iter().filter(|name| !gone.contains(name));
        let measured = measured.regrouped(|labels| {
            let mut kept = labels.without(&gone);
            let of = kept.without(&[self.name]);
            if let (Some(shown), Some(name)) = (limited.get(&of), kept.get(self.name))
                && !shown.contains(name)
            {
                kept = kept.with_value(self.name, OTHER);
            }
            kept
        });
        (kept.map(String::as_str).collect(), Cow::Owned(measured))
    }

    /// The members of every verdict. `now` and `before` evaluate the formula by this column, members
    /// beyond a limit put together; `before` also for the members of now.
    pub(super) fn breakdowns(
        self,
        whole: &BTreeMap<Labels, Joined>,
        additive: bool,
        now: impl Fn(&Limited) -> BTreeMap<Labels, Joined>,
        before: impl Fn(&Limited, &BTreeMap<Labels, Joined>) -> BTreeMap<Labels, Joined>,
    ) -> Vec<Breakdown> {
        let mut limited = Limited::new();
        let mut members = now(&limited);
        let mut all = self.by_verdict(members.clone());
        let counts: BTreeMap<Labels, usize> =
            all.iter().map(|(labels, members)| (labels.clone(), members.len())).collect();
        for (labels, members) in all.iter().filter(|(_, members)| members.len() > MOST) {
            let mut largest: Vec<(&String, f64)> =
                members.iter().map(|(name, m)| (name, size(m).unwrap_or(0.0).abs())).collect();
            largest.sort_by(|(_, a), (_, b)| b.total_cmp(a));
            // A member that is called like the rest of them belongs to it.
            let shown =
                largest.iter().map(|(name, _)| (*name).clone()).filter(|name| name != OTHER);
            limited.insert(labels.clone(), shown.take(MOST).collect());
        }
        if !limited.is_empty() {
            members = now(&limited);
            all = self.by_verdict(members.clone());
        }
        let mut before = self.by_verdict(before(&limited, &members));
        let breakdown = |(labels, members): (Labels, BTreeMap<String, Joined>)| {
            let shown = limited.get(&labels).map_or(0, BTreeSet::len);
            let others =
                if shown > 0 { counts.get(&labels).map_or(0, |all| all - shown) } else { 0 };
            let earlier = before.remove(&labels).unwrap_or_default();
            let parts = Parts { members, whole: whole.get(&labels).copied(), additive };
            let earlier = Parts { members: earlier, whole: None, additive };
            Breakdown {
                by: self.name.to_owned(),
                members: parts.compared(&earlier, others > 0),
                others,
                adds_up: additive && parts.add_up(),
                labels,
            }
        };
        all.into_iter().map(breakdown).collect()
    }

    fn by_verdict(
        self,
        joined: BTreeMap<Labels, Joined>,
    ) -> BTreeMap<Labels, BTreeMap<String, Joined>> {
        let mut by_verdict: BTreeMap<Labels, BTreeMap<String, Joined>> = BTreeMap::new();
        for (labels, member) in joined {
            if let Some(name) = labels.get(self.name) {
                let of = by_verdict.entry(labels.without(&[self.name])).or_default();
                of.insert(name.to_owned(), member);
            }
        }
        by_verdict
    }
}

/// The members of one verdict at one point.
struct Parts {
    members: BTreeMap<String, Joined>,
    /// The value of the verdict.
    whole: Option<Joined>,
    additive: bool,
}

impl Parts {
    /// The largest first; the rest of them is always the last.
    fn compared(&self, earlier: &Self, rest: bool) -> Vec<Member> {
        let (total, total_before) = (self.total(), earlier.total());
        let share = |part: &Joined, total: Option<f64>| {
            let share = size(part)? / total.filter(|total| *total != 0.0)?;
            share.is_finite().then_some(share)
        };
        let mut members: Vec<Member> = self
            .members
            .iter()
            .filter(|(name, _)| self.additive || !rest || name.as_str() != OTHER)
            .map(|(name, part)| {
                let before = earlier.members.get(name);
                let share_now = share(part, total);
                let share_before = before.and_then(|before| share(before, total_before));
                Member {
                    name: name.clone(),
                    value: part.value,
                    sums: part.sums,
                    share: share_now,
                    change: difference(part.value, before.and_then(|before| before.value)),
                    share_change: difference(share_now, share_before),
                }
            })
            .collect();
        let rank = |member: &Member| {
            (rest && member.name == OTHER, -member.share.or(member.value).unwrap_or(0.0).abs())
        };
        members.sort_by(|a, b| {
            let ((last_a, a), (last_b, b)) = (rank(a), rank(b));
            last_a.cmp(&last_b).then(a.total_cmp(&b))
        });
        members
    }

    /// What shares are of: the size of the whole, where it was measured by itself.
    fn total(&self) -> Option<f64> {
        match (&self.whole, self.additive) {
            (Some(whole), false) => size(whole),
            _ => Some(self.members.values().filter_map(size).sum()),
        }
    }

    /// Whether the parts of the members add up to those of the whole.
    fn add_up(&self) -> bool {
        let Some(whole) = self.whole else { return false };
        let sum = |of: &dyn Fn(&Joined) -> Option<f64>| -> f64 {
            self.members.values().filter_map(of).sum()
        };
        match (whole.sums, whole.value) {
            (Some(sums), _) => {
                same(sums.numerator, sum(&|part| part.sums.map(|s| s.numerator)))
                    && same(sums.denominator, sum(&|part| part.sums.map(|s| s.denominator)))
            }
            (None, Some(value)) => same(value, sum(&|part| part.value)),
            (None, None) => true,
        }
    }
}

/// What a share is measured by.
fn size(part: &Joined) -> Option<f64> {
    part.sums.map_or(part.value, |sums| Some(sums.denominator))
}

fn difference(now: Option<f64>, before: Option<f64>) -> Option<f64> {
    now.zip(before).map(|(now, before)| now - before)
}
