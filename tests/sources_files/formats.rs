use std::fmt::Write as _;
use std::io::Write;

use kpi_exporter::metric::{Measurement, Metric};

use super::{Folder, fault, rows};
use crate::ask::{measure, metric, names};

const SHOP: &str = "customer_id,ordered_on,units,amount\n\
    00001,1997-01-01,1,11.77\n\
    00002,1997-01-12,1,12.0\n\
    00002,1997-01-12,5,77.0\n\
    00003,1997-01-02,2,\n";

#[tokio::test]
async fn columns_get_the_type_that_loses_nothing() {
    let folder = Folder::with(&[("orders.csv", SHOP)]);
    let source = folder.source(&[("orders", "orders.csv")]);
    let types = "SELECT typeof(customer_id), typeof(ordered_on), typeof(units), typeof(amount), \
                 customer_id FROM orders LIMIT 1";
    assert_eq!(rows(&source, types).await, ["'text' 'text' 'integer' 'real' '00001'"]);
    let sums = "SELECT count(*), count(amount), sum(units), round(sum(amount), 2) FROM orders";
    assert_eq!(rows(&source, sums).await, ["4 3 9 100.77"]);
}

#[tokio::test]
async fn days_compare_with_the_parameters() {
    let text = "day,n\n2026-03-31,1\n2026-04-01,10\n2026-06-30,100\n2026-07-01,1000\n";
    let folder = Folder::with(&[("visits.csv", text)]);
    let source = folder.source(&[("visits", "visits.csv")]);
    let sum = "SELECT sum(n) FROM visits \
               WHERE day >= :window_start_date AND day < :window_end_date AND day <= :as_of_date";
    assert_eq!(rows(&source, sum).await, ["110"]);
}

#[tokio::test]
async fn blanks_for_the_eye_change_no_day_no_number_and_no_region() {
    let text =
        "day , region, n\n2026-04-01, EU, 10\n 2026-06-30 ,EU , 100\n2026-07-01, \"EU\" ,1000\n";
    let folder = Folder::with(&[("visits.csv", text)]);
    let source = folder.source(&[("visits", "visits.csv")]);
    let sum = "SELECT sum(n), region, typeof(n) FROM visits \
               WHERE day >= :window_start_date AND day < :window_end_date GROUP BY region";
    assert_eq!(rows(&source, sum).await, ["110 'EU' 'integer'"]);
    assert_eq!(rows(&source, "SELECT count(DISTINCT region) FROM visits").await, ["1"]);
}

#[tokio::test]
async fn every_delimiter_quote_and_line_ending_is_read_alike() {
    let quoted = "name,n\r\n\"a, \"\"b\"\"\nc\",1\r\n\r\nplain,2\r\n";
    for (name, text) in [
        ("commas.csv", quoted),
        ("semicolons.csv", "name;n\n\"a, \"\"b\"\"\nc\";1\nplain;2"),
        ("tabs.tsv", "name\tn\n\"a, \"\"b\"\"\nc\"\t1\nplain\t2\n"),
        ("mark.csv", "\u{feff}name,n\n\"a, \"\"b\"\"\nc\",1\nplain,2\n"),
        ("spaces.csv", " name , n\n\"a, \"\"b\"\"\nc\",1\nplain,2\n"),
        ("zipped.csv.gz", quoted),
        ("lines.ndjson", "{\"name\":\"a, \\\"b\\\"\\nc\",\"n\":1}\n\n{\"n\":2,\"name\":\"plain\"}"),
        ("array.json", "[{\"name\":\"a, \\\"b\\\"\\nc\",\"n\":1},\n {\"name\":\"plain\",\"n\":2}]"),
        (
            "zipped.json.gz",
            "[{\"name\":\"a, \\\"b\\\"\\nc\",\"n\":1},{\"name\":\"plain\",\"n\":2}]",
        ),
    ] {
        let folder = Folder::with(&[(name, text)]);
        let source = folder.source(&[("t", name)]);
        let got = rows(&source, "SELECT name, n + 0 FROM t").await;
        assert_eq!(got, ["'a, \"b\"\nc' 1", "'plain' 2"], "{name}");
    }
}

