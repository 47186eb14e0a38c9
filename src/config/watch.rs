//! Whether the files of a configuration hold something else than what was read: their contents are
//! compared, so that a touch is no news and a link that leads elsewhere is. Not here: when to look.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::folder::yaml_files;
use super::size::LARGEST;
use crate::limits::read_capped;

/// Stands for what each file holds; `None` for one that cannot be read.
pub type Contents = BTreeMap<PathBuf, Option<u64>>;

/// What the system says of each file without reading it.
type Stats = BTreeMap<PathBuf, Option<(u64, u64, u64, Option<SystemTime>)>>;

/// The files of a configuration, looked at again and again.
#[derive(Debug, Clone)]
pub struct Watched {
    path: PathBuf,
    /// Files that references in it lead to.
    others: Vec<PathBuf>,
    seen: (Stats, Contents),
}

impl Watched {
    /// Looks at the file or folder `path`.
    pub(super) fn new(path: &Path) -> Self {
        let mut watched = Self {
            path: path.to_owned(),
            others: Vec::new(),
            seen: <(Stats, Contents)>::default(),
        };
        watched.look();
        watched
    }

    /// Takes in what references lead to.
    pub(super) fn with(mut self, others: Vec<PathBuf>) -> Self {
        let mut contents = std::mem::take(&mut self.seen.1);
        contents.extend(others.iter().map(|path| (path.clone(), print(path))));
        self.others = others;
        self.seen = (Stats::new(), contents);
        self
    }

    /// What the files held when they were last looked at.
    pub fn contents(&self) -> &Contents {
        &self.seen.1
    }

    /// Looks again; reads only when the system says that something is different. May block for as long
    /// as the file system does.
    pub fn look(&mut self) -> &Contents {
        let files = if self.path.is_dir() {
            yaml_files(&self.path).unwrap_or_default()
        } else {
            vec![self.path.clone()]
        };
        let all = files.iter().chain(&self.others);
        let stat = |path: &PathBuf| (path.clone(), std::fs::metadata(path).ok().as_ref().map(of));
        let stats: Stats = all.clone().map(stat).collect();
        if self.seen.0 != stats {
            let contents = all.map(|path| (path.clone(), print(path))).collect();
            self.seen = (stats, contents);
        }
        &self.seen.1
    }
}

fn of(found: &Metadata) -> (u64, u64, u64, Option<SystemTime>) {
    (found.dev(), found.ino(), found.len(), found.modified().ok())
}

fn print(path: &Path) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    read_capped(path, LARGEST).ok()?.hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use super::*;

    fn touch(path: &Path) {
        let file = File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_hours(1)).unwrap();
    }

    #[test]
    fn another_content_is_news_and_a_touch_or_the_same_once_more_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (file, secret) = (folder.path().join("a.yaml"), folder.path().join("token"));
        fs::write(&file, "one").unwrap();
        fs::write(&secret, "s3cret").unwrap();
        let mut watched = Watched::new(&file).with(vec![secret.clone()]);
        let before = watched.contents().clone();
        touch(&file);
        assert_eq!(*watched.look(), before);
        fs::write(folder.path().join("new"), "one").unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        assert_eq!(*watched.look(), before);
        fs::write(&secret, "s3creT").unwrap();
        assert_ne!(*watched.look(), before);
        fs::write(&secret, "s3cret").unwrap();
        assert_eq!(*watched.look(), before);
        fs::remove_file(&file).unwrap();
        assert_ne!(*watched.look(), before);
    }

    #[test]
    fn a_folder_that_kubernetes_swaps_by_a_link_is_news_and_so_is_one_more_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (version, text) in [("..1", "one"), ("..2", "one"), ("..3", "two")] {
            fs::create_dir(path(version)).unwrap();
            fs::write(path(version).join("kpis.yaml"), text).unwrap();
        }
        let swap = |version: &str| {
            symlink(version, path("..tmp")).unwrap();
            fs::rename(path("..tmp"), path("..data")).unwrap();
        };
        swap("..1");
        symlink("..data/kpis.yaml", path("kpis.yaml")).unwrap();
        let mut watched = Watched::new(folder.path());
        let before = watched.contents().clone();
        assert_eq!(before.len(), 1);
        swap("..2");
        assert_eq!(*watched.look(), before, "the same text");
        swap("..3");
        assert_ne!(*watched.look(), before);
        swap("..1");
        assert_eq!(*watched.look(), before);
        fs::write(path("more.yaml"), "").unwrap();
        assert_ne!(*watched.look(), before);
    }
}
