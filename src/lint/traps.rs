//! The traps of the field, where definitions and queries show them: K101 to K107. Each is looked for by
//! signs that are sure; queries with secrets in them are not looked at.

use super::Found;
use crate::calendar::WindowSpec;
use crate::kpi::{Accumulation, Direction, Kpi, Path, Target, Unit, at_least, at_most};
use crate::metric::Metric;
use chrono::Days;

/// What becomes of a member of a cohort later.
const OUTCOMES: [&str; 8] =
    ["convert", "activat", "retain", "paid_", "refund", "return", "upgrad", "churn"];
/// Columns that say when a member came.
const ENTRIES: [&str; 10] = [
    "start",
    "creat",
    "sign",
    "regist",
    "join",
    "trial_start",
    "order",
    "purchas",
    "install",
    "entered",
];

/// Names of stocks.
const STOCKS: [&str; 20] = [
    "mrr",
    "arr",
    "headcount",
    "inventory",
    "backlog",
    "balance",
    "customer count",
    "active customers",
    "active users",
    "active accounts",
    "active subscribers",
    "active subscriptions",
    "open tickets",
    "open pipeline",
    "open deals",
    "open issues",
    "cash in bank",
    "subscriber count",
    "user count",
    "installed base",
];
/// Words by which a name with a stock in it is a movement of it.
const MOVEMENTS: [&str; 16] = [
    "new",
    "net",
    "added",
    "gained",
    "lost",
    "churned",
    "churn",
    "expansion",
    "contraction",
    "won",
    "upsell",
    "reactivation",
    "growth",
    "increase",
    "change",
    "gross",
];

/// Names of ratios to what there was at the start.
const GROWING: [&str; 7] = [
    "churn",
    "repeat purchase",
    "repeat rate",
    "attrition",
    "turnover rate",
    "returning customer",
    "reactivation rate",
];

pub(super) fn kpi(found: &mut Found<'_>, kpi: &Kpi) {
    growing(found, kpi);
    stock(found, kpi);
    milestones(found, kpi);
    minimum(found, kpi);
}

pub(super) fn metrics(found: &mut Found<'_>) {
    let config = found.config;
    for metric in config.definitions.metrics.values() {
        let Some(sql) = sql(metric) else { continue };
        let id = metric.id.as_str();
        if is_partial(&sql) && feeds_a_share(found, metric) {
            let hint = "count members whose time is over: shift the window by that time, or ask by the day on \
                        which the time ends (`trial_ends_on < :window_end_date`)";
            let message = format!("`{id}` counts members of a cohort who can still convert");
            found.of_metric("K101", id, "query", message, hint.to_owned());
        }
        if is_mean_of_ratios(&sql) {
            let hint = "fetch both sums and divide in the formula: `sum(a) AS a, sum(b) AS b`, `formula: m.a / m.b`";
            let message = format!("`{id}` averages a ratio");
            found.of_metric("K102", id, "query", message, hint.to_owned());
        }
        if is_sum_of_distinct(&sql) {
            let hint = "count distinct over the whole window, without the inner GROUP BY";
            let message = format!("`{id}` adds up distinct counts");
            found.of_metric("K103", id, "query", message, hint.to_owned());
        }
    }
}

/// The text of an SQL query in lower case with single spaces, comments left out.
fn sql(metric: &Metric) -> Option<String> {
    let (language, text) = metric.query.definition();
    let text = text.as_str().filter(|_| language == "sql" && !metric.query.is_secret())?;
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let words: Vec<String> = lines.flat_map(str::split_whitespace).map(str::to_lowercase).collect();
    Some(words.join(" ").replace(" (", "(").replace("( ", "(").replace(" )", ")"))
}

