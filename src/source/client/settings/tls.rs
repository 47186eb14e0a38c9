//! Certificates: as written, as validated. Not here: reading them (`client::tls`).

use std::path::PathBuf;

use serde::Deserialize;

use crate::reader::report::Report;
use crate::reader::spanned::{Spanned, Text};

/// Certificates, as PEM files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// Authorities to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// This program's certificate and, if it is not in the same file, its key.
    pub cert_file: Option<PathBuf>,
    /// The key.
    pub key_file: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the keys are called so")]
pub(crate) struct TlsRaw {
    pub(crate) ca_file: Option<Text>,
    pub(crate) cert_file: Option<Text>,
    pub(crate) key_file: Option<Text>,
}

/// Paths are relative to the configuration.
pub(super) fn tls(
    report: &mut Report<'_>,
    path: &str,
    given: &Spanned<TlsRaw>,
) -> Option<TlsConfig> {
    let raw = &given.value;
    let mut good = true;
    for (key, file) in
        [("ca_file", &raw.ca_file), ("cert_file", &raw.cert_file), ("key_file", &raw.key_file)]
    {
        if let Some(file) = file.as_ref().filter(|file| file.value.is_empty()) {
            let hint = "name a PEM file".to_owned();
            report.problem(file.span, format!("`{path}.{key}` is empty"), hint);
            good = false;
        }
    }
    if let (Some(key), None) = (&raw.key_file, &raw.cert_file) {
        let hint = "add `cert_file`, the certificate that the key belongs to".to_owned();
        report.problem(key.span, format!("`{path}.key_file` without `cert_file`"), hint);
        good = false;
    }
    let resolved = |file: &Option<Text>| {
        let file = file.as_ref()?;
        Some(report.dir(file.span).join(&file.value))
    };
    good.then(|| TlsConfig {
        ca_file: resolved(&raw.ca_file),
        cert_file: resolved(&raw.cert_file),
        key_file: resolved(&raw.key_file),
    })
}
