//! The world of a simulation: the real daemon, from its pollers to its server, on simulated sources, disk and
//! clock. What happens to it follows from one seed. Not here: what has to hold (`invariants`).

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Weak;

use tempfile::TempDir;

use super::chance::Chance;
use super::company::{SOURCES, Size, config};
use super::shown::Shown;
use super::sources::{Mood, Said};
use super::time::{ahead, begin, clock, happens, set_ahead, truly};
use super::*;
use crate::store::tests::disk::{Disk, Still};

/// What a simulation did, for people.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Told {
    pub(super) steps: u32,
    pub(super) kills: u32,
    pub(super) crashes: u32,
    pub(super) restarts: u32,
    pub(super) reloads: u32,
    pub(super) clock_steps: u32,
    pub(super) leaps: u32,
    pub(super) full_disks: u32,
    pub(super) notes: u32,
    pub(super) failed_fetches: u64,
    pub(super) band_changes: u32,
    pub(super) final_closings: usize,
    /// Stands for every page that was shown.
    pub(super) pages: u64,
}

impl Told {
    pub(super) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.kills += other.kills;
        self.crashes += other.crashes;
        self.restarts += other.restarts;
        self.reloads += other.reloads;
        self.clock_steps += other.clock_steps;
        self.leaps += other.leaps;
        self.full_disks += other.full_disks;
        self.notes += other.notes;
        self.failed_fetches += other.failed_fetches;
        self.band_changes += other.band_changes;
        self.final_closings += other.final_closings;
        self.pages ^= other.pages;
    }
}

/// A process.
pub(super) struct Life {
    work: JoinSet<()>,
    pub(super) shared: Arc<Shared>,
    /// Weak, so that an orderly end can close it.
    pub(super) store: Weak<Store>,
    reloads: mpsc::Sender<Reload>,
    stop: oneshot::Sender<()>,
    address: SocketAddr,
}

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) size: Size,
    pub(super) chance: Chance,
    folder: TempDir,
    /// Which copy of the store is in use.
    copies: u32,
    pub(super) goal: u32,
    pub(super) said: Arc<Said>,
    disk: Arc<Disk>,
    pub(super) life: Option<Life>,
    moods: [(Mood, u32); SOURCES],
    /// Steps for which the disk is still full.
    full_for: u32,
    /// Since when nothing bad has happened.
    pub(super) calm_since: DateTime<Utc>,
    pub(super) began: DateTime<Utc>,
    pub(super) shown: Shown,
    pub(super) told: Told,
}

impl World {
    pub(super) async fn new(seed: u64, size: Size) -> Self {
        let mut chance = Chance::new(seed);
        // Near changes to summer time and back, and near ends of quarters and years.
        let starts = ["2026-03-22T09:00:00Z", "2026-10-19T21:00:00Z", "2026-12-20T15:00:00Z"];
        begin(chance.one_of(&starts).parse().unwrap());
        let mut world = Self {
            seed,
            size,
            chance,
            folder: tempfile::tempdir().unwrap(),
            copies: 0,
            goal: 1,
            said: Said::new(seed),
            disk: Disk::insert(),
            life: None,
            moods: [(Mood::Good, 0); SOURCES],
            full_for: 0,
            calm_since: truly(),
            began: truly(),
            shown: Shown::default(),
            told: Told::default(),
        };
        world.start().await;
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(format!("{}/history.db", self.copies))
    }

    pub(super) fn life(&self) -> &Life {
        self.life.as_ref().unwrap()
    }

    pub(super) fn snapshot(&self) -> Arc<crate::snapshot::Snapshot> {
        self.life().shared.snapshot().unwrap()
    }

    /// Starts a process, and waits until it shows something.
    pub(super) async fn start(&mut self) {
        let still = Still::new();
        self.disk.end_in(0);
        let config = config(self.size, self.goal, &self.path());
        let mut prepared = Prepared::of(config, clock, None).unwrap();
        prepared.sources = self.said.sources();
        prepared.tick = Duration::from_mins(self.size.every.into());
        let shared = Arc::new(Shared::new(Arc::clone(&prepared.self_metrics)));
        let store = Arc::new(Store::open(self.path()).await.unwrap());
        self.disk.holds(&store);
        let weak = Arc::downgrade(&store);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (reloads, outside) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        let mut work = JoinSet::new();
        let (serving, store) = (Arc::clone(&shared), std::future::ready(Ok(Some(store))));
        work.spawn(async move {
            let (outside, stop) = (Outside::new(outside), stopped.map(drop));
            super::super::work(prepared, store, serving, vec![listener.into()], outside, stop)
                .await
                .unwrap();
        });
        drop(still);
        happens("started");
        while shared.snapshot().is_none() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        self.life = Some(Life { work, shared, store: weak, reloads, stop, address });
        self.calm_since = truly();
        self.after_a_start().await;
    }

    /// One interval between two polls, with whatever happens in it.
    pub(super) async fn step(&mut self) {
        self.told.steps += 1;
        self.change_moods();
        self.mishap().await;
        self.pass(Duration::from_mins(self.size.every.into())).await;
        self.check().await;
    }

