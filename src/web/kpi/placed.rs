//! Where the words on a chart stand: as near as can be to what they are about, off its lines and off each
//! other. Not here: what they say (`chart`, `marks`).

use maud::{Markup, html};

use super::axis::{Frame, Room, Side, tenth};

/// What a line of text takes above and below the height at which it stands.
const ABOVE: f64 = 13.0;
const BELOW: f64 = 4.0;

/// Half of a line that is drawn, and what is left free beside it.
const LINE: f64 = 2.0;

/// Widths at which lines are looked at, and steps in which a place is looked for.
const COLUMN: f64 = 2.0;
const STEP: (f64, f64) = (6.0, 2.0);

/// A text that is moved up or down says something else sooner than one that is moved aside.
const ASIDE: f64 = 2.0;

/// A text that has to stand farther than this from its thing is no help.
const NEAR: f64 = 40.0;

/// A part of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Area {
    fn of_text(left: f64, wide: f64, y: f64) -> Self {
        Self { left, right: left + wide, top: y - ABOVE, bottom: y + BELOW }
    }

    /// Of something that reaches so far to every side.
    pub(super) fn around((x, y): (f64, f64), reach: f64) -> Self {
        Self { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// The words of a chart so far.
#[derive(Debug)]
pub(super) struct Placed<'f> {
    frame: &'f Frame,
    /// How high and low lines go, from left to right.
    columns: Vec<Option<(f64, f64)>>,
    taken: Vec<Area>,
    /// How many found no place.
    without_room: usize,
}

impl<'f> Placed<'f> {
    /// None yet, on a chart with these lines, in its own units.
    pub(super) fn beside(frame: &'f Frame, lines: &[Vec<(f64, f64)>]) -> Self {
        let columns = vec![None; steps(frame.room.width, COLUMN) + 1];
        let mut placed = Self { frame, columns, taken: Vec::new(), without_room: 0 };
        for line in lines {
            placed.draw(line);
        }
        placed
    }

    fn draw(&mut self, line: &[(f64, f64)]) {
        for (from, to) in line.iter().zip(line.iter().skip(1).chain(line.last())) {
            for column in self.reach(from.0 - LINE, to.0 + LINE) {
                let at = |x: f64| {
                    let share = if to.0 > from.0 { (x - from.0) / (to.0 - from.0) } else { 0.5 };
                    from.1 + (to.1 - from.1) * share.clamp(0.0, 1.0)
                };
                let x = column as f64 * COLUMN;
                // Steep lines are of any height within a column.
                let (one, other) = if to.0 - from.0 < COLUMN {
                    (from.1, to.1)
                } else {
                    (at(x - COLUMN), at(x + 2.0 * COLUMN))
                };
                let (high, low) = (one.min(other) - LINE, one.max(other) + LINE);
                let old = self.columns[column].unwrap_or((high, low));
                self.columns[column] = Some((old.0.min(high), old.1.max(low)));
            }
        }
    }

    fn reach(&self, from: f64, to: f64) -> std::ops::Range<usize> {
        let column = |x: f64| steps(x, COLUMN);
        column(from).min(self.columns.len())..(column(to) + 1).min(self.columns.len())
    }

    /// How high and low lines go between two places.
    fn lines_in(&self, left: f64, right: f64) -> Option<(f64, f64)> {
        let found = self.columns[self.reach(left, right)].iter().flatten().copied();
        found.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// Takes a part of the picture for something else.
    pub(super) fn take(&mut self, area: Area) {
        self.taken.push(area);
    }

    /// How many found no place; the chart is drawn again with so many rows for them.
    pub(super) fn without_room(&self) -> usize {
        self.without_room
    }

    /// A text that ends or begins near a place.
    pub(super) fn put(&mut self, class: &str, at: (f64, f64), side: Side, text: &str) -> Markup {
        let wide = self.width_of(class, text);
        let wanted = self.wanted(wide, at, side);
        let found = self.nearest(wide, wanted);
        if found.is_none() {
            self.without_room += 1;
        }
        self.write(class, text, wide, found.unwrap_or(wanted), side)
    }

    /// The same, or nothing where there is no room near it.
    pub(super) fn put_near(
        &mut self,
        class: &str,
        at: (f64, f64),
        side: Side,
        text: &str,
    ) -> Markup {
        let wide = self.width_of(class, text);
        let (left, y) = self.wanted(wide, at, side);
        let near = |found: &(f64, f64)| (found.0 - left).abs() + (found.1 - y).abs() < NEAR;
        let found = self.nearest(wide, (left, y)).filter(near);
        found.map_or_else(Markup::default, |found| self.write(class, text, wide, found, side))
    }

    fn write(
        &mut self,
        class: &str,
        text: &str,
        wide: f64,
        (left, y): (f64, f64),
        side: Side,
    ) -> Markup {
        self.taken.push(Area::of_text(left, wide, y));
        let (x, anchor) = match side {
            Side::Right => (left, None),
            Side::Left => (left + wide, Some("end")),
        };
        html! { text.over.(class) x=(tenth(x)) y=(tenth(y)) text-anchor=[anchor] { (text) } }
    }

    /// Bold letters are broader.
    fn width_of(&self, class: &str, text: &str) -> f64 {
        self.frame.width_of(text) * if class == "soft" { 1.0 } else { 1.06 }
    }

    /// Left edge and height, inside the picture.
    fn wanted(&self, wide: f64, (x, y): (f64, f64), side: Side) -> (f64, f64) {
        let left = if side == Side::Left { x - wide } else { x };
        let bounds = self.bounds();
        (left.min(bounds.right - wide).max(bounds.left), y.clamp(bounds.top, bounds.bottom))
    }

    /// Where texts may begin and end, and the heights at which they may stand.
    fn bounds(&self) -> Area {
        let Room { width, top, bottom, beside, right, .. } = *self.frame.room;
        let right = if beside { right } else { width - 5.0 };
        Area { left: self.frame.left() + 2.0, right, top: top + ABOVE, bottom: bottom - BELOW }
    }

    /// The free place that is nearest. Above the lines texts stand in rows, so that none blocks two.
    fn nearest(&self, wide: f64, wanted: (f64, f64)) -> Option<(f64, f64)> {
        let (bounds, rows) = (self.bounds(), self.frame.rows());
        let across = steps(bounds.right - bounds.left - wide, STEP.0);
        let lefts = (0..=across).map(|step| bounds.left + step as f64 * STEP.0).chain([wanted.0]);
        let below = self.frame.highest() + ABOVE;
        let down = steps(bounds.bottom - below, STEP.1);
        let heights = (0..=down).map(|step| below + step as f64 * STEP.1);
        let own = Some(wanted.1).filter(|y| *y >= below);
        let heights: Vec<f64> = heights.chain(rows).chain(own).collect();
        let mut best: Option<(f64, (f64, f64))> = None;
        for left in lefts {
            let lines = self.lines_in(left, left + wide);
            for y in heights.iter().copied() {
                let far = (left - wanted.0).abs() + ASIDE * (y - wanted.1).abs();
                if best.is_some_and(|(least, _)| least <= far) {
                    continue;
                }
                let area = Area::of_text(left, wide, y);
                let crossed = lines.is_some_and(|(high, low)| area.top < low && high < area.bottom);
                if !crossed && !self.taken.iter().any(|other| other.meets(&area)) {
                    best = Some((far, (left, y)));
                }
            }
        }
        best.map(|(_, place)| place)
    }
}

/// Whole steps in a length.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "of the size of a picture, and not below zero"
)]
fn steps(length: f64, step: f64) -> usize {
    (length / step).max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::axis::{BROAD, NARROW};
    use super::*;
    use crate::kpi::Unit;

    /// Whether a line from one place to another meets an area, by its ends and by cutting it in halves.
    fn crosses(area: &Area, from: (f64, f64), to: (f64, f64)) -> bool {
        (0..=400).any(|part| {
            let share = f64::from(part) / 400.0;
            let (x, y) = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            area.left < x && x < area.right && area.top < y && y < area.bottom
        })
    }

    fn series() -> impl Strategy<Value = Vec<f64>> {
        let any = prop::collection::vec(-1e3..1e3_f64, 1..200);
        let walk = prop::collection::vec(-1.0..1.1_f64, 1..300).prop_map(|steps| {
            let walk = steps.iter().scan(0.0, |sum, step| {
                *sum += step;
                Some(*sum)
            });
            walk.collect()
        });
        let saw = (2..300_usize, 1..20_usize)
            .prop_map(|(days, teeth)| (0..days).map(|day| (day % (teeth + 1)) as f64).collect());
        prop_oneof![any, walk, saw]
    }

    proptest! {
        /// As a chart does it: again with rows for those that found no place.
        #[test]
        fn words_stand_off_the_lines_and_off_each_other(
            values in series(),
            words in prop::collection::vec(("[a-z]{1,18}", 0.0..1.0_f64, 0.0..1.0_f64, any::<bool>()), 1..6),
            narrow in any::<bool>(),
        ) {
            let room = if narrow { &NARROW } else { &BROAD };
            let days = values.len() as f64;
            let all: Vec<f64> = values.iter().copied().chain([values[0] + 1.0]).collect();
            let mut rows = 0;
            loop {
                let frame = Frame::around(room, &all, days, &Unit::Count, rows).unwrap();
                let spots = values.iter().enumerate();
                let line: Vec<_> = spots.map(|(day, value)| (frame.x(day as f64), frame.y(*value))).collect();
                let mut placed = Placed::beside(&frame, std::slice::from_ref(&line));
                for (text, x, y, left) in &words {
                    let at = (x * room.width, y * room.height);
                    placed.put("data", at, if *left { Side::Left } else { Side::Right }, text);
                }
                if placed.without_room() > 0 {
                    prop_assert_eq!(rows, 0, "the rows are enough");
                    rows = words.len();
                    continue;
                }
                for (index, area) in placed.taken.iter().enumerate() {
                    prop_assert!(area.left >= frame.left() && area.right <= room.width, "{:?}", area);
                    prop_assert!(area.top >= 0.0 && area.bottom <= room.bottom, "{:?}", area);
                    prop_assert!(!placed.taken[..index].iter().any(|other| other.meets(area)), "{:?}", placed.taken);
                    let pieces = line.iter().zip(line.iter().skip(1).chain(line.last()));
                    for (from, to) in pieces {
                        prop_assert!(!crosses(area, *from, *to), "{:?} {:?} {:?}", area, from, to);
                    }
                }
                break;
            }
        }
    }

    #[test]
    fn a_text_stands_where_it_is_wanted_if_that_is_free_and_is_left_out_where_nothing_near_is() {
        let frame = Frame::around(&NARROW, &[0.0, 100.0], 90.0, &Unit::Count, 0).unwrap();
        let mut placed = Placed::beside(&frame, &[]);
        let drawn = placed.put("soft", (200.0, 100.0), Side::Left, "one").into_string();
        assert!(drawn.contains("x=\"200\" y=\"100\" text-anchor=\"end\">one<"), "{drawn}");
        let drawn = placed.put("soft", (200.0, 100.0), Side::Left, "two").into_string();
        assert!(!drawn.contains("x=\"200\" y=\"100\""), "{drawn}");
        placed.take(Area { left: 0.0, right: 340.0, top: 40.0, bottom: 286.0 });
        assert_eq!(placed.put_near("soft", (200.0, 180.0), Side::Left, "no").into_string(), "");
        assert_eq!(placed.without_room(), 0);
    }
}
