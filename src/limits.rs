//! Reading with a limit: nothing that comes from outside is read without one.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// What the system says, or `FileTooLarge` when there is more.
pub fn read_capped(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_all_capped(open_regular(path)?, limit)
}

/// Opens a regular file, or a link to one, for reading. Opening a named pipe would wait for somebody to
/// write to it, and a device may never end.
///
/// # Errors
/// What the system says, or `InvalidInput` for anything that is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    // A folder has an error of its own when it is read.
    if kind.is_file() || kind.is_dir() {
        return File::open(path);
    }
    let what = if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}, not a regular file")))
}

/// Reads a stream of at most `limit` bytes to its end.
///
/// # Errors
/// What the stream says, or `FileTooLarge` when there is more.
pub fn read_all_capped(stream: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than the limit of {limit} bytes"),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_allowed_and_one_byte_more_is_not() {
        assert_eq!(read_all_capped(&b"abc"[..], 3).unwrap(), b"abc");
        let error = read_all_capped(&b"abcd"[..], 3).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
