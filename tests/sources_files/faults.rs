use std::path::PathBuf;
use std::time::Duration;

use kpi_exporter::metric::FetchErrorKind;
use kpi_exporter::source::files::{FilesConfig, FilesSource};

use super::{Folder, fault, rows};
use crate::ask::table;

#[tokio::test]
async fn a_broken_file_is_told_with_its_place() {
    for (name, content, expected) in [
        (
            "t.csv",
            &b"a,b\n1,2\n3\n"[..],
            "table `t`: t.csv:3: 1 fields, but the header has 2 (hint: is a quote missing, or a \
             delimiter too much?)",
        ),
        (
            "t.csv",
            b"a,b\n1,2\n1,caf\xe9\n",
            "table `t`: t.csv:3: the text is not UTF-8 (hint: convert it, for example with \
             `iconv -f latin1 -t utf-8`)",
        ),
        (
            "t.csv",
            b"a,b\n1,\"2\n3,4\n",
            "table `t`: t.csv:2: a quote opens that never closes (hint: a quote inside a quoted value is \
             doubled: `\"5\"\" pipe\"`)",
        ),
        (
            "t.csv",
            b"a,b\r\n1,2\r\n3,\"4\r\n5,\"6\r\n",
            "table `t`: t.csv:3: a quoted value goes on after its closing quote (hint: a quote inside a \
             quoted value is doubled: `\"5\"\" pipe\"`)",
        ),
        (
            "t.csv",
            b"a,b\r\n1,2\r\n3\r\n",
            "table `t`: t.csv:3: 1 fields, but the header has 2 (hint: is a quote missing, or a delimiter \
             too much?)",
        ),
        (
            "t.ndjson",
            b"{\"a\": 1}\n{\"a\": 2, \"b\": {\"x\": 1, \"x\": 2}}\n",
            "table `t`: t.ndjson:2: broken JSON at column 0: the name `x` is there twice",
        ),
        (
            "t.json",
            b"[{\"a\": 1},\n {\"a\": 2, \"a\": 3}]",
            "table `t`: t.json:2: broken JSON at column 0: the name `a` is there twice",
        ),
        (
            "t.json",
            b"[{\"a\": \"\\ud83d\"}]",
            "table `t`: t.json:1: broken JSON at column 0: unexpected end of hex escape",
        ),
        ("t.csv", b"", "table `t`: t.csv:1: expected a header row with the names of the columns"),
        ("t.csv", b"a,b,A\n", "table `t`: t.csv:1: column `A` appears twice"),
        (
            "t.ndjson",
            b"{\"a\": 1}\n{\"a\": \n",
            "table `t`: t.ndjson:2: broken JSON at column 0: EOF while parsing a value",
        ),
        (
            "t.ndjson",
            b"{\"a\": 1}\n[1]\n",
            "table `t`: t.ndjson:2: expected an object in each line",
        ),
        (
            "t.ndjson",
            b"{\"a\": 1}\n{\"a\": \"\xe9\"}\n",
            "table `t`: t.ndjson:2: the text is not UTF-8 (hint: convert it, for example with \
             `iconv -f latin1 -t utf-8`)",
        ),
        ("t.ndjson", b"\n", "table `t`: t.ndjson has no rows, so its columns are not known"),
        (
            "t.json",
            b"[\n {\"a\": 1},\n {\"a\": }\n]",
            "table `t`: t.json:3: broken JSON at column 8: expected value",
        ),
        (
            "t.json",
            b"[{\"a\": 1}, 7]",
            "table `t`: t.json:1: broken JSON at column 12: item 2 of the array is no object",
        ),
        (
            "t.json",
            b"{\"a\": 1}\n{\"a\": 2}\n",
            "table `t`: t.json:1: broken JSON at column 0: invalid type: map, expected an array of \
             objects (hint: a file with one object per line has the ending .ndjson)",
        ),
    ] {
        let folder = Folder::new();
        folder.write(name, content);
        let source = folder.source(&[("t", name)]);
        let said = fault(&folder, &source, "SELECT * FROM t").await;
        let columns = |text: &str| {
            // Where in a line serde notices a mistake is its own business.
            let at = text.find("at column ").map(|at| at + 10);
            at.map_or(text.to_owned(), |at| {
                let rest = text[at..].trim_start_matches(|c: char| c.is_ascii_digit());
                format!("{}N{rest}", &text[..at])
            })
        };
        assert_eq!(columns(&said), columns(expected));
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named_with_its_table() {
    let folder = Folder::new();
    let source = folder.source(&[("t", "none.csv"), ("many", "none-*.csv")]);
    assert_eq!(
        fault(&folder, &source, "SELECT * FROM t").await,
        "table `t`: there is no file none.csv (hint: paths are relative to the configuration file \
         that names them)"
    );
    let error = fault(&folder, &source, "SELECT * FROM many").await;
    assert_eq!(error, "table `many`: no file matches none-*.csv");
    let error = table(&source, "SELECT * FROM t").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Unreachable);
}

#[tokio::test]
async fn not_gzip_and_cut_gzip_are_errors() {
    let folder = Folder::new();
    folder.write("t.csv", "a,b\n1,2\n3,4\n5,6\n");
    std::fs::rename(folder.path("t.csv"), folder.path("plain.csv.gz")).unwrap();
    folder.write("cut.csv.gz", "a\n".repeat(10_000));
    let whole = std::fs::File::options().write(true).open(folder.path("cut.csv.gz")).unwrap();
    whole.set_len(whole.metadata().unwrap().len() / 2).unwrap();
    let source = folder.source(&[("plain", "plain.csv.gz"), ("cut", "cut.csv.gz")]);
    let error = fault(&folder, &source, "SELECT * FROM plain").await;
    assert_eq!(error, "table `plain`: plain.csv.gz: invalid gzip header");
    let error = fault(&folder, &source, "SELECT * FROM cut").await;
    assert!(error.starts_with("table `cut`: cut.csv.gz"), "{error}");
}

#[tokio::test]
async fn a_broken_file_fails_only_the_queries_that_need_it() {
    let folder = Folder::with(&[("good.csv", "n\n1\n"), ("bad.csv", "a,b\n1\n")]);
    let source = folder.source(&[("good", "good.csv"), ("bad", "bad.csv")]);
    assert!(table(&source, "SELECT * FROM bad").await.is_err());
    assert_eq!(rows(&source, "SELECT n FROM good").await, ["1"]);
}

#[tokio::test]
async fn only_declared_tables_exist_and_none_can_be_written() {
    let folder = Folder::with(&[("t.csv", "n\n1\n"), ("secret.csv", "n\n2\n")]);
    let source = folder.source(&[("t", "t.csv")]);
    assert_eq!(
        fault(&folder, &source, "SELECT * FROM secret").await,
        "no such table: secret (hint: the tables of this source are: t)"
    );
    for write in [
        "INSERT INTO t VALUES (2)",
        "DROP TABLE t",
        "/**/PRAGMA query_only = 0",
        "DELETE FROM t",
        "VACUUM INTO 'copy.db'",
    ] {
        let error = fault(&folder, &source, write).await;
        assert!(error.contains("begins no query"), "{error}");
    }
    assert_eq!(rows(&source, "SELECT n FROM t").await, ["1"]);
}

#[tokio::test]
async fn a_slow_query_is_ended_and_the_tables_stay() {
    let folder = Folder::with(&[("t.csv", "n\n1\n")]);
    let tables = [("t".to_owned(), folder.path("t.csv").into())].into();
    let config = FilesConfig { tables, timeout: Duration::from_secs(2) };
    let source = FilesSource::new(&config).unwrap();
    let endless = "WITH RECURSIVE i (n) AS (SELECT n FROM t UNION ALL SELECT n + 1 FROM i) \
                   SELECT count(*) FROM i";
    let error = table(&source, endless).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout);
    assert_eq!(rows(&source, "SELECT n FROM t").await, ["1"]);
}

#[test]
fn a_file_of_an_unknown_kind_is_a_mistake_of_the_configuration() {
    let tables = [("t".to_owned(), PathBuf::from("/data/t.xlsx").into())].into();
    let config = FilesConfig { tables, timeout: Duration::from_secs(1) };
    assert_eq!(
        FilesSource::new(&config).unwrap_err().to_string(),
        "table `t`: /data/t.xlsx: not a known kind of file: expected .csv, .tsv, .ndjson, .jsonl \
         or .json, or one of these with .gz"
    );
}
