//! What `check` accepts, `run` can start: addresses and files that people write by mistake, or to see
//! what happens. For each, `check` refuses it with its place, or the daemon opens it.

use std::path::Path;

use crate::exporter::{Exporter, command};

const SECRET: &str = "s3cret";

/// Settings of a source, of which some are fit for use.
const SOURCES: [&str; 92] = [
    "sql: { url: 'postgres://h/shop' }",
    "sql: { url: 'postgres://u:s3cret@h/shop' }",
    "sql: { url: 'postgres://u:s3cret@[::1]:5432/shop' }",
    "sql: { url: 'postgres://[::1' }",
    "sql: { url: 'postgres://[::g]/shop' }",
    "sql: { url: 'postgres://[fe80::1%25eth0]/shop' }",
    "sql: { url: 'postgres://::1:5432/shop' }",
    "sql: { url: 'postgres://h:0/shop' }",
    "sql: { url: 'postgres://h:65536/shop' }",
    "sql: { url: 'postgres://h:-1/shop' }",
    "sql: { url: 'postgres://h:5432x/shop' }",
    "sql: { url: 'postgres://h:/shop' }",
    "sql: { url: 'postgres:///shop' }",
    "sql: { url: 'postgres://' }",
    "sql: { url: 'postgres:shop' }",
    "sql: { url: 'postgres://a,b:6000/shop' }",
    "sql: { url: 'postgres://a,,b/shop' }",
    "sql: { url: 'postgres://,/shop' }",
    "sql: { url: 'postgres:///shop?host=/run/postgresql' }",
    "sql: { url: 'postgres://%2Frun%2Fpostgresql/shop' }",
    "sql: { url: 'postgres:///shop?host=@abstract' }",
    "sql: { url: 'postgres:///shop?host=a,b&port=1,2,3' }",
    "sql: { url: 'postgres://h/shop?host=' }",
    "sql: { url: 'postgres://h/shop?sslmode=verify-full' }",
    "sql: { url: 'postgres://h/shop?sslmode=on' }",
    "sql: { url: 'postgres://h/shop?sslmode=' }",
    "sql: { url: 'postgres://h/shop?sslmode=require&sslmode=disable' }",
    "sql: { url: 'postgres://h/shop?sslrootcert=/no/file.pem' }",
    "sql: { url: 'postgres://h/shop?channel_binding=require' }",
    "sql: { url: 'postgres://h/shop?connect_timeout=5' }",
    "sql: { url: 'postgres://h/shop?connect_timeout=-5' }",
    "sql: { url: 'postgres://h/shop?connect_timeout=99999999999999999999' }",
    "sql: { url: 'postgres://h/shop?application_name=a%00b' }",
    "sql: { url: 'postgres://h/shop?application_name=%ff' }",
    "sql: { url: 'postgres://h/shop?options=-c%20search_path%3Dx' }",
    "sql: { url: 'postgres://h/shop?search_path=\"a' }",
    "sql: { url: 'postgres://h/shop?target_session_attrs=primary' }",
    "sql: { url: 'postgres://h/shop?target_session_attrs=boss' }",
    "sql: { url: 'postgres://h/shop?nonsense=1' }",
    "sql: { url: 'postgres://h/shop?=1' }",
    "sql: { url: 'postgres://h/shop?&&' }",
    "sql: { url: 'postgres://h/shop#part' }",
    "sql: { url: 'postgres://u:p@ss:w%rd@h/shop' }",
    "sql: { url: 'postgres://u:s3cret@h:port/shop' }",
    "sql: { url: 'postgres://h/a/b' }",
    "sql: { url: 'mysql://h/shop' }",
    "sql: { url: 'mysql://u:s3cret@[::1]:3306/shop' }",
    "sql: { url: 'mysql://h:0/shop' }",
    "sql: { url: 'mysql://h:65536/shop' }",
    "sql: { url: 'mysql://a,b/shop' }",
    "sql: { url: 'mysql:///shop?socket=/run/mysqld/mysqld.sock' }",
    "sql: { url: 'mysql://h/shop?ssl-mode=VERIFY_CA' }",
    "sql: { url: 'mysql://h/shop?ssl-mode=maybe' }",
    "sql: { url: 'mysql://h/shop?charset=latin1' }",
    "sql: { url: 'mysql://h/shop?timezone=UTC' }",
    "sql: { url: 'mysql://[::1/shop' }",
    "sql: { url: 'mariadb://' }",
    "sql: { url: 'sqlite:shop.db' }",
    "sql: { url: 'sqlite::memory:' }",
    "sql: { url: 'sqlite://' }",
    "sql: { url: 'sqlite:shop.db?mode=rwc' }",
    "sql: { url: 'sqlite:shop.db?mode=memory' }",
    "sql: { url: 'sqlite:shop.db?vfs=none' }",
    "sql: { url: 'sqlite:shop%00.db' }",
    "sql: { url: 'clickhouse+http://h:8123/shop' }",
    "sql: { url: 'clickhouse+http://[::1]:8123/shop', user: u, password: s3cret }",
    "sql: { url: 'clickhouse+http://h:0/shop' }",
    "sql: { url: 'clickhouse+http://h:65536/shop' }",
    "sql: { url: 'clickhouse+http://h/shop', user: 'é\\n' }",
    "sql: { url: \"clickhouse+http://h/shop\", user: \"a\\nb\" }",
    "sql: { url: 'clickhouse+http://' }",
    "sql: { url: 'trino+https://h:8443/catalog/schema' }",
    "sql: { url: \"trino+http://h/catalog\", user: \"a\\nb\" }",
    "sql: { url: \"trino+http://h/cat%0Aalog\" }",
    "sql: { url: 'trino+http://h/é' }",
    "http: { url: 'http://h' }",
    "http: { url: 'http://[::1]:8080' }",
    "http: { url: 'http://h:0' }",
    "http: { url: 'http://h:65536' }",
    "http: { url: 'http://' }",
    "http: { url: 'http:// h' }",
    "http: { url: 'https://h', tls: { ca_file: no.pem } }",
    "http: { url: 'http://h', proxy: 'http://p:0' }",
    "http: { url: 'http://h', proxy: 'socks5://p:1080' }",
    "http: { url: 'http://h', proxy: 'http://u:s3cret@p:3128' }",
    "http: { url: 'http://h', headers: { x: \"a\\nb\" } }",
    "prometheus: { url: 'http://h:9090' }",
    "prometheus: { url: 'http://h:0' }",
    "files: { tables: { t: t.txt } }",
    "files: { tables: { t: 'data/*.xls' } }",
    "files: { tables: { t: 'data/[a-.csv' } }",
    "files: { tables: { t: 'data/*' } }",
];

