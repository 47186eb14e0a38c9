//! The review as JSON.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::around::NoteJson;
use super::{KpiJson, instant};
use crate::metric::Labels;
use crate::review::{Action, Cadence, Change, Item, Review, Row, Section};

/// The review as an object; absent numbers are `null`.
pub fn review_json(review: &Review<'_>) -> Value {
    json!(ReviewJson::new(review))
}

#[derive(Serialize, ToSchema)]
pub(super) struct ReviewJson<'a> {
    as_of: String,
    #[schema(value_type = String)]
    period: Cadence,
    since: String,
    headline: &'a str,
    besides: Option<&'a str>,
    sections: Vec<SectionJson<'a>>,
    nothing: Option<&'a str>,
    actions: Vec<ActionJson<'a>>,
    columns: Vec<String>,
    rows: Vec<RowJson<'a>>,
}

#[derive(Serialize, ToSchema)]
struct SectionJson<'a> {
    topic: &'static str,
    title: &'static str,
    items: Vec<ItemJson<'a>>,
    more: usize,
}

#[derive(Serialize, ToSchema)]
struct ItemJson<'a> {
    kpi: Option<&'a str>,
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    labels: Option<&'a Labels>,
    text: &'a str,
}

#[derive(Serialize, ToSchema)]
struct ActionJson<'a> {
    kpi: &'a str,
    title: &'a str,
    period: &'a str,
    why: &'a str,
    levers: &'a [String],
    owner: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
struct RowJson<'a> {
    numbers: &'a [Option<f64>],
    line: Vec<PointJson>,
    change: Option<ChangeJson>,
    year: Option<ChangeJson>,
    story: Option<&'a str>,
    note: Option<NoteJson<'a>>,
    levers: &'a [String],
    label_sets: usize,
    now: KpiJson<'a>,
}

#[derive(Serialize, ToSchema)]
struct PointJson {
    day: String,
    value: f64,
}

#[derive(Serialize, ToSchema)]
struct ChangeJson {
    from: f64,
    to: f64,
    relative: Option<f64>,
    good: Option<bool>,
}

impl<'a> ReviewJson<'a> {
    fn new(review: &'a Review<'_>) -> Self {
        Self {
            as_of: instant(review.snapshot.as_of, review.snapshot.timezone),
            period: review.cadence,
            since: review.since.to_string(),
            headline: &review.headline,
            besides: review.besides.as_deref(),
            sections: review.sections.iter().map(SectionJson::new).collect(),
            nothing: review.nothing.as_deref(),
            actions: review.actions.iter().map(ActionJson::new).collect(),
            columns: review.columns.iter().map(NaiveDate::to_string).collect(),
            rows: review.rows.iter().map(|row| RowJson::new(review, row)).collect(),
        }
    }
}

impl<'a> SectionJson<'a> {
    fn new(section: &'a Section<'_>) -> Self {
        let item = |item: &'a Item<'_>| ItemJson {
            kpi: item.state.map(|state| state.kpi.id.as_str()),
            labels: item.labels,
            text: &item.text,
        };
        Self {
            topic: section.topic.key(),
            title: section.topic.title(),
            items: section.items.iter().map(item).collect(),
            more: section.more,
        }
    }
}

impl<'a> ActionJson<'a> {
    fn new(action: &'a Action<'_>) -> Self {
        let kpi = &action.state.kpi;
        Self {
            kpi: &kpi.id,
            title: &kpi.title,
            period: &action.period.id,
            why: &action.why,
            levers: &kpi.levers,
            owner: kpi.owner.as_deref(),
        }
    }
}

impl<'a> RowJson<'a> {
    fn new(review: &'a Review<'_>, row: &'a Row<'_>) -> Self {
        let zone = review.snapshot.timezone;
        let change = |change: Change| ChangeJson {
            from: change.from,
            to: change.to,
            relative: change.relative(),
            good: change.is_good(row.state.kpi.direction),
        };
        let point =
            |(day, value): &(NaiveDate, f64)| PointJson { day: day.to_string(), value: *value };
        Self {
            numbers: &row.numbers,
            line: row.line.iter().map(point).collect(),
            change: row.change.map(change),
            year: row.year.map(change),
            story: row.story.as_deref(),
            note: row.note.map(|note| NoteJson::new(note, zone)),
            levers: &row.state.kpi.levers,
            label_sets: row.sets,
            now: KpiJson::new(row.state, row.verdict, zone),
        }
    }
}
