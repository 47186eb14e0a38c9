//! Where a result goes that is written as a whole: standard output, a file that appears or is replaced
//! at once, or something that is no regular file and is written to as it is. A name in the file system
//! is not a file of ours: it may be a device, a pipe or a link, and has to be that afterwards.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::links::{folder_of, is_of_the_kernel, target};

/// Somewhere to write one document to, opened before the work begins.
pub(super) struct Destination {
    /// As it was asked for.
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    Stdout,
    /// A device, a pipe: nothing in its place would be what was asked for.
    Stream(File),
    /// A file beside the one that the links lead to, renamed at the end: nobody sees half of it.
    Beside(NamedTempFile, PathBuf),
    /// A file that may be written, in a folder that may not, or that is mounted by itself.
    InPlace(PathBuf),
}

impl Destination {
    /// Makes sure that it can be written, before all the work. `None` and `-` are standard output.
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| !is_stdout(path)) else {
            return Ok(Self { path: PathBuf::from("standard output"), kind: Kind::Stdout });
        };
        let kind = Kind::of(path).with_context(|| cannot_write(path))?;
        Ok(Self { path: path.to_owned(), kind })
    }

    /// Writes the document; a file is replaced only when all of it has been written.
    pub(super) fn put(
        self,
        document: impl Fn(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        self.kind.put(document).with_context(|| cannot_write(&self.path))
    }
}

impl Kind {
    fn of(path: &Path) -> io::Result<Self> {
        if let Some(stream) = stream(path)? {
            return Ok(Self::Stream(stream));
        }
        let target = target(path)?;
        match beside(&target) {
            Ok(file) => Ok(Self::Beside(file, target)),
            Err(error) if refuses_a_file(&error) && writable(&target) => Ok(Self::InPlace(target)),
            Err(error) => Err(error),
        }
    }

    fn put(self, document: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Stdout => write(io::stdout().lock(), &document).map(drop),
            Self::Stream(file) => write(file, &document).map(drop),
            Self::InPlace(target) => in_place(&target, &document),
            Self::Beside(file, target) => {
                let file = write(file, &document)?;
                keep_owner_and_mode(file.as_file(), &target);
                file.as_file().sync_all()?;
                match file.persist(&target) {
                    Ok(_) => Ok(()),
                    Err(error) if refuses_a_file(&error.error) && writable(&target) => {
                        in_place(&target, &document)
                    }
                    Err(error) => Err(error.error),
                }
            }
        }
    }
}

/// Whether a path means standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// What is there and is no regular file, opened for writing. A reader that a pipe waits for is waited
/// for.
pub(super) fn stream(path: &Path) -> io::Result<Option<File>> {
    let is_stream = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => true,
        // `/dev/stdout` and `/dev/fd/3` are what a process has open, whatever kind of file it is.
        Ok(_) => is_of_the_kernel(&target(path)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    if is_stream { File::options().append(true).open(path).map(Some) } else { Ok(None) }
}

fn beside(target: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder_of(target))
}

fn write<W: Write>(to: W, document: &impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<W> {
    let mut out = BufWriter::new(to);
    document(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

/// Readers may see half of it for a moment: where the folder is not ours there is no other way.
fn in_place(target: &Path, document: &impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    write(File::options().write(true).truncate(true).open(target)?, document)?.sync_all()
}

/// Whether it is the folder that takes no new file: not ours, read-only, or the file is a mount.
fn refuses_a_file(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem | ResourceBusy | CrossesDevices)
}

fn writable(target: &Path) -> bool {
    File::options().write(true).open(target).is_ok()
}

/// As far as we may: only root gives files away.
fn keep_owner_and_mode(new: &File, target: &Path) {
    let (Ok(old), Ok(own)) = (fs::metadata(target), new.metadata()) else { return };
    if (old.uid(), old.gid()) != (own.uid(), own.gid())
        && fchown(new, Some(old.uid()), Some(old.gid())).is_err()
    {
        // The group alone may be one of ours.
        let _ = fchown(new, None, Some(old.gid()));
    }
    let _ = new.set_permissions(Permissions::from_mode(old.mode() & 0o7777));
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
