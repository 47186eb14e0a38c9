//! The sentence that says why: value, what was expected by when, target, what is still needed.
//! For people who have not read the manual; findings become words and numbers are rounded here and
//! nowhere else.

use chrono::{Days, NaiveDate};

use super::absence::{metrics_of, no_value};
use super::assessment::Assessment;
use super::finding::{Finding, FrozenNumber, MetricProblem, Proof};
use super::noise::Noise;
use super::path::Left;
use super::status::Status;
use super::target::Goal;
use crate::calendar::{ExtraWeek, Period, PeriodKind, WindowSpec};
use crate::figures;
use crate::kpi::{Baseline, Beyond, Kpi, Path, Unit, same};

/// All findings of an assessment in words.
pub fn reason(kpi: &Kpi, assessment: &Assessment) -> String {
    let about = About { kpi, numbers: assessment };
    let mut text = String::new();
    for finding in &assessment.findings {
        match about.say(finding) {
            Some(Said::Sentence(said)) if text.is_empty() => text = said,
            Some(Said::Sentence(said)) => text = format!("{text}. {said}"),
            Some(Said::Clause(said)) => text = format!("{text}; {said}"),
            None => {}
        }
    }
    if text.is_empty() { text } else { text + "." }
}

/// Words for one finding, without the full stop.
enum Said {
    Sentence(String),
    /// Goes on with the sentence before.
    Clause(String),
}

/// What every sentence needs to know.
struct About<'a> {
    kpi: &'a Kpi,
    numbers: &'a Assessment,
}