#[tokio::test]
async fn json_keeps_its_own_types() {
    let text = "{\"id\":\"00012\",\"n\":1,\"ok\":true,\"x\":null,\"tags\":[1,{\"a\":2}],\"big\":18446744073709551615}\n\
                {\"id\":\"7\",\"n\":2.5,\"ok\":false,\"late\":\"yes\"}\n";
    let folder = Folder::with(&[("events.jsonl", text)]);
    let source = folder.source(&[("events", "events.jsonl")]);
    assert_eq!(
        rows(&source, "SELECT id, n, ok, x, tags, big, late FROM events").await,
        [
            "'00012' 1 1 NULL '[1,{\"a\":2}]' '18446744073709551615' NULL",
            "'7' 2.5 0 NULL NULL NULL 'yes'"
        ]
    );
    let nested = "SELECT sum(json_extract(tags, '$[1].a')) FROM events";
    assert_eq!(rows(&source, nested).await, ["2"]);
}

#[tokio::test]
async fn several_files_are_one_table_with_all_their_columns() {
    let folder = Folder::with(&[
        ("orders-2.csv", "amount,id,channel\n2.5,2,web\n"),
        ("orders-1.csv", "id,amount\n1,1\n"),
        ("orders-3.ndjson", "{\"ID\": 3, \"refund\": true}\n"),
        ("other.csv", "id\n9\n"),
        (".orders-4.csv", "not, yet, complete\n"),
    ]);
    let source = folder.source(&[("orders", "*orders-*"), ("other", "other.csv")]);
    assert_eq!(
        rows(&source, "SELECT id, amount, channel, refund FROM orders").await,
        ["1 1 NULL NULL", "2 2.5 'web' NULL", "3 NULL NULL 1"]
    );
    let join = "SELECT count(*) FROM orders, other";
    assert_eq!(rows(&source, join).await, ["3"]);
}

#[tokio::test]
async fn a_folder_with_brackets_in_its_name_is_no_pattern() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("data [old]")).unwrap();
    folder.write("data [old]/t.csv", "n\n1\n");
    let source = folder.source(&[("t", "data [old]/t.csv")]);
    assert_eq!(rows(&source, "SELECT n FROM t").await, ["1"]);
}

#[tokio::test]
async fn a_table_without_rows_still_has_its_columns() {
    let folder = Folder::with(&[("t.csv", "day,revenue\n")]);
    let source = folder.source(&[("t", "t.csv")]);
    let metric = |sql| Metric { columns: names(&["revenue"]), bare: false, ..metric(sql) };
    let got = measure(&source, metric("SELECT day, revenue FROM t")).await.unwrap();
    assert_eq!(got, Measurement::default());
    let empty_sum =
        measure(&source, metric("SELECT sum(revenue) AS revenue FROM t")).await.unwrap();
    let series: Vec<_> = empty_sum.series.values().map(|s| s.value(Some("revenue"))).collect();
    assert_eq!(series, [None], "an empty sum is no value");
}

/// As many rows as a small shop has in a year; must not take noticeably long.
#[tokio::test]
async fn seventy_thousand_rows_are_read_completely() {
    let mut text = String::from("customer_id,ordered_on,units,amount\n");
    for i in 0..70_000 {
        let day = i % 30 + 1;
        writeln!(text, "{i:05},2026-04-{day:02},{},{}.25", i % 7, i % 100).unwrap();
    }
    let folder = Folder::new();
    folder.write("orders.csv.gz", text);
    let source = folder.source(&[("orders", "orders.csv.gz")]);
    let sums = "SELECT count(DISTINCT customer_id), sum(units), sum(amount) FROM orders";
    assert_eq!(rows(&source, sums).await, ["70000 210000 3482500"]);
}

