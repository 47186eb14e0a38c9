//! What parameters of an address ask for. What is not understood is refused in words, never ignored: a
//! mistyped filter must not look like good news.

use std::borrow::Cow;
use std::collections::BTreeSet;

use hyper::http::request::Parts;

use crate::filter::{Filter, KEYS};
use crate::review::Cadence;
use crate::shown;
use crate::snapshot::Snapshot;
use crate::web::{Sort, View};

/// Asks the browser to look again by itself, on every page.
pub(super) const REFRESH: &str = "refresh";

/// The order of rows.
const SORT: &str = "sort";

/// How often there is a review.
pub(super) const PERIOD: &str = "period";

/// How often a browser may be asked to look again, in seconds.
const REFRESH_RANGE: std::ops::RangeInclusive<u32> = 5..=86_400;

/// Characters of a name from outside that a refusal repeats.
const LONGEST: usize = 60;

/// Nobody counts further.
const LARGEST: usize = i32::MAX as usize;

type Pair<'r> = (Cow<'r, str>, Cow<'r, str>);

fn pairs(request: &Parts) -> impl Iterator<Item = Pair<'_>> {
    form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes())
}

/// After how many seconds the browser shall ask again.
pub(super) fn refresh(request: &Parts) -> Result<Option<u32>, String> {
    let Some(text) = text(request, REFRESH) else { return Ok(None) };
    let seconds = text.parse().ok().filter(|seconds| REFRESH_RANGE.contains(seconds));
    let (least, most) = (REFRESH_RANGE.start(), REFRESH_RANGE.end());
    seconds.map(Some).ok_or_else(|| {
        format!("`refresh` is a whole number of seconds from {least} to {most}, like refresh=60")
    })
}

/// Refuses what means nothing here, and what comes twice and cannot: only those that filter may.
pub(super) fn only(request: &Parts, names: &[&str]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for (name, _) in pairs(request) {
        let shown = shown::line(&name, LONGEST);
        if !names.contains(&&*name) {
            return Err(match names {
                [] => format!("unknown parameter `{shown}`: there are none here"),
                names => format!("unknown parameter `{shown}`: there are {}", names.join(", ")),
            });
        }
        if !KEYS.contains(&&*name) && !seen.insert(name) {
            return Err(format!("`{shown}` is given twice, and can be given once only"));
        }
    }
    Ok(())
}

/// Refuses the same where a filter may stand besides.
pub(super) fn only_besides_filter(request: &Parts, names: &[&str]) -> Result<(), String> {
    let names: Vec<&str> = KEYS.iter().chain(names).copied().collect();
    only(request, &names)
}

/// Which KPIs are asked for.
pub(super) fn filter(request: &Parts, snapshot: &Snapshot) -> Result<Filter, String> {
    let pairs: Vec<Pair<'_>> = pairs(request).filter(|(name, _)| KEYS.contains(&&**name)).collect();
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    Filter::parse(pairs, snapshot).map_err(|error| error.to_string())
}

/// A parameter as it is given.
pub(super) fn text(request: &Parts, name: &str) -> Option<String> {
    pairs(request).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// A parameter that is a whole number.
pub(super) fn number(request: &Parts, name: &str) -> Result<Option<usize>, String> {
    let Some(text) = text(request, name) else { return Ok(None) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && *number <= LARGEST);
    number.map(Some).ok_or_else(|| format!("`{name}` is a whole number up to {LARGEST}"))
}

/// What of the scorecard is asked for.
pub(super) fn view(request: &Parts, snapshot: &Snapshot) -> Result<View, String> {
    only_besides_filter(request, &[SORT, REFRESH])?;
    let refresh = refresh(request)?;
    let sort = text(request, SORT).map(|text| Sort::parse(&text)).transpose()?;
    Ok(View { filter: filter(request, snapshot)?, refresh, sort })
}

/// Which review is asked for.
pub(super) fn review(request: &Parts, snapshot: &Snapshot) -> Result<(Filter, Cadence), String> {
    only_besides_filter(request, &[PERIOD, REFRESH])?;
    let cadence = cadence(request)?;
    Ok((filter(request, snapshot)?, cadence))
}

/// How often there is a review.
pub(super) fn cadence(request: &Parts) -> Result<Cadence, String> {
    let Some(text) = text(request, PERIOD) else { return Ok(Cadence::default()) };
    Cadence::parse(&text).ok_or_else(|| {
        let known = Cadence::ALL.map(|cadence| cadence.to_string()).join(", ");
        format!("`{PERIOD}` is one of {known}")
    })
}
