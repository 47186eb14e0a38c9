//! The frameworks that `init` starts from: which templates, and to what end.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Framework {
    Saas,
    Ecommerce,
    Marketing,
    Sales,
    Support,
    Executive,
    Platform,
}

impl Framework {
    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    pub(super) fn names() -> String {
        let names: Vec<String> = Self::value_variants().iter().map(|one| one.name()).collect();
        names.join(", ")
    }

    /// Three to seven, leading and lagging.
    pub(super) fn templates(self) -> &'static [&'static str] {
        match self {
            Self::Saas => &["organic_traffic", "trial_to_paid", "churn_rate", "nrr", "net_new_arr"],
            Self::Ecommerce => {
                &["conversion_rate", "average_order_value", "repeat_purchase_rate", "revenue"]
            }
            Self::Marketing => {
                &["organic_traffic", "new_leads", "conversion_rate", "cac", "revenue"]
            }
            Self::Sales => &[
                "demos_completed",
                "pipeline_generated",
                "win_rate",
                "pipeline_coverage",
                "revenue_closed",
            ],
            Self::Support => &["sla_met", "csat", "nps", "churn_rate"],
            Self::Executive => &["quick_ratio", "runway", "arr", "nrr", "gross_margin"],
            Self::Platform => &[
                "deployment_frequency",
                "change_failure_rate",
                "incident_load",
                "error_budget",
                "uptime",
                "cloud_cost",
            ],
        }
    }

    /// What takes the place of a template that a database has nothing for.
    pub(super) fn spare(self) -> &'static [&'static str] {
        match self {
            Self::Saas => {
                &["activation_rate", "dau_mau", "arr", "customer_count", "grr", "new_leads"]
            }
            Self::Ecommerce => &["refund_rate", "new_leads", "csat", "customer_count"],
            Self::Marketing => &["ctr", "cpa", "email_open_rate", "average_order_value"],
            Self::Sales => {
                &["sales_calls", "sqls", "sales_cycle_length", "quota_attainment", "revenue"]
            }
            Self::Support => &["refund_rate", "retention_rate", "repeat_purchase_rate", "revenue"],
            Self::Executive => &["average_order_value", "revenue", "customer_count", "churn_rate"],
            Self::Platform => &["change_lead_time", "time_to_restore", "toil"],
        }
    }

    pub(super) fn goal(self) -> &'static str {
        match self {
            Self::Saas => "Grow recurring revenue",
            Self::Ecommerce => "Grow the shop",
            Self::Marketing => "Bring customers at a cost that pays",
            Self::Sales => "Close the quarter",
            Self::Support => "Keep customers happy",
            Self::Executive => "Grow without running dry",
            Self::Platform => "Deliver fast and stay up",
        }
    }
}