    fn change_moods(&mut self) {
        for source in 0..SOURCES {
            let (mood, left) = self.moods[source];
            if left > 0 {
                self.moods[source].1 -= 1;
            } else if self.chance.once_in(150) {
                let moods = [Mood::Down, Mood::Garbage, Mood::Twice, Mood::Slow, Mood::Hangs];
                // Up to five days: longer than values are shown, and than results wait for late data.
                let long = if self.chance.once_in(8) { 120 * 60 / self.size.every } else { 12 };
                self.moods[source] = (self.chance.one_of(&moods), self.chance.below(long));
                happens(format_args!("s{source}: {:?} steps", self.moods[source]));
            } else if mood != Mood::Good {
                self.moods[source].0 = Mood::Good;
                happens(format_args!("s{source} is well"));
                self.calm_since = truly();
            }
        }
        self.feel();
    }

    fn feel(&mut self) {
        self.said.feel(self.moods.map(|(mood, _)| mood));
        if self.moods.iter().any(|(mood, _)| *mood != Mood::Good) {
            self.calm_since = truly();
        }
    }

    /// Lets time pass, in which the process may end at any of its dealings with the disk.
    async fn pass(&mut self, time: Duration) {
        let until = Instant::now() + time;
        if self.chance.once_in(120) {
            self.disk.end_in(1 + self.chance.below(12));
        }
        let gone = tokio::select! {
            biased;
            () = self.disk.gone() => true,
            () = tokio::time::sleep_until(until) => false,
        };
        self.disk.end_in(0);
        if gone {
            happens("gone in the middle of a write");
            self.told.crashes += 1;
            self.kill().await;
            self.rest().await;
            self.start().await;
            tokio::time::sleep_until(until).await;
        }
    }

    /// For some time there is no process.
    async fn rest(&mut self) {
        let minutes = self.chance.one_of(&[0, 0, 1, 10, 60, 60 * 50]);
        tokio::time::sleep(Duration::from_mins(minutes)).await;
        if ahead() > TimeDelta::days(1) && self.chance.once_in(2) {
            self.set_clock(TimeDelta::zero());
        }
    }

    async fn mishap(&mut self) {
        self.full_for = self.full_for.saturating_sub(1);
        self.disk.fill(self.full_for > 0);
        match self.chance.below(400) {
            0 => {
                happens("killed");
                self.told.kills += 1;
                self.kill().await;
                self.rest().await;
                self.start().await;
            }
            1 | 2 => {
                happens("ended");
                self.told.restarts += 1;
                self.stop().await;
                self.rest().await;
                self.start().await;
            }
            3..=6 => self.reload().await,
            7 => {
                self.told.clock_steps += 1;
                let minutes = i64::from(self.chance.below(180)) - 90;
                self.set_clock(ahead() + TimeDelta::minutes(minutes));
            }
            8 if ahead() < TimeDelta::days(1) => {
                self.told.leaps += 1;
                self.set_clock(ahead() + TimeDelta::days(32));
            }
            9..=60 if ahead() > TimeDelta::days(1) => self.set_clock(TimeDelta::zero()),
            61 => {
                self.told.full_disks += 1;
                self.full_for = self.chance.below(40);
                happens(format_args!("the disk is full for {} steps", self.full_for));
            }
            62..=70 => self.take_note().await,
            _ => {}
        }
    }

    fn set_clock(&mut self, ahead: TimeDelta) {
        set_ahead(ahead);
        happens("the clock was set");
        self.calm_since = truly();
        self.shown.clock_was_set();
    }

    pub(super) fn disk_is_full(&self) -> bool {
        self.full_for > 0
    }

    async fn reload(&mut self) {
        happens("reload");
        self.told.reloads += 1;
        self.goal = self.chance.below(3);
        let config = Ok(config(self.size, self.goal, &self.path()));
        let (answer, answered) = oneshot::channel();
        let reload = Reload { config, answers: vec![answer] };
        self.life().reloads.send(reload).await.unwrap();
        answered.await.unwrap().unwrap();
        self.calm_since = truly();
        self.shown.was_reloaded();
    }

    /// An orderly end. It takes no time.
    async fn stop(&mut self) {
        let still = Still::new();
        let mut life = self.life.take().unwrap();
        life.stop.send(()).unwrap();
        life.work.join_next().await.unwrap().unwrap();
        drop(still);
    }

    /// What is on the disk at this moment is all that is left.
    async fn kill(&mut self) {
        let old = self.path();
        self.copies += 1;
        let new = self.path();
        std::fs::create_dir_all(new.parent().unwrap()).unwrap();
        for suffix in ["", "-wal"] {
            let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            if name(&old).exists() {
                std::fs::copy(name(&old), name(&new)).unwrap();
            }
        }
        let mut life = self.life.take().unwrap();
        life.work.shutdown().await;
        drop(life);
        self.disk.is_left();
        std::fs::remove_dir_all(old.parent().unwrap()).unwrap();
    }

    /// The answer to a scrape.
    pub(super) fn scrape(&self) -> String {
        let mut stream = TcpStream::connect(self.life().address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        body.to_owned()
    }

    /// When all is well again for a day, all is fresh.
    pub(super) async fn heal(&mut self) {
        self.moods = [(Mood::Good, 0); SOURCES];
        self.full_for = 0;
        self.disk.fill(false);
        self.feel();
        self.set_clock(TimeDelta::zero());
        // Days that were missed are caught up with at a start.
        self.stop().await;
        self.start().await;
        let every = self.size.every;
        for _ in 0..24 * 60 / every {
            tokio::time::sleep(Duration::from_mins(every.into())).await;
            self.check().await;
        }
        self.check_the_end().await;
    }
}
