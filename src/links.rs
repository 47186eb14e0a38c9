//! Where links lead. Not here: what is done with the file at their end.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// As many links lead to a file at most; the system follows no more either.
const MAX_LINKS: usize = 40;

/// The path that the links lead to, whether something is there or not. Links of the kernel lead to
/// open files and not to paths: they are not followed.
///
/// # Errors
/// Too many links.
pub(crate) fn target(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let next = if is_of_the_kernel(&target) { None } else { fs::read_link(&target).ok() };
        match next {
            Some(next) => target = folder_of(&target).join(next),
            None => return Ok(target),
        }
    }
    Err(io::Error::other("too many links lead from one to the next"))
}

/// Whether a path is in `/proc`.
pub(crate) fn is_of_the_kernel(path: &Path) -> bool {
    fs::canonicalize(folder_of(path)).is_ok_and(|folder| folder.starts_with("/proc"))
}

/// The folder that a path is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
