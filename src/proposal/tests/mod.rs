//! Proposals over made-up schemas, ugly ones among them.

use super::*;
use crate::catalog;
use crate::source::statement::Dialect::{MySql, Postgres, Sqlite};

fn column(name: &str, kind: &str, values: &[&str]) -> Column {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Column { name: name.to_owned(), kind: kind.to_owned(), values }
}

fn table(name: &str, columns: &[(&str, &str, &[&str])]) -> Table {
    let columns = columns.iter().map(|(name, kind, values)| column(name, kind, values)).collect();
    let (schema, name) = name.split_once('.').unwrap_or(("public", name));
    let is_home = schema == "public";
    let (schema, name) = (schema.to_owned(), name.to_owned());
    Table { schema, name, is_home, columns, ..Table::default() }
}

fn proposed(dialect: Dialect, tables: Vec<Table>, id: &str) -> Result<String, String> {
    let schema = Schema { dialect, tables };
    let proposal = propose(&schema, catalog::find(id).unwrap(), &Chosen::new())?;
    Ok(proposal.metrics.into_iter().map(|(_, query)| query).collect())
}

const SHOP: &[(&str, &str, &[&str])] = &[
    ("id", "integer", &[]),
    ("customerId", "integer", &["1", "2"]),
    ("placedAt", "timestamp with time zone", &[]),
    ("updatedAt", "timestamp with time zone", &[]),
    ("total", "numeric(10,2)", &["12.50"]),
];

#[test]
fn names_that_need_quotes_get_them() {
    for (dialect, wanted) in [
        (
            Postgres,
            "SELECT coalesce(sum(total), 0) AS revenue FROM \"Order\"\nWHERE \"placedAt\" >= :window_start AND \"placedAt\" < :window_end",
        ),
        (
            MySql,
            "SELECT coalesce(sum(total), 0) AS revenue FROM `Order`\nWHERE `placedAt` >= :window_start_date AND `placedAt` < :window_end_date",
        ),
    ] {
        let mut shop = table("Order", SHOP);
        if dialect == MySql {
            shop.columns[2].kind = "date".to_owned();
        }
        assert_eq!(proposed(dialect, vec![shop], "revenue").unwrap(), wanted);
    }
    assert_eq!(quoted(Postgres, "select"), "\"select\"");
    assert_eq!(quoted(Postgres, "a\"b"), "\"a\"\"b\"");
    assert_eq!(quoted(MySql, "a`b"), "`a``b`");
    assert_eq!(quoted(Sqlite, "größe"), "\"größe\"");
}

#[test]
fn the_likeliest_of_many_tables_is_taken_and_others_are_named() {
    let mut tables: Vec<Table> = (0..500).map(|n| table(&format!("order_{n}_log"), SHOP)).collect();
    tables.push(table("archive.orders", SHOP));
    tables.push(table("order_items", SHOP));
    tables.push(table("shop_orders", SHOP));
    tables.push(table("orders", SHOP));
    let schema = Schema { dialect: Postgres, tables };
    let template = catalog::find("revenue").unwrap();
    let proposal = propose(&schema, template, &Chosen::new()).unwrap();
    assert!(proposal.metrics[0].1.contains("FROM orders\n"), "{proposal:?}");
    let besides = "archive.orders, shop_orders may be meant as well: --table orders=archive.orders";
    assert!(proposal.notes.contains(&besides.to_owned()), "{proposal:?}");
    let chosen = Chosen::from([("orders".to_owned(), "archive.orders".to_owned())]);
    let proposal = propose(&schema, template, &chosen).unwrap();
    assert!(proposal.metrics[0].1.contains("FROM archive.orders\n"), "{proposal:?}");
    let chosen = Chosen::from([("orders".to_owned(), "nowhere".to_owned())]);
    assert!(propose(&schema, template, &chosen).is_err());
}

#[test]
fn an_empty_table_is_the_last_choice_and_told() {
    let empty = Table { is_empty: true, ..table("orders", SHOP) };
    let full = table("shop_orders", SHOP);
    let text = proposed(Postgres, vec![empty.clone(), full], "revenue").unwrap();
    assert!(text.contains("FROM shop_orders"), "{text}");
    let schema = Schema { dialect: Postgres, tables: vec![empty] };
    let proposal = propose(&schema, catalog::find("revenue").unwrap(), &Chosen::new()).unwrap();
    assert!(proposal.notes.iter().any(|note| note.contains("no rows")), "{proposal:?}");
}

