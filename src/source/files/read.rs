//! Rows from files: CSV, NDJSON and JSON, gzipped or not, never more than the budget allows.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use encoding_rs::{Encoding, UTF_8};
use flate2::bufread::MultiGzDecoder;

use super::json;
use crate::metric::{FetchError, FetchErrorKind};
use crate::source::rows::quotes::{QUOTES, Quotes};
use crate::source::rows::{Cell, Rows};

/// What the reading of a source's files may still cost.
#[derive(Debug)]
pub(super) struct Budget {
    /// Bytes after decompression.
    pub(super) left: AtomicU64,
    /// Set when nobody waits for the rows any more.
    pub(super) stop: AtomicBool,
}

/// The formats, known from the name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Ndjson,
    Json,
}

/// Whether files of this name can be read; what is expected if not.
pub(super) fn check_name(path: &Path) -> Result<(), String> {
    format(path).map(drop)
}

fn format(path: &Path) -> Result<(Format, bool), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let (name, zipped) = name.strip_suffix(".gz").map_or((&*name, false), |name| (name, true));
    let format = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("csv" | "tsv") => Format::Csv,
        Some("ndjson" | "jsonl") => Format::Ndjson,
        Some("json") => Format::Json,
        _ => {
            return Err(format!(
                "{}: not a known kind of file: expected .csv, .tsv, .ndjson, .jsonl or .json, or \
                 one of these with .gz",
                path.display()
            ));
        }
    };
    Ok((format, zipped))
}

/// Adds the rows of a file.
pub(super) fn read(path: &Path, budget: &Budget, rows: &mut Rows) -> Result<(), FetchError> {
    let (format, zipped) =
        format(path).map_err(|message| FetchError::new(FetchErrorKind::Shape, message))?;
    let file = File::open(path).map_err(|error| broken(path, None, &error.to_string()))?;
    let file = BufReader::new(file);
    let mut file = file;
    let begins = file.fill_buf().map_err(|error| unreadable(path, None, &error))?;
    let zipped = zipped || begins.starts_with(GZIP);
    let stream: Box<dyn Read> =
        if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut stream = BufReader::with_capacity(1 << 16, Metered { stream, budget });
    let begins = stream.fill_buf().map_err(|error| unreadable(path, None, &error))?;
    if let Some((encoding, _)) = Encoding::for_bom(begins)
        && encoding != UTF_8
    {
        let text = utf16(stream, encoding, path)?;
        return rows_of(format, Cursor::new(text), path, rows);
    }
    rows_of(format, stream, path, rows)
}

fn rows_of(
    format: Format,
    stream: impl BufRead,
    path: &Path,
    rows: &mut Rows,
) -> Result<(), FetchError> {
    match format {
        Format::Csv => csv(stream, path, rows),
        Format::Ndjson => json::lines(stream, path, rows),
        Format::Json => json::array(stream, path, rows),
    }
}

/// How every gzipped file begins, whatever its name.
const GZIP: &[u8] = b"\x1f\x8b";

/// The text of a file as Windows programs write it.
fn utf16(
    mut stream: impl Read,
    encoding: &'static Encoding,
    path: &Path,
) -> Result<String, FetchError> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map_err(|error| unreadable(path, None, &error))?;
    let (text, wrong) = encoding.decode_with_bom_removal(&bytes);
    if wrong {
        let line = text.split('\u{fffd}').next().unwrap_or_default().matches('\n').count() + 1;
        let what = format!("the text is not {}", encoding.name());
        return Err(broken(path, Some(line as u64), &what)
            .with_hint("it begins as such a text does: was it cut off?"));
    }
    Ok(text.into_owned())
}

/// Lets the quotes be followed while the text is read.
struct Followed<R> {
    stream: R,
    quotes: Quotes,
}

impl<R: Read> Read for Followed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.quotes.follow(&buffer[..read]);
        Ok(read)
    }
}

struct Metered<'a> {
    stream: Box<dyn Read>,
    budget: &'a Budget,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.budget.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let read = self.stream.read(buffer)?;
        let left = self.budget.left.load(Ordering::Relaxed);
        let rest = left.checked_sub(read as u64).ok_or_else(|| {
            let limit = super::MAX_BYTES >> 20;
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("the files of the source are larger than {limit} MiB together"),
            )
        })?;
        self.budget.left.store(rest, Ordering::Relaxed);
        Ok(read)
    }
}

fn csv(mut stream: impl BufRead, path: &Path, rows: &mut Rows) -> Result<(), FetchError> {
    const LONGEST_HEADER: u64 = 1 << 20;
    let mut first = Vec::new();
    stream
        .by_ref()
        .take(LONGEST_HEADER)
        .read_until(b'\n', &mut first)
        .map_err(|error| unreadable(path, None, &error))?;
    let first = first.strip_prefix(BOM).unwrap_or(&first);
    if first.trim_ascii().is_empty() {
        return Err(broken(path, Some(1), "expected a header row with the names of the columns"));
    }
    let delimiter = delimiter(first);
    let stream = Cursor::new(first).chain(stream);
    let mut csv = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(Followed { stream, quotes: Quotes::new(delimiter) });
    // A record after `\r\n` begins with the `\n`, as that reader counts.
    let late = u64::from(first.ends_with(b"\r\n"));
    let outcome = records(&mut csv, path, late, rows);
    // It has read on to the end looking for a quote.
    match csv.get_ref().quotes.problem() {
        Some((line, what)) => Err(broken(path, Some(line), what).with_hint(QUOTES)),
        None => outcome,
    }
}

