//! A clock that was ahead and is back: nothing is left of the time that did not come.

use super::*;
use crate::snapshot::Verdict;

/// What it says then.
const AHEAD: &str = "2026-06-14T10:05:00Z";

#[test]
fn a_clock_that_is_set_back_while_history_is_read_undoes_what_was_written_ahead() {
    in_a_world(|path, shop| async move {
        stored(&path, &shop).await;
        let before = rows(&path);
        set(AHEAD);
        let ahead = Daemon::start(&path, &shop, true).await;
        ahead.until("ready", Shared::is_ready).await;
        ahead.until("caught up", |shared| shared.filling().is_none()).await;
        ahead.stop().await;
        let is_ahead = |row: &&String| row.starts_with("daily") && row.contains("\"2026-06-");
        assert_ne!(
            rows(&path).iter().filter(is_ahead).count(),
            0,
            "written by a clock that is ahead"
        );

        let mut daemon = Daemon::start(&path, &shop, false).await;
        daemon.until("at once", |shared| shared.published().is_some()).await;
        set("2026-05-13T10:20:00Z");
        daemon.gate = None;
        let has_value = |verdict: &Verdict| verdict.assessment.value.is_some();
        let is_back = |shared: &Shared| {
            let snapshot = shared.snapshot().filter(|_| shared.is_ready());
            snapshot
                .is_some_and(|it| it.as_of < at(AHEAD) && it.kpis[0].verdicts.iter().all(has_value))
        };
        daemon.until("a value of today", is_back).await;
        let verdict = daemon.snapshot().kpis[0].verdicts[0].clone();
        assert_eq!(verdict.assessment.period.id, "2026-W20");
        assert_eq!(daemon.days_drawn(), DAYS as usize);
        daemon.stop().await;
        let after = rows(&path);
        assert_eq!(after.iter().find(is_ahead), None);
        let closings = |rows: &[String]| -> Vec<String> {
            rows.iter().filter(|row| row.starts_with("closings")).cloned().collect()
        };
        assert_eq!(closings(&after), closings(&before));
    });
}

#[test]
fn days_that_are_caught_up_with_ahead_are_not_written_once_the_clock_is_back() {
    in_a_world(|path, shop| async move {
        stored(&path, &shop).await;
        set(AHEAD);
        let daemon = Daemon::start(&path, &shop, true).await;
        daemon.until("catching up", |shared| shared.filling().is_some()).await;
        set("2026-05-13T10:20:00Z");
        daemon.until("caught up", |shared| shared.is_ready() && shared.filling().is_none()).await;
        daemon.stop().await;
        let after = rows(&path);
        let is_ahead = |row: &&String| row.starts_with("daily") && row.contains("\"2026-06-");
        assert_eq!(after.iter().find(is_ahead), None);
    });
}

#[test]
fn a_goal_that_came_into_force_by_a_clock_that_is_ahead_is_in_force_since_it_is_back() {
    in_a_world(|path, shop| async move {
        stored(&path, &shop).await;
        let daemon = Daemon::start(&path, &shop, true).await;
        daemon.until("ready", Shared::is_ready).await;
        set(AHEAD);
        let (answer, answered) = oneshot::channel();
        let config = config_of(&KPIS.replace("target: 100", "target: 120"));
        let reload = Reload { config: Ok(config), answers: vec![answer] };
        daemon.reloads.send(reload).await.unwrap();
        answered.await.unwrap().unwrap();
        let changed = |shared: &Shared| {
            let snapshot = shared.snapshot()?;
            snapshot.kpis[0].goal_changed.as_ref().map(|change| change.at)
        };
        daemon.until("a new goal", |shared| changed(shared) == Some(at(AHEAD))).await;
        let back = at("2026-05-13T10:30:00Z");
        set("2026-05-13T10:30:00Z");
        daemon.until("what came true", |shared| changed(shared) <= Some(back)).await;
        assert!(changed(&daemon.shared).is_some());
        daemon.stop().await;
    });
}
