//! Bodies for scrapes. The part that a snapshot decides is rendered and compressed when somebody asks for it
//! first, from what was rendered and compressed of the snapshots before, and shared by all scrapes; the small
//! part with the self-metrics is made anew each time and put behind it.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use super::compressed::{Compressed, Compressor, last_part};
use super::encode::ExpositionFormat;
use super::rendered::Rendered;
use super::self_metrics::SelfMetrics;
use crate::snapshot::Snapshot;

/// A snapshot with its rendered bodies.
#[derive(Debug)]
pub struct Published {
    snapshot: Arc<Snapshot>,
    text: BodyPart,
    open_metrics: BodyPart,
}

/// A body in two pieces, to be sent one after the other.
#[derive(Debug, Clone)]
pub struct ScrapeBody {
    /// Shared by all scrapes of a snapshot.
    pub shared: Bytes,
    /// Made for this scrape.
    pub own: Bytes,
}

/// The part of a body that a snapshot decides, in one format.
#[derive(Debug)]
struct BodyPart {
    format: ExpositionFormat,
    rendered: OnceLock<Arc<Rendered>>,
    gzip: OnceLock<Arc<Compressed>>,
    zstd: OnceLock<Arc<Compressed>>,
    last: Arc<Mutex<Last>>,
}

/// What was made last in one format, of whatever snapshot.
#[derive(Debug, Default)]
struct Last {
    rendered: Option<Arc<Rendered>>,
    gzip: Option<Arc<Compressed>>,
    zstd: Option<Arc<Compressed>>,
}

impl Published {
    /// Nothing is rendered before somebody asks for it.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self {
            snapshot,
            text: BodyPart::new(ExpositionFormat::Text, Arc::default()),
            open_metrics: BodyPart::new(ExpositionFormat::OpenMetrics, Arc::default()),
        }
    }

    /// The next snapshot: what is the same in it is not rendered again.
    #[must_use]
    pub fn followed_by(&self, snapshot: Arc<Snapshot>) -> Self {
        let next = |part: &BodyPart| BodyPart::new(part.format, Arc::clone(&part.last));
        Self { snapshot, text: next(&self.text), open_metrics: next(&self.open_metrics) }
    }

    /// What was rendered.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    fn part(&self, format: ExpositionFormat) -> &BodyPart {
        match format {
            ExpositionFormat::Text => &self.text,
            ExpositionFormat::OpenMetrics => &self.open_metrics,
        }
    }
}

impl ScrapeBody {
    /// The body of a scrape: what the snapshot says, if there is one yet, and the self-metrics.
    ///
    /// # Errors
    /// Only when compressing in memory fails.
    pub fn new(
        published: Option<&Published>,
        self_metrics: &SelfMetrics,
        format: ExpositionFormat,
        compressor: Option<Compressor>,
    ) -> io::Result<Self> {
        let own = self_metrics.render(format);
        let shared = published.map(|published| (published.part(format), &*published.snapshot));
        let Some(by) = compressor else {
            let shared = shared.map(|(part, snapshot)| part.rendered(snapshot).bytes());
            return Ok(Self { shared: shared.unwrap_or_default(), own: own.into() });
        };
        let shared = shared.map(|(part, snapshot)| part.compressed(snapshot, by)).transpose()?;
        let last = last_part(shared.as_deref(), own.as_bytes(), by)?;
        let shared = shared.map(|shared| shared.bytes()).unwrap_or_default();
        Ok(Self { shared, own: last.into() })
    }
}

impl BodyPart {
    fn new(format: ExpositionFormat, last: Arc<Mutex<Last>>) -> Self {
        let (rendered, gzip, zstd) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { format, rendered, gzip, zstd, last }
    }

    fn rendered(&self, snapshot: &Snapshot) -> Arc<Rendered> {
        let render = || {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let rendered = Rendered::new(snapshot, self.format, last.rendered.as_deref());
            let rendered = Arc::new(rendered);
            last.take(&rendered);
            rendered
        };
        Arc::clone(self.rendered.get_or_init(render))
    }

    fn compressed(&self, snapshot: &Snapshot, by: Compressor) -> io::Result<Arc<Compressed>> {
        let known = match by {
            Compressor::Gzip => &self.gzip,
            Compressor::Zstd => &self.zstd,
        };
        if let Some(known) = known.get() {
            return Ok(Arc::clone(known));
        }
        let rendered = self.rendered(snapshot);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have asked for the same meanwhile.
        if let Some(known) = known.get() {
            return Ok(Arc::clone(known));
        }
        let last = last.compressed(by);
        let made = Arc::new(Compressed::new(&rendered, by, last.as_deref())?);
        *last = Some(Arc::clone(&made));
        Ok(Arc::clone(known.get_or_init(|| made)))
    }
}

impl Last {
    fn compressed(&mut self, by: Compressor) -> &mut Option<Arc<Compressed>> {
        match by {
            Compressor::Gzip => &mut self.gzip,
            Compressor::Zstd => &mut self.zstd,
        }
    }

    /// Takes note of a rendering. What nobody asked for of the one before is forgotten: it would hold the
    /// text of an older one.
    fn take(&mut self, rendered: &Arc<Rendered>) {
        let before = self.rendered.replace(Arc::clone(rendered));
        for compressed in [&mut self.gzip, &mut self.zstd] {
            compressed.take_if(|old| !before.as_ref().is_some_and(|before| old.is_of(before)));
        }
    }
}

#[cfg(test)]
#[path = "tests/published.rs"]
mod tests;
