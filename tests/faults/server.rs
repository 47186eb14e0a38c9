//! An API that answers as long as it is told so, and fails in a chosen way from one moment to the
//! next. Not here: how answers that are no proper HTTP look on the wire (`faults`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::faults::{self, Fault, read_head};
use crate::tls::{Authority, Identity};

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Mood {
    /// Answers with this value.
    Good(u32),
    /// Answers with a value who has this login, and refuses everybody else.
    Only(&'static str, u32),
    /// A whole answer.
    Says { head: &'static str, body: Arc<[u8]> },
    /// The same; `{secrets}` in it stands for everything secret that came with the request.
    Repeats { head: &'static str, body: &'static str },
    /// An answer of which it sends one byte a second.
    OneByteASecond,
    /// Resets the connection in the middle of an answer.
    ResetInBody,
    /// A good answer behind a certificate that is not good.
    Shows(Arc<Identity>),
    /// Does not listen.
    Refuses,
    /// Something below HTTP.
    Fails(Fault),
}

/// A running server on a port that stays its own; ends when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    mood: watch::Sender<Mood>,
    _runtime: Runtime,
}

impl Server {
    /// Starts in good mood, encrypted with a certificate of `authority`.
    pub(crate) fn start(authority: Option<&Authority>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let good = authority.map(|authority| Arc::new(authority.issue("127.0.0.1")));
        let (mood, moods) = watch::channel(Mood::Good(1));
        let reserved = {
            let _context = runtime.enter();
            socket("127.0.0.1:0".parse().unwrap())
        };
        let address = reserved.local_addr().unwrap();
        runtime.spawn(async move {
            // Bound and not listening, so that nobody else gets the port meanwhile.
            let _reserved = reserved;
            serve(address, moods, good).await;
        });
        Self { address, mood, _runtime: runtime }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }
}

fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

async fn serve(address: SocketAddr, mut moods: watch::Receiver<Mood>, good: Option<Arc<Identity>>) {
    let listen = || -> TcpListener { socket(address).listen(64).unwrap() };
    let mut listener = Some(listen());
    let mut connections = JoinSet::new();
    loop {
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = moods.changed() => {
                if changed.is_err() {
                    return;
                }
                if matches!(*moods.borrow_and_update(), Mood::Refuses) {
                    listener = None;
                } else {
                    listener.get_or_insert_with(listen);
                }
            }
            Ok((stream, _)) = accept => {
                let (mood, good) = (moods.borrow().clone(), good.clone());
                // A client that goes away in the middle is what these tests are about.
                connections.spawn(async move { drop(talk(stream, mood, good).await) });
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One request, one answer.
async fn talk(
    mut stream: TcpStream,
    mood: Mood,
    good: Option<Arc<Identity>>,
) -> std::io::Result<()> {
    if let Some(good) = good {
        let identity = if let Mood::Shows(bad) = &mood { bad } else { &good };
        let mut stream = acceptor(identity).accept(stream).await?;
        return answer(&mut stream, mood).await;
    }
    match mood {
        Mood::Fails(fault) => {
            if read_head(&mut stream).await.is_some() {
                faults::misbehave(stream, fault).await?;
            }
            Ok(())
        }
        Mood::ResetInBody => {
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"value\"").await?;
            // A reset throws away what is still on its way: let the first part arrive.
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.set_zero_linger()
        }
        mood => answer(&mut stream, mood).await,
    }
}

async fn answer(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    mood: Mood,
) -> std::io::Result<()> {
    let Some(head) = read_head(stream).await else { return Ok(()) };
    let login = head.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
    let login = login.unwrap_or("nothing").trim();
    match mood {
        Mood::Good(value) | Mood::Only(_, value) if !matches!(&mood, Mood::Only(other, _) if *other != login) =>
        {
            let body = format!("{{\"value\": {value}}}");
            whole(stream, "200 OK\r\nContent-Type: application/json", body.as_bytes()).await
        }
        Mood::Only(..) => {
            let body = format!("{{\"error\": \"unknown token {login}\"}}");
            whole(stream, "401 Unauthorized", body.as_bytes()).await
        }
        Mood::Says { head, body } => whole(stream, head, &body).await,
        Mood::Repeats { head: begin, body } => {
            let key = head.lines().find_map(|line| line.strip_prefix("x-api-key: "));
            let param = head.split_once("key=").and_then(|(_, rest)| rest.split(' ').next());
            let secrets = format!("{login}, {}, {}", key.unwrap(), param.unwrap());
            whole(stream, begin, body.replace("{secrets}", &secrets).as_bytes()).await
        }
        Mood::OneByteASecond => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").await?;
            // Between the seconds, where time limits lie.
            let first = tokio::time::Instant::now() + Duration::from_millis(500);
            let mut tick = tokio::time::interval_at(first, Duration::from_secs(1));
            for byte in b"{\"value\": 1}" {
                tick.tick().await;
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn whole(
    stream: &mut (impl AsyncWrite + Unpin),
    head: &str,
    body: &[u8],
) -> std::io::Result<()> {
    let end = format!("\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("HTTP/1.1 {head}{end}").as_bytes()).await?;
    stream.write_all(body).await?;
    stream.shutdown().await
}

fn acceptor(identity: &Identity) -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_slice(identity.cert.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
