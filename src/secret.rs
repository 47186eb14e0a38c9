//! Secrets that may change while the daemon runs: a token in a file is renewed by whoever owns the
//! file. Never shown, neither by `Debug` nor by `Display`. Not here: where references to secrets are
//! written (`config`).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use secrecy::{ExposeSecret, SecretString};

use crate::limits::read_capped;

/// A secret has at most this many bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// A secret, with the file it came from if it is one that can be read again.
#[derive(Clone)]
pub struct Secret {
    value: Arc<ArcSwap<SecretString>>,
    file: Option<PathBuf>,
}

impl Secret {
    /// A secret that stays as it is until the configuration is reloaded.
    pub fn fixed(value: impl Into<SecretString>) -> Self {
        Self { value: Arc::new(ArcSwap::from_pointee(value.into())), file: None }
    }

    /// What a file holds: `value` now, maybe something else later.
    pub fn from_file(value: impl Into<SecretString>, file: &Path) -> Self {
        Self { file: Some(file.to_owned()), ..Self::fixed(value) }
    }

    /// The secret itself, for sending it.
    pub fn expose(&self) -> String {
        self.value.load().expose_secret().to_owned()
    }

    /// Reads its file again; whether it holds another secret now. Clones of this secret change with
    /// it. A file that cannot be read leaves it as it is. Blocks for as long as a small file takes.
    pub fn reread(&self) -> bool {
        let Some(file) = &self.file else { return false };
        let text =
            read_capped(file, MAX_BYTES).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(text) = text else { return false };
        let text = without_line_end(&text);
        if text == self.value.load().expose_secret() {
            return false;
        }
        self.value.store(Arc::new(SecretString::from(text)));
        true
    }
}

/// A text file's text without its last line end.
pub(crate) fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_a_file_changes_with_the_file_in_all_its_clones_and_is_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "first\n").unwrap();
        let secret = Secret::from_file("first".to_owned(), &file);
        let clone = secret.clone();
        assert!(!secret.reread());
        std::fs::write(&file, "second\r\n").unwrap();
        assert!(secret.reread());
        assert_eq!(clone.expose(), "second");
        std::fs::remove_file(&file).unwrap();
        assert!(!secret.reread());
        assert_eq!(secret.expose(), "second");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }

    #[test]
    fn a_fixed_secret_has_nothing_to_read_again() {
        let secret = Secret::fixed("s".to_owned());
        assert!(!secret.reread());
        assert_eq!(secret.expose(), "s");
    }
}
