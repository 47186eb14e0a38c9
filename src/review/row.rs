//! One KPI in a row: the last spans as numbers, a year as a line, how it moved.

use chrono::{Days, NaiveDate};

use super::buckets::{self, Series};
use super::change::Change;
use super::{Looking, story};
use crate::calendar::PeriodKind;
use crate::note::Note;
use crate::snapshot::{KpiState, Verdict};
use crate::summary::worst_first;

/// What a line of a year has: whole months of what adds up, ends of weeks of the rest.
const MONTHS: usize = 12;
const WEEKS: usize = 52;

/// A KPI in the review: of several label sets the worst.
#[derive(Debug)]
pub struct Row<'s> {
    /// The KPI.
    pub state: &'s KpiState,
    /// The verdict told.
    pub verdict: &'s Verdict,
    /// How many label sets it has.
    pub sets: usize,
    /// What each of the columns brought, or how it ended.
    pub numbers: Vec<Option<f64>>,
    /// A year up to now, by last day; whatever is known of it.
    pub line: Vec<(NaiveDate, f64)>,
    /// The last column against the one before.
    pub change: Option<Change>,
    /// The last column against the same one a year ago.
    pub year: Option<Change>,
    /// What happened within the period, where that is worth telling.
    pub story: Option<String>,
    /// What was said last.
    pub note: Option<&'s Note>,
}

impl Row<'_> {
    /// The numbers of the columns as people read them, with the same decimals; `absent` for what is not known.
    pub fn told(&self, absent: &str) -> Vec<String> {
        let known: Vec<f64> = self.numbers.iter().flatten().copied().collect();
        let mut shown = self.state.kpi.unit.show_column(&known).into_iter();
        let text = |number: &Option<f64>| number.and_then(|_| shown.next());
        let texts = self.numbers.iter().map(text);
        texts.map(|text| text.unwrap_or_else(|| absent.to_owned())).collect()
    }
}

pub(super) fn row<'s>(looking: &Looking<'s, '_>, state: &'s KpiState) -> Option<Row<'s>> {
    let verdicts = worst_first(state);
    let verdict = *verdicts.first()?;
    let calendar = &looking.known.snapshot.calendar;
    let days = looking.days_of(state, verdict);
    let series = Series { kpi: &state.kpi, calendar, days };
    let spans = buckets::newest(calendar, looking.cadence.kind(), looking.as_of());
    let numbers: Vec<Option<f64>> = spans.iter().map(|span| series.of(span)).collect();
    let (change, year) = moves(looking, &series, &numbers);
    Some(Row {
        state,
        verdict,
        sets: verdicts.len(),
        line: line(looking, &series),
        change,
        year,
        numbers,
        story: story::story(&state.kpi, &verdict.assessment, days),
        note: state.notes.first(),
    })
}

/// Against the span before, and against the same one a year ago.
pub(super) fn moves(
    looking: &Looking<'_, '_>,
    series: &Series<'_>,
    numbers: &[Option<f64>],
) -> (Option<Change>, Option<Change>) {
    let [.., before, last] = numbers else { return (None, None) };
    let spans = buckets::last(series.calendar, looking.cadence.kind(), looking.as_of(), 1);
    let year_ago = spans.first().map(|span| series.calendar.same_last_year(span));
    let year_ago = year_ago.and_then(|span| series.of(&span));
    (Change::between(*before, *last), Change::between(year_ago, *last))
}

fn line(looking: &Looking<'_, '_>, series: &Series<'_>) -> Vec<(NaiveDate, f64)> {
    let (kind, count) =
        if series.starts_again() { (PeriodKind::Month, MONTHS) } else { (PeriodKind::Week, WEEKS) };
    let spans = buckets::last(series.calendar, &kind, looking.as_of(), count);
    let point =
        |span: &crate::calendar::Period| Some((span.end_day - Days::new(1), series.of(span)?));
    spans.iter().filter_map(point).collect()
}
