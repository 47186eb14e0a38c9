//! What has to hold whatever happens, checked against what only the simulation knows.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::company::{is_plain, told};
use super::shown::Seen;
use super::time::{ahead, clock, truly};
use super::world::World;
use super::*;
use crate::assess::Status;
use crate::calendar::Window;
use crate::engine::plan;
use crate::families::{KPI_EXPORTER_LOG_ERRORS_TOTAL, KPI_EXPORTER_STORE_ERRORS_TOTAL, KPI_VALUE};
use crate::server::NoteRequest;
use crate::snapshot::KpiState;
use crate::store::{Store, StoredRun};

/// Older values are not shown.
const MAX_AGE: TimeDelta = TimeDelta::hours(48);

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// What depends on what else the process does.
fn is_of_the_process(line: &str) -> bool {
    line.starts_with("process_") || line.starts_with(KPI_EXPORTER_LOG_ERRORS_TOTAL.name)
}

fn is_band(status: Status) -> bool {
    matches!(status, Status::OnTrack | Status::AtRisk | Status::OffTrack)
}

impl World {
    fn store(&self) -> Arc<Store> {
        self.life().store.upgrade().unwrap()
    }

    pub(super) async fn check(&mut self) {
        let snapshot = self.snapshot();
        for (number, state) in snapshot.kpis.iter().enumerate() {
            self.check_value(number, state);
            // A quotient is another data point whenever one of its two metrics is.
            if is_plain(number) {
                self.check_status(state);
            }
        }
        self.shown.kpis = snapshot
            .kpis
            .iter()
            .filter_map(|state| Some((state.kpi.id.to_string(), Seen::of(state)?)))
            .collect();
        self.check_freshness();
        self.check_page();
        if self.shown.is_written && ahead() < TimeDelta::days(1) {
            snapshot.kpis.iter().for_each(|state| self.shown.note_results(state));
        }
        if self.told.steps.is_multiple_of(12) {
            self.check_closings().await;
            self.said.forget_before(truly() - MAX_AGE - TimeDelta::hours(4));
        }
        self.told.failed_fetches = self.said.failures.load(std::sync::atomic::Ordering::Relaxed);
    }

    /// A value is what the source said at the instant that is shown with it, and no older than that says.
    fn check_value(&self, number: usize, state: &KpiState) {
        let id = &state.kpi.id;
        let verdict = &state.verdicts[0].assessment;
        let seen = self.shown.kpis.get(id.as_str());
        // What is too old to be shown has no instant either.
        if let Some(seen) = seen.filter(|seen| clock() - seen.last_success < MAX_AGE) {
            let now = state.last_success;
            // A start while some metrics have answered in a new period and others cannot shows neither.
            let is_between = now.is_none() && verdict.period.id != seen.period;
            let is_old = now < Some(seen.last_success) && !is_between;
            assert!(!is_old, "{id}: {now:?} is older than it was: {seen:?}");
        }
        let Some(value) = verdict.value else { return };
        let at = state.last_success.expect("a value comes with its instant");
        let age = clock() - at;
        assert!(age >= -TimeDelta::minutes(1), "{id}: {at} did not come");
        let tick = TimeDelta::minutes(self.size.every.into());
        assert!(age <= MAX_AGE + tick, "{id}: shown though it is {age} old");
        if is_plain(number) {
            let asked = self.said.asked_at(number, at);
            let asked = asked.unwrap_or_else(|| panic!("{id}: nobody asked at {at}"));
            let calendar = self.snapshot().calendar.clone();
            let window = plan(&state.kpi, &calendar, at).value.window;
            let truth = told(self.seed, number, window, asked);
            assert!(same(value, truth), "{id} as of {at}, which was {asked}: {value}, not {truth}");
        } else {
            self.check_quotient(number, state, value);
        }
    }

