//! The share of a season that is done (kpi-maths §3): what earlier periods had at the same position,
//! weekday by weekday, month by month. Not here: which days to ask for (`engine`).
//!
//! A period consists of parts, its months; a part compares with the same part. The days of an earlier
//! part compare at the same share of what its weekdays weigh, so that a constant business, and one
//! with a constant week, is exactly on its path on every day. Where most
//! days carry nothing (rows by the month) a day compares with the same day of its month instead.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::calendar::Calendar;

/// Shares differ by more than this before one of three is called far off.
const FAR: f64 = 0.05;
/// ... and by so many times more than the other two.
const FARTHER: f64 = 3.0;
/// Enough for the fit of a week to stand still.
const ROUNDS: usize = 30;
/// Earlier periods without which no season is known.
const NEEDED: usize = 2;

/// The days of a part of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its first day.
    pub first: NaiveDate,
    /// First day after it.
    pub end: NaiveDate,
}

/// One earlier period of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// Its parts, as many as the running one has, and what each of them brought.
    pub parts: Vec<(Part, f64)>,
    /// What each day brought of the part that runs now.
    pub days: Vec<f64>,
}

/// The share of a flow that is done after `passed` days of the part `running`, by earlier periods,
/// newest first. `None` with fewer than two that their data covers by half.
pub fn flow_share(
    calendar: &Calendar,
    parts: &[Part],
    (running, passed): (usize, f64),
    earlier: &[Earlier],
) -> Option<f64> {
    let covered: Vec<&Earlier> = earlier
        .iter()
        .filter(|one| one.parts.len() == parts.len() && one.is_covered(running))
        .collect();
    let week = Week::of(calendar, &covered, running);
    let share = |one: &&Earlier| one.share(calendar, &week, parts, (running, passed));
    together(covered.iter().filter_map(share).filter(|share| share.is_finite()).collect())
}

/// What the shares of earlier periods say together: their mean, or the one in the middle of three
/// of which one lies far off. `None` for fewer than two.
pub fn together(mut shares: Vec<f64>) -> Option<f64> {
    shares.sort_by(f64::total_cmp);
    if let [low, middle, high] = shares[..] {
        let (below, above) = (middle - low, high - middle);
        let (near, far) = (below.min(above), below.max(above));
        if far > FAR && far > FARTHER * near {
            return Some(middle);
        }
    }
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    (shares.len() >= NEEDED).then_some(mean)
}

impl Part {
    /// How many days it has.
    pub fn length(&self) -> usize {
        usize::try_from((self.end - self.first).num_days()).unwrap_or(0)
    }

    /// Its days.
    pub fn days(self) -> impl Iterator<Item = NaiveDate> {
        self.first.iter_days().take(self.length())
    }
}

impl Earlier {
    fn total(&self) -> f64 {
        self.parts.iter().map(|(_, total)| total).sum()
    }

    /// Whether anything came in its first half: else its data begins too late to tell a season.
    fn is_covered(&self, running: usize) -> bool {
        let whole: usize = self.parts.iter().map(|(part, _)| part.length()).sum();
        let mut before = 0;
        let mut first = None;
        for (index, (part, total)) in self.parts.iter().enumerate() {
            if *total != 0.0 {
                let inside = match index {
                    _ if index == running => {
                        self.days.iter().position(|day| *day != 0.0).unwrap_or(0)
                    }
                    0 => 0,
                    // Somewhere in it.
                    _ => part.length() / 2,
                };
                first = first.or(Some(before + inside));
            }
            before += part.length();
        }
        self.total() > 0.0 && first.is_some_and(|first| 2 * first <= whole)
    }

    fn share(
        &self,
        calendar: &Calendar,
        week: &Week,
        parts: &[Part],
        (running, passed): (usize, f64),
    ) -> Option<f64> {
        let scaled = |index: usize| {
            let (part, total) = self.parts[index];
            let (own, its) = (week.mass(calendar, parts[index]), week.mass(calendar, part));
            if week.sparse || its <= 0.0 { total } else { total * own / its }
        };
        let (own, its) = (*parts.get(running)?, self.parts.get(running)?.0);
        let before: f64 = (0..running).map(scaled).sum();
        let all: f64 = (0..parts.len()).map(scaled).sum();
        let done = self.done(calendar, week, (own, its), passed);
        (all > 0.0).then(|| (before + done * scaled(running)) / all)
    }

