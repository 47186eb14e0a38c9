//! What every example has to say about itself, to people and to the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kpi_exporter::config::{self, Config, Environment};
use kpi_exporter::kpi::{Baseline, KpiKind};

use crate::exchange::{Story, read, run, said};
use crate::services::SERVICES;

const FOLDER: &str = "config/examples";

fn examples() -> Vec<PathBuf> {
    let files = glob::glob(&format!("{FOLDER}/*.yaml")).unwrap();
    let files: Vec<PathBuf> = files.map(Result::unwrap).collect();
    assert!(!files.is_empty());
    files
}

fn name(file: &Path) -> &str {
    file.file_stem().unwrap().to_str().unwrap()
}

/// The comment that a file begins with.
fn header(text: &str) -> Vec<&str> {
    text.lines().take_while(|line| line.starts_with('#')).collect()
}

/// Variables that have no default, one for each time they are needed.
fn required(text: &str) -> Vec<&str> {
    let references = text.split("${env:").skip(1).map(|rest| rest.split('}').next().unwrap());
    references.filter(|reference| !reference.contains(":-")).collect()
}

/// Something for each variable that has no default, and nothing else.
fn least_environment(text: &str) -> BTreeMap<String, String> {
    let value = |variable: &str| match variable {
        "PRODUCT_DATABASE_URL" => "postgres://reader@db.example.com/product",
        url if url.ends_with("_URL") => "https://service.example.com",
        _ => "example",
    };
    required(text).into_iter().map(|name| (name.to_owned(), value(name).to_owned())).collect()
}

fn load(file: &Path) -> Config {
    let environment = least_environment(&read(file)).into_iter().collect::<Environment>();
    config::load(file, &environment).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn every_example_is_run_by_a_test() {
    let files: BTreeSet<String> = examples().iter().map(|file| name(file).to_owned()).collect();
    let tested: BTreeSet<String> = SERVICES.iter().map(ToString::to_string).collect();
    assert_eq!(files, tested);
    for file in examples() {
        let story = Story::of(name(&file));
        assert_eq!(story.config, file);
        let kpis = load(&file).definitions.kpis;
        let ids: BTreeSet<&str> = kpis.iter().map(|kpi| kpi.id.as_str()).collect();
        assert_eq!(story.expected.keys().map(String::as_str).collect::<BTreeSet<_>>(), ids);
    }
}

#[test]
fn every_example_names_its_api_and_where_that_is_documented() {
    for file in examples() {
        let text = read(&file);
        let header = header(&text);
        let at = header.iter().position(|line| line.starts_with("# API: "));
        let at = at.unwrap_or_else(|| panic!("{}: no `# API:`", file.display()));
        let said = header[at];
        assert!(said.contains("version") || said.chars().any(|c| c.is_ascii_digit()), "{said}");
        assert!(header[at + 1].starts_with("#   https://"), "{}", file.display());
    }
}

#[test]
fn the_warehouses_say_first_that_they_were_not_tried() {
    for service in ["bigquery", "snowflake"] {
        let text = read(&Path::new(FOLDER).join(service).with_extension("yaml"));
        // After the line for editors.
        let first = text.lines().nth(1).unwrap_or_default();
        assert!(first.starts_with("# not tested against the real service"), "{service}");
    }
}

#[test]
fn every_kpi_is_owned_and_can_be_acted_upon_and_some_lead() {
    for file in examples() {
        let kpis = load(&file).definitions.kpis;
        for kpi in &kpis {
            let id = format!("{}: {}", file.display(), kpi.id);
            assert!(kpi.owner.is_some() && !kpi.levers.is_empty(), "{id}");
            assert!(kpi.objective.is_some() && kpi.team.is_some(), "{id}");
            assert!(kpi.baseline != Baseline::None, "{id}");
            assert!(kpi.description.as_ref().is_some_and(|said| said.ends_with('.')), "{id}");
            let early = kpi.kind != KpiKind::Lagging;
            assert_eq!(early, !kpi.predicts.is_empty(), "{id} predicts {:?}", kpi.predicts);
        }
        for lagging in [false, true] {
            let found = kpis.iter().any(|kpi| (kpi.kind == KpiKind::Lagging) == lagging);
            assert!(found, "{}: lagging {lagging}", file.display());
        }
    }
}

#[tokio::test]
async fn what_has_a_default_need_not_be_set_and_what_has_none_is_asked_for() {
    for file in examples() {
        let text = read(&file);
        let checked = run(&file, &least_environment(&text), &["check"]).await;
        assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
        let refused = run(&file, &BTreeMap::new(), &["check"]).await;
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0));
        let told = said(&refused);
        let required = required(&text);
        for variable in &required {
            let error = format!("the environment variable `{variable}` is not set\n");
            assert!(told.contains(&error), "no {error:?} in\n{told}");
        }
        let errors = told.lines().filter(|line| line.contains(".yaml:")).count();
        assert_eq!(errors, required.len(), "{told}");
    }
}

#[test]
fn the_header_and_the_table_tell_what_to_set_and_what_to_get() {
    let table = read(&Path::new(FOLDER).join("README.md"));
    for file in examples() {
        let text = read(&file);
        let header = header(&text).join("\n");
        let link = format!("| [{0}]({0}) |", file.file_name().unwrap().to_str().unwrap());
        let row = table.lines().find(|line| line.starts_with(&link));
        let row = row.unwrap_or_else(|| panic!("no {link}"));
        for variable in required(&text) {
            assert!(header.contains(&format!("{variable}=")), "{}: {variable}", file.display());
            assert!(row.contains(&format!("`{variable}`")), "{variable} in {row}");
        }
        for kpi in load(&file).definitions.kpis {
            assert!(row.contains(&kpi.title), "{} in {row}", kpi.title);
        }
    }
}
