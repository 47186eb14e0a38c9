//! What there is to say, topic by topic.

use chrono::Days;

use super::buckets::{self, Series};
use super::row::moves;
use super::story::{date, story};
use super::{Change, Looking};
use crate::assess::Status;
use crate::figures;
use crate::metric::Labels;
use crate::shown;
use crate::snapshot::{KpiState, Verdict};
use crate::summary::{early_warnings, worst_first};

/// Items of a topic that are spelled out.
const MOST: usize = 12;
/// KPIs that moved.
const MOVERS: usize = 5;
/// What moved by less is no news.
const MOVED: f64 = 0.05;
/// A status is of a day if it is of at most so many days before it.
const NEAR: u64 = 3;

/// What an item is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the titles say it")]
pub enum Topic {
    OffTrack,
    Recovered,
    EarlyWarnings,
    ProjectedMisses,
    Closings,
    Movers,
    DataProblems,
}

impl Topic {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 7] = [
        Self::OffTrack,
        Self::Recovered,
        Self::EarlyWarnings,
        Self::ProjectedMisses,
        Self::Closings,
        Self::Movers,
        Self::DataProblems,
    ];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::OffTrack => "Newly off track",
            Self::Recovered => "Recovered",
            Self::EarlyWarnings => "Leading in trouble while lagging looks fine",
            Self::ProjectedMisses => "Projected to miss",
            Self::Closings => "Periods that close",
            Self::Movers => "Movers",
            Self::DataProblems => "Data problems",
        }
    }

    /// As a key of JSON.
    pub const fn key(self) -> &'static str {
        match self {
            Self::OffTrack => "newly_off_track",
            Self::Recovered => "recovered",
            Self::EarlyWarnings => "early_warnings",
            Self::ProjectedMisses => "projected_misses",
            Self::Closings => "closings",
            Self::Movers => "movers",
            Self::DataProblems => "data_problems",
        }
    }

    /// What is said when there is nothing.
    const fn nothing(self) -> &'static str {
        match self {
            Self::OffTrack => "nothing newly off track",
            Self::Recovered => "nothing recovered",
            Self::EarlyWarnings => "no early warning",
            Self::ProjectedMisses => "no projected miss",
            Self::Closings => "no period closed or closes soon",
            Self::Movers => "nothing moved much",
            Self::DataProblems => "no data problems",
        }
    }
}

/// A topic with what there is to say.
#[derive(Debug)]
pub struct Section<'s> {
    /// What it is about.
    pub topic: Topic,
    /// At least one.
    pub items: Vec<Item<'s>>,
    /// How many more there are.
    pub more: usize,
}

/// One thing to say.
#[derive(Debug)]
pub struct Item<'s> {
    /// The KPI it is about; `None` for a source.
    pub state: Option<&'s KpiState>,
    /// Its label set, where it is about one.
    pub labels: Option<&'s Labels>,
    /// The status to mark it with.
    pub status: Option<Status>,
    /// A sentence that does not name the KPI.
    pub text: String,
}

impl Item<'_> {
    /// What it is about, in words: title and labels of the KPI.
    pub fn subject(&self) -> Option<String> {
        let title = &self.state?.kpi.title;
        Some(match self.labels.filter(|labels| !labels.is_empty()) {
            None => shown::isolated(title).into_owned(),
            Some(labels) => {
                let values: Vec<&str> = labels.values().collect();
                format!("{} ({})", shown::isolated(title), shown::isolated(&shown::list(&values)))
            }
        })
    }

    /// With its subject.
    pub fn sentence(&self) -> String {
        match self.subject() {
            Some(subject) => format!("{subject}: {}", self.text),
            None => self.text.clone(),
        }
    }
}

