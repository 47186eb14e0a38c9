//! What parameters of an address ask for. What is not understood is refused in words, never ignored: a
//! mistyped filter must not look like good news.

use std::borrow::Cow;

use hyper::http::request::Parts;

use crate::filter::{Filter, KEYS};
use crate::review::Cadence;
use crate::shown;
use crate::snapshot::Snapshot;
use crate::web::{Sort, View};

/// Asks the browser to look again by itself, on every page.
const REFRESH: &str = "refresh";

/// The order of rows.
const SORT: &str = "sort";

/// How often there is a review.
const PERIOD: &str = "period";

/// How often a browser may be asked to look again, in seconds.
const REFRESH_RANGE: std::ops::RangeInclusive<u32> = 5..=86_400;

/// Nobody counts further.
const LARGEST: usize = i32::MAX as usize;

type Pair<'r> = (Cow<'r, str>, Cow<'r, str>);

fn pairs(request: &Parts) -> impl Iterator<Item = Pair<'_>> {
    form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes())
}

/// After how many seconds the browser shall ask again.
pub(super) fn refresh(request: &Parts) -> Result<Option<u32>, String> {
    let Some((_, text)) = pairs(request).find(|(name, _)| name == REFRESH) else { return Ok(None) };
    let seconds = text.parse().ok().filter(|seconds| REFRESH_RANGE.contains(seconds));
    let (least, most) = (REFRESH_RANGE.start(), REFRESH_RANGE.end());
    seconds.map(Some).ok_or_else(|| {
        format!("`refresh` is a whole number of seconds from {least} to {most}, like refresh=60")
    })
}

/// Which KPIs are asked for, where other parameters may stand beside the filter.
pub(super) fn filter_besides(
    request: &Parts,
    snapshot: &Snapshot,
    others: &[&str],
) -> Result<Filter, String> {
    let pairs: Vec<Pair<'_>> = pairs(request).collect();
    let names: Vec<&str> = KEYS.iter().chain(others).copied().collect();
    known(&pairs, &names)?;
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let pairs = pairs.filter(|(name, _)| !others.contains(name));
    Filter::parse(pairs, snapshot).map_err(|error| error.to_string())
}

/// Refuses parameters that mean nothing.
pub(super) fn only(request: &Parts, names: &[&str]) -> Result<(), String> {
    let pairs: Vec<Pair<'_>> = pairs(request).collect();
    known(&pairs, names)
}

fn known(pairs: &[Pair<'_>], names: &[&str]) -> Result<(), String> {
    let Some((unknown, _)) = pairs.iter().find(|(name, _)| !names.contains(&&**name)) else {
        return Ok(());
    };
    let shown = shown::line(unknown, 60);
    Err(match names {
        [] => format!("unknown parameter `{shown}`: there are none here"),
        names => format!("unknown parameter `{shown}`: there are {}", names.join(", ")),
    })
}

/// A parameter as it is given, the last of several.
pub(super) fn text(request: &Parts, name: &str) -> Option<String> {
    pairs(request).filter(|(known, _)| known == name).last().map(|(_, value)| value.into_owned())
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
    let refresh = refresh(request)?;
    let sort = pairs(request).find(|(name, _)| name == SORT);
    let sort = sort.map(|(_, text)| Sort::parse(&text)).transpose()?;
    let own = |name: &str| [REFRESH, SORT].contains(&name);
    let pairs: Vec<Pair<'_>> = pairs(request).filter(|(name, _)| !own(name)).collect();
    let known = |name: &str| KEYS.contains(&name);
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !known(name)) {
        let shown = shown::line(name, 60);
        return Err(format!(
            "unknown parameter `{shown}`: there are {}, {SORT}, {REFRESH}",
            KEYS.join(", ")
        ));
    }
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let filter = Filter::parse(pairs, snapshot).map_err(|error| error.to_string())?;
    Ok(View { filter, refresh, sort })
}

/// Which review is asked for.
pub(super) fn review(request: &Parts, snapshot: &Snapshot) -> Result<(Filter, Cadence), String> {
    let cadence = pairs(request).find(|(name, _)| name == PERIOD);
    let cadence = cadence.map(|(_, text)| {
        Cadence::parse(&text).ok_or_else(|| {
            let known = Cadence::ALL.map(|cadence| cadence.to_string()).join(", ");
            format!("`period` is one of {known}")
        })
    });
    let own = |name: &str| [REFRESH, PERIOD].contains(&name);
    let pairs: Vec<Pair<'_>> = pairs(request).filter(|(name, _)| !own(name)).collect();
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let filter = Filter::parse(pairs, snapshot).map_err(|error| error.to_string())?;
    Ok((filter, cadence.transpose()?.unwrap_or_default()))
}
