//! Where an alert sends people: pages of the exporter, or dashboards of Grafana. Both are Go templates
//! without the address before them.

/// What to look at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// The KPI that the alert is about.
    Kpi,
    /// The KPIs of an objective.
    Objective,
    /// The KPIs of a team.
    Team,
    /// The exporter that the alert is about.
    Exporter,
    /// All exporters.
    AllExporters,
}

impl Look {
    /// Path and query of a page of the exporter.
    pub(super) fn page(self) -> &'static str {
        match self {
            Self::Kpi => "kpi/{{ $labels.kpi | urlquery }}",
            Self::Objective => "?objective={{ $labels.objective | urlquery }}",
            Self::Team => "?team={{ $labels.team | urlquery }}",
            Self::Exporter | Self::AllExporters => "sources",
        }
    }

    /// Uid and query of a dashboard.
    pub(super) fn dashboard(self) -> &'static str {
        match self {
            Self::Kpi => {
                "kpi-detail?var-job={{ $labels.job | urlquery }}&var-kpi={{ $labels.kpi | urlquery }}"
            }
            Self::Objective => {
                "kpi-scorecard?var-job={{ $labels.job | urlquery }}&var-objective={{ $labels.objective | urlquery }}"
            }
            Self::Team => {
                "kpi-scorecard?var-job={{ $labels.job | urlquery }}&var-team={{ $labels.team | urlquery }}"
            }
            Self::Exporter => "kpi-exporter-health?var-job={{ $labels.job | urlquery }}",
            Self::AllExporters => "kpi-exporter-health",
        }
    }
}
