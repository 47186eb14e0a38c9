//! Statuses: the one home of how they are named, marked and ranked. Pages, tables, dashboards and rules
//! ask here. Not here: which one a KPI has (`judge`).

use serde::Serialize;

/// The verdict on a KPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No value, or one older than the KPI's `max_age`.
    NoData,
    /// Too little of the period has passed for a verdict.
    TooEarly,
    /// Pace at or above the on-track limit, and nothing speaks against it.
    OnTrack,
    /// Pace between the two limits, or doubtful by other evidence.
    AtRisk,
    /// Pace below the at-risk limit, or the target can no longer be reached.
    OffTrack,
    /// Target met.
    Achieved,
    /// Period over, target not met.
    Missed,
}

impl Status {
    /// All of them, in the order of the stateset.
    pub const ALL: [Self; 7] = [
        Self::NoData,
        Self::TooEarly,
        Self::OnTrack,
        Self::AtRisk,
        Self::OffTrack,
        Self::Achieved,
        Self::Missed,
    ];

    /// The same, the worst first. Off track is worse than missed: there is still time to act.
    pub const WORST_FIRST: [Self; 7] = [
        Self::OffTrack,
        Self::Missed,
        Self::AtRisk,
        Self::NoData,
        Self::TooEarly,
        Self::OnTrack,
        Self::Achieved,
    ];

    /// How bad it is: 7 for the worst, 1 for the best.
    pub const fn badness(self) -> u8 {
        match self {
            Self::OffTrack => 7,
            Self::Missed => 6,
            Self::AtRisk => 5,
            Self::NoData => 4,
            Self::TooEarly => 3,
            Self::OnTrack => 2,
            Self::Achieved => 1,
        }
    }

    /// Whether it counts as on track in shares and counts of KPIs: a young period gives no reason to
    /// think otherwise.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::OnTrack | Self::Achieved | Self::TooEarly)
    }

    /// Whether it counts as off track there.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::OffTrack | Self::Missed)
    }

    /// The sign that tells it apart without colour.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::OnTrack | Self::Achieved => "✓",
            Self::AtRisk => "!",
            Self::OffTrack | Self::Missed => "✕",
            Self::TooEarly => "…",
            Self::NoData => "?",
        }
    }

    /// As in labels and JSON: `off_track`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::TooEarly => "too_early",
            Self::OnTrack => "on_track",
            Self::AtRisk => "at_risk",
            Self::OffTrack => "off_track",
            Self::Achieved => "achieved",
            Self::Missed => "missed",
        }
    }

    /// For people: `off track`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoData => "no data",
            Self::TooEarly => "too early",
            Self::OnTrack => "on track",
            Self::AtRisk => "at risk",
            Self::OffTrack => "off track",
            Self::Achieved => "achieved",
            Self::Missed => "missed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_first_and_nothing_is_both_good_and_bad() {
        assert!(Status::WORST_FIRST.map(Status::badness).is_sorted_by(|a, b| a > b));
        for status in Status::ALL {
            assert!(Status::WORST_FIRST.contains(&status), "{status:?}");
            assert!(!(status.is_good() && status.is_bad()), "{status:?}");
        }
    }
}
