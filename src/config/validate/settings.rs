//! The sections that become [`Settings`]: what the file says, handed on to the layers.

use crate::config::document::Document;
use crate::config::raw::{LogRaw, ServerRaw, StoreRaw};
use crate::config::settings::{self, Filled, Settings};
use crate::reader::diagnostic::Problems;
use crate::reader::environment::Environment;
use crate::reader::files::Files;
use crate::reader::forms::{Named, Parsed};

/// `None` after a mistake.
pub(super) fn settings(
    document: &mut Document,
    files: &Files,
    environment: &Environment,
    problems: &mut Problems,
) -> Option<Settings> {
    let server: ServerRaw = document.section("server", problems);
    let log: LogRaw = document.section("log", problems);
    let store: StoreRaw = document.section("store", problems);

    let mut file = Vec::new();
    if let Some(listen) = server.listen {
        file.push(("server.listen", listen.0.to_string()));
    }
    if let Some(url) = server.external_url {
        file.push(("server.external_url", url.0.0));
    }
    if let Some(web) = server.web_config_file {
        if web.value.is_empty() {
            problems
                .at(web.span, "`server.web_config_file` is empty")
                .hint("name a file, or delete the key".to_owned());
        }
        let path = files.get(web.span.file).dir.join(&web.value);
        file.push(("server.web_config_file", path.to_string_lossy().into_owned()));
    }
    if let Some(open) = server.healthy_without_login {
        file.push(("server.healthy_without_login", open.to_string()));
    }
    if let Some(accepted) = server.accept_notes {
        file.push(("server.accept_notes", accepted.to_string()));
    }
    if let Some(level) = log.level {
        file.push(("log.level", name_of(level.0)));
    }
    if let Some(format) = log.format {
        file.push(("log.format", name_of(format.0)));
    }
    if let Some(path) = store.path {
        if path.value.is_empty() {
            problems
                .at(path.span, "`store.path` is empty")
                .hint("name a file, or `:memory:`".to_owned());
        }
        let resolved = match path.value.as_str() {
            ":memory:" => path.value.clone(),
            name => files.get(path.span.file).dir.join(name).to_string_lossy().into_owned(),
        };
        file.push(("store.path", resolved));
    }
    for (key, duration) in
        [("store.keep_daily", store.keep_daily), ("store.keep_raw", store.keep_raw)]
    {
        if let Some(duration) = duration {
            file.push((key, format!("{}s", duration.0.as_secs())));
        }
    }
    if let Some(Parsed(Filled(days))) = store.backfill {
        let text = if days == 0 { "off".to_owned() } else { format!("{days}d") };
        file.push(("store.backfill", text));
    }
    settings::resolve(&file, environment, problems)
}

fn name_of<T: Named + PartialEq>(value: T) -> String {
    let at = T::VALUES.iter().position(|known| *known == value);
    at.and_then(|at| T::NAMES.get(at)).map_or_else(String::new, |name| (*name).to_owned())
}
