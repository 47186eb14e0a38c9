//! Where Prometheus finds the metrics.

use std::fmt;
use std::str::FromStr;

/// First parts of the paths that something else is at.
const TAKEN: [&str; 10] = [
    "",
    "-",
    "api",
    "badge",
    "favicon.ico",
    "kpi",
    "openapi.json",
    "review",
    "runbooks",
    "sources",
];

/// A path of the server's own that nothing else is at; `/metrics` by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsPath(String);

impl MetricsPath {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for MetricsPath {
    fn default() -> Self {
        Self("/metrics".to_owned())
    }
}

impl fmt::Display for MetricsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MetricsPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const LONGEST: usize = 200;
        let Some(rest) = text.strip_prefix('/') else {
            return Err("expected a path that begins with a slash, like /metrics".to_owned());
        };
        let first = rest.split('/').next().unwrap_or_default();
        if TAKEN.contains(&first) {
            return Err(format!("something else is at /{first}; choose another, like /metrics"));
        }
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        let good =
            |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain);
        if text.len() > LONGEST || !rest.split('/').all(good) {
            return Err(
                "expected letters, digits and - _ . ~ between slashes, like /internal/metrics"
                    .to_owned(),
            );
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_that_a_request_can_have_and_that_is_free() {
        for good in ["/metrics", "/internal/kpi-metrics", "/m", "/v1.0/~metrics_2"] {
            assert_eq!(good.parse::<MetricsPath>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "metrics",
            "/",
            "//",
            "/metrics/",
            "//metrics",
            "/a//b",
            "/../x",
            "/a/./b",
            "/m?x=1",
            "/m#x",
            "/m etrics",
            "/mé",
            "/%2e",
            "/-/healthy",
            "/-/x",
            "/api/v1/metrics",
            "/kpi/x",
            "/kpi",
            "/badge/x",
            "/runbooks/x",
            "/sources",
            "/review",
            "/openapi.json",
            "/favicon.ico",
        ] {
            assert!(bad.parse::<MetricsPath>().is_err(), "{bad}");
        }
        assert!(format!("/{}", "x".repeat(300)).parse::<MetricsPath>().is_err());
        assert!(MetricsPath::default().to_string().parse::<MetricsPath>().is_ok());
    }
}
