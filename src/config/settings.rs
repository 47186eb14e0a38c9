//! Settings of the daemon itself: where it listens, how it logs, where it keeps history. Layers of
//! the `config` crate: defaults, then the file, then `KPI_EXPORTER_SECTION__KEY` variables.
//!
//! Only this closed set of keys goes through that crate: it lower-cases keys of the environment and
//! forgets lines. The file's sections have been checked, with places, before they get here.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use config::ConfigError;
use serde::Deserialize;

use crate::listen::ListenAddress;
use crate::reader::diagnostic::Problems;
use crate::reader::environment::Environment;
use crate::reader::forms::{FromText, Named};
use crate::reader::suggest::{did_you_mean, listed};

const PREFIX: &str = "KPI_EXPORTER_";

/// Settings of the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The HTTP server.
    pub server: ServerSettings,
    /// Log output.
    pub log: LogSettings,
    /// History.
    pub store: StoreSettings,
}

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Where it listens; by default `0.0.0.0:9877`.
    pub listen: ListenAddress,
    /// Where people reach the program, without a slash at the end: what links begin with.
    pub external_url: Option<String>,
    /// Who may come in, in the form that Prometheus' exporters share.
    pub web_config_file: Option<PathBuf>,
    /// Whether `/-/healthy` is answered without a login.
    pub healthy_without_login: bool,
    /// Whether clients may write notes: those with a login, or on this machine.
    pub accept_notes: bool,
}

/// An address that links begin with.
#[derive(Debug, Clone)]
pub(crate) struct WebAddress(pub(crate) String);

impl FromStr for WebAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::from_text(text).ok_or_else(|| format!("expected {}", Self::EXPECTED))
    }
}

impl FromText for WebAddress {
    const EXPECTED: &'static str =
        "an address like https://kpis.example.com, without login, parameters or fragment";

    fn from_text(text: &str) -> Option<Self> {
        let url = reqwest::Url::parse(text).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        plain.then(|| Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// Log output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// The least level that is written; by default `info`.
    pub level: tracing::Level,
    /// By default text.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A setting that holds or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum YesNo {
    Yes,
    No,
}

impl Named for YesNo {
    const NAMES: &'static [&'static str] = &["true", "false"];
    const VALUES: &'static [Self] = &[Self::Yes, Self::No];
}

impl Named for LogFormat {
    const NAMES: &'static [&'static str] = &["text", "json"];
    const VALUES: &'static [Self] = &[Self::Text, Self::Json];
}

/// How many days are filled in from the sources: `off`, or a duration in days.
pub(crate) struct Filled(pub(crate) u16);

impl Filled {
    /// The most that is filled in.
    const MOST: u64 = 1830;
}

impl FromText for Filled {
    const EXPECTED: &'static str = "off, or a duration from 1d to 1830d like 400d";

    fn from_text(text: &str) -> Option<Self> {
        if text == "off" {
            return Some(Self(0));
        }
        let days = Duration::from_text(text)?.as_secs() / 86_400;
        let days = Some(days).filter(|days| (1..=Self::MOST).contains(days))?;
        u16::try_from(days).ok().map(Self)
    }
}

/// What outlives the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// The database file, or `:memory:`.
    pub path: Option<PathBuf>,
    /// How long daily values, openings and closings are kept.
    pub keep_daily: Duration,
    /// How long every change of a value is kept.
    pub keep_raw: Duration,
    /// Days before today that are filled in from the sources where nothing is known of them.
    pub backfill_days: u16,
}

/// All keys that a variable can set, as `(key, default)`.
const KEYS: [(&str, Option<&str>); 11] = [
    ("server.listen", Some("0.0.0.0:9877")),
    ("server.external_url", None),
    ("server.web_config_file", None),
    ("server.healthy_without_login", Some("false")),
    ("server.accept_notes", Some("false")),
    ("log.level", Some("info")),
    ("log.format", Some("text")),
    ("store.path", None),
    ("store.keep_daily", Some("1830d")),
    ("store.keep_raw", Some("90d")),
    ("store.backfill", Some("400d")),
];

/// The merged layers, still as texts.
#[derive(Deserialize)]
struct Layered {
    server: LayeredServer,
    log: LayeredLog,
    store: LayeredStore,
}

#[derive(Deserialize)]
struct LayeredServer {
    listen: String,
    external_url: Option<String>,
    web_config_file: Option<String>,
    healthy_without_login: String,
    accept_notes: String,
}

#[derive(Deserialize)]
struct LayeredLog {
    level: String,
    format: String,
}

