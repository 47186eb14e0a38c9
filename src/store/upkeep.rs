//! Upkeep of the file: is it sound, how much is in it, letting go of room. Not here: what is too old
//! (`prune`).

use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value, json};

use super::error::Problem;
use super::named_file::beside;
use super::open::BUSY;
use super::schema::Header;
use super::{Store, StoreError};

/// Pages given back to the system by one step, and steps at a time.
const PAGES: u32 = 1_000;
const STEPS: u32 = 64;

/// What is in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Version of the schema.
    pub version: i64,
    /// Label sets of KPIs.
    pub series: i64,
    /// Daily values.
    pub days: i64,
    /// The first and the last of them.
    pub span: Option<(String, String)>,
    /// Changes within days.
    pub changes: i64,
    /// Results of closed periods.
    pub closings: i64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of it that hold nothing.
    pub free: u64,
}

impl Store {
    /// Whether the file was too large to be examined as a whole when it was opened.
    pub fn is_unchecked(&self) -> bool {
        self.opened.read().unwrap_or_else(std::sync::PoisonError::into_inner).unchecked
    }

    /// Examines all of the file, beside everything else that goes on.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn check(&self) -> Result<(), StoreError> {
        let Some(file) = self.file() else { return Ok(()) };
        let path = self.path.clone();
        let checking = tokio::task::spawn_blocking(move || check(&path, &file, "quick_check"));
        checking.await.unwrap_or_else(|defect| {
            let defect = Problem::Other(format!("a defect of the program: {defect}"));
            Err(StoreError::new(&self.path, defect))
        })
    }

    /// Gives room that was let go of back to the system, in small steps.
    pub(super) async fn give_back(&self) -> sqlx::Result<()> {
        for _ in 0..STEPS {
            let free: u32 =
                sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&self.pool()).await?;
            // A few are used again soon.
            if free < PAGES {
                break;
            }
            let step = format!("PRAGMA incremental_vacuum({PAGES})");
            sqlx::raw_sql(sqlx::AssertSqlSafe(step)).execute(&self.pool()).await?;
        }
        Ok(())
    }

    /// Writes the file anew without the room that nothing takes; from then on it gives room back by
    /// itself.
    ///
    /// # Errors
    /// What the disk says: there has to be room for a second one.
    pub async fn compact(&self) -> Result<(), StoreError> {
        let compact = "PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)";
        self.answer(sqlx::raw_sql(compact).execute(&self.pool()).await.map(drop))
    }
}

/// Examines a file that a daemon may be using: every row of every table and index.
///
/// # Errors
/// What is wrong with it.
pub fn examine(path: &Path) -> Result<Contents, StoreError> {
    is_ours(path)?;
    check(path, path, "integrity_check")?;
    let failed = |error: rusqlite::Error| StoreError::new(path, error.into());
    contents(path).map_err(failed)
}

/// Whether a file can be one of ours, by its header.
fn is_ours(path: &Path) -> Result<(), StoreError> {
    let failed = |problem| Err(StoreError::new(path, problem));
    match fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() == 0 => return failed(Problem::Empty),
        Ok(_) => {}
        Err(error) => return failed(Problem::Unreadable(error.to_string())),
    }
    let header = reading(path).and_then(|connection| {
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(Header::new(number("PRAGMA application_id")?, number("PRAGMA user_version")?))
    });
    match header {
        Ok(header) => header.problem().or_else(|| header.behind()).map_or(Ok(()), failed),
        Err(error) => failed(error.into()),
    }
}

fn check(path: &Path, file: &Path, how: &str) -> Result<(), StoreError> {
    let failed = |problem| StoreError::new(path, problem);
    let found = reading(file).and_then(|connection| {
        connection.query_row(&format!("PRAGMA {how}(1)"), [], |row| row.get::<_, String>(0))
    });
    let found = found.map_err(|error| failed(error.into()))?;
    let found = found.lines().find(|line| !line.starts_with("***")).unwrap_or_default();
    if found == "ok" { Ok(()) } else { Err(failed(Problem::Damaged(found.to_owned()))) }
}

fn reading(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Without a log nobody has it open: then nothing need be created beside it to read it.
    let connection = if fs::exists(beside(file, "-wal")).unwrap_or(true) {
        Connection::open_with_flags(file, flags)?
    } else {
        let path = percent_encode(file.as_os_str().as_bytes(), NON_ALPHANUMERIC);
        let address = format!("file:{path}?immutable=1");
        Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_URI)?
    };
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn contents(file: &Path) -> rusqlite::Result<Contents> {
    let connection = reading(file)?;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let span = connection.query_row("SELECT min(day), max(day) FROM daily", [], |row| {
        Ok(row.get::<_, Option<String>>(0)?.zip(row.get::<_, Option<String>>(1)?))
    })?;
    let page = count("PRAGMA page_size")?;
    Ok(Contents {
        version: count("PRAGMA user_version")?,
        series: count("SELECT count(*) FROM series")?,
        days: count("SELECT count(*) FROM daily")?,
        span,
        changes: count("SELECT count(*) FROM raw")?,
        closings: count("SELECT count(*) FROM closings")?,
        bytes: fs::metadata(file).map_or(0, |found| found.len()),
        free: u64::try_from(page * count("PRAGMA freelist_count")?).unwrap_or_default(),
    })
}

/// Writes every daily value as a line of JSON, beside a daemon that may be writing. Gives their number.
///
/// # Errors
/// What the store or `out` says.
pub fn export(file: &Path, out: &mut dyn Write) -> io::Result<u64> {
    let failed = |error: rusqlite::Error| {
        io::Error::other(StoreError::new(file, Problem::from(error)).to_string())
    };
    is_ours(file).map_err(|problem| io::Error::other(problem.to_string()))?;
    let connection = reading(file).map_err(failed)?;
    let mut rows = connection
        .prepare(
            "SELECT kpi, labels, day, period, value, numerator, denominator, baseline, target,
                    target_ratio, progress_ratio, pace_ratio, expected, status
             FROM series JOIN daily ON daily.series = series.id ORDER BY kpi, labels, day, meaning",
        )
        .map_err(failed)?;
    let names: Vec<String> = rows.column_names().into_iter().map(str::to_owned).collect();
    let mut rows = rows.query([]).map_err(failed)?;
    let mut written = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        let mut line = Map::new();
        for (index, name) in names.iter().enumerate() {
            let value = match row.get_ref(index).map_err(failed)? {
                ValueRef::Null | ValueRef::Blob(_) => Value::Null,
                ValueRef::Integer(number) => json!(number),
                ValueRef::Real(number) => json!(number),
                ValueRef::Text(text) if name == "labels" => serde_json::from_slice(text)?,
                ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
            };
            line.insert(name.clone(), value);
        }
        serde_json::to_writer(&mut *out, &Value::Object(line))?;
        out.write_all(b"\n")?;
        written += 1;
    }
    Ok(written)
}
