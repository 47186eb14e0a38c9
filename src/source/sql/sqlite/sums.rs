//! `sum`, `total` and `avg` in place of SQLite's own, which count text that is no number as zero or
//! as its first digits. Otherwise they give what SQLite's give. Not here: what is a number
//! (`numbers`), and other arithmetic (`checks`).

use std::panic::{RefUnwindSafe, UnwindSafe};

use rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error};

use super::numbers::Number;
use super::refusal::Refusals;

/// Puts the functions in place.
pub(super) fn install(connection: &Connection, refusals: &Refusals) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, kind) in [("sum", SumKind::Sum), ("total", SumKind::Total), ("avg", SumKind::Mean)] {
        let function = Checked { name, kind, refusals: refusals.clone() };
        connection.create_window_function(name, 1, flags, function)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum SumKind {
    Sum,
    Total,
    Mean,
}

struct Checked {
    name: &'static str,
    kind: SumKind,
    refusals: Refusals,
}

/// What has been added up: whole numbers exactly, the others with the error of each step.
#[derive(Default)]
struct Sum {
    integers: i128,
    reals: f64,
    /// What rounding has taken from `reals` (Neumaier).
    lost: f64,
    real_count: i64,
    count: i64,
}

impl RefUnwindSafe for Checked {}
impl UnwindSafe for Checked {}

impl Checked {
    fn number(&self, context: &Context<'_>) -> Result<Option<Number>, Error> {
        let value = context.get_raw(0);
        if value == ValueRef::Null {
            return Ok(None);
        }
        self.refusals.number(self.name, value).map(Some)
    }

    fn outcome(&self, sum: &Sum) -> Result<Value, Error> {
        let whole = sum.integers as f64;
        Ok(match self.kind {
            SumKind::Sum | SumKind::Mean if sum.count == 0 => Value::Null,
            SumKind::Sum if sum.real_count == 0 => Value::Integer(
                i64::try_from(sum.integers)
                    .map_err(|_| Error::UserFunctionError("integer overflow".into()))?,
            ),
            SumKind::Sum | SumKind::Total => Value::Real(whole + sum.real()),
            SumKind::Mean => Value::Real((whole + sum.real()) / sum.count as f64),
        })
    }
}

impl Sum {
    fn add(&mut self, number: Number, times: i64) {
        self.count += times;
        match number {
            Number::Integer(number) => self.integers += i128::from(number) * i128::from(times),
            Number::Real(number) => {
                self.real_count += times;
                let number = number * times as f64;
                let sum = self.reals + number;
                self.lost += if self.reals.abs() >= number.abs() {
                    (self.reals - sum) + number
                } else {
                    (number - sum) + self.reals
                };
                self.reals = sum;
            }
        }
    }

    /// After an infinity, what was lost is no number.
    fn real(&self) -> f64 {
        if self.lost.is_finite() { self.reals + self.lost } else { self.reals }
    }
}

impl Aggregate<Sum, Value> for Checked {
    fn init(&self, _: &mut Context<'_>) -> Result<Sum, Error> {
        Ok(Sum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<(), Error> {
        if let Some(number) = self.number(context)? {
            sum.add(number, 1);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Sum>) -> Result<Value, Error> {
        self.outcome(&sum.unwrap_or_default())
    }
}

impl WindowAggregate<Sum, Value> for Checked {
    fn value(&self, sum: Option<&mut Sum>) -> Result<Value, Error> {
        match sum {
            Some(sum) => self.outcome(sum),
            None => self.outcome(&Sum::default()),
        }
    }

    fn inverse(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<(), Error> {
        if let Some(number) = self.number(context)? {
            sum.add(number, -1);
        }
        Ok(())
    }
}
