//! What stands ready under `deploy/`: YAML that parses, files that are there, a unit that systemd
//! understands. Containers and clusters cannot run here.

use std::fs;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser};

use crate::rules::tool;

/// All scalars of a YAML file, in order; panics when it does not parse.
fn scalars(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let scalar = |event| match event {
        Event::Scalar(text, ..) => Some(text.into_owned()),
        _ => None,
    };
    Parser::new_from_str(&text)
        .filter_map(|event| scalar(event.unwrap_or_else(|e| panic!("{}: {e}", path.display())).0))
        .collect()
}

fn yaml_files() -> Vec<PathBuf> {
    let found = ["deploy/**/*.yml", "deploy/**/*.yaml", "grafana/**/*.yaml"]
        .into_iter()
        .flat_map(|pattern| glob::glob(pattern).unwrap().map(Result::unwrap));
    // Templates of a chart are YAML only when Helm has filled them in.
    found.filter(|file| !file.components().any(|part| part.as_os_str() == "templates")).collect()
}

/// The chart holds copies, since Helm reads nothing outside of it.
#[test]
fn the_chart_has_the_rules_and_dashboards_that_are_generated() {
    let chart = Path::new("deploy/helm/kpi-exporter/files");
    let mut copies = vec![(
        chart.join("kpi-exporter.rules.yml"),
        PathBuf::from("deploy/prometheus/kpi-exporter.rules.yml"),
    )];
    for dashboard in glob::glob("grafana/dashboards/*.json").unwrap().map(Result::unwrap) {
        copies.push((chart.join("dashboards").join(dashboard.file_name().unwrap()), dashboard));
    }
    assert_eq!(copies.len(), 5);
    for (copy, original) in copies {
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::copy(&original, &copy).unwrap();
        }
        let same = fs::read(&copy).ok() == fs::read(&original).ok();
        assert!(same, "{} is not {}: run with UPDATE_EXPECT=1", copy.display(), original.display());
    }
}

#[test]
fn every_yaml_file_parses() {
    let files = yaml_files();
    assert!(files.len() > 14, "{files:?}");
    for file in files {
        assert!(!scalars(&file).is_empty(), "{}", file.display());
    }
}

#[test]
fn every_file_that_another_one_refers_to_is_there() {
    let mut checked = 0;
    let mut check = |file: &Path, reference: &str| {
        let folder = file.parent().unwrap();
        assert!(folder.join(reference).exists(), "{} refers to {reference}", file.display());
        checked += 1;
    };
    for file in glob::glob("**/kustomization.yaml").unwrap().map(Result::unwrap) {
        for text in scalars(&file) {
            let reference = text.rsplit('=').next().unwrap();
            if reference.contains(['/', '.']) && !text.contains("k8s.io") && reference != "0.1.0" {
                check(&file, reference);
            }
        }
    }
    let compose = Path::new("deploy/compose.yaml");
    for text in scalars(compose) {
        let Some((host, _)) = text.split_once(":/").filter(|(host, _)| host.starts_with('.'))
        else {
            continue;
        };
        check(compose, host);
    }
    check(compose, "../deploy/Dockerfile");
    assert!(checked > 12, "{checked}");
}

#[test]
fn ports_and_job_names_agree() {
    let deployment = fs::read_to_string("deploy/kubernetes/deployment.yaml").unwrap();
    assert!(deployment.contains("{ name: metrics, containerPort: 9877 }"));
    for path in ["/-/healthy", "/-/ready"] {
        assert!(deployment.contains(path), "{path}");
    }
    let service = fs::read_to_string("deploy/kubernetes/service.yaml").unwrap();
    // The operator takes the name of the Service as job name, which the rules expect.
    assert!(
        service.contains("\n  name: kpi-exporter\n")
            && service.contains("name: metrics, port: 9877")
    );
    let monitor = fs::read_to_string("deploy/kubernetes/servicemonitor.yaml").unwrap();
    assert!(monitor.contains("port: metrics"));
    let prometheus = fs::read_to_string("deploy/prometheus/prometheus.yml").unwrap();
    assert!(prometheus.contains("job_name: kpi-exporter\n"));
    let dockerfile = fs::read_to_string("deploy/Dockerfile").unwrap();
    assert!(dockerfile.contains("\nEXPOSE 9877\n") && dockerfile.contains("\nUSER 10001:10001\n"));
}

/// Docker cannot run in the tests, so the build's needs are followed by name: what it copies is let
/// through, and every file outside `src` that the sources embed or the manifest names is copied.
#[test]
fn the_image_is_given_all_that_the_build_reads() {
    let dockerfile = fs::read_to_string("deploy/Dockerfile").unwrap();
    let ignored = fs::read_to_string(".dockerignore").unwrap();
    let mut copied: Vec<&str> = Vec::new();
    for line in dockerfile.lines().filter(|line| !line.contains("--from=")) {
        let Some(rest) = line.strip_prefix("COPY ") else { continue };
        let mut words: Vec<&str> = rest.split(' ').collect();
        words.pop();
        copied.extend(words);
    }
    for source in &copied {
        assert!(Path::new(source).exists(), "{source}");
        assert!(ignored.lines().any(|line| line == format!("!{source}")), "{source} is ignored");
    }
    let is_copied = |path: &str| copied.iter().any(|source| Path::new(path).starts_with(source));
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    for line in manifest.lines().filter_map(|line| line.strip_prefix("path = ")) {
        assert!(is_copied(line.trim_matches('"')), "{line}");
    }
    let is_test = |file: &PathBuf| file.iter().any(|part| part.to_str().unwrap().contains("test"));
    let sources = glob::glob("src/**/*.rs").unwrap().map(Result::unwrap);
    for file in sources.filter(|file| !is_test(file)) {
        let text = fs::read_to_string(&file).unwrap();
        for embedded in text.split("include_str!(\"").skip(1).filter_map(|s| s.split('"').next()) {
            let path = file.parent().unwrap().join(embedded).canonicalize().unwrap();
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().unwrap();
            let path = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            assert!(is_copied(&path), "{path} is embedded by {}", file.display());
        }
    }
}

#[test]
fn the_example_configuration_of_the_cluster_is_usable() {
    let output = crate::exporter::command()
        .args(["check", "--config", "deploy/kubernetes/config.yaml"])
        .env("SHOP_PASSWORD", "secret")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The unit names the installed program; here the built one stands in for it.
#[test]
fn systemd_understands_the_unit() {
    let unit = fs::read_to_string("deploy/systemd/kpi-exporter.service").unwrap();
    for line in [
        "Type=notify",
        "WatchdogSec=60s",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "DynamicUser=yes",
        "ProtectSystem=strict",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kpi-exporter.service");
    let installed = "/usr/local/bin/kpi-exporter";
    fs::write(&file, unit.replace(installed, env!("CARGO_BIN_EXE_kpi-exporter"))).unwrap();
    let (good, said) = tool("systemd-analyze", &["verify", "--man=no", file.to_str().unwrap()]);
    assert!(good && said.is_empty(), "{said}");
}
