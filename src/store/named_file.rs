//! Which file has a name. Not here: what is done when it is another one (`place`).

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::links;

/// Which file it is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    fn of(found: &Metadata) -> Self {
        Self(found.dev(), found.ino())
    }
}

/// The file that was opened.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) file: Identity,
    /// That of the write-ahead log.
    log: Option<Identity>,
}

impl Place {
    /// `path` is as it was asked for, and absolute.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let log = beside(&links::target(path)?, "-wal");
        Ok(Self {
            path: path.to_owned(),
            file: Identity::of(&fs::metadata(path)?),
            log: fs::metadata(log).ok().as_ref().map(Identity::of),
        })
    }

    /// Removes the log of the file that was there: SQLite leaves it, and would take it for that of the
    /// file that is there now. The log that somebody put beside that one stays.
    pub(super) fn remove_log(&self) -> io::Result<()> {
        let target = links::target(&self.path)?;
        let log = beside(&target, "-wal");
        let found = fs::metadata(&log).ok().as_ref().map(Identity::of);
        if found.is_none() || self.log.is_some_and(|ours| Some(ours) != found) {
            return Ok(());
        }
        fs::remove_file(&log)?;
        // An index of the log, made anew.
        let _ = fs::remove_file(beside(&target, "-shm"));
        Ok(())
    }

    /// The file that has the name now.
    pub(super) fn found(&self) -> io::Result<Option<Identity>> {
        match fs::metadata(&self.path) {
            Ok(found) => Ok(Some(Identity::of(&found))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The path with something appended to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
