//! Which files of a folder are its configuration. Not here: reading them (`load`).

use std::io;
use std::path::{Path, PathBuf};

/// The configuration files of a folder, by name; hidden ones are left out.
pub(super) fn yaml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let is_yaml = |path: &PathBuf| {
        let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
        !hidden && path.extension().is_some_and(|e| e == "yaml" || e == "yml")
    };
    let mut paths: Vec<_> = entries.into_iter().map(|e| e.path()).filter(is_yaml).collect();
    paths.sort();
    Ok(paths)
}
