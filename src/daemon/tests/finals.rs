//! When a result is final: by what the sources said when late data had come, not by what they said before.

use std::path::Path;
use std::sync::Arc;

use super::super::handed::Handed;
use super::*;
use crate::backfill::Recorder;
use crate::config::{Environment, load_text};
use crate::engine::{Book, Engine, News, Run, RunLog, SourceFacts, spans_of};
use crate::kpi::Definitions;
use crate::metric::{Labels, Measurement, Series};

const KPI: &str = "
version: 1
sources: { s: { files: { tables: { t: t.csv } } } }
metrics: { m: { source: s, query: 'SELECT 1 AS value FROM t WHERE d < :window_end AND d >= :window_start' } }
kpis:
  k: { kind: lagging, formula: m, accumulation: flow, unit: count, target: { min: 20 }, period: week }
";

/// A week ended on the 23rd.
const END: &str = "2026-03-23T00:00:00Z";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

struct World {
    definitions: Arc<Definitions>,
    engine: Engine,
    book: Book,
    log: RunLog,
    recorder: Recorder,
    handed: Handed,
}

impl World {
    async fn new(folder: &Path) -> Self {
        let config = load_text("finals.yaml", KPI, Path::new(""), &Environment::default());
        let definitions = Arc::new(config.unwrap_or_else(|all| panic!("{all}")).definitions);
        let book = Book::default();
        let facts = [("s".into(), SourceFacts::default())].into();
        let store = Arc::new(Store::open(folder.join("history.db")).await.unwrap());
        let began = at(END) - TimeDelta::days(3);
        Self {
            engine: Engine::new(Arc::clone(&definitions)),
            log: RunLog::new(&definitions, &facts, &book, began),
            recorder: Recorder::new(store, Arc::clone(&definitions), began).await.unwrap(),
            handed: Handed::default(),
            definitions,
            book,
        }
    }

    /// What is handed to the store at an instant, if the source is asked then and says `value`.
    fn closings(&mut self, now: &str, value: Option<f64>) -> Vec<(Option<f64>, bool)> {
        let now = at(now);
        let mut news = News { tick: true, ..News::default() };
        if let Some(value) = value {
            let metric = self.definitions.metrics.values().next().unwrap();
            let calendar = &self.definitions.calendar;
            let spans = spans_of(metric, &self.definitions.kpis, calendar, now);
            let values = [("value".to_owned(), value)].into();
            let series = [(Labels::default(), Series { values, ..Series::default() })].into();
            let measured = Arc::new(Measurement { series, ..Measurement::default() });
            let found = spans.into_iter().map(|span| (span, Arc::clone(&measured))).collect();
            let run = Run::known(metric.id.clone(), now, Ok(found));
            news.metrics.insert(metric.id.clone());
            self.log.note(&metric.source, &run);
            self.book.apply(run);
        }
        let found = self.engine.update(&self.book, &self.log, &news, now);
        let new = self.handed.new_rows(&self.recorder, &found, true);
        let closings = new.closings.iter().map(|is| (is.value, is.final_at.is_some())).collect();
        self.handed.keep(&found, &new);
        closings
    }
}

#[tokio::test]
async fn a_result_is_final_by_what_the_source_said_after_late_data_had_come() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    assert_eq!(world.closings("2026-03-23T02:00:00Z", Some(7.0)), [(Some(7.0), false)]);
    assert_eq!(world.closings("2026-03-23T03:00:00Z", None), [], "as it was handed in");
    // The source was not asked since.
    assert_eq!(world.closings("2026-03-26T01:00:00Z", None), []);
    assert_eq!(world.closings("2026-03-26T02:00:00Z", Some(9.0)), [(Some(9.0), true)]);
    assert_eq!(world.closings("2026-03-26T03:00:00Z", Some(9.0)), []);
}

#[tokio::test]
async fn the_same_answer_after_late_data_had_come_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    assert_eq!(world.closings("2026-03-23T02:00:00Z", Some(7.0)), [(Some(7.0), false)]);
    assert_eq!(world.closings("2026-03-26T02:00:00Z", Some(7.0)), [(Some(7.0), true)]);
}
