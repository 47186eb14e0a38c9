//! Content negotiation (RFC 9110 §12.5): which format and which encoding a scraper wants.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderName};

use crate::exposition::{Compressor, ExpositionFormat};

/// OpenMetrics when it is named, in the version that is served, and wanted at least as much as
/// classic text; classic text for everything else, `*/*` and nonsense included.
pub(super) fn format(headers: &HeaderMap) -> ExpositionFormat {
    let (mut open_metrics, mut text) = (0.0_f64, 0.0_f64);
    for choice in choices(headers, &ACCEPT) {
        match choice.name.as_str() {
            "application/openmetrics-text" if choice.has_version(&["1.0.0"]) => {
                open_metrics = open_metrics.max(choice.quality);
            }
            "text/plain" if choice.has_version(&["0.0.4"]) => text = text.max(choice.quality),
            "text/*" | "*/*" => text = text.max(choice.quality),
            _ => {}
        }
    }
    if open_metrics > 0.0 && open_metrics >= text {
        ExpositionFormat::OpenMetrics
    } else {
        ExpositionFormat::Text
    }
}

/// The compression that is most welcome, unless none is more so.
pub(super) fn compressor(headers: &HeaderMap) -> Option<Compressor> {
    let quality = |name: &str| {
        choices(headers, &ACCEPT_ENCODING)
            .find(|choice| choice.name == name)
            .map(|choice| choice.quality)
    };
    let gzip = quality("gzip").or_else(|| quality("*")).unwrap_or(0.0);
    // Whoever takes anything may not know it.
    let zstd = quality("zstd").unwrap_or(0.0);
    let best = if zstd > 0.0 && zstd >= gzip { Compressor::Zstd } else { Compressor::Gzip };
    let welcome = gzip.max(zstd);
    (welcome > 0.0 && welcome >= quality("identity").unwrap_or(0.0)).then_some(best)
}

/// One entry of a header such as `text/plain;version=0.0.4;q=0.5, */*;q=0.1`.
struct Choice {
    name: String,
    version: Option<String>,
    quality: f64,
}

impl Choice {
    fn parse(entry: &str) -> Self {
        let mut parts = entry.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let mut choice = Self { name, version: None, quality: 1.0 };
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "q" => choice.quality = value.parse().map_or(0.0, |q: f64| q.clamp(0.0, 1.0)),
                "version" => choice.version = Some(value.to_owned()),
                _ => {}
            }
        }
        choice
    }

    /// Whether it names none, or one of these.
    fn has_version(&self, served: &[&str]) -> bool {
        self.version.as_deref().is_none_or(|version| served.contains(&version))
    }
}

fn choices(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = Choice> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(Choice::parse)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn classic_text_is_the_default_and_openmetrics_has_to_be_asked_for() {
        for (accept, expected) in [
            (vec![], ExpositionFormat::Text),
            (vec!["*/*"], ExpositionFormat::Text),
            (vec![""], ExpositionFormat::Text),
            (vec!["application/json"], ExpositionFormat::Text),
            (vec!["text/html,*/*;q=0.8"], ExpositionFormat::Text),
            (vec!["application/openmetrics-text"], ExpositionFormat::OpenMetrics),
            (
                vec!["Application/OpenMetrics-Text; Version=\"1.0.0\""],
                ExpositionFormat::OpenMetrics,
            ),
            (vec!["application/openmetrics-text;version=0.0.1"], ExpositionFormat::Text),
            (vec!["application/openmetrics-text;q=0, text/plain"], ExpositionFormat::Text),
            (vec!["application/openmetrics-text;q=0.3, text/plain;q=0.7"], ExpositionFormat::Text),
            (
                vec!["application/openmetrics-text;q=0.7, text/plain;q=0.3"],
                ExpositionFormat::OpenMetrics,
            ),
            (
                vec!["text/plain;q=0.2", "application/openmetrics-text"],
                ExpositionFormat::OpenMetrics,
            ),
            (vec!["application/openmetrics-text;q=x, text/plain;q=0.1"], ExpositionFormat::Text),
            // Prometheus 2.42.
            (
                vec![
                    "application/openmetrics-text;version=1.0.0,\
                     application/openmetrics-text;version=0.0.1;q=0.75,\
                     text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ],
                ExpositionFormat::OpenMetrics,
            ),
            // Prometheus 3.
            (
                vec![
                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                     application/openmetrics-text;version=0.0.1;q=0.5,\
                     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                     text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                ],
                ExpositionFormat::OpenMetrics,
            ),
        ] {
            assert_eq!(format(&headers(&ACCEPT, &accept)), expected, "{accept:?}");
        }
    }

    #[test]
    fn compression_is_used_only_when_it_is_accepted() {
        let (gzip, zstd) = (Some(Compressor::Gzip), Some(Compressor::Zstd));
        for (accept, expected) in [
            (vec![], None),
            (vec!["gzip"], gzip),
            (vec!["GZIP;q=0.5, br"], gzip),
            (vec!["gzip;q=0"], None),
            (vec!["*"], gzip),
            (vec!["*;q=0"], None),
            (vec!["gzip;q=0, *"], None),
            (vec!["gzip;q=0.1, identity;q=0.9"], None),
            (vec!["deflate, br"], None),
            (vec!["zstd"], zstd),
            (vec!["gzip, deflate, br, zstd"], zstd),
            (vec!["gzip;q=0.9, zstd;q=0.8"], gzip),
            (vec!["gzip;q=0.8", "zstd;q=0.9"], zstd),
            (vec!["zstd;q=0.5, identity"], None),
            (vec!["zstd;q=0, gzip"], gzip),
            (vec!["zstd, *;q=0.1"], zstd),
        ] {
            assert_eq!(compressor(&headers(&ACCEPT_ENCODING, &accept)), expected, "{accept:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "[ -~]{0,60}") {
            let _ = format(&headers(&ACCEPT, &[&value]));
            let _ = compressor(&headers(&ACCEPT_ENCODING, &[&value]));
        }
    }
}
