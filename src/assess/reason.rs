//! The sentence that says why: value, what was expected by when, target, what is still needed.
//! For people who have not read the manual; numbers are rounded here and nowhere else.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::noise::Noise;
use super::path::{Expected, Point, Shape};
use super::status::{Because, Judged};
use super::target::Goal;
use super::verdict::Status;
use crate::calendar::{Calendar, PeriodKind};
use crate::figures;
use crate::kpi::{Kpi, Path, Unit};
use crate::metric::moment;

/// Below this factor "as fast as so far" is as good.
const WORTH_A_WORD: f64 = 1.05;

/// What every sentence needs to know.
pub(super) struct About<'a> {
    pub(super) kpi: &'a Kpi,
    pub(super) calendar: &'a Calendar,
    /// Up to when the data counts.
    pub(super) through: DateTime<Utc>,
    pub(super) at: &'a Point<'a>,
}

/// Why there is no verdict.
pub(super) struct Missing<'a> {
    pub(super) too_old: bool,
    pub(super) no_target: bool,
    pub(super) problem: Option<&'a str>,
}

/// One verdict to explain.
pub(super) struct Case<'a> {
    pub(super) value: f64,
    pub(super) goal: Goal,
    pub(super) path: &'a Expected,
    pub(super) judged: &'a Judged,
    pub(super) required: Option<f64>,
}

