use proptest::prelude::*;

use super::*;

const ALL: [Dialect; 5] =
    [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite, Dialect::ClickHouse, Dialect::Trino];

/// What the first parameter becomes, if it is `:as_of`.
fn mark(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "$1",
        Dialect::MySql | Dialect::Trino => "?",
        Dialect::Sqlite => "?1",
        Dialect::ClickHouse => "{as_of:DateTime64(3)}",
    }
}

fn sql(dialect: Dialect, text: &str) -> String {
    parse(dialect, text).unwrap().sql().to_owned()
}

#[test]
fn parameters_become_the_placeholders_of_the_dialect() {
    let text = "SELECT 1 WHERE d >= :window_start AND d < :window_end AND :window_start > 0;";
    for (dialect, expected, bound) in [
        (Dialect::Postgres, "SELECT 1 WHERE d >= $1 AND d < $2 AND $1 > 0", 2),
        (Dialect::MySql, "SELECT 1 WHERE d >= ? AND d < ? AND ? > 0", 3),
        (Dialect::Sqlite, "SELECT 1 WHERE d >= ?1 AND d < ?2 AND ?1 > 0", 2),
        (Dialect::Trino, "SELECT 1 WHERE d >= ? AND d < ? AND ? > 0", 3),
        (
            Dialect::ClickHouse,
            "SELECT 1 WHERE d >= {window_start:DateTime64(3)} AND d < {window_end:DateTime64(3)} \
             AND {window_start:DateTime64(3)} > 0",
            2,
        ),
    ] {
        let statement = parse(dialect, text).unwrap();
        assert_eq!(statement.sql(), expected);
        assert_eq!(statement.params().len(), bound);
    }
}

#[test]
fn casts_and_named_arguments_are_left_alone() {
    let pg = Dialect::Postgres;
    assert_eq!(sql(pg, "SELECT :window_start::date, x::text"), "SELECT $1::date, x::text");
    assert_eq!(sql(pg, "SELECT f(a := :as_of)"), "SELECT f(a := $1)");
    assert_eq!(sql(Dialect::MySql, "SELECT @n:=1, @n"), "SELECT @n:=1, @n");
}

#[test]
fn a_parameter_may_stand_in_a_ternary_of_clickhouse() {
    let expected = "SELECT a ? {as_of_date:Date} : b, c ? d : {as_of_unix:Int64}";
    let text = "SELECT a ? :as_of_date : b, c ? d : :as_of_unix";
    assert_eq!(sql(Dialect::ClickHouse, text), expected);
}

#[test]
fn slices_are_no_parameters_but_parameters_in_arrays_are() {
    let pg = Dialect::Postgres;
    for same in ["SELECT a[1:n]", "SELECT a[:n]", "SELECT a[lo:hi]", "SELECT a[1:as_of]"] {
        assert_eq!(sql(pg, same), same);
    }
    let array = "SELECT ARRAY[:window_start, CASE WHEN x BETWEEN :as_of AND y THEN 1 END]";
    let expected = "SELECT ARRAY[$1, CASE WHEN x BETWEEN $2 AND y THEN 1 END]";
    assert_eq!(sql(pg, array), expected);
}

#[test]
fn what_is_hidden_in_each_dialect_stays_hidden() {
    for (dialect, fragment) in fragments() {
        let text = format!("SELECT {fragment} , :as_of");
        let expected = format!("SELECT {fragment} , {}", mark(dialect));
        assert_eq!(sql(dialect, &text), expected, "{dialect:?}");
    }
}

