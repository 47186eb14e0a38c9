//! Writing samples: the classic text format 0.0.4 and OpenMetrics 1.0.0. Knows escapes and
//! headings; not what a KPI is.
//!
//! Formats: <https://prometheus.io/docs/instrumenting/exposition_formats/> and
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use std::io;

use super::families::{Family, FamilyKind};
use super::number::push_number;
use super::sink::{FamilySink, Sink};

/// A text format for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExpositionFormat {
    /// Prometheus text 0.0.4.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl ExpositionFormat {
    /// Value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Writes families one after the other into one string.
pub(super) struct Encoder {
    out: String,
    format: ExpositionFormat,
}

/// One family being written. Its heading appears with the first sample: a family without samples
/// leaves no trace.
pub(super) struct FamilyWriter<'a> {
    out: &'a mut String,
    format: ExpositionFormat,
    name: &'a str,
    kind: FamilyKind,
    help: &'a str,
    started: bool,
}

impl Encoder {
    pub(super) fn new(format: ExpositionFormat, capacity: usize) -> Self {
        Self { out: String::with_capacity(capacity), format }
    }

    /// A family that is not ours, such as `process_*`.
    pub(super) fn foreign<'a>(
        &'a mut self,
        name: &'a str,
        kind: FamilyKind,
        help: &'a str,
    ) -> FamilyWriter<'a> {
        FamilyWriter { out: &mut self.out, format: self.format, name, kind, help, started: false }
    }

    /// Bytes written so far.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Takes back what was written after so many bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
    }

    /// Appends samples as they were written before.
    pub(super) fn push_text(&mut self, samples: &str) {
        self.out.push_str(samples);
    }

    /// Everything written. OpenMetrics needs [`Encoder::finish`] at the very end of a body.
    pub(super) fn into_text(self) -> String {
        self.out
    }

    /// Everything written, and the end mark where the format has one.
    pub(super) fn finish(mut self) -> String {
        if self.format == ExpositionFormat::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}

impl Sink for Encoder {
    type Family<'a> = FamilyWriter<'a>;

    fn family(&mut self, family: &Family) -> FamilyWriter<'_> {
        let Family { name, kind, help } = *family;
        self.foreign(name, kind, help)
    }
}

/// A number that is not finite is left out.
impl FamilySink for FamilyWriter<'_> {
    fn sample(&mut self, labels: &str, value: f64) {
        self.write("", labels, None, value, None);
    }

    fn sample_with(&mut self, labels: &str, extra: (&str, &str), value: f64) {
        self.write("", labels, Some(extra), value, None);
    }
}

