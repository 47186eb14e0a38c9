//! Spans in periods before the running one. Not here: who needs them (`demand`, `seasons`).

use chrono::{DateTime, Utc};

use crate::calendar::{Calendar, Period, WindowSpec};
use crate::kpi::Kpi;
use crate::metric::Span;

/// An earlier period as a whole; with a trailing window, the window that ends at `end`.
pub(super) fn closed(
    calendar: &Calendar,
    window: WindowSpec,
    period: &Period,
    end: DateTime<Utc>,
) -> Span {
    let window = match window {
        WindowSpec::PeriodToDate => period.span,
        trailing => calendar.window(trailing, period, end),
    };
    Span { window, period: period.span, as_of: end }
}

/// The window of the value at the same point of the period before; a trailing one where that ended.
pub(super) fn before(
    kpi: &Kpi,
    calendar: &Calendar,
    period: &Period,
    as_of: DateTime<Utc>,
) -> Span {
    let earlier = calendar.previous(period);
    let point = match kpi.window {
        WindowSpec::PeriodToDate => calendar.same_point(&earlier, period, as_of),
        WindowSpec::TrailingDays(_) | WindowSpec::TrailingSeconds(_) => period.span.start,
    };
    let window = calendar.window(kpi.window, &earlier, point);
    Span { window, period: earlier.span, as_of: point }
}
