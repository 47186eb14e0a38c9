//! What happens in a simulated period, and the KPI that looks at it. Its target is what a business
//! without an accident brings on average: it ends on target but for chance.

use chrono::{Datelike, Days, NaiveDate};

use super::business::{BUSINESSES, Business, poisson};
use super::noise::Noise;
use super::replay::{Replay, Table};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measure {
    /// A sum of the period, of this business.
    Flow(usize),
    /// Events of the last days, on a ramp that grows by a share.
    Trailing(usize, f64),
    /// A share of the last days, from one to another, of so many trials a day.
    Share(f64, f64, f64),
    /// A share of the period so far, to keep at least as it is, of so many trials a day.
    ShareToDate(f64, f64),
    /// A stock on a ramp that grows by a share, with this noise and memory from day to day.
    Stock(f64, f64, f64),
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    None,
    /// A third of the way through, 30 % are gone for good.
    Fall,
    /// From then on, 30 % go little by little.
    Decline,
    /// 30 % are gone for a sixth of the period.
    Recovery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Quarter,
    Month,
}

impl Length {
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Quarter => "quarters",
            Self::Month => "months",
        }
    }

    pub(crate) fn in_half_a_year(self) -> f64 {
        match self {
            Self::Quarter => 2.0,
            Self::Month => 6.0,
        }
    }
}

/// One simulated period with those before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) measure: Measure,
    pub(crate) length: Length,
    pub(crate) earlier: u32,
    pub(crate) seasonal: bool,
    pub(crate) event: Event,
    /// Days of a trailing window.
    pub(crate) window: u16,
    /// The target, as a share of what is to be expected.
    pub(crate) plan: f64,
    pub(crate) seed: u64,
}

/// What a case is made of.
pub(crate) struct World {
    pub(crate) table: Table,
    /// The KPI in YAML.
    pub(crate) kpi: String,
    /// First day of the period to be lived.
    pub(crate) start: NaiveDate,
    /// The day of the period after which something happens.
    pub(crate) event_day: usize,
}

/// The loss.
const LOSS: f64 = 0.3;
/// Days before the earlier periods, so that windows are full.
const BEFORE: u64 = 40;

impl Case {
    pub(crate) fn world(&self) -> World {
        let months = if self.length == Length::Quarter { 3 } else { 1 };
        let noise = &mut Noise(self.seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0xE4A2);
        let turn = u32::try_from(self.seed % (12 / u64::from(months))).unwrap_or(0);
        let start = month(2025, 7 + turn * months);
        let end = month(start.year(), start.month() + months);
        let first =
            month(start.year() - 2, start.month() + 24 - self.earlier * months) - Days::new(BEFORE);
        let days =
            |from: NaiveDate, to: NaiveDate| usize::try_from((to - from).num_days()).unwrap_or(0);
        let (past, length) = (days(first, start), days(start, end));
        let event_day = if months == 3 { 30 } else { 10 };
        let weekday = first.weekday().num_days_from_monday() as usize;
        let window = f64::from(self.window);
        let place = Place { past, length, event_day, weekday, window, event: self.event };
        let (table, target) = self.lived(noise, &place);
        let period = if months == 3 { "quarter" } else { "month" };
        let path = match self.measure {
            _ if self.seasonal => ", path: seasonal",
            Measure::Flow(index) if BUSINESSES[index % BUSINESSES.len()].week[6] == 0.0 => {
                ", path: business_days"
            }
            _ => "",
        };
        let target = target.map_or_else(String::new, |target| format!(", {target}"));
        let window = match self.measure {
            Measure::Trailing(..) | Measure::Share(..) => format!(", window: {}d", self.window),
            _ => String::new(),
        };
        let goal = self.measure.yaml();
        let kpi = format!(
            "{{ kind: lagging, direction: increase, period: {period}, {goal}{window}{target}{path} }}"
        );
        let (above, below) = table;
        let stock = matches!(self.measure, Measure::Stock(..));
        World { table: Table { first, above, below, stock }, kpi, start, event_day }
    }

