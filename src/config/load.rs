//! Reads the files of a configuration, or one built-in text, and has them parsed, interpolated,
//! merged and validated. The only I/O of this room, with `${file:}`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::Config;
use super::document::Document;
use super::folder::yaml_files;
use super::size::{LARGEST, USUAL};
use super::validate::validate;
use super::watch::Watched;
use crate::limits::{open_regular, read_capped};
use crate::reader::diagnostic::{Diagnostics, Problems};
use crate::reader::environment::Environment;
use crate::reader::files::{FileId, Files};
use crate::reader::forms::{FromText as _, Size};
use crate::reader::interpolate::{Lookup, reason};
use crate::reader::yaml;

/// Loads a file, or all `*.yaml` and `*.yml` files of a folder as one configuration.
///
/// # Errors
/// All mistakes at once. A file that is not YAML hides what can only be seen with all files.
pub fn load(path: &Path, environment: &Environment) -> Result<Config, Diagnostics> {
    let mut loader = Loader::new(environment);
    loader.read_all(path);
    loader.finish()
}

/// A configuration, good or not, with the files that it comes from.
#[derive(Debug)]
pub struct Loaded {
    /// What was read.
    pub config: Result<Config, Diagnostics>,
    /// To be looked at for changes.
    pub watched: Watched,
}

/// Loads a file or folder to be watched.
pub fn load_watched(path: &Path, environment: &Environment) -> Loaded {
    // First: what changes while it is read is another content than this.
    let watched = Watched::new(path);
    let mut loader = Loader::new(environment);
    loader.read_all(path);
    let others = loader.references.take().into_iter().collect();
    Loaded { config: loader.finish(), watched: watched.with(others) }
}

impl Loader<'_> {
    fn read_all(&mut self, path: &Path) {
        let loader = self;
        let paths = loader.paths(path);
        let limit = paths.iter().find_map(|path| own_limit(path)).unwrap_or(USUAL).min(LARGEST);
        for path in &paths {
            loader.read(path, limit);
        }
    }
}

/// Loads a built-in text. `name` is shown in messages; relative paths are relative to `dir`.
///
/// # Errors
/// All mistakes at once.
pub fn load_text(
    name: &str,
    text: &str,
    dir: &Path,
    environment: &Environment,
) -> Result<Config, Diagnostics> {
    let mut loader = Loader::new(environment);
    loader.add(name, text, dir);
    loader.finish()
}

/// Loads texts as the files of one folder: a revision of it, say. Names are shown in messages.
///
/// # Errors
/// All mistakes at once.
pub fn load_texts(
    texts: &[(String, String)],
    dir: &Path,
    environment: &Environment,
) -> Result<Config, Diagnostics> {
    let mut loader = Loader::new(environment);
    for (name, text) in texts {
        loader.add(name, text, dir);
    }
    loader.finish()
}

/// What a file says under `limits` of how large files may be. It is looked for before any file is
/// read as a whole: in the lines of a block that begins in the first [`USUAL`] bytes.
fn own_limit(path: &Path) -> Option<u64> {
    let mut start = Vec::new();
    open_regular(path).ok()?.take(USUAL).read_to_end(&mut start).ok()?;
    let text = String::from_utf8_lossy(&start);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("limits:"));
    let first = lines.next()?;
    let block = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#', '}']));
    std::iter::once(first).chain(block).find_map(|line| {
        let line = line.split(" #").next().unwrap_or_default();
        let (_, value) = line.split_once("max_config_size:")?;
        let value = value.split([',', '}']).next()?.trim().trim_matches(['"', '\'']);
        Some(Size::from_text(value)?.0)
    })
}

struct Loader<'a> {
    environment: &'a Environment,
    files: Files,
    document: Document,
    problems: Problems,
    /// Some file could not be read or parsed.
    incomplete: bool,
    /// Files that references lead to.
    references: RefCell<BTreeSet<PathBuf>>,
}

impl<'a> Loader<'a> {
    fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            files: Files::default(),
            document: Document::default(),
            problems: Problems::default(),
            incomplete: false,
            references: RefCell::default(),
        }
    }

    /// The files to read.
    fn paths(&mut self, path: &Path) -> Vec<PathBuf> {
        if !path.is_dir() {
            return vec![path.to_owned()];
        }
        let paths = match yaml_files(path) {
            Ok(paths) => paths,
            Err(error) => {
                self.unreadable(path, &error);
                return Vec::new();
            }
        };
        if paths.is_empty() {
            let name = path.display().to_string();
            let hint =
                "put `*.yaml` files into it, or name a file; `kpi-exporter demo --write DIR` \
                        writes an example to start from"
                    .to_owned();
            self.problems.whole(&name, "the folder holds no configuration").hint(hint);
            self.incomplete = true;
        }
        paths
    }

    fn read(&mut self, path: &Path, limit: u64) {
        let bytes = match read_capped(path, limit) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let message = format!("cannot be read: {error}");
                let hint = "split it into the files of a folder, or write `limits: { \
                            max_config_size: 16MiB }` at the beginning of a line near its top";
                self.problems.whole(&path.display().to_string(), message).hint(hint.to_owned());
                self.incomplete = true;
                return;
            }
            Err(error) => return self.unreadable(path, &error),
        };
        let name = path.display().to_string();
        match String::from_utf8(bytes) {
            Ok(text) => self.add(&name, &text, path.parent().unwrap_or(Path::new(""))),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = good.split(|byte| *byte == b'\n').count();
                let message = format!("line {line} is not UTF-8 text");
                self.problems.whole(&name, message).hint("save the file as UTF-8".to_owned());
                self.incomplete = true;
            }
        }
    }

    fn add(&mut self, name: &str, text: &str, dir: &Path) {
        let file = self.files.add(name, text, dir);
        match yaml::parse(&mut self.files, file, &mut self.problems) {
            Some(root) => self.merge(file, root),
            None => self.incomplete = true,
        }
    }

    fn merge(&mut self, file: FileId, mut root: crate::reader::node::Node) {
        let (files, environment) = (&self.files, self.environment);
        let lookup = Lookup { files, environment, references: &self.references };
        lookup.replace("", &mut root, &mut self.problems);
        let map = self.document.merge(file, root, &self.files, &mut self.problems);
        self.incomplete |= !map;
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let hint = (error.kind() == io::ErrorKind::NotFound).then(|| {
            "name a file or folder with `--config`; `kpi-exporter init` writes a first one, \
             `kpi-exporter demo --write DIR` an example to start from"
                .to_owned()
        });
        self.problems
            .whole(&path.display().to_string(), format!("cannot be read: {}", reason(error)))
            .hint(hint);
        self.incomplete = true;
    }

    fn finish(mut self) -> Result<Config, Diagnostics> {
        let config = if self.incomplete {
            None
        } else {
            validate(self.document, &self.files, self.environment, &mut self.problems)
        };
        match config {
            Some(config) if self.problems.is_empty() => Ok(config),
            _ => Err(self.problems.into_diagnostics(&self.files)),
        }
    }
}
