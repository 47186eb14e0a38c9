//! Where a back-fill writes to: standard output or a file, day by day or as a whole.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Seek as _, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use clap::ValueEnum;

use super::destination::{self, Destination};
use crate::api;
use crate::backfill::{Resume, resume};
use crate::exposition::History;
use crate::kpi::Definitions;
use crate::snapshot::Snapshot;

/// How days are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum BackfillFormat {
    Openmetrics,
    Jsonl,
}

/// Takes snapshots in order.
pub(super) enum Output {
    /// Lines of JSON, a day in one write.
    Lines {
        out: Box<dyn Write>,
        /// Index of the first step to write.
        next: usize,
    },
    /// One document, kept until the end because it goes series by series.
    Document { history: History, to: Destination },
}

impl Output {
    /// Opens a file of lines at the place where the days of an earlier run end; makes sure that a
    /// document can be written before all the work.
    pub(super) fn open(
        format: BackfillFormat,
        path: Option<&Path>,
        steps: &[DateTime<Utc>],
        definitions: &Definitions,
        labels: &BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        if format == BackfillFormat::Openmetrics {
            let to = Destination::open(path)?;
            return Ok(Self::Document { history: History::labelled(labels), to });
        }
        let Some(path) = path.filter(|path| !destination::is_stdout(path)) else {
            return Ok(Self::Lines { out: Box::new(io::stdout()), next: 0 });
        };
        let named = || format!("--output {}", path.display());
        if let Some(stream) = destination::stream(path).with_context(named)? {
            return Ok(Self::Lines { out: Box::new(stream), next: 0 });
        }
        let (file, next) = lines(path, steps, definitions).with_context(named)?;
        Ok(Self::Lines { out: Box::new(file), next })
    }

    /// Index of the first step that is to be added.
    pub(super) fn next(&self) -> usize {
        match self {
            Self::Lines { next, .. } => *next,
            Self::Document { .. } => 0,
        }
    }

    pub(super) fn add(&mut self, snapshot: &Snapshot) -> anyhow::Result<()> {
        match self {
            Self::Lines { out, .. } => {
                out.write_all(&api::kpi_lines(snapshot)?)?;
                out.flush()?;
            }
            Self::Document { history, .. } => history.add(snapshot),
        }
        Ok(())
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Lines { .. } => Ok(()),
            Self::Document { history, to } => to.put(|mut out| history.write(&mut out)),
        }
    }
}

fn lines(
    path: &Path,
    steps: &[DateTime<Utc>],
    definitions: &Definitions,
) -> anyhow::Result<(File, usize)> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    let Resume { keep, next } = resume(BufReader::new(&file), steps, definitions)
        .map_err(|why| anyhow!("{why} (hint: name another file, or remove this one)"))?;
    file.set_len(keep)?;
    file.seek(SeekFrom::Start(keep))?;
    Ok((file, next))
}
