//! Texts that may be secrets, as written. Not here: which keys hold them (`secrets`).

use secrecy::SecretString;

use super::forms::{Pairs, Parsed};
use super::spanned::Spanned;
use crate::secret::Secret;

/// A text that may be a secret.
pub(crate) type SecretText = Spanned<Parsed<SecretString>>;

/// Names of the user's own with texts that may be secrets.
pub(crate) type SecretPairs = Pairs<String, Parsed<SecretString>>;

/// A secret, which is read again if it is all that a file holds.
pub(crate) fn secret(given: &SecretText) -> Secret {
    let value = given.value.0.clone();
    match &given.file {
        Some(file) => Secret::from_file(value, file),
        None => Secret::fixed(value),
    }
}
