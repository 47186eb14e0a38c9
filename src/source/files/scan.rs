//! Which files a table consists of, and whether they are still the same.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fmt, io};

use glob::{MatchOptions, Pattern, PatternError};

use super::format::{FileFormat, UnknownFormat};
use crate::metric::{FetchError, FetchErrorKind};

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes", self.path.display(), self.size)
    }
}

/// Whether a path may stand for several files.
pub(super) fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// A name that no file can have, or not one that can be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadName {
    #[error("the name of a file has no NUL in it")]
    Nul,
    #[error("{0} is not a glob: {1}")]
    NoGlob(String, PatternError),
    #[error(transparent)]
    Unknown(#[from] UnknownFormat),
}

/// What no file can change: whether the name tells a format, and whether a glob is one.
pub(super) fn check(path: &Path) -> Result<(), BadName> {
    let text = path.to_string_lossy();
    if text.contains('\0') {
        return Err(BadName::Nul);
    }
    if is_pattern(path) && !path.exists() {
        Pattern::new(&text).map_err(|error| BadName::NoGlob(text.to_string(), error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let extension = name.rsplit_once('.').map_or(name, |(_, extension)| extension);
        if is_pattern(Path::new(extension)) {
            return Ok(());
        }
    }
    FileFormat::of(path)?;
    Ok(())
}

/// The files of a path or glob, in the order of their names; at least one.
pub(super) fn scan(path: &Path) -> Result<Vec<Found>, FetchError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(vec![found(path.to_owned(), &metadata)]),
        Err(_) if is_pattern(path) => matches(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(unreachable(format!("there is no file {}", path.display()))
                .with_hint("paths are relative to the configuration file that names them"))
        }
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn matches(pattern: &Path) -> Result<Vec<Found>, FetchError> {
    let shown = pattern.display();
    // Hidden files are those of editors and of copies that are under way.
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    let paths = glob::glob_with(&pattern.to_string_lossy(), options)
        .map_err(|error| unreachable(format!("{shown} is not a glob: {error}")))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| unreadable(error.path(), error.error()))?;
        let metadata = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if metadata.is_file() {
            files.push(found(path, &metadata));
        }
    }
    if files.is_empty() {
        return Err(unreachable(format!("no file matches {shown}")));
    }
    Ok(files)
}

fn found(path: PathBuf, metadata: &Metadata) -> Found {
    Found { path, size: metadata.len(), modified: metadata.modified().ok() }
}

fn unreadable(path: &Path, error: &io::Error) -> FetchError {
    unreachable(format!("cannot read {}: {error}", path.display()))
}

fn unreachable(message: String) -> FetchError {
    FetchError::new(FetchErrorKind::Unreachable, message)
}
