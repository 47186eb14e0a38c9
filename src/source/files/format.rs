//! The formats of files, known from their names. Not here: reading them.

use std::path::{Path, PathBuf};

/// What Windows programs put before UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    Csv,
    Ndjson,
    Json,
}

/// A name that tells no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{}: not a known kind of file: expected .csv, .tsv, .ndjson, .jsonl or .json, or one of these \
     with .gz",
    .0.display()
)]
pub(super) struct UnknownFormat(PathBuf);

impl FileFormat {
    /// That of a file, and whether it is gzipped, by its name.
    pub(super) fn of(path: &Path) -> Result<(Self, bool), UnknownFormat> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let (name, zipped) = name.strip_suffix(".gz").map_or((&*name, false), |name| (name, true));
        let format = match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("csv" | "tsv") => Self::Csv,
            Some("ndjson" | "jsonl") => Self::Ndjson,
            Some("json") => Self::Json,
            _ => return Err(UnknownFormat(path.to_owned())),
        };
        Ok((format, zipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_format() {
        for (name, expected) in [
            ("a.csv", Some((FileFormat::Csv, false))),
            ("a.2026.CSV.GZ", Some((FileFormat::Csv, true))),
            ("a.jsonl", Some((FileFormat::Ndjson, false))),
            ("a.json.gz", Some((FileFormat::Json, true))),
            ("a.xlsx", None),
            ("csv", None),
        ] {
            assert_eq!(FileFormat::of(Path::new(name)).ok(), expected, "{name}");
        }
    }
}
