//! The days of one series, the oldest first, in as few bytes as they need: there are years of them for thousands
//! of series. Not here: what they say (`history`).

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use chrono::NaiveDate;

use crate::assess::{Status, Sums};

/// The value at the end of a local day, or the latest of the running one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// In the KPI's unit.
    pub value: f64,
    /// Where it should have been.
    pub expected: Option<f64>,
    /// Its two parts, when the formula is a quotient.
    pub sums: Option<Sums>,
    /// The verdict at its end, where it is known.
    pub status: Option<Status>,
}

/// The days of one series.
#[derive(Clone, Default)]
pub struct Daily {
    /// In order.
    rows: Vec<Row>,
    /// Of those that have them: quotients.
    sums: BTreeMap<NaiveDate, Sums>,
}

/// A day without its parts.
#[derive(Clone, Copy)]
struct Row {
    value: f64,
    /// NaN for none.
    expected: f64,
    day: NaiveDate,
    status: Option<Status>,
}

/// Days that there is room for beside those of history.
const TO_COME: usize = 16;

impl Daily {
    /// No days.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn place(&self, day: NaiveDate) -> Result<usize, usize> {
        // Most are asked about the newest, or add one.
        match self.rows.last() {
            Some(last) if last.day == day => Ok(self.rows.len() - 1),
            Some(last) if last.day < day => Err(self.rows.len()),
            _ => self.rows.binary_search_by_key(&day, |row| row.day),
        }
    }

    fn is(&self, row: &Row) -> Day {
        let Row { value, expected, day, status } = *row;
        let sums = self.sums.get(&day).copied();
        Day { value, expected: Some(expected).filter(|number| !number.is_nan()), sums, status }
    }

    /// A day.
    pub fn get(&self, day: NaiveDate) -> Option<Day> {
        self.place(day).ok().map(|place| self.is(&self.rows[place]))
    }

    /// Makes room for so many days at once, if they are the first ones. A few are to come: without room for
    /// them the next day would move all days of thousands of series at once.
    pub fn make_room(&mut self, days: usize) {
        if self.rows.is_empty() && days > 1 {
            self.rows.reserve_exact(days + TO_COME);
        }
    }

    /// Takes in a day, in place of what was known of it.
    pub fn insert(&mut self, day: NaiveDate, is: Day) {
        let Day { value, expected, sums, status } = is;
        let row = Row { value, expected: expected.unwrap_or(f64::NAN), day, status };
        match self.place(day) {
            Ok(place) => self.rows[place] = row,
            Err(place) => {
                if self.rows.len() == self.rows.capacity() {
                    // A day at a time: twice as many would be room for a year that is not to come.
                    self.rows.reserve_exact(self.rows.len() / 8 + 1);
                }
                self.rows.insert(place, row);
            }
        }
        match sums {
            Some(sums) => drop(self.sums.insert(day, sums)),
            None => drop(self.sums.remove(&day)),
        }
    }

    /// The last days before one, and no room for more.
    #[must_use]
    pub fn last(&self, before: NaiveDate, most: usize) -> Self {
        let end = self.rows.partition_point(|row| row.day < before);
        let rows = self.rows[end.saturating_sub(most)..end].to_vec();
        let sums = match rows.first() {
            Some(first) => self.sums.range(first.day..before).map(|(day, sums)| (*day, *sums)),
            None => return Self::new(),
        };
        Self { sums: sums.collect(), rows }
    }

    /// Forgets the oldest day.
    pub fn pop_first(&mut self) {
        if !self.rows.is_empty() {
            let row = self.rows.remove(0);
            self.sums.remove(&row.day);
        }
    }

    /// The days, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (NaiveDate, Day)> {
        self.rows.iter().map(|row| (row.day, self.is(row)))
    }

    /// Which days there are, in order.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = NaiveDate> {
        self.rows.iter().map(|row| row.day)
    }

    /// Some of the days, in order.
    pub fn range(
        &self,
        days: impl RangeBounds<NaiveDate>,
    ) -> impl DoubleEndedIterator<Item = (NaiveDate, Day)> {
        let start = self.rows.partition_point(|row| match days.start_bound() {
            Bound::Included(first) => row.day < *first,
            Bound::Excluded(before) => row.day <= *before,
            Bound::Unbounded => false,
        });
        let rest = &self.rows[start..];
        let end = rest.partition_point(|row| match days.end_bound() {
            Bound::Included(last) => row.day <= *last,
            Bound::Excluded(after) => row.day < *after,
            Bound::Unbounded => true,
        });
        rest[..end].iter().map(|row| (row.day, self.is(row)))
    }
}

impl FromIterator<(NaiveDate, Day)> for Daily {
    fn from_iter<I: IntoIterator<Item = (NaiveDate, Day)>>(days: I) -> Self {
        let mut daily = Self::new();
        days.into_iter().for_each(|(day, is)| daily.insert(day, is));
        daily
    }
}

impl PartialEq for Daily {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for Daily {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    fn day() -> impl Strategy<Value = Day> {
        let sums = (0..9_i32, 0..9_i32)
            .prop_map(|(above, below)| Sums { numerator: above.into(), denominator: below.into() });
        let status = prop::sample::select(Status::ALL.to_vec());
        let (expected, sums) = (prop::option::of(-9.0..9.0), prop::option::of(sums));
        (-9.0..9.0, expected, sums, prop::option::of(status))
            .prop_map(|(value, expected, sums, status)| Day { value, expected, sums, status })
    }

    proptest! {
        #[test]
        fn days_are_what_a_map_of_them_is(
            steps in prop::collection::vec((0..40_u64, prop::option::of(day())), 0..60),
        ) {
            let first = NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
            let (mut daily, mut map) = (Daily::new(), BTreeMap::new());
            for (number, is) in steps {
                let day = first + Days::new(number);
                if let Some(is) = is {
                    daily.insert(day, is);
                    map.insert(day, is);
                } else {
                    daily.pop_first();
                    map.pop_first();
                }
                prop_assert_eq!(daily.get(day), map.get(&day).copied());
                let week = day..=day + Days::new(6);
                prop_assert!(daily.range(week.clone()).eq(map.range(week).map(|(d, is)| (*d, *is))));
                prop_assert!(daily.range(..day).rev().eq(map.range(..day).rev().map(|(d, is)| (*d, *is))));
                let mut last: Vec<_> = daily.range(..day).rev().take(5).collect();
                last.reverse();
                prop_assert!(daily.last(day, 5).iter().eq(last));
                prop_assert!(daily.iter().eq(map.iter().map(|(d, is)| (*d, *is))));
                prop_assert!(daily.days().eq(map.keys().copied()));
            }
        }
    }
}
