//! Digests as configured.

use std::fmt;

use chrono_tz::Tz;

use crate::schedule::Schedule;
use crate::secret::Secret;

/// A digest.
#[derive(Debug, Clone)]
pub struct Digest {
    /// Its name in the configuration.
    pub name: String,
    /// When it is due.
    pub schedule: Schedule,
    /// In which zone.
    pub timezone: Tz,
    /// What it calls the time it is about.
    pub span: Span,
    /// Where it goes.
    pub to: Channel,
    /// Only the KPIs of this team.
    pub team: Option<String>,
    /// Only the KPIs of this objective.
    pub objective: Option<String>,
    /// Nothing is sent while nothing needs attention.
    pub quiet_when_fine: bool,
}

/// What a digest is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// The time since a week ago.
    Now,
    /// The week that ended.
    LastWeek,
    /// The week that runs.
    ThisWeek,
}

/// Where a digest goes. Addresses of webhooks are secrets: who knows one may post.
#[derive(Clone)]
pub enum Channel {
    /// A webhook of Slack.
    Slack(Secret),
    /// A webhook of Teams.
    Teams(Secret),
    /// Any address that takes JSON.
    Webhook(Secret),
    /// Mail.
    Email(Email),
    /// Standard output of the daemon.
    Stdout,
}

/// Mail.
#[derive(Clone)]
pub struct Email {
    /// `smtps://user:password@host`; a secret for the password in it.
    pub server: Secret,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
}

impl Channel {
    /// Its kind.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Slack(_) => "slack",
            Self::Teams(_) => "teams",
            Self::Webhook(_) => "webhook",
            Self::Email(_) => "email",
            Self::Stdout => "stdout",
        }
    }

    /// Whether both lead to the same place with the same login.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Slack(a), Self::Slack(b))
            | (Self::Teams(a), Self::Teams(b))
            | (Self::Webhook(a), Self::Webhook(b)) => a.expose() == b.expose(),
            (Self::Email(a), Self::Email(b)) => {
                (a.server.expose(), &a.from, &a.to) == (b.server.expose(), &b.from, &b.to)
            }
            (Self::Stdout, Self::Stdout) => true,
            _ => false,
        }
    }
}

/// Without secrets.
impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
