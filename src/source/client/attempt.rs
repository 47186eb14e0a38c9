//! One try at a request: its redirects, the login that has to be renewed, the answer. Not here:
//! trying again (`mod`).

use reqwest::header::IF_NONE_MATCH;
use reqwest::{Response, StatusCode};
use tokio::time::Instant;

use super::auth::Credentials;
use super::cache::Kept;
use super::failure::{self, Failure};
use super::grant::Around;
use super::redirect::Hop;
use super::urls::{host, origin, set_param};
use super::{Answer, Client, Deadline, Exchange, body, note, refusal, retry};
use crate::metric::{FetchError, FetchErrorKind};
use crate::source::trace::{Step, Trace};

impl Client {
    /// Sends a request once, but for redirects and for a login that has to be renewed.
    pub(super) async fn attempt(
        &self,
        exchange: &Exchange,
        deadline: &mut Deadline,
        trace: &Trace,
    ) -> Result<Answer, Failure> {
        let kept = self.cache.find(exchange);
        let mut hop = Hop::first(exchange, &self.base)?;
        if let Some(kept) = &kept {
            hop.headers.insert(IF_NONE_MATCH, kept.tag.clone());
        }
        let mut renewed = false;
        loop {
            self.pace.turn(deadline, trace).await?;
            let with = self.credentials(&hop, deadline, trace).await?;
            let started = Instant::now();
            let response = self.request(&hop, &with, deadline, trace).await?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && hop.home && !renewed {
                renewed = true;
                // Somebody else may be getting a token, and take his time.
                if deadline.limit(self.login.renew(&with)).await.unwrap_or(false) {
                    trace.note(|| Step::now("401 Unauthorized: trying again with a new login"));
                    continue;
                }
            }
            if let Some(next) = hop.next(status, response.headers(), self.login.key_param())? {
                self.check_redirects(&hop, &next)?;
                trace.note(|| {
                    let (status, to) = (refusal::shown(status), origin(&next.url));
                    Step::now(format!("{status}: redirected to {to}"))
                });
                hop = next;
                continue;
            }
            let answer = self.receive(response, &hop, started, deadline, trace).await?;
            return Ok(self.conditional(answer, exchange, kept, &hop));
        }
    }

    /// Other servers get no login.
    async fn credentials(
        &self,
        hop: &Hop,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<Credentials, Failure> {
        if !hop.home {
            return Ok(Credentials::default());
        }
        let (transport, redactor) = (&self.transport, &self.redactor);
        self.login.credentials(&Around { transport, redactor, deadline, trace }).await
    }

    async fn request(
        &self,
        hop: &Hop,
        with: &Credentials,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<Response, Failure> {
        let mut url = hop.url.clone();
        if let Some((name, key)) = &with.param {
            set_param(&mut url, name, key);
        }
        let headers = with.added_to(&hop.headers);
        trace.note(|| {
            let shown = Hop { url: url.clone(), headers: headers.clone(), ..hop.clone() };
            note::request(&shown, &self.base, &self.redactor)
        });
        let sending = async {
            let http = self.transport.client().await?;
            let mut request = http.request(hop.method.clone(), url).headers(headers);
            if let Some(body) = &hop.body {
                request = request.body(body.clone());
            }
            let sent = request.send().await;
            sent.map_err(|error| {
                failure::of_request(&error, &hop.url, self.transport.proxy(&hop.url))
            })
        };
        deadline.limit(sending).await.map_err(|_| failure::silent(&hop.url, deadline))?
    }

    /// Reads an answer to its end.
    async fn receive(
        &self,
        response: Response,
        hop: &Hop,
        started: Instant,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<Answer, Failure> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = if status.is_success() {
            body::whole(response, &hop.url, self.max_body, deadline).await?
        } else {
            body::beginning(response, deadline).await
        };
        let took = started.elapsed();
        trace.note(|| note::answer(status, &headers, &body, took, &self.redactor));
        let refusal = (!status.is_success()).then(|| {
            let said = refusal::said(&headers, &body, &self.redactor);
            let error =
                refusal::of_status(&host(&hop.url), status, said.as_deref(), self.hint(status));
            let retry_after = retry::asked_for(&headers);
            Box::new(FetchError { retry_after, ..error })
        });
        if let (StatusCode::TOO_MANY_REQUESTS, true, Some(refusal)) = (status, hop.home, &refusal)
            && let Some(wait) = refusal.retry_after
        {
            self.pace.hold(wait, (**refusal).clone());
        }
        Ok(Answer { status, headers, url: hop.url.clone(), body, refusal })
    }

    /// Puts in what was kept when the server says that it is still good, keeps what is new.
    fn conditional(
        &self,
        answer: Answer,
        exchange: &Exchange,
        kept: Option<Kept>,
        hop: &Hop,
    ) -> Answer {
        match kept {
            Some(Kept { headers, body, .. }) if answer.status == StatusCode::NOT_MODIFIED => {
                Answer { status: StatusCode::OK, headers, body, refusal: None, ..answer }
            }
            _ => {
                if hop.redirects == 0 {
                    self.cache.keep(exchange, answer.status, &answer.headers, &answer.body);
                }
                answer
            }
        }
    }

    /// What to do about a refusal.
    fn hint(&self, status: StatusCode) -> Option<&'static str> {
        match status.as_u16() {
            401 | 403 => Some(self.login.hint()),
            404 => Some("check `url` and what comes after it"),
            407 => Some("it is the proxy that wants a login: put it into `proxy`"),
            429 => Some("ask less often: a longer `schedule`, or `requests_per_second`"),
            500.. => Some("the trouble is the server's: its own log tells more"),
            _ => None,
        }
    }

    fn check_redirects(&self, hop: &Hop, next: &Hop) -> Result<(), FetchError> {
        if next.redirects <= self.max_redirects {
            return Ok(());
        }
        let (host, count, to) = (host(&self.base), next.redirects, origin(&next.url));
        let message = format!("{host} redirected {count} times, at last to {to}");
        let looped = next.url == hop.url;
        let hint = if looped {
            "it redirects to itself"
        } else {
            "it may go in circles; `max_redirects` sets how many are followed"
        };
        Err(FetchError::new(FetchErrorKind::Query, message).with_hint(hint))
    }
}