const REST: &str = "
  healthy: { files: { tables: { orders: orders.csv } } }
metrics:
  orders: { source: healthy, query: SELECT count(*) AS value FROM orders }
kpis:
  orders: { kind: leading, formula: orders, accumulation: level, unit: count, target: { min: 1 } }
";

/// The exit code of `check`, and all that it says.
fn check(config: &Path) -> (Option<i32>, String) {
    let output = command().args(["check", "--config"]).arg(config).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn what_check_accepts_the_daemon_opens_and_the_rest_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kpis.yaml");
    std::fs::write(folder.path().join("orders.csv"), "id\n1\n2\n").unwrap();
    let mut accepted = String::from("version: 1\nsources:\n");
    let (mut good, mut refused) = (0, 0);
    for (number, source) in SOURCES.into_iter().enumerate() {
        std::fs::write(&config, format!("version: 1\nsources:\n  s: {{ {source} }}{REST}"))
            .unwrap();
        let (code, said) = check(&config);
        assert!(!said.contains(SECRET) && !said.contains("panicked"), "{source}: {said}");
        if code == Some(0) {
            accepted.extend(["  s", &number.to_string(), ": { ", source, " }\n"]);
            good += 1;
        } else {
            assert_eq!(code, Some(2), "{source}: {said}");
            let place = format!("{}:3:", config.display());
            assert!(said.contains(&place), "{source}: {said}");
            refused += 1;
        }
    }
    assert!(good > 30 && refused > 40, "{good} accepted, {refused} refused:\n{accepted}");
    std::fs::write(&config, accepted.trim_end().to_owned() + REST).unwrap();
    let daemon = Exporter::run(&config);
    daemon.until("asked", |metrics| {
        metrics.lines().any(|line| line.starts_with("kpi_value{") && line.ends_with(" 2"))
    });
    assert!(!daemon.log().contains("cannot be opened"), "{}", daemon.log());
}

#[test]
fn a_source_that_cannot_be_reached_in_any_way_is_down_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kpis.yaml");
    std::fs::write(folder.path().join("orders.csv"), "id\n1\n2\n").unwrap();
    let sources = "version: 1\ndefaults: { schedule: every 1s }\nsources:
  s0: { http: { url: 'https://127.0.0.1:1', retries: 0, tls: { ca_file: no.pem } } }
  s1: { sql: { url: 'postgres://u@127.0.0.1:1/x?sslmode=verify-full&sslrootcert=/no/ca.pem' } }
  s2: { sql: { url: 'mysql://u@[::1]:1/x' } }
  s3: { sql: { url: 'postgres://u@/x?host=/no/folder' } }
  s4: { sql: { url: 'sqlite:/no/folder/x.db' } }";
    let metrics = (1..5)
        .map(|n| format!("  m{n}: {{ source: s{n}, query: SELECT 1 AS value }}\n"))
        .chain(["  m0: { source: s0, request: { path: /x }, format: number }\n".to_owned()])
        .collect::<Vec<_>>()
        .concat();
    let kpi = |n: u32| {
        format!(
            "  k{n}: {{ kind: leading, formula: m{n}, accumulation: level, unit: count, target: {{ min: \
             1 }} }}\n"
        )
    };
    let kpis = (0..5).map(kpi).collect::<Vec<_>>().concat();
    let rest = REST.replace("metrics:\n", &format!("metrics:\n{metrics}"));
    std::fs::write(&config, format!("{sources}{rest}{kpis}")).unwrap();
    let (code, said) = check(&config);
    assert_eq!(code, Some(0), "{said}");
    let daemon = Exporter::run(&config);
    daemon.until("all down but one", |metrics| {
        let up = |id: &str, value: &str| {
            let start = format!("kpi_source_up{{source=\"{id}\"");
            metrics.lines().any(|line| line.starts_with(&start) && line.ends_with(value))
        };
        (0..5).all(|n| up(&format!("s{n}"), " 0")) && up("healthy", " 1")
    });
}
