//! Why there is no encrypted connection, in plain words. Not here: other failures (`failure`).

use chrono::DateTime;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

use crate::metric::{FetchError, FetchErrorKind};

/// At most so many names of a certificate are told.
const MOST_NAMES: usize = 5;

/// What happened, and what to do about it.
pub(super) fn explain(error: &Error, host: &str) -> FetchError {
    let (message, hint) = match error {
        Error::InvalidCertificate(error) => certificate(error, host),
        Error::AlertReceived(alert) => alerted(*alert, host),
        Error::InvalidMessage(_) => (
            format!("{host} does not speak TLS"),
            "is the port right, and should the URL begin with `http://`?",
        ),
        Error::PeerIncompatible(_) => (
            format!("{host} and this program have no version or method of TLS in common: {error}"),
            "it must offer TLS 1.2 or 1.3",
        ),
        _ => (format!("no encrypted connection to {host}: {error}"), ""),
    };
    let error = FetchError::new(FetchErrorKind::Unreachable, message);
    if hint.is_empty() { error } else { error.with_hint(hint) }
}

fn certificate(error: &CertificateError, host: &str) -> (String, &'static str) {
    let the = format!("the certificate of {host}");
    match error {
        CertificateError::Expired => (format!("{the} has expired"), RENEW),
        CertificateError::ExpiredContext { not_after, .. } => {
            (format!("{the} has expired on {}", day(*not_after)), RENEW)
        }
        CertificateError::NotValidYet => (format!("{the} is not valid yet"), CLOCK),
        CertificateError::NotValidYetContext { not_before, .. } => {
            (format!("{the} is not valid before {}", day(*not_before)), CLOCK)
        }
        // The signature is not right when there is another authority of the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            (format!("{the} is self-signed or of an authority that is not known here"), AUTHORITY)
        }
        CertificateError::NotValidForName => (format!("{the} is for another name"), NAME),
        CertificateError::NotValidForNameContext { presented, .. } => {
            (format!("{the} is for another name: {}", names(presented)), NAME)
        }
        CertificateError::Revoked => (format!("{the} is revoked"), RENEW),
        _ => match &error.to_string() {
            text if text.contains("CaUsedAsEndEntity") => {
                (format!("{the} is that of an authority, not of a server"), RENEW)
            }
            text => (format!("{the} is not valid: {text}"), RENEW),
        },
    }
}

const RENEW: &str = "the server needs another one";
const CLOCK: &str = "check the clocks of the server and of this machine";
const AUTHORITY: &str = "name the certificate of its authority as `tls.ca_file`";
const NAME: &str = "use a name in the URL that the certificate is for";

/// What the other side says.
fn alerted(alert: AlertDescription, host: &str) -> (String, &'static str) {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure => (
            format!("{host} refused the encrypted connection: {alert:?}"),
            "it may want a certificate: `tls.cert_file` and `tls.key_file`",
        ),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => (
            format!("{host} does not accept this program's certificate: {alert:?}"),
            "check `tls.cert_file`: is it current, and of an authority that the server knows?",
        ),
        _ => (format!("{host} refused the encrypted connection: {alert:?}"), ""),
    }
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    let instant = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    instant.map_or_else(|| "an unknown day".to_owned(), |instant| instant.date_naive().to_string())
}

/// As webpki writes them, `DnsName("example.com")`, but without the wrapping.
fn names(presented: &[String]) -> String {
    let name = |text: &String| match text.split_once('"') {
        Some((_, rest)) => rest.split('"').next().unwrap_or_default().to_owned(),
        None => text.clone(),
    };
    let mut names: Vec<String> = presented.iter().take(MOST_NAMES).map(name).collect();
    if presented.len() > MOST_NAMES {
        names.push("...".to_owned());
    }
    if names.is_empty() { "it has none".to_owned() } else { names.join(", ") }
}
