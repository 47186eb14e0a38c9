//! Logging set-up, and how the program reports the error that ends it.
//!
//! A log that cannot be written (a closed pipe, a full disk, a reader that has stopped) is counted and stops
//! nothing.

mod queue;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::{self, Write};
use std::panic;
use std::sync::OnceLock;

use anstyle::Style;
use tracing::{Event, Level, Subscriber, error};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

pub use queue::lost;
use queue::{Queue, Tolerant};

use crate::config::{Diagnostics, LogFormat};
use crate::word::Word;

/// Where a daemon says what it has to say.
static DAEMON: OnceLock<Queue> = OnceLock::new();

/// Installs the logger of a daemon: stderr, one line an event, and nobody waits for a line to be read.
/// Only the first call has an effect.
pub fn install_for_daemon(level: Level, format: LogFormat) {
    let Ok(queue) = Queue::into(io::stderr()) else { return install(level, format, direct()) };
    let queue = DAEMON.get_or_init(|| queue).clone();
    install(level, format, BoxMakeWriter::new(move || queue.clone()));
    panic::set_hook(Box::new(|defect| {
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            error!("{defect}\n{backtrace}");
        } else {
            error!("{defect}");
        }
    }));
}

/// Standard error itself: who is not reading it makes a command wait, as commands do.
fn direct() -> BoxMakeWriter {
    BoxMakeWriter::new(|| Tolerant(io::stderr()))
}

fn install(level: Level, format: LogFormat, writer: BoxMakeWriter) {
    // What libraries have to say below warnings is about their own insides.
    let filter = EnvFilter::new(format!("warn,kpi_exporter={level}"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // It would tell its own trouble on stderr, and panic when that fails too.
        .log_internal_errors(false)
        .with_writer(writer);
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
        return install(level, format, direct());
    }
    let installed = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("warn,kpi_exporter={level}")))
        .log_internal_errors(false)
        .with_ansi(is_coloured())
        .event_format(Words)
        .with_writer(direct())
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

/// What the daemon has said is written, or nobody reads it.
pub fn finish() {
    if let Some(queue) = DAEMON.get() {
        queue.drain();
    }
}

/// Prints an error with its causes, each on a line of its own. Mistakes of a configuration begin with their
/// place, from which editors jump there. A closed stderr is nobody's loss.
pub fn report(error: &anyhow::Error) {
    let mut text =
        anstream::AutoStream::new(Vec::new(), anstream::AutoStream::choice(&io::stderr()));
    let mut chain = error.chain();
    if let Some(first) = chain.next() {
        let _ = if error.is::<Diagnostics>() {
            writeln!(text, "{first:#}")
        } else {
            writeln!(text, "{:#} {first}", Word::Error)
        };
    }
    for cause in chain {
        let _ = writeln!(text, "  caused by: {cause}");
    }
    match DAEMON.get() {
        Some(queue) => queue.push(text.into_inner()),
        None => drop(io::stderr().write_all(&text.into_inner())),
    }
}
