//! A snapshot as text, made from the text of the one before: what a family says of a KPI or a metric that
//! is still the same is copied, and only the rest is written. Not here: compression (`compressed`).

use std::ops::Range;
use std::sync::{Arc, Weak};

use bytes::Bytes;

use super::body::write_whole;
use super::encode::{Encoder, ExpositionFormat};
use super::families;
use super::pieces::{About, KpiRows, about, write_metric};
use super::sink::Sink as _;
use crate::snapshot::{KpiState, MetricState, Snapshot};

/// Bytes that a KPI takes, roughly: what the output is first sized for.
const KPI_BYTES: usize = 4 << 10;

/// The text of a snapshot, and where its pieces end.
#[derive(Debug)]
pub(super) struct Rendered {
    text: Arc<Text>,
    /// After a zero: family by family, its heading, then its KPIs, its metrics or all of it.
    ends: Vec<usize>,
    /// What was rendered. A piece is the same when this is.
    kpis: Vec<Weak<KpiState>>,
    metrics: Vec<Weak<[MetricState]>>,
}

/// Shared with those who send it.
#[derive(Debug, Default)]
struct Text(String);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Places of which all are as they were, or none.
struct Run {
    places: Range<usize>,
    is_same: bool,
}

impl Rendered {
    /// Renders everything that a snapshot says; `before` is a rendering of an earlier one in the same
    /// format. The self-metrics, and in OpenMetrics the end mark, are still to follow.
    pub(super) fn new(
        snapshot: &Snapshot,
        format: ExpositionFormat,
        before: Option<&Self>,
    ) -> Self {
        let (kpis, metrics) = (&snapshot.kpis, &snapshot.metrics);
        let before =
            before.filter(|old| old.kpis.len() == kpis.len() && old.metrics.len() == metrics.len());
        let of_kpis = runs(kpis, before.map(|old| old.kpis.as_slice()));
        let of_metrics = runs(metrics, before.map(|old| old.metrics.as_slice()));
        let new =
            of_kpis.iter().filter(|run| !run.is_same).flat_map(|run| &kpis[run.places.clone()]);
        let rows: Vec<KpiRows<'_>> = new.map(|state| KpiRows::of(state)).collect();
        let size = before.map_or(kpis.len() * KPI_BYTES, |old| old.text.0.len());
        let mut writing =
            Writing { out: Encoder::new(format, size + size / 16), ends: vec![0], before };
        for family in families::ALL {
            let about = about(family);
            if matches!(about, About::Program) {
                continue;
            }
            let begin = (writing.out.len(), writing.ends.len());
            writing.out.family(family).heading();
            writing.end();
            let heading = writing.out.len();
            match about {
                About::Kpis(of) => {
                    let mut rows = rows.iter();
                    writing.pieces(&of_kpis, |out, _| {
                        if let Some(rows) = rows.next() {
                            rows.write(&mut out.family(family).going_on(), family, of);
                        }
                    });
                }
                About::Metrics => writing.pieces(&of_metrics, |out, place| {
                    write_metric(&mut out.family(family).going_on(), &metrics[place]);
                }),
                About::All => {
                    write_whole(&mut writing.out.family(family).going_on(), family, snapshot);
                    writing.end();
                }
                About::Program => {}
            }
            if writing.out.len() == heading {
                // A family without samples leaves no trace.
                writing.out.truncate(begin.0);
                writing.ends[begin.1..].fill(begin.0);
            }
        }
        let mut text = writing.out.into_text();
        // The first one grew to up to twice of what it needed.
        text.shrink_to_fit();
        Self {
            text: Arc::new(Text(text)),
            ends: writing.ends,
            kpis: kpis.iter().map(Arc::downgrade).collect(),
            metrics: metrics.iter().map(Arc::downgrade).collect(),
        }
    }

    /// All of it, to be sent.
    pub(super) fn bytes(&self) -> Bytes {
        Bytes::from_owner(SharedText(Arc::clone(&self.text)))
    }

    pub(super) fn text(&self) -> &str {
        &self.text.0
    }

    /// Where its pieces end, after a zero.
    pub(super) fn ends(&self) -> &[usize] {
        &self.ends
    }
}

struct SharedText(Arc<Text>);

impl AsRef<[u8]> for SharedText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref().as_ref()
    }
}

/// A text that is being put together.
struct Writing<'b> {
    out: Encoder,
    ends: Vec<usize>,
    before: Option<&'b Rendered>,
}

impl Writing<'_> {
    fn end(&mut self) {
        self.ends.push(self.out.len());
    }

    /// Copies pieces that are as they were, and writes the others.
    fn pieces(&mut self, runs: &[Run], mut write: impl FnMut(&mut Encoder, usize)) {
        for run in runs {
            let first = self.ends.len();
            match self.before.filter(|_| run.is_same) {
                Some(old) => {
                    let (from, to) = (old.ends[first - 1], old.ends[first - 1 + run.places.len()]);
                    let here = self.out.len();
                    self.out.push_text(&old.text.0[from..to]);
                    let ends = &old.ends[first..first + run.places.len()];
                    self.ends.extend(ends.iter().map(|end| end - from + here));
                }
                None => {
                    for place in run.places.clone() {
                        write(&mut self.out, place);
                        self.end();
                    }
                }
            }
        }
    }
}

/// The places, with what is the same together.
fn runs<T: ?Sized>(now: &[Arc<T>], before: Option<&[Weak<T>]>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (place, now) in now.iter().enumerate() {
        let old = before.and_then(|before| before.get(place));
        let is_same = old.is_some_and(|old| std::ptr::addr_eq(old.as_ptr(), Arc::as_ptr(now)));
        match runs.last_mut() {
            Some(last) if last.is_same == is_same => last.places.end = place + 1,
            _ => runs.push(Run { places: place..place + 1, is_same }),
        }
    }
    runs
}

#[cfg(test)]
#[path = "tests/rendered.rs"]
mod tests;
