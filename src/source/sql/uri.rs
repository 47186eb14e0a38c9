//! Paths as URLs of SQLite hold them.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

/// `?` and `#` would end the name.
const IN_A_PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// A path, byte for byte: one that is no UTF-8 stays the same file.
pub(super) fn escaped(path: &Path) -> String {
    percent_encode(path.as_os_str().as_bytes(), IN_A_PATH).to_string()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_path_comes_back_and_ends_nowhere_early(
            bytes in proptest::collection::vec(1_u8..=255, 0..40),
        ) {
            let url = escaped(Path::new(OsStr::from_bytes(&bytes)));
            prop_assert!(!url.contains(['?', '#']));
            prop_assert_eq!(percent_decode_str(&url).collect::<Vec<u8>>(), bytes);
        }
    }
}