    fn lived(&self, noise: &mut Noise, place: &Place) -> ((Vec<f64>, Vec<f64>), Option<String>) {
        let Place { past, length, weekday, .. } = *place;
        let count = past + length;
        let event = |day: usize| place.factor(day);
        let steady = |rise: f64| move |day: usize| 1.0 + rise * place.ramp(day);
        match self.measure {
            Measure::Flow(index) => {
                let business = &BUSINESSES[index % BUSINESSES.len()];
                let days = business.lived(noise, weekday, count, &event);
                let level = days[past].level;
                let plan: f64 = days[past..].iter().map(|day| day.usual * level).sum();
                let values = days.iter().map(|day| day.value).collect();
                ((values, Vec::new()), Some(format!("target: {}", self.plan * plan)))
            }
            Measure::Trailing(index, rise) => {
                let business =
                    Business { growth: 0.0, season: 0.0, ..BUSINESSES[index % BUSINESSES.len()] };
                let (ramp, week) = (steady(rise), business.week.iter().sum::<f64>() / 7.0);
                let days = business.lived(noise, weekday, count, &|day| event(day) * ramp(day));
                let base = place.window * business.size * week * days[past].level;
                let values = days.iter().map(|day| day.value).collect();
                let target = 1.0 + rise * self.plan;
                let goal = format!("baseline: {base}, target: {}", base * target);
                ((values, Vec::new()), Some(goal))
            }
            Measure::Share(from, to, trials) => {
                let ramp = steady(to / from - 1.0);
                let share = |day| (from * ramp(day) * event(day)).min(1.0);
                let goal = format!("baseline: {}%, target: {}%", from * 100.0, to * 100.0);
                (shares(noise, (weekday, count), trials, share), Some(goal))
            }
            Measure::ShareToDate(share, trials) => {
                let goal = format!("target: {}%", share * 100.0 * self.plan);
                (shares(noise, (weekday, count), trials, |day| share * event(day)), Some(goal))
            }
            Measure::Stock(rise, size, memory) => {
                let (mut off, fresh) = (noise.normal(), (1.0 - memory * memory).sqrt());
                let base = 5000.0;
                let values = (0..count).map(|day| {
                    off = memory * off + fresh * noise.normal();
                    let on_way = 1.0 + rise * place.straight(day);
                    base * on_way * event(day) * (size * off).exp()
                });
                let values = values.collect();
                let goal = format!("baseline: {base}, target: {}", base * (1.0 + rise * self.plan));
                ((values, Vec::new()), Some(goal))
            }
        }
    }
}

/// Where in its days a case happens.
struct Place {
    past: usize,
    length: usize,
    event_day: usize,
    weekday: usize,
    window: f64,
    event: Event,
}

impl World {
    /// The KPI before its period begins.
    pub(crate) fn replay(&self) -> Replay {
        let known = self.table.first + Days::new(BEFORE);
        Replay::new(&self.kpi, &self.table, known, self.start)
    }
}

impl Place {
    /// What the event makes of a day.
    fn factor(&self, day: usize) -> f64 {
        let Some(since) = day.checked_sub(self.past + self.event_day) else { return 1.0 };
        let left = (self.length - self.event_day) as f64;
        match self.event {
            Event::Fall => 1.0 - LOSS,
            Event::Decline => 1.0 - LOSS * (since as f64 + 1.0) / left,
            Event::Recovery if since < self.length / 6 => 1.0 - LOSS,
            Event::None | Event::Recovery => 1.0,
        }
    }

    /// A steady rise from the first day that brings a trailing window up by 1 at the close.
    fn ramp(&self, day: usize) -> f64 {
        let window = self.window / self.length as f64;
        let reach = if window >= 1.0 { 1.0 / window } else { 1.0 - window / 2.0 };
        let reach = if window >= 1.0 { reach / 2.0 } else { reach };
        self.straight(day) / reach
    }

    /// The share of the period that lies behind in the middle of a day.
    fn straight(&self, day: usize) -> f64 {
        day.checked_sub(self.past).map_or(0.0, |passed| (passed as f64 + 0.5) / self.length as f64)
    }
}

impl Measure {
    fn yaml(&self) -> &'static str {
        match self {
            Self::Flow(index) if BUSINESSES[index % BUSINESSES.len()].counts => {
                "formula: m, accumulation: flow, unit: count"
            }
            Self::Flow(_) => "formula: m, accumulation: flow, unit: EUR",
            Self::Trailing(..) => "formula: m, accumulation: level, unit: count",
            Self::Share(..) | Self::ShareToDate(..) => {
                "formula: m.above / m.below, accumulation: ratio, unit: percent"
            }
            Self::Stock(..) => "formula: m, accumulation: level, unit: EUR",
        }
    }
}

fn shares(
    noise: &mut Noise,
    (weekday, count): (usize, usize),
    trials: f64,
    share: impl Fn(usize) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    const WEEK: [f64; 7] = [1.2, 1.15, 1.1, 1.1, 1.0, 0.8, 0.65];
    let day = |day: usize| {
        let tried = poisson(noise, trials * WEEK[(weekday + day) % 7]);
        // Those that succeed and those that do not are independent counts.
        let done = binomial(noise, tried, share(day));
        (done, tried)
    };
    (0..count).map(day).unzip()
}

fn binomial(noise: &mut Noise, trials: f64, share: f64) -> f64 {
    let (mean, variance) = (trials * share, trials * share * (1.0 - share));
    if variance > 25.0 {
        return (mean + variance.sqrt() * noise.normal()).round().clamp(0.0, trials);
    }
    let (mut done, mut tried) = (0.0, 0.0);
    while tried < trials {
        done += f64::from(u8::from(noise.uniform() < share));
        tried += 1.0;
    }
    done
}

/// The first of a month, counted on beyond December.
fn month(year: i32, month: u32) -> NaiveDate {
    let years = i32::try_from((month - 1) / 12).unwrap_or(0);
    NaiveDate::from_ymd_opt(year + years, (month - 1) % 12 + 1, 1).unwrap_or_default()
}
