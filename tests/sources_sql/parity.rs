use kpi_exporter::metric::{Measurement, Metric};
use kpi_exporter::source::Source;

use super::sqlite::shop;
use super::{config, login, mariadb, open, postgres};
use crate::ask::{measure, metric, names};
use crate::servers;

/// Local times around both ends of the quarter; a NULL; a region without a name.
const ROWS: &str = "INSERT INTO orders VALUES \
    (1, 'EU', 10.25, '2026-03-31', '2026-03-31 23:59:59'), \
    (2, 'EU', 20.50, '2026-04-01', '2026-04-01 00:00:00'), \
    (3, 'EU', NULL, '2026-05-09', '2026-05-09 12:00:00'), \
    (4, 'US', 40.75, '2026-06-30', '2026-06-30 23:30:00'), \
    (5, NULL, 5.00, '2026-06-30', '2026-06-30 23:59:59'), \
    (6, 'US', 80.00, '2026-07-01', '2026-07-01 00:00:00')";

const BY_INSTANT: &str = "SELECT region, sum(amount) AS revenue, count(*) AS count, \
    max(id) > 2 AS late, max(ordered_on) AS data_through FROM orders \
    WHERE placed_at >= :window_start AND placed_at < :window_end GROUP BY region";

const BY_DATE: &str = "SELECT region, sum(amount) AS revenue, count(*) AS count, \
    max(id) > 2 AS late, max(ordered_on) AS data_through FROM orders \
    WHERE ordered_on >= :window_start_date AND ordered_on < :window_end_date \
    AND ordered_on <= :as_of_date GROUP BY region";

#[tokio::test]
async fn one_query_gives_the_same_numbers_on_three_databases() {
    let maria = servers::mariadb().await;
    let mut admin = mariadb::admin(&maria).await;
    let orders = "CREATE TABLE orders (id int, region varchar(9), amount decimal(10, 2), \
                  ordered_on date, placed_at datetime)";
    mariadb::execute(&mut admin, orders).await;
    mariadb::execute(&mut admin, ROWS).await;
    let postgres = servers::postgres().await;
    let mut admin = postgres.superuser("postgres").await;
    postgres::execute(&mut admin, "SET TIME ZONE 'America/New_York'").await;
    postgres::execute(&mut admin, &orders.replace("datetime", "timestamptz")).await;
    postgres::execute(&mut admin, ROWS).await;
    let orders = orders.replace("decimal(10, 2)", "real").replace("date", "text");
    let lite = shop(&[&orders.replace("texttime", "text"), ROWS]).await;
    let sources = [
        open(&login(&mariadb::url(&maria))),
        open(&login(&postgres::url(&postgres))),
        open(&config(&lite.url())),
    ];
    for query in [BY_INSTANT, BY_DATE] {
        for source in &sources {
            let got = quarter(source, query).await;
            let series: Vec<_> = got
                .series
                .iter()
                .map(|(labels, series)| {
                    let value = |column| series.value(Some(column));
                    let through = series.data_through.unwrap().to_rfc3339();
                    let region = labels.get("region").unwrap();
                    (region.to_owned(), value("revenue"), value("count"), value("late"), through)
                })
                .collect();
            let row = |region: &str, revenue, count, late, through: &str| {
                (region.to_owned(), Some(revenue), Some(count), Some(late), through.to_owned())
            };
            assert_eq!(
                series,
                [
                    row("", 5.0, 1.0, 1.0, "2026-07-01T04:00:00+00:00"),
                    row("EU", 20.5, 2.0, 1.0, "2026-05-10T04:00:00+00:00"),
                    row("US", 40.75, 1.0, 1.0, "2026-07-01T04:00:00+00:00"),
                ],
                "{source:?} {query}"
            );
            assert_eq!(got.bad_rows, 0);
        }
    }
}

#[tokio::test]
async fn null_and_an_empty_text_are_one_label_on_three_databases() {
    let maria = servers::mariadb().await;
    drop(mariadb::admin(&maria).await);
    let postgres = servers::postgres().await;
    drop(postgres.superuser("postgres").await);
    let lite = shop(&[]).await;
    for source in [
        open(&login(&mariadb::url(&maria))),
        open(&login(&postgres::url(&postgres))),
        open(&config(&lite.url())),
    ] {
        let query = "SELECT 'DE' AS c, 5 AS value UNION ALL SELECT '', 1 UNION ALL SELECT NULL, 2";
        let of = |query: &str| Metric { labels: names(&["c"]), ..metric(query) };
        let error = measure(&source, of(query)).await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains("NULL and '' are the same label"), "{told}");
        assert!(told.contains("`coalesce(c, 'unknown') AS c`"), "{told}");
        let named = format!(
            "SELECT coalesce(c, 'unknown') AS c, sum(value) AS value FROM ({query}) AS t GROUP BY 1"
        );
        let got = measure(&source, of(&named)).await.unwrap();
        let labels: Vec<_> =
            got.series.keys().map(|labels| labels.get("c").unwrap().to_owned()).collect();
        assert_eq!(labels, ["", "DE", "unknown"]);
    }
}

async fn quarter(source: &dyn Source, query: &str) -> Measurement {
    let metric = Metric {
        labels: names(&["region"]),
        columns: names(&["revenue", "count", "late"]),
        bare: false,
        ..metric(query)
    };
    measure(source, metric).await.unwrap()
}