impl FamilyWriter<'_> {
    /// The same family, whose heading is written already.
    pub(super) fn going_on(self) -> Self {
        Self { started: true, ..self }
    }

    /// A sample of the past: `timestamp` as OpenMetrics writes it, in seconds. Scrapes have none.
    pub(super) fn sample_at(
        &mut self,
        labels: &str,
        extra: Option<(&str, &str)>,
        value: f64,
        timestamp: &str,
    ) {
        self.write("", labels, extra, value, Some(timestamp));
    }

    /// Hands over what has been written so far, for output too large to be kept.
    pub(super) fn drain(&mut self, out: &mut impl io::Write) -> io::Result<()> {
        out.write_all(self.out.as_bytes())?;
        self.out.clear();
        Ok(())
    }

    /// A histogram: cumulative `(upper bound, count)` pairs without the last, infinite one.
    pub(super) fn histogram(
        &mut self,
        labels: &str,
        buckets: impl Iterator<Item = (f64, u64)>,
        sum: f64,
        count: u64,
    ) {
        let mut bound = String::new();
        for (upper, cumulative) in buckets.filter(|(upper, _)| upper.is_finite()) {
            bound.clear();
            push_number(&mut bound, upper);
            // OpenMetrics wants bounds to look like floats.
            if self.format == ExpositionFormat::OpenMetrics && !bound.contains(['.', 'e']) {
                bound.push_str(".0");
            }
            self.write("_bucket", labels, Some(("le", &bound)), cumulative as f64, None);
        }
        self.write("_bucket", labels, Some(("le", "+Inf")), count as f64, None);
        self.write("_sum", labels, None, sum, None);
        self.write("_count", labels, None, count as f64, None);
    }

    fn write(
        &mut self,
        suffix: &str,
        labels: &str,
        extra: Option<(&str, &str)>,
        value: f64,
        timestamp: Option<&str>,
    ) {
        if !value.is_finite() {
            return;
        }
        if !self.started {
            self.started = true;
            self.heading();
        }
        self.out.push_str(self.name);
        self.out.push_str(suffix);
        if !labels.is_empty() || extra.is_some() {
            self.out.push('{');
            self.out.push_str(labels);
            if let Some((name, value)) = extra {
                if !labels.is_empty() {
                    self.out.push(',');
                }
                push_pair(self.out, name, value);
            }
            self.out.push('}');
        }
        self.out.push(' ');
        push_number(self.out, value);
        if let Some(timestamp) = timestamp {
            self.out.push(' ');
            self.out.push_str(timestamp);
        }
        self.out.push('\n');
    }

    pub(super) fn heading(&mut self) {
        let (name, kind) = match self.format {
            ExpositionFormat::Text => (self.name, classic_type(self.kind)),
            ExpositionFormat::OpenMetrics => open_metrics_heading(self.name, self.kind),
        };
        for part in ["# HELP ", name, " "] {
            self.out.push_str(part);
        }
        escape(self.out, self.help, self.format == ExpositionFormat::OpenMetrics);
        for part in ["\n# TYPE ", name, " ", kind, "\n"] {
            self.out.push_str(part);
        }
    }
}

fn classic_type(kind: FamilyKind) -> &'static str {
    match kind {
        FamilyKind::Gauge | FamilyKind::Info | FamilyKind::StateSet => "gauge",
        FamilyKind::Counter => "counter",
        FamilyKind::Histogram => "histogram",
    }
}

/// In OpenMetrics the suffix belongs to the sample, not to the family.
fn open_metrics_heading(name: &str, kind: FamilyKind) -> (&str, &'static str) {
    let without = |suffix| name.strip_suffix(suffix).unwrap_or(name);
    match kind {
        FamilyKind::Gauge => (name, "gauge"),
        FamilyKind::Counter => (without("_total"), "counter"),
        FamilyKind::Histogram => (name, "histogram"),
        FamilyKind::Info => (without("_info"), "info"),
        FamilyKind::StateSet => (name, "stateset"),
    }
}

/// Appends `name="value"` to a rendered label set, after a comma where one is needed.
pub(super) fn push_label(set: &mut String, name: &str, value: &str) {
    if !set.is_empty() {
        set.push(',');
    }
    push_pair(set, name, value);
}

fn push_pair(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    escape(out, value, true);
    out.push('"');
}

