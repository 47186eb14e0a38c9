mod days;
mod faults;
mod formats;
mod numbers;
mod reload;
mod times;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use kpi_exporter::metric::{Cell, Table};
use kpi_exporter::source::Source;
use kpi_exporter::source::files::{FilesConfig, FilesSource};
use tempfile::TempDir;

use super::ask::table;

/// A folder of data files.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self::new();
        for (name, content) in files {
            folder.write(name, content);
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let content = content.as_ref();
        let path = self.path(name);
        let mut file = std::fs::File::create(&path).unwrap();
        if path.extension().is_some_and(|extension| extension == "gz") {
            let mut zipped = GzEncoder::new(file, Compression::fast());
            zipped.write_all(content).unwrap();
            zipped.finish().unwrap();
        } else {
            file.write_all(content).unwrap();
        }
    }

    fn source(&self, tables: &[(&str, &str)]) -> FilesSource {
        let tables = tables.iter().map(|(name, path)| ((*name).to_owned(), self.path(path).into()));
        let timeout = Duration::from_mins(1);
        FilesSource::new(&FilesConfig { tables: tables.collect(), timeout }).unwrap()
    }
}

/// The rows of `SELECT ...`, each cell as people would write it.
async fn rows(source: &dyn Source, sql: &str) -> Vec<String> {
    written(&table(source, sql).await.unwrap())
}

fn written(table: &Table) -> Vec<String> {
    let cell = |cell: &Cell| match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => format!("'{text}'"),
        other => format!("{other:?}"),
    };
    table.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" ")).collect()
}

/// The message, with paths as names of files.
async fn fault(folder: &Folder, source: &dyn Source, sql: &str) -> String {
    let error = table(source, sql).await.unwrap_err();
    error.to_string().replace(&format!("{}/", folder.0.path().display()), "")
}