    /// The share of the running part that was done after so many days of `own`, the part of the
    /// running period that `its` compares with.
    fn done(&self, calendar: &Calendar, week: &Week, (own, its): (Part, Part), passed: f64) -> f64 {
        let (length, known) = (own.length() as f64, self.days.len() as f64);
        let even = passed / length;
        let share = if week.sparse {
            // Counted from the nearer end: rows on the first or last day are all of it.
            let position = if even <= 0.5 { passed } else { known - (length - passed) };
            up_to(&self.days, position) / self.days.iter().sum::<f64>()
        } else {
            let own: Vec<f64> = own.days().map(|day| week.weight(calendar, day)).collect();
            let its: Vec<f64> = its.days().map(|day| week.weight(calendar, day)).collect();
            let mass = up_to(&own, passed) / own.iter().sum::<f64>() * its.iter().sum::<f64>();
            brought_by(&self.days, &its, mass) / self.days.iter().sum::<f64>()
        };
        if share.is_finite() { share } else { even }
    }
}

/// How much of a usual week falls on each day; a holiday counts as a Sunday.
struct Week {
    weights: [f64; 7],
    /// Most days carry nothing, and not because of their weekday.
    sparse: bool,
}

impl Week {
    /// By the days of the running part in all earlier periods, each of which has a level of its own.
    fn of(calendar: &Calendar, earlier: &[&Earlier], running: usize) -> Self {
        let even = Self { weights: [1.0; 7], sparse: false };
        let known: Vec<Vec<(usize, f64)>> = earlier
            .iter()
            .filter(|one| one.days.iter().sum::<f64>() > 0.0)
            .filter_map(|one| Some((one.parts.get(running)?.0, &one.days)))
            .map(|(part, days)| {
                part.days().map(|day| class(calendar, day)).zip(days.iter().copied()).collect()
            })
            .collect();
        let (mut sums, mut counts, mut carry) = ([0.0; 7], [0_u32; 7], [0_u32; 7]);
        for (class, value) in known.iter().flatten() {
            sums[*class] += value;
            counts[*class] += 1;
            carry[*class] += u32::from(*value != 0.0);
        }
        let busy = (0..7).filter(|class| carry[*class] > 0);
        let (days, carrying) = busy.fold((0, 0), |(days, carrying), class| {
            (days + counts[class], carrying + carry[class])
        });
        if 2 * carrying < days {
            return Self { sparse: true, ..even };
        }
        if counts.iter().any(|count| *count < 2) || sums.iter().any(|sum| *sum < 0.0) {
            return even;
        }
        Self { weights: fit(&known, &sums), sparse: false }
    }

    fn weight(&self, calendar: &Calendar, day: NaiveDate) -> f64 {
        self.weights[class(calendar, day)]
    }

    fn mass(&self, calendar: &Calendar, part: Part) -> f64 {
        part.days().map(|day| self.weight(calendar, day)).sum()
    }
}

/// Weights of the weekdays, and a level of each period, whose products are the days: each follows
/// from the other, in turn.
fn fit(periods: &[Vec<(usize, f64)>], sums: &[f64; 7]) -> [f64; 7] {
    let mut weights = [1.0; 7];
    for _ in 0..ROUNDS {
        let mut expected = [0.0; 7];
        for days in periods {
            let weighed: f64 = days.iter().map(|(class, _)| weights[*class]).sum();
            let level = days.iter().map(|(_, value)| value).sum::<f64>() / weighed;
            for (class, _) in days {
                expected[*class] += level;
            }
        }
        weights = std::array::from_fn(|class| sums[class] / expected[class]);
    }
    weights
}

fn class(calendar: &Calendar, day: NaiveDate) -> usize {
    let weekday = if calendar.holidays.contains(&day) { Weekday::Sun } else { day.weekday() };
    weekday.num_days_from_monday() as usize
}

/// What days brought until their weights came to so much.
fn brought_by(days: &[f64], weights: &[f64], mass: f64) -> f64 {
    let (mut left, mut brought) = (mass, 0.0);
    for (value, weight) in days.iter().zip(weights).filter(|(_, weight)| **weight > 0.0) {
        let share = (left / weight).clamp(0.0, 1.0);
        brought += value * share;
        left -= weight;
    }
    brought
}

/// Sum of the first `position` days, the last of them by its share.
fn up_to(days: &[f64], position: f64) -> f64 {
    let days = days.iter().enumerate();
    days.map(|(index, value)| value * (position - index as f64).clamp(0.0, 1.0)).sum()
}

#[cfg(test)]
#[path = "tests/season.rs"]
mod tests;
