//! No secret shows: not in messages, not in debug output.

use std::fs;

use kpi_exporter::config::{Environment, load_text};

use super::{FULL, environment, loaded, refused};

#[test]
fn debug_output_of_a_configuration_holds_no_secret() {
    let config = loaded(FULL, &environment());
    let debug = format!("{config:?} {:?}", environment());
    assert!(debug.contains("warehouse") && !debug.contains("s3cr3t"), "{debug}");
}

#[test]
fn no_value_of_a_reference_shows_in_a_message_wherever_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("secret"), "s3cr3t value\n").unwrap();
    let environment = [("SECRET", "s3cr3t value")].into_iter().collect();
    // Every place of a value in the example, one after the other.
    for (at, _) in FULL.match_indices(": ") {
        let line_end = at + FULL[at..].find('\n').unwrap();
        for reference in ["\"${env:SECRET}\"", "\"${file:secret}\"", "[\"x${env:SECRET}\"]"] {
            let text = format!("{}: {reference}{}", &FULL[..at], &FULL[line_end..]);
            if let Err(diagnostics) = load_text("test.yaml", &text, dir.path(), &environment) {
                let shown = format!("{diagnostics} {diagnostics:?}");
                assert!(!shown.contains("s3cr3t"), "{text}\n{shown}");
            }
        }
    }
}

#[test]
fn literal_secrets_do_not_show_in_messages() {
    for line in [
        "shop: { sql: { url: \"pg://reader:s3cr3t@db\" } }",
        "shop: { sql: { url: \"postgres://db/shop\", password: s3cr3t, nope: 1 } }",
        "shop: { sql: { url: \"postgres://db/shop\", pasword: s3cr3t } }",
        "shop: { sql: { url: \"postgres://db/shop\", password: [s3cr3t] } }",
        "shop: { sql: { url: \"postgres://db/shop\", password: \"s3cr3t${env:NOPE}\" } }",
        "shop: { http: { auth: { bearer: s3cr3t } } }",
        "shop: { sql: { password: s3cr3t, url: } } }",
        "shop:\n    sql:\n      url: postgres://db/shop\n      password: |\n        s3cr3t${env:NOPE}",
        "shop:\n    sql:\n      max_connections: postgres://reader:s3cr3t@db",
        "shop: postgres://reader:s3cr3t@db/shop",
        "shop: { sql: { url: \"reader:s3cr3t@db/shop\" } }",
        "shop: { sql: { url: \"trino+https://reader:s3cr3t@db/a/b/c\" } }",
        "shop: { http: { url: \"https://reader:s3cr3t@db/shop\" } }",
        "shop: { http: { url: \"https://db/shop?token=s3cr3t\" } }",
        "shop: { http: { url: \"https://db\", auth: s3cr3t } }",
        "shop: { http: { url: \"https://db\", auth: { bearer: [s3cr3t] } } }",
        "shop: { http: { url: \"https://db\", auth: { api_key: { header: \"a b\", key: s3cr3t } } } }",
        "shop: { http: { url: \"https://db\", auth: { api_key: s3cr3t } } }",
        "shop: { http: { url: \"https://db\", auth: { basic: \"reader:s3cr3t\" } } }",
        "shop: { http: { auth: { oauth2: { client_secret: s3cr3t, refresh_token: s3cr3t } } } }",
        "shop: { http: { url: \"https://db\", headers: { Authorization: s3cr3t, a b: c } } }",
        "shop: { http: { url: \"https://db\", headers: { Cookie: \"s3cr3t\\n\" } } }",
        "shop: { http: { url: \"https://db\", proxy: \"http://me:s3cr3t@proxy:port\" } }",
        "shop: { http: { url: \"https://db\", proxy: \"me:s3cr3t@proxy\" } }",
    ] {
        let shown = refused(&format!("version: 1\nsources:\n  {line}\n"), &Environment::default());
        assert!(!shown.contains("s3cr3t"), "{line}\n{shown}");
    }
}
