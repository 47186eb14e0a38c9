//! One simulated KPI through the real engine, as a daemon would see it: its configuration in YAML, the
//! days before from history, then one fetch after another with whatever spans the engine asks for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use kpi_exporter::assess::{Assessment, Sums};
use kpi_exporter::calendar::Period;
use kpi_exporter::config::{Environment, load_text};
use kpi_exporter::engine::{Book, Day, Engine, History, Openings, Run, RunLog, plan, spans_of};
use kpi_exporter::kpi::{Definitions, Kpi, SeriesKey};
use kpi_exporter::metric::{Labels, Measurement, Series, Span};

/// What a source holds.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) first: NaiveDate,
    /// What each day brought; of a stock, where it stood at the end of the day.
    pub(crate) above: Vec<f64>,
    /// The same below the line of a share; empty for anything else.
    pub(crate) below: Vec<f64>,
    pub(crate) stock: bool,
}

/// A KPI under way.
pub(crate) struct Replay {
    definitions: Arc<Definitions>,
    kpi: Arc<Kpi>,
    pub(crate) period: Period,
    engine: Engine,
    book: Book,
    log: RunLog,
}

impl Table {
    /// Answers for a span; of a running day what has come so far.
    fn measure(&self, span: &Span) -> Measurement {
        let value = |days: &[f64]| {
            if self.stock {
                self.stood(days, span.window.end)
            } else {
                self.until(days, span.window.end) - self.until(days, span.window.start)
            }
        };
        let values = if self.below.is_empty() {
            [("value", value(&self.above))].into()
        } else {
            let whole = |days| value(days).round();
            let parts = [("above", whole(&self.above)), ("below", whole(&self.below))];
            parts.into()
        };
        let series = Series { values, ..Series::default() };
        Measurement {
            series: BTreeMap::from([(Labels::default(), series)]),
            ..Measurement::default()
        }
    }

    /// Days since the first, and the share of a usual day that has come by then.
    fn place(&self, at: DateTime<Utc>) -> (usize, f64) {
        let first = self.first.and_time(chrono::NaiveTime::MIN).and_utc();
        let seconds = (at - first).num_seconds().max(0);
        let day = usize::try_from(seconds / 86_400).unwrap_or(0);
        (day, share_of_day((seconds % 86_400) as f64 / 86_400.0))
    }

    fn until(&self, days: &[f64], at: DateTime<Utc>) -> f64 {
        let (day, share) = self.place(at);
        days.iter().take(day).sum::<f64>() + days.get(day).copied().unwrap_or(0.0) * share
    }

    fn stood(&self, days: &[f64], at: DateTime<Utc>) -> f64 {
        let (day, share) = self.place(at);
        let of = |day: usize| days.get(day.min(days.len() - 1)).copied().unwrap_or(0.0);
        let before = of(day.saturating_sub(1));
        before + (of(day) - before) * share
    }
}

/// A day's work is done between six in the morning and ten in the evening, most of it at noon.
fn share_of_day(passed: f64) -> f64 {
    let awake = ((passed - 0.25) / (22.0 / 24.0 - 0.25)).clamp(0.0, 1.0);
    awake * awake * (3.0 - 2.0 * awake)
}

impl Replay {
    /// `kpi` is the KPI in YAML, without its name. History begins on the day `known`; `start` is the
    /// first day of the period that is to be lived.
    pub(crate) fn new(kpi: &str, table: &Table, known: NaiveDate, start: NaiveDate) -> Self {
        let columns = if table.below.is_empty() { "v AS value" } else { "a AS above, b AS below" };
        let text = format!(
            "version: 1\n\
             sources: {{ s: {{ files: {{ tables: {{ days: days.csv }} }} }} }}\n\
             metrics:\n  m: {{ source: s, schedule: '@daily', query: 'SELECT {columns} FROM days WHERE \
             day >= :window_start_date AND day < :window_end_date' }}\n\
             kpis:\n  k: {kpi}\n"
        );
        let config = load_text("benchmark", &text, Path::new("."), &Environment::default());
        let definitions = match config {
            Ok(config) => Arc::new(config.definitions),
            Err(problems) => panic!("{problems}\n{text}"),
        };
        let kpi = Arc::clone(&definitions.kpis[0]);
        let calendar = &definitions.calendar;
        let period = calendar.period_at(&kpi.period, calendar.day_start(start + Days::new(1)));
        let log = RunLog::new(&definitions, &BTreeMap::new(), &Book::default(), period.span.start);
        let mut engine = Engine::new(Arc::clone(&definitions));
        let mut history = History::default();
        let key = SeriesKey::new(&kpi.id, &Labels::default());
        for day in known.iter_days().take_while(|day| *day < start) {
            let at = calendar.day_start(day + Days::new(1));
            let measured = table.measure(&plan(&kpi, calendar, at).value);
            history.note(&key, day, in_history(&measured));
        }
        engine.restore(Openings::default(), history);
        Self { kpi, period, engine, book: Book::default(), log, definitions }
    }

    /// What is shown after a fetch.
    pub(crate) fn fetch(&mut self, table: &Table, at: DateTime<Utc>) -> Assessment {
        let metric = &self.definitions.metrics["m"];
        let readers = std::slice::from_ref(&self.kpi);
        let spans = spans_of(metric, readers, &self.definitions.calendar, at);
        let known = spans.into_iter().map(|span| (span, Arc::new(table.measure(&span))));
        self.book.apply(Run::known(metric.id.clone(), at, Ok(known.collect())));
        let found = self.engine.evaluate(&self.book, &self.log, at);
        found.kpis[0].verdicts[0].assessment.clone()
    }

    /// What a window of so many days gave that held the running one, as it did once.
    #[allow(dead_code, reason = "not for every benchmark")]
    pub(crate) fn value_with_today(&self, table: &Table, days: u64, at: DateTime<Utc>) -> f64 {
        let calendar = &self.definitions.calendar;
        let start = calendar.day_start(calendar.day_of(at) - Days::new(days - 1));
        let part = |of: &[f64]| table.until(of, at) - table.until(of, start);
        if table.below.is_empty() {
            part(&table.above)
        } else {
            part(&table.above).round() / part(&table.below).round()
        }
    }

    /// The close of a day of the period, the first is 1.
    pub(crate) fn close(&self, day: usize) -> DateTime<Utc> {
        self.period.span.start + TimeDelta::days(i64::try_from(day).unwrap_or(0))
    }

    /// Days of the period.
    #[allow(dead_code, reason = "not for every benchmark")]
    pub(crate) fn length(&self) -> usize {
        usize::try_from((self.period.end_day - self.period.first_day).num_days()).unwrap_or(0)
    }

    #[allow(dead_code, reason = "not for every benchmark")]
    pub(crate) fn kpi(&self) -> &Kpi {
        &self.kpi
    }
}

fn in_history(measured: &Measurement) -> Day {
    let values = &measured.series[&Labels::default()].values;
    match (values.get("value"), values.get("above").zip(values.get("below"))) {
        (_, Some((above, below))) => {
            let sums = Sums { numerator: *above, denominator: *below };
            Day { value: above / below, expected: None, sums: Some(sums), status: None }
        }
        (value, None) => {
            Day { value: value.copied().unwrap_or(0.0), expected: None, sums: None, status: None }
        }
    }
}
