//! A server that misbehaves below or within HTTP, on a free loopback port. Not for answers that are
//! merely wrong: `stand_in` gives those.

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the server does after it has read a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Says nothing.
    HangBeforeHeaders,
    /// Begins an answer of 100 bytes and stops after 10.
    HangInBody,
    /// Sends one byte of a long answer every 50 ms.
    Drip,
    /// Resets the connection without an answer.
    Reset,
    /// Ends the connection without an answer.
    Close,
    /// Promises 100 bytes and ends the connection after 10.
    Truncated,
    /// Sends so many bytes in chunks.
    Stream(u64),
    /// Promises so many bytes, sends none.
    Promise(u64),
    /// Sends so many zero bytes, packed.
    GzipBomb(u64),
    /// These bytes.
    Say(Vec<u8>),
}

/// A running server; ends when it is dropped.
pub(crate) struct Faults {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Faults {
    /// Starts a server that does to its n-th request, from 0, what `fault` says.
    pub(crate) async fn start(fault: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (taken, fault) = (Arc::clone(&asked), Arc::new(fault));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (taken, fault) = (Arc::clone(&taken), Arc::clone(&fault));
                connections.spawn(async move {
                    let Some(head) = read_head(&mut stream).await else { return };
                    let number = {
                        let mut taken = taken.lock().unwrap();
                        taken.push(head);
                        taken.len() - 1
                    };
                    // A client that goes away in the middle is what these tests are about.
                    let _ = misbehave(stream, fault(number)).await;
                });
            }
        });
        Self { url, asked, _tasks: tasks }
    }

    /// The heads of all requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A request, which is read to the end of its body, up to its empty line; `None` when the client went
/// away.
pub(crate) async fn read_head(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    // With a body left unread, the system would reset the connection and take the answer with it.
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}

/// Does it to a connection whose request was read.
pub(crate) async fn misbehave(mut stream: TcpStream, fault: Fault) -> std::io::Result<()> {
    match fault {
        Fault::HangBeforeHeaders => hang(stream).await,
        Fault::HangInBody => {
            stream.write_all(&part_of(100)).await?;
            hang(stream).await;
        }
        Fault::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await?;
            let mut tick = tokio::time::interval(Duration::from_millis(50));
            loop {
                tick.tick().await;
                stream.write_all(b" ").await?;
            }
        }
        Fault::Reset => stream.set_zero_linger()?,
        Fault::Close => {}
        Fault::Truncated => stream.write_all(&part_of(100)).await?,
        Fault::Stream(bytes) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
            let block = vec![b' '; 0x1_0000];
            for _ in 0..bytes.div_ceil(0x1_0000) {
                stream.write_all(b"10000\r\n").await?;
                stream.write_all(&block).await?;
                stream.write_all(b"\r\n").await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
        }
        Fault::Promise(bytes) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            hang(stream).await;
        }
        Fault::GzipBomb(bytes) => {
            let body = bomb(bytes);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
        }
        Fault::Say(bytes) => stream.write_all(&bytes).await?,
    }
    Ok(())
}

/// The head of an answer of `length` bytes, and ten of them.
fn part_of(length: u64) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{{\"value\": ").into_bytes()
}

/// Until the client goes away.
async fn hang(mut stream: TcpStream) {
    let _ = stream.read_u8().await;
}

fn bomb(bytes: u64) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let block = vec![0; 1 << 20];
    for _ in 0..bytes.div_ceil(1 << 20) {
        packed.write_all(&block).unwrap();
    }
    packed.finish().unwrap()
}
