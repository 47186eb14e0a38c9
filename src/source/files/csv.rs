//! Rows from CSV: a header, and records as long as it.

use std::collections::HashSet;
use std::io::{self, BufRead, Cursor, Read};
use std::path::Path;

use super::faults::{broken, not_utf8, unreadable};
use super::format::BOM;
use crate::metric::FetchError;
use crate::source::rows::quotes::{QUOTES, Quotes};
use crate::source::rows::{Cell, Rows, separated};

/// All rows of a file.
pub(super) fn rows(
    mut stream: impl BufRead,
    path: &Path,
    rows: &mut Rows,
) -> Result<(), FetchError> {
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
            let place = || format!("{}:{line}", path.display());
            rows.set(*column, &separated::value(cell), Cell::Untyped, place);
        }
        rows.end_row();
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