/// The topics with something to say, and one line for the others.
pub(super) fn sections<'s>(looking: &Looking<'s, '_>) -> (Vec<Section<'s>>, Option<String>) {
    let (mut found, mut nothing) = (Vec::new(), Vec::new());
    for topic in Topic::ALL {
        let mut items = match topic {
            Topic::OffTrack => newly_off_track(looking),
            Topic::Recovered => recovered(looking),
            Topic::EarlyWarnings => warnings(looking),
            Topic::ProjectedMisses => misses(looking),
            Topic::Closings => closings(looking),
            Topic::Movers => movers(looking),
            Topic::DataProblems => data_problems(looking),
        };
        if items.is_empty() {
            nothing.push(topic.nothing());
            continue;
        }
        let more = items.len().saturating_sub(MOST);
        items.truncate(MOST);
        found.push(Section { topic, items, more });
    }
    let line = (!nothing.is_empty()).then(|| sentence(&nothing.join("; ")));
    (found, line)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Every verdict of the chosen KPIs, the worst of a KPI first.
fn verdicts<'s>(looking: &Looking<'s, '_>) -> Vec<(&'s KpiState, &'s Verdict)> {
    let of_one = |state: &&'s KpiState| {
        let state: &'s KpiState = state;
        worst_first(state).into_iter().map(move |verdict| (state, verdict)).collect::<Vec<_>>()
    };
    looking.chosen.iter().flat_map(of_one).collect()
}

fn item<'s>(state: &'s KpiState, verdict: &'s Verdict, text: String) -> Item<'s> {
    let status = Some(verdict.assessment.status);
    Item { state: Some(state), labels: Some(&verdict.labels), status, text }
}

/// The status at the time of the review before, where it is known.
fn status_then(looking: &Looking<'_, '_>, state: &KpiState, verdict: &Verdict) -> Option<Status> {
    let since = looking.since();
    let days = looking.days_of(state, verdict);
    let until = days.partition_point(|day| day.day <= since);
    let newest = days[..until].last()?;
    (newest.day + Days::new(NEAR) >= since).then_some(newest.status)?
}

fn newly_off_track<'s>(looking: &Looking<'s, '_>) -> Vec<Item<'s>> {
    let now_bad = verdicts(looking).into_iter().filter(|(_, v)| v.assessment.status.is_bad());
    let newly = |(state, verdict): (&'s KpiState, &'s Verdict)| {
        let then = status_then(looking, state, verdict)?;
        let text = format!("was {}. {}", then.words(), verdict.assessment.reason);
        (!then.is_bad()).then(|| item(state, verdict, text))
    };
    now_bad.filter_map(newly).collect()
}

/// Within the same period: a new one is a new start.
fn recovered<'s>(looking: &Looking<'s, '_>) -> Vec<Item<'s>> {
    let recovered = |(state, verdict): (&'s KpiState, &'s Verdict)| {
        let a = &verdict.assessment;
        let then = status_then(looking, state, verdict)?;
        let better = a.status.is_good() && (then.is_bad() || then == Status::AtRisk);
        let text = format!("was {}. {}", then.words(), a.reason);
        (better && a.period.first_day <= looking.since()).then(|| item(state, verdict, text))
    };
    verdicts(looking).into_iter().filter_map(recovered).collect()
}

fn warnings<'s>(looking: &Looking<'s, '_>) -> Vec<Item<'s>> {
    let warnings = early_warnings(looking.known.snapshot, looking.chosen);
    let item = |warning: crate::summary::EarlyWarning<'s>| {
        let verdict = *worst_first(warning.early).first()?;
        let status = Some(verdict.assessment.status);
        Some(Item { state: Some(warning.early), labels: None, status, text: warning.clause() })
    };
    warnings.into_iter().filter_map(item).collect()
}

fn misses<'s>(looking: &Looking<'s, '_>) -> Vec<Item<'s>> {
    let miss = |(state, verdict): (&'s KpiState, &'s Verdict)| {
        let a = &verdict.assessment;
        let ratio = a.projected_target_ratio.filter(|ratio| *ratio < 1.0)?;
        if a.period.span.end <= looking.as_of() {
            return None;
        }
        let (projected, target) = state.kpi.unit.show_pair(a.projected_value?, a.target_value?);
        let chance = a.target_hit_probability;
        let chance = chance.map_or(String::new(), |p| format!(", {} chance", figures::share(p)));
        let share = figures::attainment(ratio);
        let text = format!("projected {projected} of {target} ({share}){chance}.");
        Some(item(state, verdict, text))
    };
    verdicts(looking).into_iter().filter_map(miss).collect()
}

