//! Whom to trust and what to show for oneself, from PEM files. Not here: when they are read
//! (`transport`).

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::settings::TlsConfig;
use crate::limits::read_capped;
use crate::metric::{FetchError, FetchErrorKind};

/// A bundle of certificates has at most this many bytes.
const MAX_BYTES: u64 = 4 << 20;

/// What the files hold.
#[derive(PartialEq, Default)]
pub(super) struct Files {
    ca: Option<Vec<u8>>,
    cert: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
}

impl Files {
    /// Reads them. Blocks for as long as small files take.
    pub(super) fn read(config: &TlsConfig) -> Result<Self, FetchError> {
        let read = |key: &str, path: Option<&Path>| {
            path.map(|path| {
                read_capped(path, MAX_BYTES).map_err(|error| {
                    broken(&format!("cannot read `{}` of `{key}`: {error}", path.display()))
                })
            })
            .transpose()
        };
        Ok(Self {
            ca: read("tls.ca_file", config.ca_file.as_deref())?,
            cert: read("tls.cert_file", config.cert_file.as_deref())?,
            key: read("tls.key_file", config.key_file.as_deref())?,
        })
    }

    /// The settings that follow from them and from the system's authorities. Blocks for as long as
    /// reading those takes.
    pub(super) fn settings(&self, config: &TlsConfig) -> Result<ClientConfig, FetchError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error.to_string()))?
            .with_root_certificates(self.roots(config)?);
        let mut settings = match &self.cert {
            None => builder.with_no_client_auth(),
            Some(cert) => {
                let chain = certificates("tls.cert_file", config.cert_file.as_deref(), cert)?;
                let key = self.private_key(config)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    broken(&format!(
                        "the certificate of `tls.cert_file` and its key cannot be used: {error}"
                    ))
                    .with_hint("both must belong together")
                })?
            }
        };
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(settings)
    }

    /// A machine without any authorities of its own can still speak plain HTTP, or trust `ca_file`.
    fn roots(&self, config: &TlsConfig) -> Result<RootCertStore, FetchError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(ca) = &self.ca {
            for authority in certificates("tls.ca_file", config.ca_file.as_deref(), ca)? {
                roots.add(authority).map_err(|error| {
                    broken(&format!("`tls.ca_file` holds a broken certificate: {error}"))
                })?;
            }
        }
        Ok(roots)
    }

    fn private_key(&self, config: &TlsConfig) -> Result<PrivateKeyDer<'static>, FetchError> {
        let (name, path, pem) = match (&self.key, &self.cert) {
            (Some(key), _) => ("tls.key_file", &config.key_file, key.as_slice()),
            (None, cert) => {
                ("tls.cert_file", &config.cert_file, cert.as_deref().unwrap_or_default())
            }
        };
        PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
            let error =
                broken(&format!("no private key in {} of `{name}`", shown(path.as_deref())));
            let encrypted = pem.windows(9).any(|part| part == b"ENCRYPTED");
            match (encrypted, name) {
                (true, _) => error.with_hint("it is encrypted: decrypt it first"),
                (false, "tls.cert_file") => error.with_hint("name its file as `tls.key_file`"),
                (false, _) => error.with_hint("it must be in PEM"),
            }
        })
    }
}

/// All certificates of a PEM file, at least one.
fn certificates(
    name: &str,
    path: Option<&Path>,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(broken(&format!("no certificate in {} of `{name}`", shown(path)))
            .with_hint("it must be in PEM: `-----BEGIN CERTIFICATE-----` ...")),
    }
}

fn shown(path: Option<&Path>) -> String {
    path.map(|path| format!("`{}`", path.display())).unwrap_or_default()
}

fn broken(message: &str) -> FetchError {
    FetchError::new(FetchErrorKind::Unreachable, message)
}