    /// Both parts are of one period. Until both have come to the next one, what was shown holds.
    fn check_quotient(&self, number: usize, state: &KpiState, value: f64) {
        let id = &state.kpi.id;
        let calendar = self.snapshot().calendar.clone();
        let log = self.life().shared.runs();
        let measured_at = |metric: usize| {
            let mut metrics = log.sources.values().flat_map(|source| &source.metrics);
            let name = format!("m{metric}");
            let at = metrics.find(|(id, _)| ***id == *name)?.1.last_success?;
            Some((metric, at, self.said.asked_at(metric, at)?))
        };
        let parts = [number, (number + 1) % self.size.kpis].map(measured_at);
        let [Some(over), Some(under)] = parts else { return };
        let period = |at| calendar.period_at(&state.kpi.period, at).id;
        if period(over.1) != period(under.1) {
            if let Some(seen) = self.shown.kpis.get(id.as_str()) {
                let now = Seen::of(state).and_then(|now| now.value);
                assert_eq!(now, seen.value, "{id}: {parts:?}");
            }
            return;
        }
        let told = |(metric, at, asked): (usize, DateTime<Utc>, DateTime<Utc>)| {
            told(self.seed, metric, plan(&state.kpi, &calendar, at).value.window, asked)
        };
        let truth = told(over) / told(under);
        assert!(same(value, truth), "{id}: {value} and not {truth}, {parts:?}");
    }

    /// No change of a band comes out of the blue.
    fn check_status(&mut self, state: &KpiState) {
        let (Some(before), Some(now)) =
            (self.shown.kpis.get(state.kpi.id.as_str()), Seen::of(state))
        else {
            return;
        };
        let every = i64::from(self.size.every);
        let one_poll = TimeDelta::minutes(every + every.min(9));
        let goes_on =
            before.period == now.period && now.last_success - before.last_success < one_poll;
        if goes_on && is_band(before.status) && is_band(now.status) && before.status != now.status {
            assert!(before.waiting.is_some(), "{}: {before:?} became {now:?}", state.kpi.id);
            self.told.band_changes += 1;
        }
    }

    /// When each metric was asked for last, and will be next.
    fn polls(&self) -> Vec<String> {
        let log = self.life().shared.runs();
        let metrics = log.sources.values().flat_map(|source| &source.metrics);
        metrics
            .map(|(id, log)| format!("{id}: {:?}, {:?}", log.last_success, log.next_run))
            .collect()
    }

    /// Once nothing bad has happened for a while, everything is asked for in time.
    fn check_freshness(&self) {
        let every = TimeDelta::minutes(self.size.every.into());
        if truly() - self.calm_since < every + TimeDelta::minutes(7) {
            return;
        }
        let snapshot = self.snapshot();
        // In the first hour of a period a quotient is one of 0 and 0: of no instant.
        let plain = snapshot.kpis.iter().enumerate().filter(|(number, _)| is_plain(*number));
        for (_, state) in plain {
            let age = state.last_success.map(|at| clock() - at);
            let limit = every + TimeDelta::minutes(2);
            assert!(
                age.is_some_and(|age| age <= limit),
                "{} of {:?} by {}, which is {}, calm since {}: {:?} {:?}",
                state.kpi.id,
                state.last_success,
                clock(),
                truly(),
                self.calm_since,
                self.polls(),
                self.told
            );
        }
        for (id, source) in &snapshot.sources {
            assert_eq!(source.up, Some(true), "{id}: {source:?}");
        }
        assert!(self.life().shared.is_ready());
    }

