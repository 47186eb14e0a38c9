//! Reading with a limit: nothing that comes from outside is read without one.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// What the system says, or `FileTooLarge` when there is more.
pub fn read_capped(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_all_capped(File::open(path)?, limit)
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