fn fragments() -> Vec<(Dialect, &'static str)> {
    let everywhere = ["':as_of'", "'it''s :as_of; '", "\":as_of\"", "/* ' :as_of; */", "-- ' :x\n"];
    let own = [
        (Dialect::Postgres, "E'\\':as_of\\\\'"),
        (Dialect::Postgres, "'\\'"),
        (Dialect::Postgres, "E'a''\\' :as_of'"),
        (Dialect::Postgres, "$$ ' :as_of; $$"),
        (Dialect::Postgres, "$body$ $$ :as_of $body$"),
        (Dialect::Postgres, "/* /* ' */ :as_of */"),
        (Dialect::Postgres, "a ?| b"),
        (Dialect::Postgres, "a #> b"),
        (Dialect::MySql, "'\\':as_of'"),
        (Dialect::MySql, "\"\\\" :as_of\""),
        (Dialect::MySql, "`:as_of`"),
        (Dialect::MySql, "# ' :as_of\n"),
        (Dialect::MySql, "5--3"),
        (Dialect::Sqlite, "[:as_of']"),
        (Dialect::Sqlite, "`:as_of`"),
        (Dialect::Sqlite, "'\\'"),
        (Dialect::ClickHouse, "'\\':as_of'"),
        (Dialect::ClickHouse, "\"\\\" :as_of\""),
        (Dialect::ClickHouse, "`\\` :as_of`"),
        (Dialect::ClickHouse, "$t$ ' :as_of; $t$"),
        (Dialect::ClickHouse, "--' :as_of\n"),
        (Dialect::ClickHouse, "# ' :as_of\n"),
        (Dialect::ClickHouse, "#!' :as_of\n"),
        (Dialect::ClickHouse, "// ' :as_of\n"),
        (Dialect::ClickHouse, "/* /* ' */ :as_of */"),
        (Dialect::ClickHouse, "x::Date"),
        (Dialect::ClickHouse, "a ? b : c"),
        (Dialect::ClickHouse, "a?b:c"),
        (Dialect::ClickHouse, "a ? b :c"),
        (Dialect::ClickHouse, "document.key.:Int64"),
        (Dialect::Trino, "'\\'"),
        (Dialect::Trino, "json_object('a' : 1)"),
        (Dialect::Trino, "U&'\\0041'"),
        (Dialect::Trino, "/* /* ' :as_of */"),
        (Dialect::Trino, "PATTERN (A B? C*? {- D -}?)"),
    ];
    let shared =
        ALL.iter().flat_map(|dialect| everywhere.iter().map(|fragment| (*dialect, *fragment)));
    shared.chain(own).collect()
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (dialect, text, message, offset, len, hint) in [
        (
            Dialect::Postgres,
            "SELECT :window_strat",
            "unknown parameter `:window_strat`",
            7,
            13,
            Some("did you mean `:window_start`?"),
        ),
        (Dialect::Sqlite, " -- nothing\n;", "the query is empty", 0, 13, None),
        (
            Dialect::MySql,
            "SELECT 1; SELECT 2",
            "a second statement begins here",
            10,
            1,
            Some("a query is one statement: combine them with WITH"),
        ),
        (
            Dialect::MySql,
            "SELECT 1;\nset time_zone = '+00:00'",
            "a second statement begins here",
            10,
            1,
            Some("the session has the calendar's zone already: delete the SET"),
        ),
        (
            Dialect::Sqlite,
            "SELECT @day",
            "nothing is bound to `@day`",
            7,
            4,
            Some("parameters have names, as in `:window_start`"),
        ),
        (
            Dialect::Postgres,
            "SELECT $1",
            "nothing is bound to `$1`",
            7,
            2,
            Some("parameters have names, as in `:window_start`"),
        ),
        (
            Dialect::ClickHouse,
            "SELECT { day : Date } ",
            "nothing is bound to `{ day : Date }`",
            7,
            14,
            Some("parameters have names, as in `:window_start`"),
        ),
        (
            Dialect::Trino,
            "SELECT x = ?",
            "nothing is bound to `?`",
            11,
            1,
            Some("parameters have names, as in `:window_start`"),
        ),
        (
            Dialect::Trino,
            "-- all\nDELETE FROM t",
            "`DELETE` begins no query",
            7,
            6,
            Some("a query only reads: it begins with SELECT or WITH"),
        ),
        (
            Dialect::ClickHouse,
            "SELECT :window_strat, a ? b : c",
            "unknown parameter `:window_strat`",
            7,
            13,
            Some("did you mean `:window_start`?"),
        ),
    ] {
        let error = parse(dialect, text).unwrap_err();
        let expected =
            SqlError { message: message.into(), offset, len, hint: hint.map(str::to_owned) };
        assert_eq!(error, expected);
    }
    let far = parse(Dialect::MySql, "SELECT :nonsense").unwrap_err();
    assert!(far.hint.unwrap().starts_with("the parameters are :window_start"));
}

#[test]
fn what_a_query_depends_on_is_known() {
    let statement = parse(Dialect::Sqlite, "SELECT :window_start_date, :as_of_unix").unwrap();
    assert!(statement.uses_as_of() && !statement.uses_period());
    let statement = parse(Dialect::Sqlite, "SELECT ':as_of', :period_end").unwrap();
    assert!(!statement.uses_as_of() && statement.uses_period());
}

#[test]
fn a_position_that_the_server_reports_is_found_in_the_original() {
    let text = "SELECT é, :window_start,\n  amout FROM t";
    let statement = parse(Dialect::Postgres, text).unwrap();
    let position = statement.sql().chars().position(|c| c == 'm').unwrap();
    assert_eq!(statement.place(position), (2, 3));
    assert_eq!(statement.place(1), (1, 1));
}

proptest! {
    #[test]
    fn text_without_parameters_comes_out_identical(
        text in "[-'\"`$E#/*\\\\:=\\[\\]?{}/ \nab1é]{1,40}",
        dialect in prop::sample::select(&ALL[..]),
    ) {
        let text = format!("SELECT {text}");
        if let Ok(statement) = parse(dialect, &text) {
            prop_assert_eq!(statement.sql(), text);
        }
    }

    #[test]
    fn hidden_parts_and_parameters_do_not_disturb_each_other(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..8),
    ) {
        for dialect in ALL {
            let own: Vec<_> = fragments().into_iter().filter(|(d, _)| *d == dialect).collect();
            let (mut text, mut expected) = ("SELECT 1".to_owned(), "SELECT 1".to_owned());
            for (pick, with_parameter) in &picks {
                let (_, fragment) = pick.get(&own);
                let (written, rewritten) =
                    if *with_parameter { (":as_of", mark(dialect)) } else { ("", "") };
                write!(text, " {fragment} {written}").unwrap();
                write!(expected, " {fragment} {rewritten}").unwrap();
            }
            prop_assert_eq!(sql(dialect, &text), expected);
        }
    }
}