/// NUL becomes U+FFFD: scrapers take it for the end of the body.
fn escape(out: &mut String, text: &str, quotes: bool) {
    let special = |c: char| matches!(c, '\\' | '\n' | '\0') || (quotes && c == '"');
    let mut rest = text;
    while let Some(at) = rest.find(special) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'"' => "\\\"",
            _ => "\u{fffd}",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::families::{
        KPI_EXPORTER_BUILD_INFO, KPI_SOURCE_FETCH_DURATION_SECONDS, KPI_SOURCE_FETCHES_TOTAL,
        KPI_STATUS, KPI_VALUE,
    };
    use super::super::labels::push_user_labels;
    use super::super::tests::reader::{self, Sample};
    use super::*;
    use crate::metric::Labels;

    #[test]
    fn a_family_has_one_heading_and_none_without_samples() {
        let mut encoder = Encoder::new(ExpositionFormat::Text, 0);
        encoder.family(&KPI_STATUS).sample("", f64::NAN);
        let mut family = encoder.family(&KPI_VALUE);
        family.sample("", 1.0);
        family.sample(r#"a="b""#, f64::INFINITY);
        family.sample_with(r#"a="b""#, ("c", "d"), 2.0);
        assert_eq!(
            encoder.finish(),
            format!(
                "# HELP {0} {1}\n# TYPE {0} gauge\n{0} 1\n{0}{{a=\"b\",c=\"d\"}} 2\n",
                KPI_VALUE.name, KPI_VALUE.help
            )
        );
    }

    #[test]
    fn a_nul_which_would_end_the_body_for_a_scraper_is_replaced() {
        let mut set = String::new();
        push_label(&mut set, "a", "x\0y");
        assert_eq!(set, "a=\"x\u{fffd}y\"");
    }

    #[test]
    fn openmetrics_moves_suffixes_from_the_family_to_the_sample() {
        let mut encoder = Encoder::new(ExpositionFormat::OpenMetrics, 0);
        for family in [KPI_SOURCE_FETCHES_TOTAL, KPI_EXPORTER_BUILD_INFO, KPI_STATUS] {
            encoder.family(&family).sample("", 1.0);
        }
        let body = encoder.finish();
        let types: Vec<_> = body.lines().filter(|line| line.starts_with("# TYPE")).collect();
        insta::assert_snapshot!(types.join("\n"), @r"
        # TYPE kpi_source_fetches counter
        # TYPE kpi_exporter_build info
        # TYPE kpi_status stateset
        ");
        assert!(body.contains("\nkpi_source_fetches_total 1\n"));
        assert!(body.ends_with("\n# EOF\n"));
    }

    #[test]
    fn bucket_bounds_of_openmetrics_are_floats() {
        let bounds = |format| {
            let mut encoder = Encoder::new(format, 0);
            let buckets = [(0.5, 1), (10.0, 2), (1e7, 2), (f64::INFINITY, 3)];
            encoder.family(&KPI_SOURCE_FETCH_DURATION_SECONDS).histogram(
                "",
                buckets.into_iter(),
                4.5,
                3,
            );
            let (_, samples) = reader::read(&encoder.finish());
            samples.iter().filter_map(|sample| sample.labels.get("le").cloned()).collect::<Vec<_>>()
        };
        assert_eq!(bounds(ExpositionFormat::Text), ["0.5", "10", "1e+07", "+Inf"]);
        assert_eq!(bounds(ExpositionFormat::OpenMetrics), ["0.5", "10.0", "1e+07", "+Inf"]);
    }

    fn formats() -> impl Strategy<Value = ExpositionFormat> {
        prop_oneof![Just(ExpositionFormat::Text), Just(ExpositionFormat::OpenMetrics)]
    }

    /// Any text, with the awkward characters more often than chance would have it.
    fn texts() -> impl Strategy<Value = String> {
        let awkward = prop::sample::select(vec!["\\", "\n", "\"", "\\n", "{", "}", ",", "\r", "ü"]);
        prop::collection::vec(
            prop_oneof![any::<char>().prop_map(String::from), awkward.prop_map(str::to_owned)],
            0..12,
        )
        .prop_map(|parts| parts.concat().replace('\0', "0"))
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back(
            format in formats(),
            labels in prop::collection::btree_map(texts(), texts(), 0..5),
            help in texts(),
            value in any::<f64>(),
        ) {
            let labels: Labels = labels.into_iter().collect();
            let mut set = String::new();
            push_user_labels(&mut set, &labels);
            let mut encoder = Encoder::new(format, 0);
            encoder.foreign("some_name", FamilyKind::Gauge, &help).sample(&set, value);
            let (families, samples) = reader::read(&encoder.finish());

            if !value.is_finite() {
                prop_assert!(families.is_empty() && samples.is_empty());
                return Ok(());
            }
            prop_assert_eq!(&families[0].help, &help);
            let [Sample { labels: read, value: read_value, .. }] = &samples[..] else {
                panic!("one sample expected");
            };
            prop_assert_eq!(read_value.to_bits(), (value + 0.0).to_bits());
            let mut written: Vec<_> = labels.values().map(str::to_owned).collect();
            let mut got: Vec<_> = read.values().cloned().collect();
            written.sort();
            got.sort();
            prop_assert_eq!(got, written);
        }
    }
}
