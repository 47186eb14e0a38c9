//! A connection whose other side has to read: an answer that does not get on is given up. Not here:
//! how long a request may take to come (`connection`).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::progress::Progress;

/// While an answer waits for its reader, so many bytes have to get away in this time ...
const LEAST: usize = 64 << 10;
const WINDOW: Duration = Duration::from_secs(5);

/// ... and all of it in this, once it has had to wait.
const WHOLE: Duration = Duration::from_mins(1);

/// A stream that fails when what is written to it does not get away.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    waiting: Option<Waiting>,
    progress: Arc<Progress>,
}

/// An answer that had to wait for its reader.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    /// Bytes since the window began.
    written: usize,
    window: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    /// One that notes down how it gets on.
    pub(super) fn new(stream: S, progress: Arc<Progress>) -> Self {
        Self { stream, waiting: None, progress }
    }

    /// The reader takes nothing now.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.waiting.is_none() {
            self.progress.is_unread(true);
        }
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            since: Instant::now(),
            written: 0,
            window: Box::pin(sleep(WINDOW)),
        });
        loop {
            ready!(waiting.window.as_mut().poll(context));
            if waiting.written < LEAST || waiting.since.elapsed() >= WHOLE {
                let text = "the answer is read too slowly";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)));
            }
            waiting.written = 0;
            waiting.window.as_mut().reset(Instant::now() + WINDOW);
        }
    }

    fn note(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let written = match result {
            Poll::Pending => return self.wait(context),
            Poll::Ready(Ok(written)) => written,
            failed @ Poll::Ready(Err(_)) => return failed,
        };
        self.progress.took(written);
        if let Some(waiting) = &mut self.waiting {
            waiting.written += written;
        }
        Poll::Ready(Ok(written))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Asked for when all is written: the next answer has its own time.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waiting.take().is_some() {
            self.progress.is_unread(false);
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// How a long answer ends when `bytes` of it are read every `pause`.
    async fn read_by(bytes: usize, pause: Duration) -> (io::Result<()>, Duration) {
        let (here, mut there) = duplex(16 << 10);
        let reader = tokio::spawn(async move {
            let mut buffer = vec![0; bytes];
            while there.read_exact(&mut buffer).await.is_ok() {
                sleep(pause).await;
            }
        });
        let began = Instant::now();
        let mut paced = Paced::new(here, Arc::new(Progress::begun()));
        let result = match paced.write_all(&vec![0; 4 << 20]).await {
            Ok(()) => paced.flush().await,
            failed => failed,
        };
        let took = began.elapsed();
        reader.abort();
        (result, took)
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_byte_a_second_is_given_up_soon_and_who_reads_at_leisure_is_not() {
        let (result, took) = read_by(1, Duration::from_secs(1)).await;
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(took <= WINDOW * 2, "{took:?}");
        // 20 kB/s: not within a minute.
        let (result, took) = read_by(20 << 10, Duration::from_secs(1)).await;
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(took >= WHOLE && took <= WHOLE + WINDOW, "{took:?}");
        let (result, took) = read_by(100 << 10, Duration::from_secs(1)).await;
        result.unwrap();
        assert!(took > Duration::from_secs(30), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_between_answers_are_no_slowness() {
        let (here, mut there) = duplex(1024);
        let mut paced = Paced::new(here, Arc::new(Progress::begun()));
        for _ in 0..5 {
            let reading = async {
                sleep(Duration::from_secs(2)).await;
                there.read_exact(&mut [0; 2000]).await.unwrap();
            };
            let writing = async {
                paced.write_all(&[0; 2000]).await.unwrap();
                paced.flush().await.unwrap();
            };
            tokio::join!(reading, writing);
            sleep(Duration::from_mins(2)).await;
        }
    }
}
