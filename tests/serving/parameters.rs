//! Parameters of addresses of pages: what is not understood is refused by name. The API's are with it (`api`).

use crate::server::Running;

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_twice_or_means_nothing_is_named() {
    let server = Running::with_april().await;
    for (path, status, said) in [
        ("/?refresh=60&refresh=61", 400, "`refresh` is given twice"),
        ("/?sort=kpi&team=growth&sort=pace", 400, "`sort` is given twice"),
        ("/review?period=weekly&period=weekly", 400, "`period` is given twice"),
        ("/review?limit=1", 400, "status, period, refresh"),
        ("/review?team=growth&team=growth&period=weekly&refresh=60", 200, "<h1"),
        ("/sources?team=growth", 400, "unknown parameter `team`: there are refresh"),
        ("/runbooks?refresh=60&refresh=60", 400, "`refresh` is given twice"),
        ("/runbooks/KPINoData?x=1", 400, "unknown parameter `x`"),
        ("/kpi/trial_to_paid?refresh=60&refresh=70", 400, "`refresh` is given twice"),
    ] {
        let answer = server.get(path).await;
        let body = answer.text();
        assert_eq!(answer.status, status, "{path}: {body}");
        assert!(body.contains(said), "{path}: {body}");
    }
}
