//! Lines on their way to standard error. Whoever reads it may stop doing so (a pager, a pipe that
//! nobody empties, a dead terminal): then a line waits for ever, and must not keep anybody who logs.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that may wait; those beyond are lost.
const ROOM: usize = 4096;

/// The end waits a second for lines that have not been taken, and looks so often.
const LOOKS: u32 = 500;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Lines that could not be written, since the process began.
static LOST: AtomicU64 = AtomicU64::new(0);

/// How many lines could not be written.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Takes lines at once, and has a thread of its own that writes them.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    lines: SyncSender<Vec<u8>>,
    /// Those that are not written yet.
    waiting: Arc<AtomicUsize>,
}

impl Queue {
    pub(super) fn into(target: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, receiver) = sync_channel(ROOM);
        let waiting = Arc::default();
        let left = Arc::clone(&waiting);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&receiver, Tolerant(target), &left))?;
        Ok(Self { lines, waiting })
    }

    pub(super) fn push(&self, line: Vec<u8>) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if self.lines.try_send(line).is_err() {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything is written, for as long as that is worth it.
    pub(super) fn drain(&self) {
        for _ in 0..LOOKS {
            if self.waiting.load(Ordering::Acquire) == 0 {
                return;
            }
            thread::park_timeout(BETWEEN_LOOKS);
        }
    }
}

/// A line is one call: the formatter hands over what it has put together.
impl Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(lines: &Receiver<Vec<u8>>, mut target: impl Write, waiting: &AtomicUsize) {
    for line in lines {
        // A `Tolerant` has no errors.
        let _ = target.write_all(&line).and_then(|()| target.flush());
        waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Writes what it can, and counts what it cannot.
pub(super) struct Tolerant<W>(pub(super) W);

impl<W: Write> Write for Tolerant<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.write_all(bytes).is_err() {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Whatever is wrong was counted when it was written.
        let _ = self.0.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// As a pipe that nobody reads any more, or a full disk.
    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    /// As a pipe that nobody empties: it takes a line when it is allowed to.
    struct Stuck(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_no_error() {
        let before = lost();
        let mut log = Tolerant(Broken);
        log.write_all(b"a line\n").unwrap();
        log.flush().unwrap();
        assert!(lost() > before);
    }

    #[test]
    fn a_reader_that_stops_keeps_nobody_and_gets_what_waited_in_order() {
        let (allow, allowed) = sync_channel(2 * ROOM);
        let written = Arc::default();
        let mut queue = Queue::into(Stuck(allowed, Arc::clone(&written))).unwrap();
        let before = lost();
        for number in 0..2 * ROOM {
            queue.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        queue.drain();
        assert!(lost() >= before + (ROOM as u64) - 1, "what has no room is counted");
        (0..2 * ROOM).for_each(|_| allow.send(()).unwrap());
        (0..60).for_each(|_| queue.drain());
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let numbers: Vec<_> = written.lines().collect();
        assert_eq!(numbers[..3], ["line 0", "line 1", "line 2"]);
        assert!((ROOM..=ROOM + 1).contains(&numbers.len()), "{}", numbers.len());
    }
}
