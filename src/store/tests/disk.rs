//! The disk of the simulation: it can be full, it may be the last thing that a process touches, and as
//! long as the store is at work time stands still. SQLite works on a thread of its own; without that, paused
//! time would run ahead of it, by another stretch in each run.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, Weak};

use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::sync::Notify;

use crate::store::Store;

thread_local! {
    static DISK: RefCell<Option<Arc<Disk>>> = const { RefCell::new(None) };
}

/// Paused time stands still while this lives.
#[derive(Debug)]
pub(crate) struct Still {
    _until_dropped: Sender<()>,
}

impl Still {
    pub(crate) fn new() -> Self {
        let (sender, ended) = channel::<()>();
        // The runtime does not advance its time while it waits for such a task.
        drop(tokio::task::spawn_blocking(move || ended.recv()));
        Self { _until_dropped: sender }
    }
}

/// What stores that this thread opens are written to.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    is_full: AtomicBool,
    /// Operations until the process is gone; 0 for a process that lives.
    left: AtomicU32,
    gone: Notify,
    still: Mutex<Option<Still>>,
    store: Mutex<Weak<Store>>,
}

impl Disk {
    /// The disk of all stores that this thread opens from now on.
    pub(crate) fn insert() -> Arc<Self> {
        let disk = Arc::new(Self::default());
        DISK.set(Some(Arc::clone(&disk)));
        disk
    }

    /// The store that is in use.
    pub(crate) fn holds(&self, store: &Arc<Store>) {
        *self.store.lock().unwrap() = Arc::downgrade(store);
    }

    pub(crate) fn fill(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
    }

    /// From so many operations on nothing comes back: [`Self::gone`] ends then.
    pub(crate) fn end_in(&self, operations: u32) {
        self.left.store(operations, Ordering::Relaxed);
    }

    pub(crate) async fn gone(&self) {
        self.gone.notified().await;
    }

    async fn operation(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        match self.left.load(Ordering::Relaxed) {
            0 => {}
            1 => {
                self.left.store(0, Ordering::Relaxed);
                self.gone.notify_one();
                std::future::pending::<()>().await;
            }
            left => self.left.store(left - 1, Ordering::Relaxed),
        }
        self.still.lock().unwrap().get_or_insert_with(Still::new);
        self.limit(connection).await
    }

    async fn limit(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        // Less than there are means as many as there are.
        let pages = if self.is_full.load(Ordering::Relaxed) { "1" } else { "4294967294" };
        let sql = format!("PRAGMA max_page_count = {pages}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(connection).await.map(drop)
    }

    /// Lets time go on after the end of a process in the middle of an operation.
    pub(crate) fn is_left(&self) {
        self.still.lock().unwrap().take();
    }

    /// Lets time go on once the connection is back.
    async fn rest(self: Arc<Self>) {
        let is_idle = || {
            let store = self.store.lock().unwrap().upgrade();
            store.is_none_or(|store| store.pool().num_idle() == store.pool().size() as usize)
        };
        loop {
            tokio::task::yield_now().await;
            if is_idle() {
                break;
            }
        }
        self.still.lock().unwrap().take();
    }
}

/// Connections on the disk of this thread, if there is one.
pub(in crate::store) fn under(options: SqlitePoolOptions) -> SqlitePoolOptions {
    let Some(disk) = DISK.with_borrow(Clone::clone) else { return options };
    let (new, back) = (Arc::clone(&disk), Arc::clone(&disk));
    options
        .after_connect(move |connection, _| {
            let disk = Arc::clone(&new);
            Box::pin(async move { disk.limit(connection).await })
        })
        .before_acquire(move |connection, _| {
            let disk = Arc::clone(&disk);
            Box::pin(async move { disk.operation(connection).await.map(|()| true) })
        })
        .after_release(move |_, _| {
            tokio::spawn(Arc::clone(&back).rest());
            Box::pin(async { Ok(true) })
        })
}