impl About<'_> {
    pub(super) fn no_data(&self, missing: &Missing<'_>) -> String {
        let why = match missing {
            Missing { problem: Some(problem), .. } => (*problem).to_owned(),
            Missing { too_old: true, .. } if self.through == moment::NEVER => {
                "`data_through` is empty: its source says that no data is complete".to_owned()
            }
            Missing { too_old: true, .. } => format!(
                "the newest data is of {} and counts for {} only",
                date(self.calendar.day_before(self.through)),
                hours(self.kpi.max_age),
            ),
            Missing { no_target: true, .. } => {
                return "No verdict: the target cannot be worked out, because the baseline or a \
                        number of its formula is missing or not above zero."
                    .to_owned();
            }
            Missing { .. } => format!(
                "`{}` has no value: its source returned no rows, NULL or a zero denominator",
                self.kpi.formula
            ),
        };
        format!("No data: {why}.")
    }

    pub(super) fn verdict(&self, case: &Case<'_>) -> String {
        match case.judged.status {
            Status::Achieved | Status::Missed => self.closed(case),
            Status::TooEarly => self.too_early(case),
            _ => self.running(case),
        }
    }

    fn closed(&self, case: &Case<'_>) -> String {
        let word = capital(case.judged.status.words());
        let attained = case
            .goal
            .attainment(case.value)
            .map_or(String::new(), |a| format!(" ({})", figures::attainment(a)));
        let when = if self.at.closed {
            format!("at the close of {}", self.at.period.id)
        } else {
            format!("{} before the end of {}", days(self.at.days_left), self.at.period.id)
        };
        let (value, goal) = self.against(case.value, case.goal);
        format!("{word}: {value} against a target of {goal}{attained} {when}.")
    }

    fn too_early(&self, case: &Case<'_>) -> String {
        let (value, goal) = self.against(case.value, case.goal);
        format!(
            "Too early to say: {} of {} has passed; {value} so far, target {goal} by {}.",
            figures::share(self.at.elapsed),
            self.at.period.id,
            self.last_day(),
        )
    }

    fn running(&self, case: &Case<'_>) -> String {
        let (value, goal) = self.against(case.value, case.goal);
        let word = capital(case.judged.status.words());
        let mut text = match case.path.value {
            Some(expected) if case.path.shape != Shape::Flat || case.path.share < 1.0 => {
                let goal_value = case.goal.value().unwrap_or(expected);
                let [value, expected, _] =
                    self.kpi.unit.show_apart([case.value, expected, goal_value]);
                format!(
                    "{word}: {value} against {expected} expected by {}; target {goal} by {}",
                    date(self.calendar.day_before(self.through)),
                    self.last_day(),
                )
            }
            _ => format!(
                "{word}: {value} on {}; target {goal} until {}",
                date(self.calendar.day_before(self.through)),
                self.last_day(),
            ),
        };
        text.push_str(&self.still_needed(case));
        text.push_str(&self.faster(case));
        text.push_str(&self.because(case));
        if case.path.fell_back {
            text.push_str(match self.kpi.path {
                Path::Seasonal if self.kpi.is_ratio_to_date() => {
                    "; no earlier period to learn the season from, so the path is flat"
                }
                Path::Seasonal => {
                    "; no earlier period to learn the season from, so the path is linear"
                }
                _ => "; no milestone lies in this period, so the path is linear",
            });
        }
        text.push('.');
        text
    }

    fn still_needed(&self, case: &Case<'_>) -> String {
        let unit = &self.kpi.unit;
        match (case.required, case.goal.value()) {
            (Some(per_day), _) if per_day > 0.0 => {
                format!("; {} a day needed for {}", unit.show(per_day), days(self.at.days_left))
            }
            (None, Some(target)) if !case.goal.is_met_by(case.value) && !case.judged.is_final() => {
                format!(
                    "; {} needed in {}",
                    unit.show_change(target - case.value),
                    days(self.at.days_left)
                )
            }
            _ => String::new(),
        }
    }

    /// How much faster the rest must run, once that is worth a word.
    fn faster(&self, case: &Case<'_>) -> String {
        let Some(factor) = case.judged.required_pace.filter(|f| *f >= WORTH_A_WORD) else {
            return String::new();
        };
        let kind = match self.at.period.kind {
            PeriodKind::Dates { .. } => "period".to_owned(),
            ref kind => kind.to_string(),
        };
        let times = match factor {
            f if f >= 10.0 => "more than 10".to_owned(),
            f => format!("{f:.1}"),
        };
        format!("; the rest of the {kind} must run {times} times as fast as so far")
    }

    fn because(&self, case: &Case<'_>) -> String {
        match case.judged.because {
            Because::Plain => String::new(),
            Because::Overspent => "; the limit is passed and cannot be met any more".to_owned(),
            Because::Impossible { required } => format!(
                "; the rest of the period would have to be at {}, which cannot be",
                self.number(required)
            ),
            Because::WithinNoise(noise) => format!("; {}", self.noise(noise)),
            Because::Unlikely { probability } => format!(
                "; by what earlier periods did from here the chance is {}",
                percent(probability)
            ),
            Because::Season { probability } => format!(
                "; earlier periods lagged like this as well, and the chance is {}",
                percent(probability)
            ),
            Because::TooLate => "; too much is left for the days that remain".to_owned(),
        }
    }

    /// `within noise: ±1.6 points at n = 1,500`.
    fn noise(&self, noise: Noise) -> String {
        let reach = self.kpi.unit.show_change(noise.reach());
        let reach = reach.trim_start_matches('+').replace(" pt", " points");
        let n = noise.n.map_or_else(String::new, |n| format!(" at n = {}", Unit::Count.show(n)));
        format!("within noise: ±{reach}{n}")
    }

    fn number(&self, value: f64) -> String {
        self.kpi.unit.show(value)
    }

    /// The value and the goal, told apart.
    fn against(&self, value: f64, goal: Goal) -> (String, String) {
        let unit = &self.kpi.unit;
        match goal {
            Goal::AtMost(limit) => {
                let (value, limit) = unit.show_pair(value, limit);
                (value, format!("at most {limit}"))
            }
            Goal::Between(low, high) if low < high => {
                let [value, low, high] = unit.show_apart([value, low, high]);
                (value, format!("{low} to {high}"))
            }
            Goal::AtLeast(target) | Goal::Between(target, _) => unit.show_pair(value, target),
        }
    }

    fn last_day(&self) -> String {
        date(
            self.at.period.end_day.checked_sub_days(Days::new(1)).unwrap_or(self.at.period.end_day),
        )
    }
}

fn date(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// Started days count: on the last morning there is "1 day".
fn days(left: f64) -> String {
    let days = (left - 1e-9).ceil().max(0.0);
    if days <= 1.0 { "1 day".to_owned() } else { format!("{days} days") }
}

/// A chance is above 0 and below 1 while the period runs, and reads like that.
fn percent(probability: f64) -> String {
    match probability * 100.0 {
        p if p < 1.0 => "below 1 %".to_owned(),
        p if p > 99.0 => "above 99 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

fn hours(age: std::time::Duration) -> String {
    let hours = age.as_secs() / 3600;
    match hours {
        0 => format!("{} minutes", age.as_secs() / 60),
        h if h % 24 == 0 && h > 24 => format!("{} days", h / 24),
        h => format!("{h} hours"),
    }
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