#[derive(Deserialize)]
struct LayeredStore {
    path: Option<String>,
    keep_daily: String,
    keep_raw: String,
    backfill: String,
}

/// Lays the environment over what the file says (`(key, value)` pairs) over the defaults. What is
/// wrong then is wrong in the environment, and the variable is named; its value is not shown.
pub(crate) fn resolve(
    file: &[(&'static str, String)],
    environment: &Environment,
    problems: &mut Problems,
) -> Option<Settings> {
    let variables: Vec<(&str, &str)> = environment
        .iter()
        .filter(|(name, _)| name.strip_prefix(PREFIX).is_some_and(|rest| rest.contains("__")))
        .collect();
    let unknown = report_unknown(&variables, problems);
    let layered = match layers(file, &variables) {
        Ok(layered) => layered,
        Err(error) => {
            problems.whole("environment", format!("settings cannot be read: {error}"));
            return None;
        }
    };
    let listen = read(&layered.server.listen, "server.listen", ListenAddress::EXPECTED, problems);
    let external_url = layered
        .server
        .external_url
        .map(|url| read::<WebAddress>(&url, "server.external_url", WebAddress::EXPECTED, problems));
    let healthy_without_login: Option<YesNo> =
        choose(&layered.server.healthy_without_login, "server.healthy_without_login", problems);
    let accept_notes: Option<YesNo> =
        choose(&layered.server.accept_notes, "server.accept_notes", problems);
    let level = choose(&layered.log.level, "log.level", problems);
    let format = choose(&layered.log.format, "log.format", problems);
    let keep = |text: &str, key, problems: &mut Problems| {
        read::<Duration>(text, key, Duration::EXPECTED, problems)
    };
    let keep_daily = keep(&layered.store.keep_daily, "store.keep_daily", problems);
    let keep_raw = keep(&layered.store.keep_raw, "store.keep_raw", problems);
    let backfill =
        read::<Filled>(&layered.store.backfill, "store.backfill", Filled::EXPECTED, problems);
    if unknown {
        return None;
    }
    Some(Settings {
        server: ServerSettings {
            listen: listen?,
            external_url: match external_url {
                Some(url) => Some(url?.0),
                None => None,
            },
            web_config_file: layered.server.web_config_file.map(PathBuf::from),
            healthy_without_login: healthy_without_login? == YesNo::Yes,
            accept_notes: accept_notes? == YesNo::Yes,
        },
        log: LogSettings { level: level?, format: format? },
        store: StoreSettings {
            path: layered.store.path.map(PathBuf::from),
            keep_daily: keep_daily?,
            keep_raw: keep_raw?,
            backfill_days: backfill?.0,
        },
    })
}

fn layers(
    file: &[(&'static str, String)],
    variables: &[(&str, &str)],
) -> Result<Layered, ConfigError> {
    let mut builder = config::Config::builder();
    for (key, default) in KEYS {
        if let Some(default) = default {
            builder = builder.set_default(key, default)?;
        }
    }
    for (key, value) in file {
        builder = builder.set_default(*key, value.as_str())?;
    }
    let known = variables.iter().filter(|(name, _)| key_of(name).is_some());
    let known = known.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let environment = config::Environment::with_prefix("KPI_EXPORTER")
        .prefix_separator("_")
        .separator("__")
        .source(Some(known));
    builder.add_source(environment).build()?.try_deserialize()
}

fn report_unknown(variables: &[(&str, &str)], problems: &mut Problems) -> bool {
    let known: Vec<String> = KEYS.iter().map(|(key, _)| variable_of(key)).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let unknown = variables.iter().filter(|(name, _)| !known.contains(name));
    unknown
        .map(|(name, _)| {
            problems.whole("environment", format!("`{name}` names no setting")).hint(did_you_mean(
                name,
                "the variables are",
                &known,
            ));
        })
        .count()
        > 0
}

fn key_of(variable: &str) -> Option<&'static str> {
    KEYS.iter().map(|(key, _)| *key).find(|key| variable_of(key) == variable)
}

fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

fn read<T: FromText>(text: &str, key: &str, expected: &str, problems: &mut Problems) -> Option<T> {
    let value = T::from_text(text);
    if value.is_none() {
        problems.whole("environment", format!("`{}`: expected {expected}", variable_of(key)));
    }
    value
}

fn choose<T: Named>(text: &str, key: &str, problems: &mut Problems) -> Option<T> {
    let value = T::of(text);
    if value.is_none() {
        let names = listed(T::NAMES, "or");
        problems.whole("environment", format!("`{}`: expected {names}", variable_of(key)));
    }
    value
}