#[test]
fn what_is_missing_is_said() {
    let no_time: Vec<_> = SHOP.iter().copied().filter(|(name, ..)| !name.ends_with("At")).collect();
    let error =
        proposed(Postgres, vec![table("orders", &no_time)], "average_order_value").unwrap_err();
    assert_eq!(error, "orders has no column for ordered_on");
    let error = proposed(Postgres, Vec::new(), "average_order_value").unwrap_err();
    assert!(error.starts_with("no table is named like orders, order, "), "{error}");
}

#[test]
fn amounts_become_numbers_however_they_are_kept() {
    for (dialect, name, kind, values, wanted) in [
        (Postgres, "total_cents", "bigint", &["1250"][..], "sum(total_cents / 100.0)"),
        (Postgres, "total", "money", &["$1.00"], "sum(CAST(total AS numeric))"),
        (
            Postgres,
            "total",
            "text",
            &["12.50", "7"],
            "sum(CAST(nullif(trim(total), '') AS numeric))",
        ),
        (
            Postgres,
            "total",
            "character varying",
            &["€ 1.234,50", "7,10"],
            "sum(CAST(nullif(replace(regexp_replace(total, '[^0-9,-]', '', 'g'), ',', '.'), '') AS numeric))",
        ),
        (
            MySql,
            "total",
            "varchar",
            &["$1,234.50", "$2,000"],
            "sum(CAST(nullif(regexp_replace(total, '[^0-9.-]', ''), '') AS decimal(30, 6)))",
        ),
        (Sqlite, "total", "INTEGER", &["12.5"], "sum(total)"),
        (Sqlite, "betrag", "TEXT", &["12.5"], "sum(CAST(nullif(trim(betrag), '') AS real))"),
    ] {
        let columns = [(name, kind, values), ("ordered_on", "date", &["2026-01-05"][..])];
        let text = proposed(dialect, vec![table("orders", &columns)], "revenue").unwrap();
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    let words = [("total", "text", &["much", "little"][..]), ("ordered_on", "date", &[])];
    assert!(proposed(Postgres, vec![table("orders", &words)], "revenue").is_err());
}

#[test]
fn times_are_compared_as_they_are_kept() {
    for (dialect, kind, values, wanted) in [
        (Postgres, "date", &[][..], ">= :window_start_date "),
        (Postgres, "timestamp without time zone", &[], ">= :window_start_date "),
        (Postgres, "timestamp with time zone", &[], ">= :window_start "),
        (Postgres, "text", &["2026-01-31 10:00"], "CAST(placed_at AS date) >= :window_start_date "),
        (Postgres, "bigint", &["1770000000"], ">= :window_start_unix "),
        (Postgres, "bigint", &["1770000000000"], ">= :window_start_unix * 1000 "),
        (MySql, "datetime", &[], ">= :window_start "),
        (Sqlite, "TEXT", &["2026-01-31T10:00:00"], "placed_at >= :window_start_date "),
        (Sqlite, "", &["1770000000"], ">= :window_start_unix "),
    ] {
        let columns = [("total", "numeric", &["1.5"][..]), ("placed_at", kind, values)];
        let text = proposed(dialect, vec![table("orders", &columns)], "revenue").unwrap();
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
}

#[test]
fn days_are_moved_as_each_database_does() {
    let kinds = |kind: &'static str| {
        [("refunded_at", kind, &[][..]), ("ordered_at", kind, &["2026-01-31"][..])]
    };
    for (dialect, kind, wanted) in [
        (Postgres, "date", "ordered_at < :window_end_date - 30"),
        (Postgres, "timestamptz", "ordered_at < :window_end - INTERVAL '30 days'"),
        (MySql, "datetime", "ordered_at < :window_end - INTERVAL 30 DAY"),
        (Sqlite, "text", "ordered_at < date(:window_end_date, '-30 days')"),
    ] {
        let text = proposed(dialect, vec![table("orders", &kinds(kind))], "refund_rate").unwrap();
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
}

#[test]
fn words_are_those_of_the_database() {
    let deals = |stages: &'static [&'static str]| {
        table(
            "deals",
            &[("stage", "text", stages), ("closed_at", "date", &[]), ("amount", "numeric", &[])],
        )
    };
    let text =
        proposed(Postgres, vec![deals(&["Closed Won", "Closed Lost", "new"])], "win_rate").unwrap();
    assert!(text.contains("stage = 'Closed Won'") && text.contains("'Closed Lost'"), "{text}");
    let error = proposed(Postgres, vec![deals(&["open", "done"])], "win_rate").unwrap_err();
    assert_eq!(error, "no value of stage is like `won`: it has open, done");
}

#[test]
fn orders_that_never_were_do_not_count() {
    let mut columns = SHOP.to_vec();
    columns.push(("status", "enum", &["paid", "Cancelled", "o'test"]));
    let text = proposed(Postgres, vec![table("orders", &columns)], "revenue").unwrap();
    assert!(
        text.contains("WHERE (status IS NULL OR status NOT IN ('Cancelled'))\n  AND \"placedAt\""),
        "{text}"
    );
}

#[test]
fn rows_that_are_sessions_are_counted() {
    let columns = [("started_at", "timestamp", &[][..]), ("order_id", "integer", &[])];
    let text = proposed(Postgres, vec![table("visits", &columns)], "conversion_rate").unwrap();
    assert!(text.contains("sum(CASE WHEN order_id IS NOT NULL THEN 1 ELSE 0 END) AS conversions, count(*) AS visitors"), "{text}");
}

/// A name is never more than a name, in SQL and in the configuration.
#[test]
fn hostile_names_are_quoted_or_left_alone() {
    let hostile = ["a\nb", "${env:HOME}", "x\u{0}y", "\u{2028}"];
    for name in hostile {
        assert!(!names::is_writable(name), "{name:?}");
        let columns = [(name, "numeric", &["1.5"][..]), ("ordered_on", "date", &[])];
        assert!(proposed(Postgres, vec![table("orders", &columns)], "revenue").is_err());
    }
    let columns =
        [("total\"; DROP TABLE x; --", "numeric", &["1.5"][..]), ("ordered_on", "date", &[])];
    let text = proposed(Postgres, vec![table("orders", &columns)], "revenue").unwrap();
    assert!(text.contains("sum(\"total\"\"; DROP TABLE x; --\")"), "{text}");
}

#[test]
fn every_query_over_sql_is_over_a_table_that_is_known() {
    for template in catalog::all().iter().filter(|template| template.source == "sql") {
        for (name, query) in &template.metrics {
            let known =
                rewrite::table_of(query).unwrap_or_else(|| panic!("{}: {name}", template.id));
            assert!(!rewrite::columns_of(query, known).is_empty(), "{}: {name}", template.id);
        }
        for (_, query) in &template.metrics {
            for other in others::of(&template.id, query) {
                assert!(rewrite::table_of(other).is_some(), "{other}");
            }
        }
    }
}

/// The tables of the catalogue are found as they are described, and the queries stay as they are.
#[test]
fn tables_as_the_catalogue_has_them_are_found() {
    let tables: Vec<Table> = tables::all()
        .iter()
        .map(|known| {
            let columns = known.columns.iter().map(|wanted| {
                let (kind, values): (&str, &[&str]) = match wanted.role {
                    tables::Role::Time => ("date", &[]),
                    tables::Role::Word => (
                        "text",
                        &[
                            "won",
                            "lost",
                            "organic",
                            "call",
                            "demo",
                            "sales",
                            "marketing",
                            "churn",
                            "new",
                            "expansion",
                            "contraction",
                            "reactivation",
                            "financing",
                            "revenue",
                            "cogs",
                            "sales_marketing",
                            "toil",
                            "report_shared",
                            "refunded",
                        ],
                    ),
                    tables::Role::Id => ("text", &["c1"]),
                    _ => ("integer", &["1"]),
                };
                column(&wanted.name, kind, values)
            });
            Table { columns: columns.collect(), ..table(&known.name, &[]) }
        })
        .collect();
    let schema = Schema { dialect: Postgres, tables };
    for template in catalog::all().iter().filter(|template| template.source == "sql") {
        let proposal = propose(&schema, template, &Chosen::new())
            .unwrap_or_else(|why| panic!("{}: {why}", template.id));
        for ((_, had), (_, got)) in template.metrics.iter().zip(&proposal.metrics) {
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            if !had.contains("--") {
                assert_eq!(words(had), words(got), "{}", template.id);
            }
        }
    }
}
