//! When a verdict turns. Version 1 gave paces below 1 that held all period long; they are read as the
//! factors that they are on the first day.

use super::amount;
use super::context::Context;
use crate::config::raw::{KpiRaw, StatusRaw};
use crate::kpi::{Thresholds, Unit};
use crate::reader::entry::Entry;
use crate::reader::forms::Quantity;
use crate::reader::spanned::Spanned;

/// Nobody catches up by more than this.
const MOST: f64 = 10.0;

/// Limits of the verdict: given ones over the defaults.
pub(super) fn thresholds(context: &mut Context<'_>, entry: &Entry<KpiRaw>) -> Option<Thresholds> {
    let defaults = Thresholds::default();
    let Some(given) = &entry.value.status else { return Some(defaults) };
    let StatusRaw { on_track, at_risk, off_track, too_early, confirm, confirm_for } = &given.value;
    let path = entry.key("status");
    let factors = factors(context, &path, &given.value);
    let early = match too_early {
        Some(given) => {
            amount::value(context, &format!("{path}.too_early"), given, Some(&Unit::Ratio))
        }
        None => Some(defaults.too_early),
    };
    let (factors, early) = (factors?, early?);
    let written = on_track.is_some() || at_risk.is_some() || off_track.is_some();
    let in_order = 0.0 < factors.0 && factors.0 < factors.1 && factors.1 <= MOST;
    if written && !in_order {
        let message = format!("`{path}`: expected `at_risk` < `off_track` <= {MOST}");
        let hint =
            "how many times as fast as so far the rest must run; the defaults are 1.1 and 1.3";
        context.problem(given.span, message, hint.to_owned());
    }
    if let Some(place) = too_early.as_ref().filter(|_| !(0.0..=1.0).contains(&early)) {
        let message = format!("`{path}.too_early`: expected a share of the period, 0 to 100%");
        context.problem(place.span, message, "10% is the default".to_owned());
    }
    if let Some(place) = confirm.as_ref().filter(|confirm| confirm.value == 0) {
        let message = format!("`{path}.confirm`: expected 1 or more");
        context.problem(place.span, message, "1 takes the first data point as it is".to_owned());
    }
    Some(Thresholds {
        at_risk: factors.0,
        off_track: factors.1,
        too_early: early,
        confirm: confirm.as_ref().map_or(defaults.confirm, |confirm| confirm.value),
        confirm_for: confirm_for.as_ref().map_or(defaults.confirm_for, |time| time.0),
    })
}

/// The factors of at risk and off track.
fn factors(context: &mut Context<'_>, path: &str, raw: &StatusRaw) -> Option<(f64, f64)> {
    let defaults = Thresholds::default();
    let StatusRaw { on_track, at_risk, off_track, .. } = raw;
    let mut number = |key: &str, given: Option<&Spanned<Quantity>>| match given {
        Some(given) => amount::value(context, &format!("{path}.{key}"), given, Some(&Unit::Ratio))
            .map(|number| Some((given.span, number))),
        None => Some(None),
    };
    let on = number("on_track", on_track.as_ref());
    let risk = number("at_risk", at_risk.as_ref());
    let off = number("off_track", off_track.as_ref());
    let (on, risk, off) = (on?, risk?, off?);
    let old_risk = risk.filter(|(_, number)| on.is_some() || *number < 1.0);
    let both = on.or(old_risk).filter(|_| off.is_some());
    let below = off.filter(|(_, number)| *number < 1.0);
    if let Some((span, number)) = both.or(below) {
        let key = format!("{path}.{}", if both.is_some() { "off_track" } else { "at_risk" });
        let message = format!("`{path}`: {number} is a pace and does not go with `{key}`");
        let hint = format!(
            "write how many times as fast as so far the rest must run: {} for a pace of {number}",
            factor_text(number)
        );
        context.problem(span, message, hint);
        return None;
    }
    if let Some((span, _)) = on.or(old_risk) {
        let now = |old: Option<(_, f64)>, key: &str| {
            old.map(|(_, number)| format!("{key}: {}", factor_text(number)))
        };
        let keys: Vec<String> =
            now(on, "at_risk").into_iter().chain(now(old_risk, "off_track")).collect();
        let message = format!("`{path}`: a pace that holds all period long was version 1");
        context.note(span, message, format!("it is read as `{}`", keys.join(", ")));
    }
    let factor = |old: Option<(_, f64)>, new: Option<(_, f64)>, default: f64| match (old, new) {
        (Some((_, pace)), _) => 1.0 / pace,
        (None, Some((_, factor))) => factor,
        (None, None) => default,
    };
    let new_risk = if old_risk.is_some() { None } else { risk };
    // A single old key may pass the default of the other, which then gives way.
    let at_risk = factor(on, new_risk, defaults.at_risk);
    let off_track = factor(old_risk, off, defaults.off_track);
    Some(match (on.or(new_risk).is_some(), old_risk.or(off).is_some()) {
        (false, true) if at_risk >= off_track => (1.0 + (off_track - 1.0) / 3.0, off_track),
        (true, false) if at_risk >= off_track => (at_risk, 1.0 + (at_risk - 1.0) * 3.0),
        _ => (at_risk, off_track),
    })
}

/// `1.25` for 0.8.
fn factor_text(pace: f64) -> String {
    let factor = (100.0 / pace).round() / 100.0;
    factor.to_string()
}
