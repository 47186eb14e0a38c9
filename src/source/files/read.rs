//! Rows from files, gzipped or not, in UTF-8 or what Windows programs write, never more than the budget
//! allows. Not here: the formats (`csv`, `json`).

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use encoding_rs::{Encoding, UTF_8};
use flate2::bufread::MultiGzDecoder;

use super::faults::{broken, unreadable};
use super::format::FileFormat;
use super::{csv, json};
use crate::limits::open_regular;
use crate::metric::{FetchError, FetchErrorKind};
use crate::source::rows::Rows;

/// What the reading of a source's files may still cost.
#[derive(Debug)]
pub(super) struct Budget {
    /// Bytes after decompression.
    pub(super) left: AtomicU64,
    /// Set when nobody waits for the rows any more.
    pub(super) stop: AtomicBool,
}

/// Adds the rows of a file.
pub(super) fn read(path: &Path, budget: &Budget, rows: &mut Rows) -> Result<(), FetchError> {
    let (format, zipped) = FileFormat::of(path)
        .map_err(|error| FetchError::new(FetchErrorKind::Shape, error.to_string()))?;
    let file = open_regular(path).map_err(|error| broken(path, None, &error.to_string()))?;
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
    format: FileFormat,
    stream: impl BufRead,
    path: &Path,
    rows: &mut Rows,
) -> Result<(), FetchError> {
    match format {
        FileFormat::Csv => csv::rows(stream, path, rows),
        FileFormat::Ndjson => json::lines(stream, path, rows),
        FileFormat::Json => json::array(stream, path, rows),
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
}
