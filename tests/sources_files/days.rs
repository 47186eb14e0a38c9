//! Days as people write them, against the window.

use std::fmt::Write;
use std::time::Duration;

use kpi_exporter::source::DayOrder;
use kpi_exporter::source::files::{FileTable, FilesConfig, FilesSource};

use super::{Folder, fault, rows};
use crate::ask::table;

#[tokio::test]
async fn days_in_other_forms_are_in_and_out_of_a_window_as_those_of_the_standard() {
    for days in [
        ["30.06.2026", "01.04.2026", "31.3.2026", "1.7.2026"],
        ["30/06/2026", "1/4/2026", "31/03/2026", "01/07/2026"],
        ["06/30/2026", "04/01/2026", "03/31/2026", "07/01/2026"],
        ["6/30/2026 11:59:59 PM", "4/1/2026 12:00:00 AM", "3/31/2026 11:00:00 PM", "7/1/2026 0:00"],
        ["2026/06/30", "2026/04/01", "2026/03/31", "2026/07/01"],
        ["2026-6-30", "2026-4-1", "2026-3-31", "2026-7-1"],
        ["30 Jun 2026", "1 Apr 2026", "31 Mar 2026", "1 Jul 2026"],
        ["30.06.26", "01.04.26", "31.03.26", "01.07.26"],
        ["30.06.2026", "2026-04-01", "2026-03-31", "01.07.2026"],
        ["2026-06-30", "2026-04-01", "2026-03-31", "2026-07-01"],
    ] {
        let mut text = "day;n\n".to_owned();
        for (day, n) in days.iter().zip([100, 10, 1, 1000]) {
            writeln!(text, "{day};{n}").unwrap();
        }
        let folder = Folder::with(&[("visits.csv", &text)]);
        let source = folder.source(&[("visits", "visits.csv")]);
        let within = "FROM visits WHERE day >= :window_start_date AND day < :window_end_date";
        let sums = format!("SELECT sum(n), date(max(day)), date(min(day)) {within}");
        assert_eq!(rows(&source, &sums).await, ["110 '2026-06-30' '2026-04-01'"], "{days:?}");
        let table = table(&source, &sums).await.unwrap();
        let is_other = days[0] != "2026-06-30";
        assert_eq!(table.remarks.len(), usize::from(is_other), "{:?}", table.remarks);
        if is_other {
            let told = "; `day_text` has what stands there";
            assert!(table.remarks[0].contains(told), "{:?}", table.remarks);
            let one = format!("SELECT n FROM visits WHERE day_text = '{}'", days[2]);
            assert_eq!(rows(&source, &one).await, ["1"], "{days:?}");
            let cut = "SELECT sum(v.n) FROM visits v WHERE substr( v.\"day\" , 7, 4) > '2026'";
            let said = fault(&folder, &source, cut).await;
            assert!(said.contains("take parts of `day_text`"), "{said}");
        }
    }
}

#[tokio::test]
async fn months_are_found_by_their_name_and_lie_in_windows() {
    let text = "month,plan\n2026-03,1\n2026-04,10\n2026-06,100\n2026-07,1000\n";
    let folder = Folder::with(&[("plan.csv", text)]);
    let source = folder.source(&[("plan", "plan.csv")]);
    let within = "month >= :window_start_date AND month < :window_end_date";
    let sum = format!("SELECT sum(plan), max(month) FROM plan WHERE {within}");
    assert_eq!(rows(&source, &sum).await, ["110 '2026-06'"]);
    let this = "SELECT plan FROM plan WHERE month = strftime('%Y-%m', :window_start_date)";
    assert_eq!(rows(&source, this).await, ["10"]);
    let between = "SELECT sum(plan) FROM plan WHERE month BETWEEN '2026-04' AND '2026-06'";
    assert_eq!(rows(&source, between).await, ["110"]);
}

#[tokio::test]
async fn days_of_which_nobody_knows_what_stands_first_are_refused_until_it_is_said() {
    let folder = Folder::with(&[("visits.csv", "day,n\n04/05/2026,1\n05/04/2026,2\n")]);
    let source = folder.source(&[("visits", "visits.csv")]);
    let sum = "SELECT sum(n) FROM visits WHERE day < '2026-04-30'";
    let error = table(&source, sum).await.unwrap_err().to_string();
    assert!(
        error.starts_with("column `day` of table `visits` has days like `04/05/2026` in ")
            && error.contains("visits.csv:2: they do not tell whether day or month stands first")
            && error.contains("visits.csv, dates: day_first } }`, or `month_first`"),
        "{error}"
    );
    assert_eq!(rows(&source, "SELECT sum(n) FROM visits").await, ["3"], "it names no day");
    for (dates, expected) in [(DayOrder::DayFirst, "2"), (DayOrder::MonthFirst, "1")] {
        let one = FileTable { dates: Some(dates), ..FileTable::from(folder.path("visits.csv")) };
        let tables = [("visits".to_owned(), one)].into();
        let source = FilesSource::new(&FilesConfig { tables, timeout: Duration::from_mins(1) });
        assert_eq!(rows(&source.unwrap(), sum).await, [expected]);
    }
}

#[tokio::test]
async fn days_that_contradict_each_other_are_shown_both_and_the_cure_cures() {
    let folder = Folder::with(&[
        ("a.csv", "day,n\n01/02/2026,1\n13/11/2025,10\n05/04/2026,100\n30/04/2026,1000\n"),
        ("b.csv", "day,n\n04/05/2026,10000\n11/14/2025,100000\n"),
        ("c.csv", "day,n\n13/11/2025,1\n11/14/2025,10\n"),
    ]);
    let source =
        folder.source(&[("both", "[ab].csv"), ("a", "a.csv"), ("b", "b.csv"), ("c", "c.csv")]);
    let within = "day >= :window_start_date AND day < :window_end_date";
    let sum = |from: &str| format!("SELECT sum(n) FROM {from} WHERE {within}");
    assert_eq!(
        fault(&folder, &source, &sum("both")).await,
        "column `day` of table `both` has both `13/11/2025` in a.csv:3 and `11/14/2025` in b.csv:3: they are days \
         in no common order, so that no window can be compared with them (hint: write all days of the column in \
         one way, best like `2026-11-30`; where each file has its own way, make a table of each and put them \
         together with `UNION ALL`)"
    );
    let together = "(SELECT day, n FROM a UNION ALL SELECT day, n FROM b)";
    assert_eq!(rows(&source, &sum(together)).await, ["11100"]);
    let said = fault(&folder, &source, &sum("c")).await;
    assert!(
        said.contains("c.csv:2 and `11/14/2025` in c.csv:3") && !said.contains("UNION"),
        "{said}"
    );
    folder.write("c.csv", "day,n\n2026-05-13,1\n2025-11-14,10\n");
    assert_eq!(rows(&source, &sum("c")).await, ["1"]);
}