impl About<'_> {
    fn say(&self, finding: &Finding) -> Option<Said> {
        let sentence = match finding {
            Finding::Waiting { status, shown, proof } => waiting(*status, *shown, *proof),
            Finding::Held { shown } => format!(
                "Still {}: the pace has to be clear of its limit for a better status",
                shown.words()
            ),
            Finding::Fails(problem) => format!("No data: {}", fails(problem)),
            Finding::TooOld { newest, max_age } => format!(
                "No data: the newest data is of {} and counts for {} only",
                date(*newest),
                hours(*max_age),
            ),
            Finding::NothingComplete => {
                "No data: `data_through` is empty: its source says that no \
                                         data is complete"
                    .to_owned()
            }
            Finding::NoValue(why) => {
                format!("No data: {}", no_value(&self.kpi.formula, why.as_ref()))
            }
            Finding::NoTarget { who, baseline, baseline_period } => {
                format!("No verdict: {}", self.no_target(who, *baseline, baseline_period))
            }
            Finding::Planned { who, goal } => {
                let who = if who.is_empty() { "it" } else { who };
                let goal = self.goal(*goal);
                format!(
                    "No data: nothing was measured for {who}, and the plan has a target of {goal}"
                )
            }
            Finding::Decided { status, early } => self.decided(*status, *early)?,
            Finding::AwaitsHistory => {
                "As it was shown last: the days before are still being read from the store"
                    .to_owned()
            }
            Finding::TooEarly => self.too_early()?,
            Finding::Standing { status, through, on_the_way } => {
                self.standing(*status, *through, *on_the_way)?
            }
            Finding::OutOfRange(beyond) => {
                let (side, limit) = match beyond {
                    Beyond::Below(limit) => ("below", limit),
                    Beyond::Above(limit) => ("above", limit),
                };
                let [value, limit] =
                    self.kpi.unit.show_apart([self.numbers.value.unwrap_or(*limit), *limit]);
                format!(
                    "Out of range: {value} is {side} {limit}, which this KPI cannot be by its definition"
                )
            }
            Finding::NewGoal { since, before, now } => {
                format!("New goal since {}: {now} (before: {before})", date(*since))
            }
            Finding::Signal { reading, side, since } => {
                let since = since.map_or_else(|| "the start".to_owned(), date);
                format!("Week by week: {}", reading.words(*side, &since)?)
            }
            Finding::Predicts { title, lead } => {
                format!("Its lead on {title} is {}", lead.words("week"))
            }
            clause => return self.clause(clause).map(Said::Clause),
        };
        Some(Said::Sentence(sentence))
    }

    fn clause(&self, finding: &Finding) -> Option<String> {
        Some(match finding {
            Finding::Needed(left) => self.needed(*left)?,
            Finding::ToSpend(left) => self.to_spend(*left)?,
            Finding::ExtraWeek(ExtraWeek::LeftOut(year)) => {
                format!("the baseline leaves out week 53 of {year}")
            }
            Finding::ExtraWeek(ExtraWeek::Alone(year)) => {
                format!("week 53 of {year} has no week in the baseline")
            }
            Finding::Faster => self.faster()?,
            Finding::Overspent => "the limit is passed and cannot be met any more".to_owned(),
            Finding::Impossible { required } => format!(
                "the rest of the period would have to be at {}, which cannot be",
                self.number(*required)
            ),
            Finding::WithinNoise(noise) => self.noise(*noise),
            Finding::Unlikely { probability } => format!(
                "by what earlier periods did from here the chance is {}",
                percent(*probability)
            ),
            Finding::Season { probability } => format!(
                "the pace alone would be off track, but by what earlier periods did from here the chance is {}",
                percent(*probability)
            ),
            Finding::TooLate => "too much is left for the days that remain".to_owned(),
            Finding::PathFellBack => match self.kpi.path {
                Path::Seasonal(_) if self.kpi.is_ratio_to_date() => {
                    "fewer than two earlier periods to learn the season from, so the path is flat"
                }
                Path::Seasonal(_) => {
                    "fewer than two earlier periods to learn the season from, so the path is linear"
                }
                Path::Formula(_) => "the plan of the path has no value, so the path is linear",
                _ => "no milestone lies in this period, so the path is linear",
            }
            .to_owned(),
            Finding::Frozen { what, frozen, now } => self.frozen(*what, *frozen, *now),
            _ => return None,
        })
    }

    fn decided(&self, status: Status, early: Option<Left>) -> Option<String> {
        let (value, goal) = self.against()?;
        let word = capital(status.words());
        let period = &self.numbers.period.id;
        let attained = self.numbers.target_ratio;
        let attained = attained.map_or(String::new(), |a| format!(" ({})", figures::attainment(a)));
        let when = match early {
            None => format!("at the close of {period}"),
            Some(left) => format!("{} before the end of {period}", days(left)),
        };
        Some(format!("{word}: {value} against a target of {goal}{attained} {when}"))
    }

    fn too_early(&self) -> Option<String> {
        let (value, goal) = self.against()?;
        Some(format!(
            "Too early to say: {} of {} has passed; {value} so far, target {goal} by {}",
            figures::share(self.numbers.elapsed_ratio),
            self.numbers.period.id,
            self.last_day(),
        ))
    }

    fn standing(&self, status: Status, through: NaiveDate, on_the_way: bool) -> Option<String> {
        let (value, goal) = self.against()?;
        let word = capital(status.words());
        let (through, last_day) = (date(through), self.last_day());
        Some(match self.numbers.expected_value.filter(|_| on_the_way) {
            Some(expected) => {
                let goal_value = self.numbers.target_value.unwrap_or(expected);
                let values = [self.numbers.value?, expected, goal_value];
                let [value, expected, _] = self.kpi.unit.show_apart(values);
                format!(
                    "{word}: {value} against {expected} expected by {through}; target {goal} by \
                     {last_day}"
                )
            }
            None => format!("{word}: {value} on {through}; target {goal} until {last_day}"),
        })
    }

    fn needed(&self, left: Left) -> Option<String> {
        let (unit, days) = (&self.kpi.unit, days(left));
        match self.numbers.required_value_per_day {
            Some(per_day) if left.days < 1.0 => {
                return Some(format!("{} needed in {days}", unit.show(per_day * left.days)));
            }
            Some(per_day) => {
                return Some(format!("{} a day needed for {days}", unit.show(per_day)));
            }
            None => {}
        }
        let change = self.numbers.target_value? - self.numbers.value?;
        Some(format!("{} needed in {days}", unit.show_change(change)))
    }

    /// What may still be spent of a budget, in all and per day.
    fn to_spend(&self, left: Left) -> Option<String> {
        let (unit, limit, value) =
            (&self.kpi.unit, self.numbers.target_value?, self.numbers.value?);
        let (open, days) = (limit - value, days(left));
        if open <= 0.0 || same(limit, value) {
            return Some("nothing may be spent any more".to_owned());
        }
        let per_day = if left.days >= 1.0 {
            format!(", {} a day for {days}", unit.show(open / left.days))
        } else {
            format!(" in {days}")
        };
        Some(format!("{} may still be spent{per_day}", unit.show(open)))
    }

    /// Why there is no target.
    fn no_target(&self, who: &str, baseline: Option<f64>, baseline_period: &Period) -> String {
        let who = if who.is_empty() { String::new() } else { format!(" for {who}") };
        if let Some(formula) = self.kpi.target.formula() {
            return format!("no target{who} in {}", metrics_of(formula));
        }
        match (baseline, &self.kpi.baseline) {
            (Some(baseline), _) => format!(
                "the baseline{who} is {}, and a percentage of that is no target",
                self.number(baseline)
            ),
            (None, Baseline::Formula(formula)) => {
                format!("no baseline{who} in {}", metrics_of(formula))
            }
            (None, Baseline::PreviousPeriod | Baseline::SamePeriodLastYear) => {
                let when = match self.kpi.window {
                    WindowSpec::PeriodToDate => period_words(baseline_period),
                    _ => format!("the window before {}", date(self.numbers.period.first_day)),
                };
                format!("nothing was measured{who} in {when}, which is the baseline")
            }
            (None, Baseline::None | Baseline::Fixed(_)) => "it has no baseline".to_owned(),
        }
    }

    /// How much faster the rest must run.
    fn faster(&self) -> Option<String> {
        let kind = match self.numbers.period.kind {
            PeriodKind::Dates { .. } => "period".to_owned(),
            ref kind => kind.to_string(),
        };
        let times = match self.numbers.required_pace_ratio? {
            f if f >= 10.0 => "more than 10".to_owned(),
            f => format!("{f:.1}"),
        };
        Some(format!("the rest of the {kind} must run {times} times as fast as so far"))
    }

    /// `within noise: ±1.6 points at n = 1,500`.
    fn noise(&self, noise: Noise) -> String {
        let reach = self.kpi.unit.show_change(noise.reach());
        let reach = reach.trim_start_matches('+').replace(" pt", " points");
        let n = noise.n.map_or_else(String::new, |n| format!(" at n = {}", Unit::Count.show(n)));
        format!("within noise: ±{reach}{n}")
    }

    fn frozen(&self, what: FrozenNumber, frozen: f64, now: f64) -> String {
        let what = match what {
            FrozenNumber::Baseline => "baseline",
            FrozenNumber::Target => "target",
        };
        let (frozen, now) = self.kpi.unit.show_pair(frozen, now);
        format!("the {what} stays at {frozen} as it was when the period opened (now {now})")
    }

    fn number(&self, value: f64) -> String {
        self.kpi.unit.show(value)
    }

    /// The value and the goal, told apart.
    fn against(&self) -> Option<(String, String)> {
        let (unit, value) = (&self.kpi.unit, self.numbers.value?);
        Some(match self.numbers.goal? {
            Goal::AtMost(limit) => {
                let (value, limit) = unit.show_pair(value, limit);
                (value, format!("at most {limit}"))
            }
            Goal::Between(low, high) if low < high => {
                let [value, low, high] = unit.show_apart([value, low, high]);
                (value, format!("{low} to {high}"))
            }
            Goal::AtLeast(target) | Goal::Between(target, _) => unit.show_pair(value, target),
        })
    }

    fn goal(&self, goal: Goal) -> String {
        match goal {
            Goal::AtMost(limit) => format!("at most {}", self.number(limit)),
            Goal::Between(low, high) if low < high => {
                format!("{} to {}", self.number(low), self.number(high))
            }
            Goal::AtLeast(target) | Goal::Between(target, _) => self.number(target),
        }
    }

    fn last_day(&self) -> String {
        let end = self.numbers.period.end_day;
        date(end.checked_sub_days(Days::new(1)).unwrap_or(end))
    }
}

fn waiting(status: Status, shown: Status, proof: Proof) -> String {
    let so_far = match proof {
        Proof::Points(points, of) => format!("{points} of {of} data points"),
        Proof::Days(days) => {
            format!("chance may explain it until it has lasted for {days} days")
        }
    };
    format!("Still {} until {} is confirmed ({so_far})", shown.words(), status.words())
}

fn fails(problem: &MetricProblem) -> String {
    let MetricProblem { metric, source, error } = problem;
    match error {
        Some(error) => format!("metric `{metric}` of source `{source}` fails: {error}"),
        None => format!("metric `{metric}` of source `{source}` has not been fetched yet"),
    }
}

fn date(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// `61 days`, `2.4 business days`: what rates per day go by.
fn days(left: Left) -> String {
    figures::days(left.days, if left.business { "business" } else { "" })
}

/// A period as people call it.
fn period_words(period: &Period) -> String {
    match period.kind {
        PeriodKind::Month if period.id.starts_with(|c: char| c.is_ascii_digit()) => {
            period.first_day.format("%B %Y").to_string()
        }
        _ => period.id.clone(),
    }
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
