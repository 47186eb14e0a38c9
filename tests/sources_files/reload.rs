use std::fs::FileTimes;
use std::time::{Duration, SystemTime};

use super::{Folder, fault, rows};
use crate::ask::table;

/// Sets the time of change, so that no test depends on how fine the file system counts.
fn touch(folder: &Folder, name: &str, second: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
    let file = std::fs::File::options().append(true).open(folder.path(name)).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

#[tokio::test]
async fn a_file_is_read_again_when_it_has_changed_and_only_then() {
    let folder = Folder::with(&[("t.csv", "a,b\n1,2\n")]);
    touch(&folder, "t.csv", 1000);
    let source = folder.source(&[("t", "t.csv")]);
    assert_eq!(rows(&source, "SELECT * FROM t").await, ["1 2"]);
    folder.write("t.csv", "a,b\n3,4\n");
    touch(&folder, "t.csv", 1000);
    assert_eq!(rows(&source, "SELECT * FROM t").await, ["1 2"], "same size and time: not read");
    touch(&folder, "t.csv", 1001);
    assert_eq!(rows(&source, "SELECT * FROM t").await, ["3 4"]);
    folder.write("t.csv", "b,a,c\n6,5,x\n");
    let table = table(&source, "SELECT * FROM t").await.unwrap();
    assert_eq!(table.columns, ["b", "a", "c"]);
    assert_eq!(super::written(&table), ["6 5 'x'"]);
}

#[tokio::test]
async fn a_broken_change_fails_until_the_next_good_one() {
    let folder = Folder::with(&[("t.csv", "a,b\n1,2\n")]);
    let source = folder.source(&[("t", "t.csv")]);
    assert_eq!(rows(&source, "SELECT * FROM t").await, ["1 2"]);
    folder.write("t.csv", "a,b\n1,2,3\n");
    for _ in 0..2 {
        let error = fault(&folder, &source, "SELECT * FROM t").await;
        assert!(error.starts_with("table `t`: t.csv:2: 3 fields"), "{error}");
    }
    std::fs::remove_file(folder.path("t.csv")).unwrap();
    let error = fault(&folder, &source, "SELECT * FROM t").await;
    assert!(error.starts_with("table `t`: there is no file t.csv"), "{error}");
    folder.write("t.csv", "a,b\n7,8\n9,10\n");
    assert_eq!(rows(&source, "SELECT * FROM t").await, ["7 8", "9 10"]);
}

#[tokio::test]
async fn a_file_more_or_less_changes_the_table() {
    let folder = Folder::with(&[("2026-01.csv", "n\n1\n")]);
    let source = folder.source(&[("t", "2026-*.csv")]);
    assert_eq!(rows(&source, "SELECT n FROM t").await, ["1"]);
    folder.write("2026-02.csv", "n\n2\n");
    assert_eq!(rows(&source, "SELECT n FROM t").await, ["1", "2"]);
    std::fs::remove_file(folder.path("2026-01.csv")).unwrap();
    assert_eq!(rows(&source, "SELECT n FROM t").await, ["2"]);
}