    /// `/metrics`: each series once, with a number; values as the snapshot has them; counters go up.
    fn check_page(&mut self) {
        let page = self.scrape();
        let mut seen = BTreeMap::new();
        let mut hasher = DefaultHasher::new();
        self.told.pages.hash(&mut hasher);
        let mut kind = "";
        for line in page.lines() {
            if is_of_the_process(line) {
                continue;
            }
            line.hash(&mut hasher);
            if line.starts_with('#') {
                kind = line
                    .strip_prefix("# TYPE ")
                    .map_or(kind, |rest| rest.rsplit(' ').next().unwrap());
                continue;
            }
            let (series, number) = line.rsplit_once(' ').expect(line);
            let number: f64 = number.parse().expect(line);
            assert!(number.is_finite(), "{line}");
            assert!(seen.insert(series.to_owned(), number).is_none(), "twice: {series}");
            if kind == "counter" || kind == "histogram" {
                let before = self.shown.counters.insert(series.to_owned(), number).unwrap_or(0.0);
                assert!(number >= before, "{series} was {before} and is {number}");
            }
        }
        self.told.pages = hasher.finish();
        let failures = seen[KPI_EXPORTER_STORE_ERRORS_TOTAL.name];
        self.shown.at = Some(clock());
        self.shown.is_written = !self.disk_is_full() && same(failures, self.shown.failures);
        self.shown.failures = failures;
        for state in &self.snapshot().kpis {
            let value = state.verdicts[0].assessment.value;
            let series = format!("{}{{kpi=\"{}\"", KPI_VALUE.name, state.kpi.id);
            let on_page = seen.iter().find(|(name, _)| name.starts_with(&series));
            assert_eq!(on_page.map(|(_, value)| *value), value, "{series}");
        }
    }

    /// What was shown before is shown again, and statuses with what they wait for are what they were.
    pub(super) async fn after_a_start(&mut self) {
        self.shown.counters.clear();
        self.shown.failures = 0.0;
        if ahead() < TimeDelta::days(1) && !self.disk_is_full() {
            // The clock may have been set back by minutes, over midnight.
            self.check_no_future(2).await;
        }
        let snapshot = self.snapshot();
        let written = self.shown.is_written;
        // What was written afterwards nobody saw; it was asked for a minute before at most.
        let runs = self.store().load_runs().await.unwrap();
        let is_unseen = |run: &StoredRun| Some(run.as_of + TimeDelta::minutes(1)) > self.shown.at;
        let unseen = runs.into_iter().filter(is_unseen);
        let unseen: BTreeSet<_> = unseen.map(|run| run.metric).collect();
        for state in &snapshot.kpis {
            let Some(before) = self.shown.kpis.get(state.kpi.id.as_str()).cloned() else {
                continue;
            };
            let now = Seen::of(state);
            // What is too old to be shown has no status either.
            let is_young = clock() - before.last_success < MAX_AGE - TimeDelta::minutes(1);
            if written && is_young && before.value.is_some() {
                let id = &state.kpi.id;
                let Some(now) = now else {
                    let period = &state.verdicts[0].assessment.period.id;
                    assert!(*period != before.period, "{id}: nothing is left of {before:?}");
                    continue;
                };
                assert!(now.last_success >= before.last_success, "{id}: {before:?}, then {now:?}");
                // A period that ended meanwhile is another matter.
                let is_seen =
                    state.kpi.metrics().into_iter().all(|metric| !unseen.contains(metric));
                let is_same = is_seen && now.last_success == before.last_success;
                if is_same && before.status != Status::NoData {
                    assert_eq!(now.said(), before.said(), "{id}: before and after the start");
                }
            }
        }
        self.shown.kpis.retain(|_, seen| written && seen.value.is_some());
        let notes = self.store().notes().await.unwrap();
        for (kpi, text) in &self.shown.notes {
            let is_there = notes.of(kpi).iter().any(|note| note.text == *text);
            assert!(is_there, "{text} was acknowledged and is gone");
        }
        self.check_closings().await;
    }

    /// Nothing is known of days from so many days ahead on.
    async fn check_no_future(&self, ahead: u64) {
        let snapshot = self.snapshot();
        let today = snapshot.calendar.day_of(clock());
        let (from, to) = (today + chrono::Days::new(ahead), today + chrono::Days::new(60));
        for state in &snapshot.kpis {
            let days = self.store().daily_values(&state.kpi.id, from, to).await.unwrap();
            assert!(days.values().all(Vec::is_empty), "of a future that did not come: {days:?}");
        }
    }

