//! Digests: when, where to, about whom.

use chrono_tz::Tz;

use super::context::Context;
use super::sections;
use crate::config::raw::{ChannelRaw, DigestRaw, EmailRaw};
use crate::digest::{Channel, Digest, Email, Span};
use crate::kpi::Kpi;
use crate::reader::entry::Entry;
use crate::reader::forms::{Alternative as _, Mixed, Quantity};
use crate::reader::secret_text::{SecretText, secret};
use crate::reader::spanned::Text;
use crate::reader::suggest::{did_you_mean, listed};
use crate::schedule::Schedule;

/// Words that stand for a schedule and what the digest is about.
const PRESETS: [(&str, &str, Span); 2] = [
    ("Monday 8:00, last week", "0 8 * * 1", Span::LastWeek),
    ("Friday 16:00, this week", "0 16 * * 5", Span::ThisWeek),
];

/// `None` after a mistake. `calendar` is the zone of digests that name none.
pub(super) fn digest(
    context: &mut Context<'_>,
    entry: &Entry<DigestRaw>,
    kpis: &[Kpi],
    calendar: Option<Tz>,
) -> Option<Digest> {
    let raw = &entry.value;
    let example = "when it is due, like `schedule: \"Monday 8:00, last week\"` or `0 8 * * 1`";
    let schedule = context.required(entry, "schedule", raw.schedule.clone(), example);
    let schedule = schedule.and_then(|text| schedule_of(context, &entry.key("schedule"), &text));
    let timezone = match &raw.timezone {
        Some(name) => sections::timezone(context, &entry.key("timezone"), name),
        None => calendar,
    };
    let example = "where it goes, like `to: stdout` or `to: { slack: \"${env:SLACK_URL}\" }`";
    let to = context.required(entry, "to", raw.to.clone(), example);
    let to = to.and_then(|to| {
        let path = entry.key("to");
        match &to.value {
            Mixed::Quantity(Quantity::Text(word)) if word == "stdout" => Some(Channel::Stdout),
            Mixed::Quantity(_) => {
                let message = format!("`{path}`: expected {}", ChannelRaw::EXPECTED);
                context.problem(to.span, message, None);
                None
            }
            Mixed::Map(channel) => match one_channel(channel) {
                Some(One::Url(kind, url)) => address(context, &format!("{path}.{kind}"), kind, url),
                Some(One::Email(email)) => self::email(context, &path, to.span, email),
                None => {
                    let message = format!("`{path}`: expected {}", ChannelRaw::EXPECTED);
                    context.problem(to.span, message, "name exactly one".to_owned());
                    None
                }
            },
        }
    });
    let team = raw.team.as_ref().map(|team| known_team(context, &entry.key("team"), team, kpis));
    let objective = raw.objective.as_ref().map(|id| {
        context.reference(|context| &context.objectives, "objective", &entry.key("objective"), id)
    });
    let (schedule, span) = schedule?;
    if entry.has_broken() || team == Some(None) || objective == Some(None) {
        return None;
    }
    Some(Digest {
        name: entry.id.clone(),
        schedule,
        timezone: timezone?,
        span,
        to: to?,
        team: team.flatten(),
        objective: objective.flatten(),
        quiet_when_fine: raw.quiet_when_fine.unwrap_or(false),
    })
}

fn schedule_of(context: &mut Context<'_>, path: &str, text: &Text) -> Option<(Schedule, Span)> {
    let preset = PRESETS.iter().find(|(words, ..)| text.value.eq_ignore_ascii_case(words));
    match preset {
        Some((_, crontab, span)) => Some((Schedule::parse(crontab).ok()?, *span)),
        None => Some((sections::schedule(context, path, text)?, Span::Now)),
    }
}

enum One<'r> {
    Url(&'static str, &'r SecretText),
    Email(&'r EmailRaw),
}

/// The channel that is named, if it is one.
fn one_channel(raw: &ChannelRaw) -> Option<One<'_>> {
    let url = |kind, url: &'_ Option<SecretText>| url.as_ref().map(|_| kind);
    let named: Vec<&str> = [
        url("slack", &raw.slack),
        url("teams", &raw.teams),
        url("webhook", &raw.webhook),
        raw.email.as_ref().map(|_| "email"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match named.as_slice() {
        ["slack"] => Some(One::Url("slack", raw.slack.as_ref()?)),
        ["teams"] => Some(One::Url("teams", raw.teams.as_ref()?)),
        ["webhook"] => Some(One::Url("webhook", raw.webhook.as_ref()?)),
        ["email"] => Some(One::Email(raw.email.as_ref()?)),
        _ => None,
    }
}

fn address(context: &mut Context<'_>, path: &str, kind: &str, url: &SecretText) -> Option<Channel> {
    let secret = secret(url);
    let parsed = reqwest::Url::parse(&secret.expose()).ok();
    if !parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        let message = format!("`{path}`: expected an address that begins with https:// or http://");
        context.problem(url.span, message, None);
        return None;
    }
    Some(match kind {
        "slack" => Channel::Slack(secret),
        "teams" => Channel::Teams(secret),
        _ => Channel::Webhook(secret),
    })
}

fn email(
    context: &mut Context<'_>,
    path: &str,
    span: crate::reader::files::TextSpan,
    raw: &EmailRaw,
) -> Option<Channel> {
    let (Some(server), Some(from), Some(to)) = (&raw.server, &raw.from, &raw.to) else {
        let message = format!("`{path}.email` needs `server`, `from` and `to`");
        let hint = "write `{ server: \"smtps://${env:SMTP_LOGIN}@mail.example.com\", from: \
                    kpis@example.com, to: [team@example.com] }`";
        context.problem(span, message, hint.to_owned());
        return None;
    };
    let login = secret(server);
    let mut good = true;
    if !["smtp://", "smtps://"].iter().any(|scheme| login.expose().starts_with(scheme)) {
        let message =
            format!("`{path}.email.server`: expected an address like smtps://mail.example.com");
        let hint = "smtps:// is TLS from the start; smtp://…?tls=required changes over to it";
        context.problem(server.span, message, hint.to_owned());
        good = false;
    }
    for (key, text) in std::iter::once(("from", from)).chain(to.iter().map(|to| ("to", to))) {
        if text.value.parse::<lettre::message::Mailbox>().is_err() {
            let found = context.shown(text, &text.value);
            let message = format!("`{path}.email.{key}`: {found} is no address of mail");
            context.problem(text.span, message, None);
            good = false;
        }
    }
    if to.is_empty() {
        context.problem(span, format!("`{path}.email.to` names nobody"), None);
        good = false;
    }
    let to = to.iter().map(|to| to.value.clone()).collect();
    good.then(|| Channel::Email(Email { server: login, from: from.value.clone(), to }))
}

fn known_team(context: &mut Context<'_>, path: &str, team: &Text, kpis: &[Kpi]) -> Option<String> {
    let mut teams: Vec<&str> = kpis.iter().filter_map(|kpi| kpi.team.as_deref()).collect();
    teams.sort_unstable();
    teams.dedup();
    if teams.contains(&team.value.as_str()) {
        return Some(team.value.clone());
    }
    let hint = match team.interpolated {
        _ if teams.is_empty() => "no KPI has a team".to_owned(),
        true => format!("the teams are {}", listed(&teams, "and")),
        false => did_you_mean(&team.value, "the teams are", &teams),
    };
    let message = format!("`{path}`: {} is the team of no KPI", context.shown(team, &team.value));
    context.problem(team.span, message, hint);
    None
}
