//! `POST /api/v1/kpis/{id}/notes`: what somebody has to say about a KPI. Off unless the configuration has it
//! on, and then for those only who have a login or sit at this machine, with a program or a page of ours:
//! a page of another site must not speak through their browser. Not here: writing it down (`daemon`).

use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::door::User;
use super::response::{self, Body};
use super::shared::{NotTaken, NoteRequest, Shared};
use super::site::{is_from_here, is_of_another_site};
use super::{api_routes, query};
use crate::api::{self, NewNoteJson};

/// Bytes of a request, at most: every character of the longest note may be written as an escape.
const LONGEST: usize = 32 << 10;

/// Time for a request to arrive, and for the note to be written down.
const PATIENCE: Duration = Duration::from_secs(8);

/// A refusal, in words.
struct Refusal(StatusCode, String);

fn no<T>(status: StatusCode, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(status, why.into()))
}

/// Whether a request may bring a note, and does not ask for them.
pub(super) fn is_one(request: &Parts) -> bool {
    let asks = request.method == Method::GET || request.method == Method::HEAD;
    !asks && kpi_in(request.uri.path()).is_some()
}

fn kpi_in(path: &str) -> Option<&str> {
    let id = path.strip_prefix("/api/v1/kpis/")?.strip_suffix("/notes")?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

/// Writes it down, or says why not.
pub(super) async fn post(request: &Parts, body: Incoming, shared: &Shared) -> Response<Body> {
    if request.method != Method::POST {
        return api_routes::not_so(request.uri.path());
    }
    taken(request, body, shared).await.unwrap_or_else(|Refusal(status, why)| {
        let mut answer = response::problem(status, &why);
        // What is left of its body is not read.
        if request.version <= Version::HTTP_11 {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, close);
        }
        answer
    })
}

async fn taken(
    request: &Parts,
    body: Incoming,
    shared: &Shared,
) -> Result<Response<Body>, Refusal> {
    let Some(taker) = shared.note_taker() else {
        return no(
            StatusCode::FORBIDDEN,
            "notes over HTTP are not accepted (hint: `server: { accept_notes: true }`, or the command `kpi-exporter note`)",
        );
    };
    let user = request.extensions.get::<User>().map(|User(name)| name.as_str());
    admitted(request, user)?;
    query::only(request, &[]).or_else(|why| no(StatusCode::BAD_REQUEST, why))?;
    let Some(published) = shared.published() else {
        return no(StatusCode::SERVICE_UNAVAILABLE, api_routes::NOT_YET);
    };
    let (snapshot, id) = (published.snapshot(), kpi_in(request.uri.path()).unwrap_or_default());
    let Some(state) = snapshot.kpis.iter().find(|state| state.kpi.id == id) else {
        return no(StatusCode::NOT_FOUND, api_routes::no_kpi(id));
    };
    let NewNoteJson { text, author } = sent(body).await?;
    let author = match (user, author) {
        (None, author) => author,
        (Some(user), None) => Some(user.to_owned()),
        (Some(user), Some(author)) if author == user => Some(author),
        (Some(user), Some(_)) => {
            let why = format!("you are logged in as '{user}': a note of yours has no other author");
            return no(StatusCode::UNPROCESSABLE_ENTITY, why);
        }
    };
    let (answer, answered) = oneshot::channel();
    let note = NoteRequest { kpi: state.kpi.id.clone(), author, text, answer };
    let written = async {
        taker.send(note).await.ok()?;
        answered.await.ok()
    };
    match timeout(PATIENCE, written).await.ok().flatten() {
        Some(Ok(note)) => {
            let note = api::note_json(&note, snapshot.timezone);
            Ok(response::json(StatusCode::CREATED, &note))
        }
        Some(Err(NotTaken::Refused(why))) => no(StatusCode::UNPROCESSABLE_ENTITY, why.to_string()),
        Some(Err(NotTaken::Failed)) | None => {
            no(StatusCode::SERVICE_UNAVAILABLE, "the note was not written; the log says why")
        }
    }
}

/// Who may speak, and how.
fn admitted(request: &Parts, user: Option<&str>) -> Result<(), Refusal> {
    if user.is_none() && !is_from_here(request) {
        return no(
            StatusCode::FORBIDDEN,
            "notes need a login, or a client on the same machine that asks for localhost (hint: `basic_auth_users` in the web configuration file)",
        );
    }
    if is_of_another_site(request) {
        return no(StatusCode::FORBIDDEN, "pages of other sites may not write notes");
    }
    let kind = request.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    // Forms cannot send this, and scripts of other sites have to ask first.
    if !kind.eq_ignore_ascii_case("application/json") {
        return no(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a note is sent as application/json");
    }
    Ok(())
}

async fn sent(body: Incoming) -> Result<NewNoteJson, Refusal> {
    #[expect(clippy::disallowed_methods, reason = "what comes is limited")]
    let whole = Limited::new(body, LONGEST).collect();
    let bytes = match timeout(PATIENCE, whole).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let why = format!("a note is sent in {LONGEST} bytes at most");
            return no(StatusCode::PAYLOAD_TOO_LARGE, why);
        }
        Ok(Err(_)) => return no(StatusCode::BAD_REQUEST, "the note did not arrive as a whole"),
        Err(_) => return no(StatusCode::REQUEST_TIMEOUT, "the note took too long to arrive"),
    };
    serde_json::from_slice(&bytes).or_else(|error| {
        let why = format!("expected a note like {{\"text\": \"…\", \"author\": \"…\"}}: {error}");
        no(StatusCode::BAD_REQUEST, crate::shown::line(&why, 300))
    })
}
