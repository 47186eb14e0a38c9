//! What samples are handed to, so that which family carries which number is said once (`body`):
//! encoders write them down, a history keeps them.

use super::families::Family;

/// Takes families one after the other.
pub(super) trait Sink {
    type Family<'a>: FamilySink
    where
        Self: 'a;

    fn family(&mut self, family: &Family) -> Self::Family<'_>;
}

/// Takes the samples of one family. `labels` is a rendered set without braces (see
/// [`super::encode::push_label`]).
pub(super) trait FamilySink {
    fn sample(&mut self, labels: &str, value: f64);

    /// A sample with one label more.
    fn sample_with(&mut self, labels: &str, extra: (&str, &str), value: f64);
}
