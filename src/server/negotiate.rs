//! Content negotiation (RFC 9110 §12.5): which format and which encoding a scraper wants.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderName};

use crate::exposition::ExpositionFormat;

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

/// Whether gzip is accepted and not less welcome than no compression.
pub(super) fn gzip(headers: &HeaderMap) -> bool {
    let quality = |name: &str| {
        choices(headers, &ACCEPT_ENCODING)
            .find(|choice| choice.name == name)
            .map(|choice| choice.quality)
    };
    let gzip = quality("gzip").or_else(|| quality("*")).unwrap_or(0.0);
    gzip > 0.0 && gzip >= quality("identity").unwrap_or(0.0)
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
    fn gzip_is_used_only_when_it_is_accepted() {
        for (accept, expected) in [
            (vec![], false),
            (vec!["gzip"], true),
            (vec!["GZIP;q=0.5, br"], true),
            (vec!["gzip;q=0"], false),
            (vec!["*"], true),
            (vec!["*;q=0"], false),
            (vec!["gzip;q=0, *"], false),
            (vec!["gzip;q=0.1, identity;q=0.9"], false),
            (vec!["deflate, br"], false),
        ] {
            assert_eq!(gzip(&headers(&ACCEPT_ENCODING, &accept)), expected, "{accept:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "[ -~]{0,60}") {
            let _ = format(&headers(&ACCEPT, &[&value]));
            let _ = gzip(&headers(&ACCEPT_ENCODING, &[&value]));
        }
    }
}