#[tokio::test]
async fn text_that_is_no_number_is_told_with_its_column_and_line() {
    let text = "Datum;Land;Betrag\n2026-11-01;de;1.234,56\n2026-11-02;at;7,5\n2026-11-03;ch;8\n";
    let folder = Folder::with(&[("de.csv", text)]);
    let source = folder.source(&[("de", "de.csv")]);
    let expected = "met the text `1.234,56`, which is no number; column `Betrag` of table `de` has \
                    such text, first `1.234,56` in de.csv:2";
    for query in [
        "SELECT sum(Betrag) FROM de",
        "SELECT total(b) FROM (SELECT Betrag AS b FROM de)",
        "WITH x (b) AS (SELECT * FROM (SELECT \"betrag\" FROM de)) SELECT avg(b) FROM x",
        "SELECT sum(Betrag * 2) FROM de",
        "SELECT sum(CAST(Betrag AS REAL)) FROM de",
    ] {
        let said = fault(&folder, &source, query).await;
        assert!(said.contains(expected), "{said}");
    }
    let name = fault(&folder, &source, "SELECT sum(Land) FROM de").await;
    assert!(name.contains("`de`, which is no number; column `Land` of table `de`"), "{name}");
    let quoted = fault(&folder, &source, "SELECT sum(\"Betrg\") FROM de").await;
    assert!(quoted.starts_with("no such column: Betrg (hint: did you mean `Betrag`?"), "{quoted}");
    let cured = "SELECT sum(replace(replace(Betrag, '.', ''), ',', '.')) FROM de";
    assert_eq!(rows(&source, cured).await, ["1250.06"]);
    assert_eq!(rows(&source, "SELECT count(*) FROM de WHERE Betrag = '7,5'").await, ["1"]);
}

#[tokio::test]
async fn gzip_is_known_by_its_bytes_and_read_with_all_its_members() {
    let folder = Folder::new();
    let zipped = |text: &str| {
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zipped.write_all(text.as_bytes()).unwrap();
        zipped.finish().unwrap()
    };
    let both = [zipped("n\n1\n"), zipped("2\n3\n")].concat();
    folder.write("plain.csv", &both);
    std::fs::write(folder.path("both.csv.gz"), &both).unwrap();
    folder.write("garbage.csv", [&both[..], b"tail"].concat());
    let tables = [("a", "plain.csv"), ("b", "both.csv.gz"), ("c", "garbage.csv")];
    let source = folder.source(&tables);
    for table in ["a", "b"] {
        assert_eq!(rows(&source, &format!("SELECT sum(n) FROM {table}")).await, ["6"]);
    }
    let said = fault(&folder, &source, "SELECT sum(n) FROM c").await;
    assert!(said.starts_with("table `c`: garbage.csv"), "{said}");
}

#[tokio::test]
async fn what_windows_programs_write_is_read() {
    let text = "\u{feff}Straße;n\r\n\"é\";1\r\nü;x\r\n";
    let folder = Folder::new();
    folder.write("le.csv", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    folder.write("be.csv", text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>());
    let json = "\u{feff}[{\"n\": 1}, {\"n\": 2}]";
    folder.write("le.json", json.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    let mut cut: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    cut.pop();
    folder.write("cut.csv", cut);
    let tables = [("le", "le.csv"), ("be", "be.csv"), ("js", "le.json"), ("cut", "cut.csv")];
    let source = folder.source(&tables);
    for table in ["le", "be"] {
        let got = rows(&source, &format!("SELECT \"Straße\", n FROM {table}")).await;
        assert_eq!(got, ["'é' '1'", "'ü' 'x'"]);
    }
    assert_eq!(rows(&source, "SELECT sum(n) FROM js").await, ["3"]);
    let said = fault(&folder, &source, "SELECT * FROM cut").await;
    assert!(said.contains("cut.csv:3: the text is not UTF-16LE"), "{said}");
    let line = fault(&folder, &source, "SELECT sum(n) FROM le").await;
    assert!(line.contains("first `x` in le.csv:3"), "{line}");
}

#[tokio::test]
async fn more_columns_than_sqlite_takes_are_told_in_a_short_line() {
    let names: Vec<String> = (0..50_000).map(|number| format!("column{number}")).collect();
    let folder = Folder::with(&[("t.csv", &format!("{}\n", names.join(",")))]);
    let source = folder.source(&[("t", "t.csv")]);
    assert_eq!(
        fault(&folder, &source, "SELECT * FROM t").await,
        "table `t`: t.csv:1: 50000 columns, more than 2000 (hint: is the delimiter the right one? \
         otherwise make rows of the columns before)"
    );
}
