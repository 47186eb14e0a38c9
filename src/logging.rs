//! Logging set-up, and how the program reports the error that ends it.
//!
//! A log that cannot be written (a closed pipe, a full disk) is counted and stops nothing.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::Level;
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Lines that could not be written, since the process began.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Installs the logger: stderr, one line an event. Only the first call has an effect.
pub fn install(level: Level, format: LogFormat) {
    // What libraries have to say below warnings is about their own insides.
    let filter = EnvFilter::new(format!("warn,kpi_exporter={level}"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // It would tell its own trouble on stderr, and panic when that fails too.
        .log_internal_errors(false)
        .with_writer(|| Tolerant(io::stderr()));
    let installed = match format {
        LogFormat::Text => builder
            .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
            .with_target(false)
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // An error says that it was installed before, which is as good.
    drop(installed);
}

/// How many lines of the log could not be written.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Prints an error with its causes, each on a line of its own. A closed stderr is nobody's loss.
pub fn report(error: &anyhow::Error) {
    let mut stderr = anstream::stderr().lock();
    let mut chain = error.chain();
    if let Some(first) = chain.next() {
        let _ = writeln!(stderr, "{first}");
    }
    for cause in chain {
        let _ = writeln!(stderr, "  caused by: {cause}");
    }
}

/// Writes what it can, and counts what it cannot.
struct Tolerant<W>(W);

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
    use super::*;

    /// As a pipe that nobody reads, or a full disk.
    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_no_error() {
        let before = lost();
        let mut log = Tolerant(Broken);
        log.write_all(b"a line\n").unwrap();
        log.flush().unwrap();
        assert_eq!(lost(), before + 1);
    }
}
