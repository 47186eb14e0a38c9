//! Goals of a KPI before and after: which is easier, in words.

use super::Weight;
use crate::calendar::WindowSpec;
use crate::kpi::{Baseline, Direction, Kpi, Path, Target};

pub(super) fn direction(kpi: &Kpi) -> &'static str {
    match kpi.direction {
        Direction::Increase => "increase",
        Direction::Decrease => "decrease",
        Direction::Maintain => "maintain",
    }
}

pub(super) fn window(kpi: &Kpi) -> String {
    match kpi.window {
        WindowSpec::PeriodToDate => "period".to_owned(),
        WindowSpec::TrailingDays(days) => format!("{days}d"),
        WindowSpec::TrailingSeconds(seconds) => format!("{seconds}s"),
    }
}

/// A target as it is written.
pub(super) fn target(kpi: &Kpi) -> String {
    let show = |value: f64| kpi.unit.show(value);
    match &kpi.target {
        Target::Absolute(value) => show(*value),
        Target::Relative(change) => format!("{:+}%", (change * 1e4).round() / 100.0),
        Target::Delta(change) => kpi.unit.show_change(*change),
        Target::Min(value) => format!("min {}", show(*value)),
        Target::Max(value) => format!("max {}", show(*value)),
        Target::Range { min, max } => format!("{} to {}", show(*min), show(*max)),
        Target::Formula(formula) => formula.to_string(),
    }
}

fn baseline(kpi: &Kpi) -> String {
    match &kpi.baseline {
        Baseline::None => "none".to_owned(),
        Baseline::Fixed(value) => kpi.unit.show(*value),
        Baseline::PreviousPeriod => "previous_period".to_owned(),
        Baseline::SamePeriodLastYear => "same_period_last_year".to_owned(),
        Baseline::Formula(formula) => formula.to_string(),
    }
}

/// How much is asked for, where two targets of one kind can be compared.
fn size(target: &Target) -> Option<(u8, f64)> {
    match target {
        Target::Absolute(value) => Some((0, *value)),
        Target::Relative(value) => Some((1, *value)),
        Target::Delta(value) => Some((2, *value)),
        Target::Min(value) => Some((3, *value)),
        Target::Max(value) => Some((4, *value)),
        Target::Range { .. } | Target::Formula(_) => None,
    }
}

/// What became of goal, path and thresholds.
pub(super) fn compare(before: &Kpi, now: &Kpi) -> Vec<(Weight, String, String)> {
    let mut all = Vec::new();
    if before.target != now.target {
        let what = format!("target {} → {}", target(before), target(now));
        let moved = size(&before.target).zip(size(&now.target)).filter(|((a, _), (b, _))| a == b);
        let up = moved.map(|((_, a), (_, b))| b > a);
        let good = now.direction == Direction::Increase;
        let (weight, means) = match up {
            Some(up) if now.direction != Direction::Maintain && up != good => {
                (Weight::Harmful, "easier to reach: the KPI may turn on track without having moved")
            }
            Some(_) => {
                (Weight::Notable, "harder to reach, from the period in which it is deployed")
            }
            None => {
                (Weight::Harmful, "another kind of goal: verdicts before and after do not compare")
            }
        };
        all.push((weight, what, means.to_owned()));
    }
    if before.baseline != now.baseline {
        let what = format!("baseline {} → {}", baseline(before), baseline(now));
        let moves = matches!(now.target, Target::Relative(_) | Target::Delta(_));
        let means =
            if moves { "the target moves with it" } else { "progress is counted from elsewhere" };
        all.push((Weight::Harmful, what, means.to_owned()));
    }
    if before.path != now.path {
        let name = |path: &Path| match path {
            Path::Linear => "linear".to_owned(),
            Path::Trailing => "by the window".to_owned(),
            Path::BusinessDays => "business_days".to_owned(),
            Path::Flat => "flat".to_owned(),
            Path::Seasonal(_) => "seasonal".to_owned(),
            Path::Milestones(days) => {
                format!("{} milestones", days.dated.len() + days.yearly.len())
            }
            Path::Formula(formula) => formula.to_string(),
        };
        let what = format!("path {} → {}", name(&before.path), name(&now.path));
        all.push((
            Weight::Harmful,
            what,
            "other values are expected on the way: verdicts of today change".to_owned(),
        ));
    }
    verdicts(&mut all, before, now);
    all
}

/// How late and by what it warns.
fn verdicts(all: &mut Vec<(Weight, String, String)>, before: &Kpi, now: &Kpi) {
    let (a, b) = (&before.thresholds, &now.thresholds);
    if a != b {
        let looser = b.at_risk > a.at_risk
            || b.off_track > a.off_track
            || b.too_early > a.too_early
            || b.confirm > a.confirm
            || b.confirm_for > a.confirm_for;
        let show = |t: &crate::kpi::Thresholds| {
            format!(
                "at_risk {}, off_track {}, too_early {} %, confirm {}",
                t.at_risk,
                t.off_track,
                t.too_early * 100.0,
                t.confirm
            )
        };
        let means = if looser { "warns later than before" } else { "warns earlier than before" };
        let weight = if looser { Weight::Harmful } else { Weight::Notable };
        all.push((weight, format!("status {} → {}", show(a), show(b)), means.to_owned()));
    }
    if before.max_age != now.max_age {
        let hours = |kpi: &Kpi| format!("{} h", kpi.max_age.as_secs() / 3600);
        let older = now.max_age > before.max_age;
        let means = if older {
            "old data counts for longer: a dead source shows later"
        } else {
            "old data counts for less long"
        };
        all.push((
            if older { Weight::Harmful } else { Weight::Notable },
            format!("max_age {} → {}", hours(before), hours(now)),
            means.to_owned(),
        ));
    }
    if before.predicts != now.predicts || before.lead_time != now.lead_time {
        let ids =
            |kpi: &Kpi| kpi.predicts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        all.push((
            Weight::Notable,
            format!("predicts [{}] → [{}]", ids(before), ids(now)),
            "other KPIs are warned for".to_owned(),
        ));
    }
    if before.range != now.range {
        all.push((
            Weight::Notable,
            "range".to_owned(),
            "other values count as impossible".to_owned(),
        ));
    }
    let new: Vec<&str> =
        now.allow.iter().filter(|code| !before.allow.contains(code)).map(String::as_str).collect();
    if !new.is_empty() {
        all.push((
            Weight::Notable,
            format!("allow {}", new.join(", ")),
            "a warning is silenced".to_owned(),
        ));
    }
}
