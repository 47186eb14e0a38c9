//! When a case raises the alarm, by the rule of the program and by the fixed limits that it had before:
//! on track from a pace of 0.95 on, off track below 0.80, on the straight line.

use kpi_exporter::assess::{Assessment, Status};
use kpi_exporter::kpi::{Accumulation, Kpi};

use super::world::{Case, Event};

/// What was said at the close of each day, the first day first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) new: Vec<Status>,
    pub(crate) old: Vec<Status>,
    /// Whether the target was met at the close.
    pub(crate) met: bool,
    /// The day after which something happens.
    pub(crate) event_day: usize,
}

/// Lives through a case, one fetch at the close of each day.
pub(crate) fn live(case: &Case) -> Said {
    let world = case.world();
    let mut replay = world.replay();
    let mut said = Said { event_day: world.event_day, ..Said::default() };
    let mut old = Old::default();
    let fall = case.event == Event::Fall;
    for day in 1..=replay.length() {
        let at = replay.close(day);
        let now = replay.fetch(&world.table, at);
        if at == replay.period.span.end {
            said.met = now.status == Status::Achieved;
            break;
        }
        said.new.push(now.status);
        said.old.push(old.next(replay.kpi(), case.seasonal, &now));
        let seen =
            |said: &[Status]| said[world.event_day.min(said.len())..].contains(&Status::OffTrack);
        if fall && seen(&said.new) && seen(&said.old) {
            break;
        }
    }
    said
}

/// The old rule with its confirmation: a worse status needs two days that say so.
#[derive(Debug, Default)]
pub(crate) struct Old {
    shown: Option<Status>,
    waiting: Option<Status>,
}

impl Old {
    /// What it shows after one more data point.
    pub(crate) fn next(&mut self, kpi: &Kpi, seasonal: bool, now: &Assessment) -> Status {
        let Some(is) = instant(kpi, seasonal, now) else {
            return now.status;
        };
        let Some(shown) = self.shown else {
            self.shown = Some(is);
            return is;
        };
        if is.badness() <= shown.badness() {
            (self.shown, self.waiting) = (Some(is), None);
        } else if let Some(waiting) = self.waiting {
            let confirmed = if waiting.badness() < is.badness() { waiting } else { is };
            (self.shown, self.waiting) = (Some(confirmed), (confirmed != is).then_some(is));
        } else {
            self.waiting = Some(is);
        }
        self.shown.unwrap_or(is)
    }
}

/// What the old rule says of an instant; nothing where there is nothing to say.
fn instant(kpi: &Kpi, seasonal: bool, now: &Assessment) -> Option<Status> {
    if matches!(now.status, Status::TooEarly | Status::NoData | Status::Achieved) {
        return None;
    }
    let pace = if seasonal || kpi.accumulation == Accumulation::Flow {
        now.pace_ratio?
    } else if let Some(progress) = now.progress_ratio {
        1.0 + progress - now.elapsed_ratio
    } else {
        now.target_ratio?
    };
    Some(match pace {
        pace if pace >= 0.95 => Status::OnTrack,
        pace if pace >= 0.80 => Status::AtRisk,
        _ => Status::OffTrack,
    })
}

/// Whether a status is an alarm of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    AtRisk,
    OffTrack,
}

impl Alarm {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::AtRisk => "at risk",
            Self::OffTrack => "off track",
        }
    }

    pub(crate) fn rings(self, status: Status) -> bool {
        match self {
            Self::AtRisk => matches!(status, Status::AtRisk | Status::OffTrack),
            Self::OffTrack => status == Status::OffTrack,
        }
    }

    /// How often it begins to ring.
    pub(crate) fn onsets(self, said: &[Status]) -> usize {
        let before = std::iter::once(false).chain(said.iter().map(|status| self.rings(*status)));
        before.zip(said).filter(|(before, now)| !before && self.rings(**now)).count()
    }

    /// The first day, counted from the event, on which it rings.
    pub(crate) fn delay(self, said: &[Status], event_day: usize) -> Option<usize> {
        let after = said.get(event_day..)?;
        after.iter().position(|status| self.rings(*status)).map(|index| index + 1)
    }
}

/// Sums over cases of one kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Periods in which nothing happened and the target was met.
    met: usize,
    /// Alarms in them.
    onsets: usize,
    /// Days to the alarm where something happened.
    delays: Vec<Option<usize>>,
}

impl Tally {
    pub(crate) fn add(
        &mut self,
        event: Event,
        alarm: Alarm,
        said: &[Status],
        met: bool,
        event_day: usize,
    ) {
        if event != Event::None {
            self.delays.push(alarm.delay(said, event_day));
        } else if met {
            self.met += 1;
            self.onsets += alarm.onsets(said);
        }
    }

    /// False alarms in a period.
    pub(crate) fn false_share(&self) -> f64 {
        self.onsets as f64 / self.met.max(1) as f64
    }

    /// Share of the events that were seen.
    pub(crate) fn seen(&self) -> Option<f64> {
        let seen = self.delays.iter().flatten().count();
        (!self.delays.is_empty()).then(|| seen as f64 / self.delays.len() as f64)
    }

    /// Median days to the alarm, of all events; nothing when less than half was seen.
    pub(crate) fn median(&self) -> Option<usize> {
        let mut days: Vec<usize> =
            self.delays.iter().map(|day| day.unwrap_or(usize::MAX)).collect();
        days.sort_unstable();
        days.get(days.len() / 2).copied().filter(|day| *day < usize::MAX)
    }
}