/// Periods that ended since the review before, and those that end soon.
fn closings<'s>(looking: &Looking<'s, '_>) -> Vec<Item<'s>> {
    let mut closed = Vec::new();
    let mut soon = Vec::new();
    let calendar = &looking.known.snapshot.calendar;
    let since = calendar.day_start(looking.since() + Days::new(1));
    let today = calendar.day_before(looking.as_of());
    for state in looking.chosen {
        for verdict in worst_first(state).into_iter().chain(state.last_period.iter()) {
            let a = &verdict.assessment;
            let end = a.period.span.end;
            if end > since && end <= looking.as_of() {
                let told = story(&state.kpi, a, looking.days_of(state, verdict));
                let told = told.map_or(String::new(), |told| format!(" {told}"));
                closed.push(item(state, verdict, format!("{}{told}", a.reason)));
            }
            let left = (a.period.end_day - today).num_days() - 1;
            if end > looking.as_of() && left <= looking.cadence.ahead() {
                let last_day = a.period.end_day - Days::new(1);
                let left = figures::days(left as f64, "");
                let now = a.value.zip(a.target_value).map(|(value, target)| {
                    let (value, target) = state.kpi.unit.show_pair(value, target);
                    format!("; {value} of {target} so far")
                });
                let text = format!(
                    "closes on {}, {left} left{}.",
                    date(last_day),
                    now.unwrap_or_default()
                );
                soon.push(item(state, verdict, text));
            }
        }
    }
    closed.append(&mut soon);
    closed
}

/// The KPIs that moved most, each once with the label set that did.
fn movers<'s>(looking: &Looking<'s, '_>) -> Vec<Item<'s>> {
    let calendar = &looking.known.snapshot.calendar;
    let spans = buckets::last(calendar, looking.cadence.kind(), looking.as_of(), 2);
    let moved = |state: &'s KpiState, verdict: &'s Verdict| {
        let days = looking.days_of(state, verdict);
        let series = Series { kpi: &state.kpi, calendar, days };
        let numbers: Vec<Option<f64>> = spans.iter().map(|span| series.of(span)).collect();
        let (change, _) = moves(looking, &series, &numbers);
        let change = change?;
        let size = change.relative().filter(|share| share.abs() >= MOVED)?.abs();
        Some((size, change, state, verdict))
    };
    let largest = |state: &&'s KpiState| {
        let all = state.verdicts.iter().filter_map(|verdict| moved(state, verdict));
        all.max_by(|x, y| x.0.total_cmp(&y.0))
    };
    let mut movers: Vec<(f64, Change, &'s KpiState, &'s Verdict)> =
        looking.chosen.iter().filter_map(largest).collect();
    movers.sort_by(|x, y| y.0.total_cmp(&x.0));
    movers.truncate(MOVERS);
    let item = |(_, change, state, verdict): (f64, Change, &'s KpiState, &'s Verdict)| {
        let noun = looking.cadence.noun();
        item(
            state,
            verdict,
            format!("{} from one {noun} to the next.", change.sentence(&state.kpi)),
        )
    };
    movers.into_iter().map(item).collect()
}

fn data_problems<'s>(looking: &Looking<'s, '_>) -> Vec<Item<'s>> {
    let sources = looking.known.snapshot.sources.iter().filter_map(|(id, source)| {
        let problem = source.problems.values().next()?;
        let text = format!("source {id}: {problem}");
        Some(Item { state: None, labels: None, status: Some(Status::NoData), text })
    });
    let empty = verdicts(looking)
        .into_iter()
        .filter(|(_, verdict)| verdict.assessment.status == Status::NoData);
    let empty =
        empty.map(|(state, verdict)| item(state, verdict, verdict.assessment.reason.clone()));
    sources.chain(empty).collect()
}
