//! What parameters of an address ask for. What is not understood is refused in words, never ignored: a
//! mistyped filter must not look like good news.

use std::borrow::Cow;

use hyper::http::request::Parts;

use crate::filter::{Filter, KEYS};
use crate::shown;
use crate::snapshot::Snapshot;
use crate::web::View;

/// Asks the browser to look again by itself, on every page.
const REFRESH: &str = "refresh";

/// How often a browser may be asked to look again, in seconds.
const REFRESH_RANGE: std::ops::RangeInclusive<u32> = 5..=86_400;

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

/// Which KPIs are asked for.
pub(super) fn filter(request: &Parts, snapshot: &Snapshot) -> Result<Filter, String> {
    let pairs: Vec<Pair<'_>> = pairs(request).collect();
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    Filter::parse(pairs, snapshot).map_err(|error| error.to_string())
}

/// What of the scorecard is asked for.
pub(super) fn view(request: &Parts, snapshot: &Snapshot) -> Result<View, String> {
    let refresh = refresh(request)?;
    let pairs: Vec<Pair<'_>> = pairs(request).filter(|(name, _)| name != REFRESH).collect();
    let known = |name: &str| KEYS.contains(&name);
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !known(name)) {
        let shown = shown::line(name, 60);
        return Err(format!(
            "unknown parameter `{shown}`: there are {}, {REFRESH}",
            KEYS.join(", ")
        ));
    }
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let filter = Filter::parse(pairs, snapshot).map_err(|error| error.to_string())?;
    Ok(View { filter, refresh })
}
