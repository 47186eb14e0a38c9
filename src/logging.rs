//! Logging set-up, and how the program reports the error that ends it.

use std::io::Write;

use tracing::Level;
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Installs the logger: stderr, one line an event. Only the first call has an effect.
pub fn install(level: Level, format: LogFormat) {
    // What libraries have to say below warnings is about their own insides.
    let filter = EnvFilter::new(format!("warn,kpi_exporter={level}"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = match format {
        LogFormat::Text => builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .with_target(false)
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // An error says that it was installed before, which is as good.
    drop(installed);
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
