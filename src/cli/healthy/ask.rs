//! One question over HTTP, by TLS where the daemon speaks it.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::any_certificate;
use crate::listen::ListenAddress;
use crate::shown;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question {
    Healthy,
    Ready,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Ready => "ready",
        })
    }
}

/// More than any answer has.
const MOST: u64 = 16 << 10;

/// What is talked over.
trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// How it is, or what is wrong with it. There is no time limit here.
pub(super) async fn ask(address: &ListenAddress, question: Question) -> Result<String, String> {
    let plain = match http(connect(address).await?, question).await {
        Ok(answer) => return judge(&answer, question),
        Err(problem) => problem,
    };
    // Whoever speaks TLS ends a conversation that begins otherwise.
    match https(connect(address).await?, question).await {
        Ok(answer) => judge(&answer, question),
        Err(tls) => judge_alert(&tls)
            .ok_or_else(|| format!("{address}: neither HTTP ({plain}) nor TLS ({tls})")),
    }
}

async fn connect(address: &ListenAddress) -> Result<Box<dyn Stream>, String> {
    let connected: io::Result<Box<dyn Stream>> = match address {
        ListenAddress::Unix(path) => {
            UnixStream::connect(path).await.map(|stream| Box::new(stream) as Box<dyn Stream>)
        }
        ListenAddress::Tcp { .. } => TcpStream::connect(address.to_string())
            .await
            .map(|stream| Box::new(stream) as Box<dyn Stream>),
    };
    connected.map_err(|problem| {
        format!("{address}: {problem} (hint: --web.listen-address says where it listens)")
    })
}

async fn https(stream: Box<dyn Stream>, question: Question) -> io::Result<Vec<u8>> {
    let config = any_certificate::config().map_err(io::Error::other)?;
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    http(TlsConnector::from(Arc::new(config)).connect(name, stream).await?, question).await
}

/// The answer, where it is one of HTTP.
async fn http(mut stream: impl Stream, question: Question) -> io::Result<Vec<u8>> {
    let question = format!(
        "GET /-/{question} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kpi-exporter-healthy\r\n\
         Connection: close\r\n\r\n"
    );
    let mut answer = Vec::new();
    let asked = stream.write_all(question.as_bytes()).await;
    let read = stream.take(MOST).read_to_end(&mut answer).await;
    if answer.starts_with(b"HTTP/1.") {
        return Ok(answer);
    }
    asked.and(read)?;
    let text = if answer.is_empty() { "it hung up" } else { "it answers something else" };
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}

/// A daemon that is not well says so to everybody. One that sends us away for want of a login, or
/// because too much is asked of it, is well.
fn judge(answer: &[u8], question: Question) -> Result<String, String> {
    let text = String::from_utf8_lossy(answer);
    let code = text.split(' ').nth(1).unwrap_or_default();
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    match code {
        "200" => Ok(question.to_string()),
        "401" => Ok(format!("{question} (it wants a login)")),
        "429" => Ok(format!("{question} (it is asked too often)")),
        _ => Err(format!("status {}: {}", shown::line(code, 10), shown::line(body.trim(), 150))),
    }
}

/// What ends TLS for want of a certificate of ours tells that somebody is there, and no more.
fn judge_alert(problem: &io::Error) -> Option<String> {
    use rustls::AlertDescription as Alert;
    let tls = problem.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::AlertReceived(alert) = tls else { return None };
    let wants_ours = matches!(
        alert,
        Alert::CertificateRequired | Alert::HandshakeFailure | Alert::BadCertificate
    );
    wants_ours.then(|| "it is there (it wants a certificate, so no more is known)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_says_is_understood() {
        let answer = |head: &str| {
            let text = format!("HTTP/1.1 {head}\r\n\r\nthe\nbody\n");
            judge(text.as_bytes(), Question::Healthy)
        };
        assert_eq!(answer("200 OK").unwrap(), "healthy");
        assert!(answer("401 Unauthorized").is_ok());
        assert!(answer("429 Too Many Requests").is_ok());
        for bad in ["503 Service Unavailable", "500 x", "404 Not Found", "301 Moved", "", "2000 OK"]
        {
            assert!(answer(bad).is_err(), "{bad}");
        }
        assert!(answer("503 x").unwrap_err().starts_with("status 503: the"));
    }
}
