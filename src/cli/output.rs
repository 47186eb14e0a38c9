//! Where a back-fill writes to: standard output or a file, day by day or as a whole.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufReader, BufWriter, Seek as _, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use clap::ValueEnum;
use tempfile::NamedTempFile;

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
    Document {
        history: History,
        /// A file beside the one asked for, renamed at the end: nobody ever sees half of it.
        file: Option<(NamedTempFile, PathBuf)>,
    },
}

impl Output {
    /// Opens a file of lines at the place where the days of an earlier run end; makes sure that a
    /// document can be written before all the work.
    pub(super) fn open(
        format: BackfillFormat,
        path: Option<&Path>,
        steps: &[DateTime<Utc>],
        definitions: &Definitions,
    ) -> anyhow::Result<Self> {
        match (format, path) {
            (BackfillFormat::Openmetrics, path) => {
                let file = path.map(|path| {
                    let file = beside(path).with_context(|| cannot_write(path))?;
                    anyhow::Ok((file, path.to_owned()))
                });
                Ok(Self::Document { history: History::default(), file: file.transpose()? })
            }
            (BackfillFormat::Jsonl, None) => {
                Ok(Self::Lines { out: Box::new(io::stdout()), next: 0 })
            }
            (BackfillFormat::Jsonl, Some(path)) => {
                let (file, next) = lines(path, steps, definitions)
                    .with_context(|| format!("--output {}", path.display()))?;
                Ok(Self::Lines { out: Box::new(file), next })
            }
        }
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
            Self::Document { history, file: None } => {
                let mut out = BufWriter::new(io::stdout().lock());
                history.write(&mut out)?;
                Ok(out.flush()?)
            }
            Self::Document { history, file: Some((file, path)) } => {
                document(&history, file, &path).with_context(|| cannot_write(&path))
            }
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

fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))
}

fn document(history: &History, file: NamedTempFile, path: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    history.write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(path)?;
    Ok(())
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
