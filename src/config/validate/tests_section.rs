//! `tests`: what users expect of their own definitions, given rows and an instant.

use super::amount;
use super::context::Context;
use crate::config::document::Document;
use crate::config::expectation::{Expect, Given, UserTest};
use crate::config::raw::{ExpectRaw, TestRaw};
use crate::kpi::Kpi;
use crate::reader::forms::Quantity;
use crate::reader::json::Json;
use crate::reader::spanned::Spanned;

/// All that are right.
pub(super) fn tests(
    context: &mut Context<'_>,
    document: &mut Document,
    kpis: &[Kpi],
) -> Vec<UserTest> {
    let (entries, _) = document.entries::<TestRaw>("tests", context.problems);
    let mut all = Vec::new();
    for entry in entries {
        let raw = &entry.value;
        let as_of = context.required(
            &entry,
            "as_of",
            raw.as_of.as_ref(),
            "a day or an instant, like `as_of: 2026-04-30`",
        );
        let as_of = as_of.map(|text| text.value.clone());
        let given = raw.given.as_ref().map(|given| given.value.0.as_slice()).unwrap_or_default();
        let given = given
            .iter()
            .map(|(name, rows)| (name.value.clone(), rows_of(context, &entry.key("given"), rows)));
        let given: Vec<_> = given.collect();
        let pairs = raw.expect.as_ref().map(|expect| expect.value.0.as_slice()).unwrap_or_default();
        if pairs.is_empty() && !entry.is_broken("expect") {
            let hint = "add `expect: { my_kpi: { value: 10%, status: off_track } }`".to_owned();
            context.problem(entry.span, format!("`{}` expects nothing", entry.path), hint);
        }
        let mut expect = Vec::new();
        for (kpi, wanted) in pairs {
            let path = entry.key("expect");
            let text = Spanned::at(kpi.span, kpi.value.clone());
            if context.reference(|context| &context.kpis, "KPI", &path, &text).is_none() {
                continue;
            }
            let Some(known) = kpis.iter().find(|known| known.id == *kpi.value) else { continue };
            expect.extend(expected(context, &format!("{path}.{}", kpi.value), known, wanted));
        }
        if let Some(as_of) = as_of {
            all.push(UserTest { name: entry.id.clone(), as_of, given, expect });
        }
    }
    all
}

fn rows_of(context: &Context<'_>, _path: &str, rows: &Spanned<Json>) -> Given {
    match &rows.value {
        Json::Text(file) => Given::File(context.dir(rows.span).join(file)),
        other => Given::Rows(other.to_value()),
    }
}

fn expected(
    context: &mut Context<'_>,
    path: &str,
    kpi: &Kpi,
    wanted: &Spanned<ExpectRaw>,
) -> Option<Expect> {
    const STATUSES: [&str; 7] =
        ["no_data", "too_early", "on_track", "at_risk", "off_track", "achieved", "missed"];
    let raw = &wanted.value;
    let value = match &raw.value {
        None => None,
        Some(given) => {
            let number = amount::value(context, &format!("{path}.value"), given, Some(&kpi.unit))?;
            Some((number, tolerance(&given.value, number)))
        }
    };
    if let Some(status) = &raw.status
        && !STATUSES.contains(&status.value.as_str())
    {
        let expected = "no_data, too_early, on_track, at_risk, off_track, achieved or missed";
        context.wrong_word(&format!("{path}.status"), status, &status.value, expected, &STATUSES);
        return None;
    }
    let labels = raw.labels.as_ref().map(|labels| {
        labels.0.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
    });
    Some(Expect {
        kpi: kpi.id.clone(),
        labels,
        value,
        status: raw.status.as_ref().map(|status| status.value.clone()),
        reason: raw.reason.as_ref().map(|reason| reason.value.clone()),
    })
}

/// What was written with decimals is right to half of the last one.
fn tolerance(given: &Quantity, number: f64) -> f64 {
    let text = match given {
        Quantity::Number(number) => number.to_string(),
        Quantity::Text(text) => text.clone(),
    };
    let digits = text.trim_end_matches(['%', ' ']);
    let decimals = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let rounding = number.abs() * 1e-9 + 1e-12;
    let Some(decimals) = i32::try_from(decimals).ok().filter(|decimals| *decimals > 0) else {
        return rounding;
    };
    let last = 0.5 * 10_f64.powi(-decimals) * if text.contains('%') { 0.01 } else { 1.0 };
    last + rounding
}
