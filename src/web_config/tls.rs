//! Settings of TLS as `rustls` takes them. Names of methods are Go's.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CipherSuite, NamedGroup, RootCertStore, ServerConfig, SupportedCipherSuite,
    SupportedProtocolVersion,
};

use super::client_certificates::{ClientAuth, ClientCertificates};
use crate::reader::forms::named;

/// A version of TLS, from old to new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// Not offered.
    Tls10,
    /// Not offered.
    Tls11,
    /// Offered.
    Tls12,
    /// Offered.
    Tls13,
}

named!(Version:
    "TLS13" => Version::Tls13,
    "TLS12" => Version::Tls12,
    "TLS11" => Version::Tls11,
    "TLS10" => Version::Tls10,
);

/// A method that Go knows; `None` where it is not offered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suite(Option<CipherSuite>);

named!(Suite:
    "TLS_AES_128_GCM_SHA256" => Suite(Some(CipherSuite::TLS13_AES_128_GCM_SHA256)),
    "TLS_AES_256_GCM_SHA384" => Suite(Some(CipherSuite::TLS13_AES_256_GCM_SHA384)),
    "TLS_CHACHA20_POLY1305_SHA256" => Suite(Some(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256)),
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" =>
        Suite(Some(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)),
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" =>
        Suite(Some(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)),
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" =>
        Suite(Some(CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)),
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" =>
        Suite(Some(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)),
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" =>
        Suite(Some(CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)),
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" =>
        Suite(Some(CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256)),
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" => Suite(None),
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA" => Suite(None),
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" => Suite(None),
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" => Suite(None),
);

/// A curve that Go knows; `None` where it is not offered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Curve(Option<NamedGroup>);

named!(Curve:
    "CurveP256" => Curve(Some(NamedGroup::secp256r1)),
    "CurveP384" => Curve(Some(NamedGroup::secp384r1)),
    "CurveP521" => Curve(None),
    "X25519" => Curve(Some(NamedGroup::X25519)),
);

/// What the file says about TLS, read and named.
pub(super) struct TlsSettings {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
    /// The authorities of clients; without them those of the system.
    pub client_ca: Option<Vec<u8>>,
    pub client_auth: ClientAuth,
    pub allowed_names: Option<Vec<String>>,
    pub min_version: Version,
    pub max_version: Version,
    /// Of TLS 1.2, in this order; empty for all. Those of TLS 1.3 are not chosen, as in Go.
    pub suites: Vec<Suite>,
    pub curves: Vec<Curve>,
    /// The order is the server's and not the client's.
    pub own_order: bool,
    pub http2: bool,
}

/// Which key of the file is wrong, and how.
pub(super) struct TlsMistake {
    pub key: &'static str,
    pub message: String,
    pub hint: Option<&'static str>,
}

fn mistake(key: &'static str, message: impl Into<String>) -> TlsMistake {
    TlsMistake { key, message: message.into(), hint: None }
}

impl TlsMistake {
    fn with_hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }
}

impl TlsSettings {
    /// The settings of a server.
    pub(super) fn build(self) -> Result<ServerConfig, TlsMistake> {
        let provider = Arc::new(self.provider()?);
        let chain = certificates("cert", &self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| {
            let encrypted = self.key.windows(9).any(|part| part == b"ENCRYPTED");
            mistake("key", "no private key in it").with_hint(if encrypted {
                "it is encrypted: decrypt it first"
            } else {
                "it must be in PEM: `-----BEGIN PRIVATE KEY-----` ..."
            })
        })?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions()?)
            .map_err(|error| mistake("cipher_suites", error.to_string()))?;
        let builder = if self.client_auth == ClientAuth::None {
            builder.with_no_client_auth()
        } else {
            let verifier = ClientCertificates::new(
                self.client_auth,
                self.authorities()?,
                self.allowed_names.clone(),
                &provider,
            );
            let verifier = verifier.map_err(|error| mistake("client_ca", error))?;
            builder.with_client_cert_verifier(Arc::new(verifier))
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            mistake("key", format!("it cannot be used with the certificate: {error}"))
                .with_hint("certificate and key must belong together")
        })?;
        config.ignore_client_order = self.own_order;
        let protocols: &[&[u8]] = if self.http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(config)
    }

    fn versions(&self) -> Result<Vec<&'static SupportedProtocolVersion>, TlsMistake> {
        let offered = [(Version::Tls13, &TLS13), (Version::Tls12, &TLS12)];
        let versions: Vec<_> = offered
            .into_iter()
            .filter(|(version, _)| (self.min_version..=self.max_version).contains(version))
            .map(|(_, known)| known)
            .collect();
        if versions.is_empty() {
            return Err(mistake("max_version", "no version of TLS is left to offer")
                .with_hint("TLS 1.2 and 1.3 are offered: write `TLS13`, or delete the key"));
        }
        Ok(versions)
    }

    fn provider(&self) -> Result<CryptoProvider, TlsMistake> {
        let mut provider = ring::default_provider();
        if !self.suites.is_empty() {
            let all = std::mem::take(&mut provider.cipher_suites);
            let is_13 = |suite: &SupportedCipherSuite| suite.tls13().is_some();
            provider.cipher_suites = all.iter().copied().filter(is_13).collect();
            for chosen in self.suites.iter().filter_map(|suite| suite.0) {
                let found = all.iter().find(|suite| suite.suite() == chosen && !is_13(suite));
                provider.cipher_suites.extend(found.copied());
            }
            let has_12 = provider.cipher_suites.iter().any(|suite| !is_13(suite));
            if !has_12 && self.max_version == Version::Tls12 {
                return Err(mistake("cipher_suites", "none of them is offered for TLS 1.2")
                    .with_hint("name one with GCM or CHACHA20"));
            }
        }
        if !self.curves.is_empty() {
            let all = std::mem::take(&mut provider.kx_groups);
            for chosen in self.curves.iter().filter_map(|curve| curve.0) {
                provider.kx_groups.extend(all.iter().find(|group| group.name() == chosen));
            }
            if provider.kx_groups.is_empty() {
                return Err(mistake("curve_preferences", "none of them is offered")
                    .with_hint("name CurveP256, CurveP384 or X25519"));
            }
        }
        Ok(provider)
    }

    /// Go takes what it can read of a bundle, and so does this.
    fn authorities(&self) -> Result<RootCertStore, TlsMistake> {
        let mut roots = RootCertStore::empty();
        match &self.client_ca {
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Some(pem) => {
                let found = certificates("client_ca", pem)?;
                roots.add_parsable_certificates(found);
            }
        }
        Ok(roots)
    }
}

/// All certificates of a PEM text, at least one.
fn certificates(key: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsMistake> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(mistake(key, "no certificate in it")
            .with_hint("it must be in PEM: `-----BEGIN CERTIFICATE-----` ...")),
    }
}