    /// A final result is right, and stays.
    async fn check_closings(&mut self) {
        if ahead() > TimeDelta::days(1) {
            return;
        }
        let ended = self.store().ended(clock()).await.unwrap();
        let mut found = BTreeSet::new();
        for closing in ended.into_iter().map(|ended| ended.closing) {
            let key = (closing.series.kpi.to_string(), closing.period.clone());
            found.insert(key.clone());
            if closing.final_at.is_none() {
                continue;
            }
            assert!(closing.end <= truly() + TimeDelta::hours(3), "{key:?} has not ended");
            let number: usize = key.0[1..].parse().unwrap();
            if number % 5 < 3 {
                let window = Window { start: closing.start, end: closing.end };
                let whole = told(self.seed, number, window, closing.end + TimeDelta::days(1));
                assert_eq!(closing.value, Some(whole), "{key:?} is final and not right");
            }
            let known = *self.shown.finals.entry(key.clone()).or_insert(closing.value);
            assert_eq!(known, closing.value, "{key:?} was final and is another");
        }
        self.told.final_closings = self.shown.finals.len();
    }

    pub(super) async fn take_note(&mut self) {
        self.told.notes += 1;
        let kpi = u32::try_from(self.size.kpis).unwrap();
        let kpi = format!("k{}", self.chance.below(kpi));
        let text = format!("note {}", self.told.notes);
        let (answer, answered) = oneshot::channel();
        let request =
            NoteRequest { kpi: kpi.as_str().into(), author: None, text: text.clone(), answer };
        let taker = self.life().shared.note_taker().unwrap();
        taker.send(request).await.unwrap();
        match answered.await.unwrap() {
            Ok(_) => drop(self.shown.notes.insert((kpi, text))),
            Err(_) => assert!(self.disk_is_full(), "a note was not taken"),
        }
    }

    /// After a day without faults: every period that is long over and had a result is closed, and something is
    /// known of every day.
    pub(super) async fn check_the_end(&mut self) {
        self.check_closings().await;
        self.check_no_future(1).await;
        let snapshot = self.snapshot();
        let store = self.store();
        let calendar = &snapshot.calendar;
        let (first, today) = (calendar.day_of(self.began), calendar.day_of(clock()));
        let mut known = BTreeSet::new();
        for state in &snapshot.kpis {
            let values = store.daily_values(&state.kpi.id, first, today).await.unwrap();
            known.extend(values.into_values().flatten().map(|value| value.day));
            let mut period = calendar.previous(&calendar.period_at(&state.kpi.period, clock()));
            let closings = store.closings(&state.kpi.id, self.began, clock()).await.unwrap();
            while period.span.end > self.began + TimeDelta::hours(1) {
                // Where a source was down until the next period was over, nobody knew a result, or a final one.
                let key = (state.kpi.id.to_string(), period.id.clone());
                if let Some(is_final) = self.shown.results.get(&key)
                    && period.span.end + TimeDelta::days(4) < clock()
                {
                    let closing = closings.iter().find(|closing| closing.period == period.id);
                    assert!(
                        closing.is_some_and(|is| is.final_at.is_some() || !is_final),
                        "{key:?} is over at {} and not closed: {closing:?}",
                        clock()
                    );
                }
                period = calendar.previous(&period);
            }
        }
        // A first day on a full disk, ended by a kill, is no beginning.
        let begins = known.first().copied().filter(|day| *day <= first + chrono::Days::new(1));
        let missing = begins.unwrap_or(first).iter_days().take_while(|day| *day < today);
        let missing: Vec<_> = missing.filter(|day| !known.contains(day)).collect();
        assert!(missing.is_empty(), "nothing is known of {missing:?}");
    }
}
