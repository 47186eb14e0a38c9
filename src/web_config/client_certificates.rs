//! Certificates of clients: whether one is asked for, whether it is checked, and which names it must
//! hold. The names are those of Go's `tls.ClientAuthType`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};
use x509_parser::extensions::GeneralName;

use crate::reader::forms::named;

/// What is asked of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientAuth {
    /// Nothing.
    None,
    /// A certificate, unchecked, if there is one.
    Request,
    /// Some certificate, unchecked.
    RequireAny,
    /// A certificate of the authorities, if there is one.
    VerifyIfGiven,
    /// A certificate of the authorities.
    RequireAndVerify,
}

named!(ClientAuth:
    "NoClientCert" => ClientAuth::None,
    "RequestClientCert" => ClientAuth::Request,
    "RequireAnyClientCert" => ClientAuth::RequireAny,
    // As older versions called it.
    "RequireClientCert" => ClientAuth::RequireAny,
    "VerifyClientCertIfGiven" => ClientAuth::VerifyIfGiven,
    "RequireAndVerifyClientCert" => ClientAuth::RequireAndVerify,
);

impl ClientAuth {
    /// Whether a client without a certificate is turned away.
    pub(super) fn is_mandatory(self) -> bool {
        matches!(self, Self::RequireAny | Self::RequireAndVerify)
    }

    fn is_checked(self) -> bool {
        matches!(self, Self::VerifyIfGiven | Self::RequireAndVerify)
    }
}

/// Checks certificates of clients.
#[derive(Debug)]
pub(super) struct ClientCertificates {
    mandatory: bool,
    /// Checks the chain; without it any certificate will do.
    chain: Option<Arc<dyn ClientCertVerifier>>,
    /// One of these names must be in it.
    allowed_names: Option<Vec<String>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertificates {
    /// # Errors
    /// Authorities that cannot be used.
    pub(super) fn new(
        auth: ClientAuth,
        authorities: RootCertStore,
        allowed_names: Option<Vec<String>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let chain = if auth.is_checked() {
            let authorities = Arc::new(authorities);
            let builder =
                WebPkiClientVerifier::builder_with_provider(authorities, Arc::clone(provider));
            Some(builder.build().map_err(|error| error.to_string())?)
        } else {
            None
        };
        let algorithms = provider.signature_verification_algorithms;
        Ok(Self { mandatory: auth.is_mandatory(), chain, allowed_names, algorithms })
    }
}

impl ClientCertVerifier for ClientCertificates {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.as_ref().map_or(&[], |chain| chain.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(chain) = &self.chain {
            chain.verify_client_cert(end_entity, intermediates, now)?;
        }
        match &self.allowed_names {
            Some(allowed) if !names(end_entity).iter().any(|name| allowed.contains(name)) => {
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            _ => Ok(ClientCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The subject's alternative names: hosts, addresses, e-mails, URIs. None of a certificate that cannot
/// be read.
fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(certificate) else {
        return Vec::new();
    };
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some((*text).to_owned())
        }
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_string())
}
