//! What is said of files that cannot be read, whatever their format.

use std::io;
use std::path::Path;

use crate::metric::{FetchError, FetchErrorKind};

/// The file could not be read on.
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
