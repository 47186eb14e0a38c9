//! What can be wrong with a store, in words for the person who has to mend it: path, cause, cure.

use std::path::{Path, PathBuf};

/// A store that cannot be used, or an access to it that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("store `{}` {problem}", path.display())]
pub struct StoreError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong. None of these is ever mended by throwing the file away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Another daemon has it.
    #[error(
        "is in use by another kpi-exporter{} (hint: stop that one, or give each a `store.path` of \
         its own)",
        process.map(|id| format!(", process {id}")).unwrap_or_default()
    )]
    InUse {
        /// Its process id, when it could be told.
        process: Option<u32>,
    },
    /// The bytes are those of something else.
    #[error(
        "is not a database (hint: is `store.path` right? if the file was overwritten, restore a \
         backup; to start without history, move it away)"
    )]
    NotADatabase,
    /// No bytes at all; a store that was created is never empty.
    #[error(
        "is an empty file (hint: if it was cut off, restore a backup; to start without history, \
         remove it)"
    )]
    Empty,
    /// The write-ahead log lies there without its database.
    #[error(
        "is missing, but its write-ahead log `{}` is there (hint: put both back; to start without \
         history, move the log away)",
        .0.display()
    )]
    Headless(PathBuf),
    /// A database, but not one of ours.
    #[error("is a database of another program (hint: choose another `store.path`)")]
    Foreign,
    /// Written by a later version of this program.
    #[error(
        "has schema version {found}, but this kpi-exporter knows no later one than {known} (hint: \
         upgrade kpi-exporter, or restore a backup from before the newer one ran)"
    )]
    Newer {
        /// Of the file.
        found: i64,
        /// The latest known here.
        known: usize,
    },
    /// Written by an earlier version of this program, and only to be read.
    #[error(
        "has schema version {found}, not {known} (hint: `kpi-exporter run` brings it up to date when \
         it starts)"
    )]
    Older {
        /// Of the file.
        found: i64,
        /// The one that can be read.
        known: usize,
    },
    /// It may not be read, or is not there any more.
    #[error(
        "cannot be read: {0} (hint: the file, and its `-wal` and `-shm` while a daemon runs, have to be \
         readable for this user)"
    )]
    Unreadable(String),
    /// Parts of it make no sense.
    #[error(
        "is damaged: {0} (hint: restore a backup, or save what is readable with `sqlite3 FILE \
         .recover`; to start without history, move it away)"
    )]
    Damaged(String),
    /// It, or its folder, may not be written.
    #[error(
        "cannot be written: {0} (hint: file and folder have to be writable for the user that runs \
         kpi-exporter, and the file system not mounted read-only)"
    )]
    ReadOnly(String),
    /// It, or its folder, cannot be opened or made.
    #[error(
        "cannot be opened: {0} (hint: `store.path` has to name a file, in a folder that exists or can \
         be made)"
    )]
    Unopenable(String),
    /// No room left.
    #[error(
        "cannot be written: the disk is full (hint: make room; what was stored before is still there)"
    )]
    Full,
    /// The system failed to read or write it.
    #[error(
        "cannot be written: {0} (hint: make room if the disk is full, or lift a limit on the size of \
         files; else the disk may be damaged)"
    )]
    Disk(String),
    /// Another program holds a lock on it for longer than we wait.
    #[error(
        "is locked by another program (hint: close what has it open, such as a `sqlite3` shell in \
         the middle of a transaction)"
    )]
    Locked,
    /// Anything else, as the system puts it.
    #[error("failed: {0}")]
    Other(String),
}

impl StoreError {
    /// Whether the store itself is sound as far as is known, and its disk takes nothing.
    pub fn is_of_the_disk(&self) -> bool {
        matches!(self.problem, Problem::ReadOnly(_) | Problem::Full | Problem::Disk(_))
    }

    pub(super) fn new(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_owned(), problem }
    }

    pub(super) fn sql(path: &Path, error: &sqlx::Error) -> Self {
        Self::new(path, Problem::from_sql(error))
    }

    pub(super) fn io(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{
            FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
        };
        let problem = match error.kind() {
            PermissionDenied | ReadOnlyFilesystem => Problem::ReadOnly(error.to_string()),
            StorageFull | QuotaExceeded => Problem::Full,
            FileTooLarge => Problem::Disk(error.to_string()),
            _ => Problem::Unopenable(error.to_string()),
        };
        Self::new(path, problem)
    }
}

impl Problem {
    /// By SQLite's primary result code: <https://www.sqlite.org/rescode.html>.
    pub(super) fn from_sql(error: &sqlx::Error) -> Self {
        let database = match error {
            sqlx::Error::Database(database) => database,
            // Only a file that was tampered with holds what this program cannot read.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                return Self::Damaged(error.to_string());
            }
            _ => return Self::Other(error.to_string()),
        };
        let code = database.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0);
        Self::from_code(code, database.message().to_owned())
    }

    /// The same, given the extended result code.
    pub(super) fn from_code(code: i32, message: String) -> Self {
        match code & 0xff {
            5 | 6 => Self::Locked,
            8 => Self::ReadOnly(message),
            10 => Self::Disk(message),
            11 => Self::Damaged(message),
            13 => Self::Full,
            14 => Self::Unopenable(message),
            26 => Self::NotADatabase,
            _ => Self::Other(message),
        }
    }
}
