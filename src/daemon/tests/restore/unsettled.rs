//! A result that its source was not asked for in time is asked for again at a start, and no other.

use super::*;

/// A result as a first night left it: of the week of 4 May, of the first series.
fn leave(path: &Path, final_at: &str) {
    let store = Connection::open(path).unwrap();
    let (start, end) = (at("2026-05-04T00:00:00Z"), at("2026-05-11T00:00:00Z"));
    let sql = format!(
        "INSERT OR REPLACE INTO closings (series, period, start_at, end_at, value, target, target_ratio, status,
         closed_at, final_at, meaning, goal) SELECT series, '2026-W19', {}, {}, 7, target, 0.07, 'missed', {},
         {final_at}, meaning, goal FROM daily WHERE series = 1 LIMIT 1",
        start.timestamp_millis(),
        end.timestamp_millis(),
        end.timestamp_millis() + 60_000
    );
    assert_eq!(store.execute(&sql, []).unwrap(), 1);
}

fn result(path: &Path) -> (f64, bool) {
    let store = Connection::open(path).unwrap();
    let sql =
        "SELECT value, final_at IS NOT NULL FROM closings WHERE series = 1 AND period = '2026-W19'";
    store.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

/// Days that are asked for by a start ten days later, when the next week is over as well.
async fn asked_later(path: &Path, shop: &Arc<Shop>) -> usize {
    set("2026-05-21T10:00:00Z");
    let daemon = Daemon::start(path, shop, true).await;
    daemon.until("a plan", |shared| shared.filling().is_some()).await;
    let days = daemon.shared.filling().unwrap().days;
    daemon.until("all asked for", |shared| shared.is_ready() && shared.filling().is_none()).await;
    daemon.stop().await;
    days
}

#[test]
fn a_result_of_the_first_night_is_asked_for_again_and_then_final() {
    in_a_world(|path, shop| async move {
        stored(&path, &shop).await;
        leave(&path, "NULL");
        assert_eq!(asked_later(&path, &shop).await, 7 + 1, "without a daemon were seven");
        assert_eq!(result(&path), (96.0, true));
    });
}

#[test]
fn a_final_result_is_not_asked_for_again() {
    in_a_world(|path, shop| async move {
        stored(&path, &shop).await;
        leave(&path, "1778716800000");
        let store = Connection::open(&path).unwrap();
        store.execute("UPDATE closings SET final_at = 1778716800000", []).unwrap();
        drop(store);
        assert_eq!(asked_later(&path, &shop).await, 7);
        assert_eq!(result(&path), (7.0, true));
    });
}
