//! What a service is asked and what it answers, from `answers/SERVICE/exchange.json`; and a stand-in
//! that answers like that. Whatever it does not know is a mistake, and it says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use kpi_exporter::limits::read_capped;
use serde::Deserialize;
use serde_json::Value;

use crate::exporter::command;
use crate::stand_in::{Asked, Reply, StandIn, status};

/// One `exchange.json`.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    /// How entries are matched, for people.
    #[serde(rename = "note")]
    _note: String,
    pub(crate) config: PathBuf,
    pub(crate) as_of: String,
    pub(crate) environment: BTreeMap<String, String>,
    /// SQL to run first, for a database.
    pub(crate) setup: Option<String>,
    #[serde(default)]
    exchanges: Vec<Exchange>,
    pub(crate) expected: BTreeMap<String, Expected>,
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

/// A question, and the answer to it.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Exchange {
    method: String,
    path: String,
    params: BTreeMap<String, String>,
    body_contains: Vec<String>,
    headers: BTreeMap<String, String>,
    /// A file; nothing for an empty body.
    answer: Option<String>,
    status: u16,
    answer_headers: BTreeMap<String, String>,
}

/// What one KPI has to come to.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) value: f64,
    pub(crate) baseline_value: f64,
    pub(crate) target_value: f64,
    pub(crate) status: String,
    /// The arithmetic, for people.
    pub(crate) how: String,
}

pub(crate) fn read(path: &Path) -> String {
    let bytes = read_capped(path, 1 << 20).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    String::from_utf8(bytes).unwrap()
}

impl Story {
    pub(crate) fn of(service: &str) -> Self {
        let folder = Path::new("tests/examples/answers").join(service);
        let story: Self = serde_json::from_str(&read(&folder.join("exchange.json"))).unwrap();
        Self { folder, ..story }
    }
}

impl Exchange {
    fn is_about(&self, asked: &Asked) -> bool {
        self.method == asked.method
            && self.path == asked.path()
            && self.params.iter().all(|(name, value)| asked.param(name).as_ref() == Some(value))
            && self.headers.iter().all(|(name, value)| {
                asked.header(&name.to_ascii_lowercase()) == Some(value.as_str())
            })
            && self.body_contains.iter().all(|text| asked.body.contains(text))
    }

    fn reply(&self, folder: &Path, base: &str) -> Reply {
        let body = self.answer.as_ref().map(|file| read(&folder.join(file))).unwrap_or_default();
        let mut reply = Response::builder().status(self.status);
        for (name, value) in &self.answer_headers {
            reply = reply.header(name, value.replace("{base}", base));
        }
        reply.body(Full::new(Bytes::from(body.replace("{base}", base)))).unwrap()
    }
}

/// The program against a stand-in for one service.
pub(crate) struct Stage {
    story: Story,
    pub(crate) service: StandIn,
    environment: BTreeMap<String, String>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// By place in `exchanges`.
    used: BTreeSet<usize>,
    unknown: Vec<String>,
}

impl Stage {
    pub(crate) async fn set(story: &Story) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let (played, noted) = (story.clone(), Arc::clone(&seen));
        let service = StandIn::start(move |asked| {
            let mut seen = noted.lock().unwrap();
            let found = played.exchanges.iter().position(|exchange| exchange.is_about(asked));
            let Some(place) = found else {
                let Asked { method, target, headers, body } = asked;
                let question = format!("{method} {target}\n{body}\n{headers:#?}");
                seen.unknown.push(question.clone());
                return status(404, "text/plain", format!("not foreseen: {question}"));
            };
            seen.used.insert(place);
            let base = format!("http://{}", asked.header("host").unwrap());
            played.exchanges[place].reply(&played.folder, &base)
        })
        .await;
        let environment = story
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), value.replace("{base}", &service.url)))
            .collect();
        Self { story: story.clone(), service, environment, seen }
    }

    /// Runs a command of the program on the example, in the environment of the story and no other.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        run(&self.story.config, &self.environment, arguments).await
    }

    /// All that was asked was foreseen.
    pub(crate) fn knows_all_that_was_asked(&self) {
        let unknown = &self.seen.lock().unwrap().unknown;
        assert!(unknown.is_empty(), "not foreseen:\n{}", unknown.join("\n\n"));
    }

    /// All that was foreseen was asked.
    pub(crate) fn is_played_to_the_end(&self) {
        let seen = self.seen.lock().unwrap();
        for (place, exchange) in self.story.exchanges.iter().enumerate() {
            let Exchange { path, answer, .. } = exchange;
            assert!(seen.used.contains(&place), "never asked for: {place} {path}, {answer:?}");
        }
    }

    /// What must not be shown: what the environment calls so, and the tokens in answers.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let called_so =
            |name: &str| ["_TOKEN", "_SECRET", "_KEY"].iter().any(|ending| name.ends_with(ending));
        let environment = self.environment.iter().filter(|(name, _)| called_so(name));
        let mut secrets: Vec<String> = environment.map(|(_, value)| value.clone()).collect();
        let token = self.story.folder.join("token.json");
        if token.exists() {
            let token: Value = serde_json::from_str(&read(&token)).unwrap();
            secrets.push(token["access_token"].as_str().unwrap().to_owned());
        }
        secrets
    }
}

/// Runs the program with nothing but this environment. The stand-in answers meanwhile.
pub(crate) async fn run(
    config: &Path,
    environment: &BTreeMap<String, String>,
    arguments: &[&str],
) -> Output {
    let mut program = command();
    program.args(arguments).arg("--config").arg(config).env_clear().envs(environment);
    tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap()
}

/// Everything a command printed.
pub(crate) fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(text).unwrap()
}
