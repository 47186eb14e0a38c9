//! Logging set-up, and how the program reports the error that ends it.
//!
//! A log that cannot be written (a closed pipe, a full disk) is counted and stops nothing.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use anstyle::Style;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Diagnostics, LogFormat};
use crate::word::Word;

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
        LogFormat::Text => builder.with_ansi(is_coloured()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // An error says that it was installed before, which is as good.
    drop(installed);
}

/// The same for a command that ends: no instants, and words that people expect of one.
pub fn install_for_command(level: Level, format: LogFormat) {
    if format == LogFormat::Json {
        return install(level, format);
    }
    let installed = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("warn,kpi_exporter={level}")))
        .log_internal_errors(false)
        .with_ansi(is_coloured())
        .event_format(Words)
        .with_writer(|| Tolerant(io::stderr()))
        .try_init();
    drop(installed);
}

/// Whether standard error is a terminal whose owner does not mind colours.
fn is_coloured() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// `warning: …`, as commands say it.
struct Words;

impl<S, N> FormatEvent<S, N> for Words
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (word, style) = match *event.metadata().level() {
            Level::ERROR => ("error", Word::Error.style()),
            Level::WARN => ("warning", Word::Warning.style()),
            Level::INFO => ("info", Style::new()),
            _ => ("debug", Style::new()),
        };
        if writer.has_ansi_escapes() {
            write!(writer, "{style}{word}:{style:#} ")?;
        } else {
            write!(writer, "{word}: ")?;
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// How many lines of the log could not be written.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Prints an error with its causes, each on a line of its own. Mistakes of a configuration begin with their
/// place, from which editors jump there. A closed stderr is nobody's loss.
pub fn report(error: &anyhow::Error) {
    let mut stderr = anstream::stderr().lock();
    let mut chain = error.chain();
    if let Some(first) = chain.next() {
        let _ = if error.is::<Diagnostics>() {
            writeln!(stderr, "{first:#}")
        } else {
            writeln!(stderr, "{:#} {first}", Word::Error)
        };
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
