//! The words of a chart: what its lines are, what is now, which days are shown. Not here: where there is
//! room for them (`placed`).

use maud::{Markup, html};

use super::axis::{Frame, Side};
use super::lines::{Lines, projected};
use super::placed::Placed;
use crate::assess::Assessment;
use crate::kpi::Kpi;
use crate::web::words::period_days;

/// What the parts of the picture are, above all lines.
pub(super) fn headings(
    frame: &Frame,
    words: &mut Placed<'_>,
    lines: &Lines,
    a: &Assessment,
) -> Markup {
    let (left, begin) = (frame.left(), frame.x(lines.begin));
    let y = frame.room.top + 16.0;
    let period = words.put("soft", (begin + 8.0, y), Side::Right, &period_days(&a.period));
    html! {
        (period)
        @if begin - left > 70.0 { (words.put_near("soft", (left + 8.0, y), Side::Right, "closed")) }
    }
}

/// Where the line of today is.
pub(super) fn today(frame: &Frame, words: &mut Placed<'_>, lines: &Lines) -> Markup {
    let (x, y) = (frame.x(lines.today), frame.room.bottom - 6.0);
    // Of a period that is over there is nothing to its right.
    let (x, side) =
        if lines.today < lines.end { (x + 11.0, Side::Right) } else { (x - 6.0, Side::Left) };
    words.put("soft", (x, y), side, "today")
}

/// What the lines are, written beside them, or in the picture where that is narrow.
pub(super) fn labels(
    frame: &Frame,
    words: &mut Placed<'_>,
    lines: &Lines,
    kpi: &Kpi,
    a: &Assessment,
) -> Markup {
    let beside = frame.room.beside;
    let shown = |value: f64| kpi.unit.show(value);
    let mut wanted: Vec<(f64, &str, String)> = Vec::new();
    let (over, under) = (|y: f64| y - 10.0, |y: f64| y + 19.0);
    let goal = |y: f64| if beside { y + 4.0 } else { over(y) };
    if let Some(target) = a.target_value {
        wanted.push((goal(frame.y(target)), "strong", format!("Target {}", shown(target))));
    } else if let (false, Some(low), Some(high)) =
        (beside, a.target_lower_value, a.target_upper_value)
    {
        let band = format!("Target {} – {}", shown(low), shown(high));
        wanted.push((over(frame.y(high)), "strong", band));
    } else {
        for (limit, word) in [(a.target_upper_value, "At most"), (a.target_lower_value, "At least")]
        {
            if let Some(limit) = limit {
                wanted.push((goal(frame.y(limit)), "strong", format!("{word} {}", shown(limit))));
            }
        }
    }
    if let Some(projected) = projected(lines, a) {
        let y = frame.y(projected);
        let ahead = a.target_value.is_some_and(|target| frame.y(target) > y);
        let place = match () {
            () if beside => y + 4.0,
            () if ahead => over(y),
            () => under(y),
        };
        wanted.push((place, "data", format!("Projected {}", shown(projected))));
        if let (Some(lower), Some(upper), true) =
            (a.projected_lower_value, a.projected_upper_value, beside)
        {
            wanted.push((y + 5.0, "soft", format!("{} – {}", shown(lower), shown(upper))));
        }
    }
    let (x, y) = lines.spot(frame);
    let above = a.expected_value.is_none_or(|due| lines.now.1 >= due);
    let now = (x - 6.0, y + if above { -10.0 } else { 20.0 });
    let now = words.put("data", now, Side::Left, &shown(lines.now.1));
    let end = frame.x(lines.end);
    if beside {
        let heights: Vec<f64> = wanted.iter().map(|(y, ..)| *y).collect();
        return html! {
            (now)
            @for ((_, class, text), y) in wanted.iter().zip(frame.apart(&heights)) {
                text.(class) x=(end + 12.0) y=(y) { (text) }
            }
        };
    }
    html! {
        (now)
        @for (y, class, text) in &wanted { (words.put(class, (end + 7.0, *y), Side::Left, text)) }
    }
}
