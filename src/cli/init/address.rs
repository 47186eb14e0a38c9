//! Where the numbers come from: what is asked and what is written of an address. A password never gets
//! into the file.

use std::path::{Path, PathBuf};

/// An address as somebody gave it.
#[derive(Debug, Clone, Default)]
pub(super) struct Address {
    /// As given, maybe with `${env:NAME}`; `None` where nobody gave one.
    pub(super) given: Option<String>,
}

impl Address {
    /// A relative path of SQLite is meant from where the program runs, and is written as from the file.
    pub(super) fn of(given: Option<&str>, output: &Path) -> Self {
        let given = given.map(|given| {
            let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
            let path = given.strip_prefix("sqlite://").filter(|path| !path.starts_with(['/', '$']));
            match (path, folder, std::env::current_dir()) {
                (Some(path), Some(_), Ok(here)) => {
                    let absolute: PathBuf = here.join(path);
                    format!("sqlite://{}", absolute.display())
                }
                _ => given.to_owned(),
            }
        });
        Self { given }
    }

    pub(super) fn is_prometheus(&self) -> bool {
        self.given.as_ref().is_some_and(|given| given.starts_with("http"))
    }

    /// Whether it is by itself no secret.
    pub(super) fn is_plain(&self) -> bool {
        let Some(given) = &self.given else { return true };
        given.contains("${") || !holds_secret(given)
    }

    /// What the file says: the address itself, or the variable that holds it.
    pub(super) fn written(&self, variable: &str) -> String {
        match &self.given {
            Some(given) if self.is_plain() => given.clone(),
            _ => format!("${{env:{variable}}}"),
        }
    }
}

/// Whether there may be a password in it. Rather too often: then a variable holds all of it.
fn holds_secret(url: &str) -> bool {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    let login = rest.rsplit_once('@').map_or("", |(login, _)| login);
    let question = rest.split_once('?').map_or("", |(_, question)| question).to_lowercase();
    login.contains(':')
        || ["pass", "secret", "token", "key", "pwd", "credential"]
            .iter()
            .any(|word| question.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_password_is_not_written() {
        for (url, written) in [
            ("postgres://reader@db/shop", "postgres://reader@db/shop"),
            ("postgres://reader:s3cret@db/shop", "${env:DB}"),
            ("postgres://reader:a@b:c/d@db/shop", "${env:DB}"),
            ("mysql://db/shop?user=x&PASSWORD=y", "${env:DB}"),
            ("postgres://db/shop?sslmode=require", "postgres://db/shop?sslmode=require"),
            (
                "postgres://reader:${file:/run/secrets/db}@db/shop",
                "postgres://reader:${file:/run/secrets/db}@db/shop",
            ),
            ("sqlite://shop.db", "sqlite://shop.db"),
        ] {
            let address = Address::of(Some(url), Path::new("kpi.yaml"));
            assert_eq!(address.written("DB"), written, "{url}");
        }
        assert_eq!(Address::of(None, Path::new("k.yaml")).written("DB"), "${env:DB}");
    }

    #[test]
    fn a_file_in_another_folder_finds_the_database() {
        let address = Address::of(Some("sqlite://shop.db"), Path::new("conf/kpi.yaml"));
        let written = address.written("DB");
        assert!(written.starts_with("sqlite:///") && written.ends_with("/shop.db"), "{written}");
    }
}