/// A count of who came in the window beside a count of what became of them since.
fn is_partial(sql: &str) -> bool {
    let shifted = ["interval", " days'", "date_sub", "dateadd", "julianday"]
        .iter()
        .any(|word| sql.contains(word));
    let entered = ENTRIES.iter().any(|entry| {
        sql.match_indices(entry).any(|(at, _)| {
            let rest = &sql[at..];
            let column = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let whole_word = at == 0 || !sql[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            whole_word
                && column
                    .trim_start()
                    .trim_start_matches(['<', '='])
                    .trim_start()
                    .starts_with(":window_end")
                && column.trim_start().starts_with('<')
                && !is_moved(column)
        })
    });
    let became = OUTCOMES.iter().any(|outcome| {
        sql.match_indices(outcome).any(|(at, _)| {
            let column =
                sql[at..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            column.trim_start().starts_with("is not null")
        })
    });
    entered && became && !shifted
}

/// `< :window_end_date - 30`: until a day that lies back.
fn is_moved(comparison: &str) -> bool {
    let parameter = comparison.split_once(':').map_or("", |(_, rest)| rest);
    let rest = parameter.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    rest.trim_start().starts_with('-')
}

/// Whether a percentage is made of it over a window that ends now.
fn feeds_a_share(found: &Found<'_>, metric: &Metric) -> bool {
    let mut users =
        found.config.definitions.kpis.iter().filter(|kpi| kpi.value_draws_on(&metric.id));
    users.any(|kpi| kpi.unit == Unit::Percent && kpi.formula.quotient().is_some())
}

/// `avg(a / b)`, or `avg(conversion_rate)`.
fn is_mean_of_ratios(sql: &str) -> bool {
    inside(sql, "avg(").iter().any(|inner| {
        // A date is no ratio, and a constant below is none either.
        let divided = inner.split_once('/').is_some_and(|(_, below)| {
            below
                .trim_start()
                .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '(')
        });
        let named = ["_rate", "_ratio", "_pct", "_percent", "_share"]
            .iter()
            .any(|end| inner.trim_end().ends_with(end));
        divided || named || ["rate", "ratio", "pct", "ctr"].contains(&inner.trim())
    })
}

/// `sum(n)` over an inner `count(distinct …)`, or `sum(dau)`.
fn is_sum_of_distinct(sql: &str) -> bool {
    let named = inside(sql, "sum(").iter().any(|inner| {
        let column = inner.rsplit('.').next().unwrap_or(inner).trim();
        [
            "dau",
            "wau",
            "mau",
            "unique_visitors",
            "unique_users",
            "distinct_users",
            "daily_active_users",
            "unique_customers",
        ]
        .contains(&column)
    });
    let nested = sql.find("count(distinct").is_some_and(|inner| {
        let before = &sql[..inner];
        let outer = before.rfind("from(select").or_else(|| before.rfind("as(select"));
        // Named by the sum that stands outside.
        let name =
            sql[inner..].split(") as ").nth(1).and_then(|rest| rest.split([' ', ',', ')']).next());
        let Some(name) = name.filter(|_| outer.is_some()) else { return false };
        let grouped = sql[inner..].contains("group by");
        grouped && inside(sql, "sum(").iter().any(|summed| summed.rsplit('.').next() == Some(name))
    });
    named || nested
}

/// What stands in the parentheses of each call.
fn inside<'s>(sql: &'s str, call: &str) -> Vec<&'s str> {
    let mut found = Vec::new();
    for (at, _) in sql.match_indices(call) {
        let whole_word =
            at == 0 || !sql[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let start = at + call.len();
        let mut depth = 1;
        let end = sql[start..].char_indices().find(|(_, c)| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        found.extend(end.filter(|_| whole_word).map(|(length, _)| &sql[start..start + length]));
    }
    found
}

/// Id and title in lower case, words with single spaces, with one around them.
fn name_of(kpi: &Kpi) -> String {
    let name = format!("{} {}", kpi.id, kpi.title).to_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    format!(" {} ", words.collect::<Vec<_>>().join(" "))
}

fn growing(found: &mut Found<'_>, kpi: &Kpi) {
    let name = name_of(kpi);
    let known = GROWING.iter().any(|known| name.contains(&format!(" {known} ")));
    // A seasonal path compares with the same point of earlier periods.
    let seasonal = matches!(kpi.path, Path::Seasonal(_));
    if !known || seasonal || !kpi.is_ratio_to_date() || kpi.formula.quotient().is_none() {
        return;
    }
    let message = format!("`{}` over the period so far grows with its window", kpi.id);
    let hint = "measure it over a trailing window, like `window: 30d`, which is as long every day"
        .to_owned();
    found.of_kpi("K104", kpi, "window", message, hint);
}

fn stock(found: &mut Found<'_>, kpi: &Kpi) {
    if kpi.accumulation != Accumulation::Flow {
        return;
    }
    let name = name_of(kpi);
    let Some(stock) = STOCKS.iter().find(|stock| name.contains(&format!(" {stock} "))) else {
        return;
    };
    if MOVEMENTS.iter().any(|word| name.contains(&format!(" {word} "))) {
        return;
    }
    let message = format!("`{}` is a flow, and `{stock}` is the name of a stock", kpi.id);
    let hint =
        "write `accumulation: level`; or name the movement, like net new or added".to_owned();
    found.of_kpi("K105", kpi, "accumulation", message, hint);
}

fn milestones(found: &mut Found<'_>, kpi: &Kpi) {
    let (Path::Milestones(milestones), Target::Absolute(target)) = (&kpi.path, &kpi.target) else {
        return;
    };
    let calendar = &found.config.definitions.calendar;
    let leap = |(month, day): (u32, u32)| chrono::NaiveDate::from_ymd_opt(2024, month, day);
    let yearly = milestones.yearly.iter().filter_map(|(day, value)| Some((leap(*day)?, *value)));
    let days = yearly.chain(milestones.dated.iter().map(|(day, value)| (*day, *value)));
    let short = days.into_iter().find(|(day, value)| {
        let close = calendar.day_start(*day + Days::new(1));
        let last = calendar.period_at(&kpi.period, close).span.end == close;
        let reached = match kpi.direction {
            Direction::Increase => at_least(*value, *target),
            Direction::Decrease if kpi.accumulation == Accumulation::Flow => true,
            Direction::Decrease => at_most(*value, *target),
            Direction::Maintain => true,
        };
        last && !reached
    });
    let Some((day, value)) = short else { return };
    let unit = &kpi.unit;
    let (value, target) = (unit.show(value), unit.show(*target));
    let message = format!(
        "the milestones of `{}` end at {value} on {day}, short of the target {target}",
        kpi.id
    );
    let hint = format!("end with {target}, or leave that day out");
    found.of_kpi("K106", kpi, "path", message, hint);
}

fn minimum(found: &mut Found<'_>, kpi: &Kpi) {
    let Target::Min(limit) = kpi.target else { return };
    if kpi.unit != Unit::Percent
        || !(0.99..1.0).contains(&limit)
        || kpi.window == WindowSpec::PeriodToDate && kpi.formula.quotient().is_none()
    {
        return;
    }
    let most = kpi.unit.show(1.0 - limit);
    let message = format!("`{}` keeps a minimum near 100 %", kpi.id);
    let hint = format!(
        "count what fails: `target: {{ max: {most} }}` of errors shows how fast they are spent"
    );
    found.of_kpi("K107", kpi, "target", message, hint.replace(" %", "%"));
}