fn records(
    csv: &mut csv::Reader<impl Read>,
    path: &Path,
    late: u64,
    rows: &mut Rows,
) -> Result<(), FetchError> {
    let mut record = csv::StringRecord::new();
    csv.read_record(&mut record).map_err(|error| csv_error(path, 0, &error))?;
    let mut columns = Vec::with_capacity(record.len());
    let mut known = HashSet::new();
    for (index, name) in record.iter().enumerate() {
        let name = match name.trim() {
            "" => format!("column_{}", index + 1),
            name => name.to_owned(),
        };
        let column = rows.column(&name);
        if !known.insert(column) {
            return Err(broken(path, Some(1), &format!("column `{name}` appears twice")));
        }
        columns.push(column);
    }
    rows.check_width().map_err(|error| {
        let failure = broken(path, Some(1), &error.message);
        FetchError { hint: error.hint, ..failure }
    })?;
    while csv.read_record(&mut record).map_err(|error| csv_error(path, late, &error))? {
        let line = record.position().map_or(0, csv::Position::line) + late;
        for (cell, column) in record.iter().zip(&columns) {
            rows.set(*column, cell, Cell::Untyped, || format!("{}:{line}", path.display()));
        }
        rows.end_row();
    }
    Ok(())
}

/// What Windows programs put before UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// The most frequent of the usual delimiters, outside of quotes.
fn delimiter(header: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in header {
        quoted ^= *byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(d, _)| d == byte && !quoted) {
            *count += 1;
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

fn csv_error(path: &Path, late: u64, error: &csv::Error) -> FetchError {
    let line = error.position().map(|position| position.line() + late);
    match error.kind() {
        csv::ErrorKind::Io(error) => unreadable(path, line, error),
        csv::ErrorKind::Utf8 { .. } => not_utf8(path, line),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let what = format!("{len} fields, but the header has {expected_len}");
            broken(path, line, &what).with_hint("is a quote missing, or a delimiter too much?")
        }
        _ => broken(path, line, &error.to_string()),
    }
}

pub(super) fn unreadable(path: &Path, line: Option<u64>, error: &io::Error) -> FetchError {
    let failure = broken(path, line, &error.to_string());
    if error.kind() == io::ErrorKind::FileTooLarge {
        return failure.with_hint("aggregate them before, or put them into a database");
    }
    failure
}

pub(super) fn not_utf8(path: &Path, line: Option<u64>) -> FetchError {
    broken(path, line, "the text is not UTF-8")
        .with_hint("convert it, for example with `iconv -f latin1 -t utf-8`")
}

/// A failure with its place.
pub(super) fn broken(path: &Path, line: Option<u64>, what: &str) -> FetchError {
    let path = path.display();
    let message = match line {
        Some(line) => format!("{path}:{line}: {what}"),
        None => format!("{path}: {what}"),
    };
    FetchError::new(FetchErrorKind::Shape, message)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_gzip_bomb_is_given_up_when_the_budget_is_used() {
        let path = tempfile::Builder::new().suffix(".csv.gz").tempfile().unwrap();
        let mut zipped = flate2::write::GzEncoder::new(path.as_file(), flate2::Compression::best());
        zipped.write_all(b"a\n").unwrap();
        (0..1000).for_each(|_| zipped.write_all(&[b'0'; 1000]).unwrap());
        zipped.finish().unwrap();
        let budget = Budget { left: AtomicU64::new(500_000), stop: AtomicBool::new(false) };
        let error = read(path.path(), &budget, &mut Rows::default()).unwrap_err();
        let told = "the files of the source are larger than 512 MiB together (hint: aggregate them";
        assert!(error.to_string().contains(told), "{error}");
        let enough = Budget { left: AtomicU64::new(2_000_000), stop: AtomicBool::new(false) };
        read(path.path(), &enough, &mut Rows::default()).unwrap();
        assert_eq!(enough.left.into_inner(), 2_000_000 - 1_000_002);
    }

    #[test]
    fn reading_stops_when_nobody_waits() {
        let path = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        path.as_file().write_all(b"a\n1\n").unwrap();
        let budget = Budget { left: AtomicU64::new(1000), stop: AtomicBool::new(true) };
        assert!(read(path.path(), &budget, &mut Rows::default()).is_err());
    }

    #[test]
    fn the_delimiter_is_the_one_most_used_in_the_header() {
        for (header, expected) in [
            ("a,b,c", b','),
            ("a;b;c", b';'),
            ("a\tb", b'\t'),
            ("\"a,b,c\";d", b';'),
            ("alone", b','),
            ("a,b;c", b','),
        ] {
            assert_eq!(delimiter(header.as_bytes()), expected, "{header}");
        }
    }

    #[test]
    fn the_name_tells_the_format() {
        for (name, expected) in [
            ("a.csv", Some((Format::Csv, false))),
            ("a.2026.CSV.GZ", Some((Format::Csv, true))),
            ("a.jsonl", Some((Format::Ndjson, false))),
            ("a.json.gz", Some((Format::Json, true))),
            ("a.xlsx", None),
            ("csv", None),
        ] {
            assert_eq!(format(Path::new(name)).ok(), expected, "{name}");
        }
    }
}
