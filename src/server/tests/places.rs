//! Who goes when there is no room.

use super::*;
use crate::server::progress::Answering;

fn peer(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Lets one in that never ends.
fn let_in(places: &mut Places, from: &str) -> Arc<Progress> {
    let mut progress = None;
    places.let_in(peer(from), |its| {
        progress = Some(its);
        std::future::pending()
    });
    progress.unwrap()
}

/// One that asked for something that it does not read.
fn let_in_unread(places: &mut Places, from: &str) -> Arc<Progress> {
    let progress = let_in(places, from);
    progress.asked();
    progress.took(300 << 10);
    progress.is_unread(true);
    progress
}

fn is_in(places: &Places, progress: &Arc<Progress>) -> bool {
    places.taken.values().any(|place| Arc::ptr_eq(&place.progress, progress))
}

fn in_of(places: &Places, all: &[Arc<Progress>]) -> usize {
    all.iter().filter(|one| is_in(places, one)).count()
}

async fn pass(milliseconds: u64) {
    tokio::time::advance(Duration::from_millis(milliseconds)).await;
}

const PROXY: &str = "10.0.0.1";

#[tokio::test(start_paused = true)]
async fn the_peer_that_has_most_makes_room_with_what_it_does_not_use() {
    let mut places = Places::default();
    for _ in 0..1500 {
        let_in(&mut places, PROXY);
    }
    assert_eq!(places.taken.len(), MOST_OF_A_PEER);
    for n in 0..=255 {
        let_in(&mut places, &format!("10.0.1.{n}"));
    }
    assert_eq!(places.taken.len(), MOST);
    assert_eq!(places.held(peer(PROXY)), 256, "one each of the others");
    // What works stays, what is silent goes.
    pass(1000).await;
    let busy = let_in(&mut places, PROXY);
    for _ in 0..1000 {
        pass(1).await;
        busy.asked();
        let_in(&mut places, PROXY);
    }
    assert!(is_in(&places, &busy));
    for n in 0..=255 {
        assert_eq!(places.held(peer(&format!("10.0.1.{n}"))), 1, "{n}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_one_peer_the_silent_go_first_then_those_that_do_not_read_the_longest_first() {
    let mut places = Places::default();
    let mut readers = Vec::new();
    let mut silent = Vec::new();
    for _ in 0..190 {
        readers.push(let_in_unread(&mut places, PROXY));
        silent.push(let_in(&mut places, PROXY));
        pass(1).await;
    }
    // A scrape that takes its time, another that is read at leisure, and one that reads on and on.
    let scrape = let_in(&mut places, PROXY);
    let computed: Answering = scrape.answering();
    let leisurely = let_in_unread(&mut places, PROXY);
    let reads = let_in_unread(&mut places, PROXY);
    pass(5000).await;
    let mut last = (silent.len(), readers.len());
    for n in 0..380_usize {
        pass(1).await;
        if n == 0 {
            leisurely.asked();
        }
        reads.asked();
        let_in(&mut places, PROXY);
        let left = (in_of(&places, &silent), in_of(&places, &readers));
        assert_eq!(left, (190 - n.min(190), 190 - n.saturating_sub(190)), "{n}");
        for all in [&silent, &readers] {
            let left = in_of(&places, all);
            assert_eq!(in_of(&places, &all[all.len() - left..]), left, "the longest first");
        }
        last = left;
    }
    assert_eq!(last, (0, 1));
    for (name, one) in [("scrape", &scrape), ("leisurely", &leisurely), ("reads", &reads)] {
        assert!(is_in(&places, one), "{name}");
    }
    drop(computed);
}

#[tokio::test(start_paused = true)]
async fn a_flood_makes_room_for_itself() {
    let mut places = Places::default();
    // All come within a moment, so that none of them has been stuck for long.
    let scrape = let_in(&mut places, PROXY);
    let _computed = scrape.answering();
    let read = let_in_unread(&mut places, PROXY);
    for _ in 0..1500 {
        let_in(&mut places, PROXY);
    }
    pass(300).await;
    let_in(&mut places, PROXY);
    assert!(is_in(&places, &scrape) && is_in(&places, &read), "silent ones go");

    let mut places = Places::default();
    for _ in 0..MOST_OF_A_PEER {
        let_in_unread(&mut places, PROXY);
    }
    pass(20).await;
    let asks_yet = let_in(&mut places, PROXY);
    let read = let_in_unread(&mut places, PROXY);
    read.took(1 << 20);
    // It is hindered for a moment: longer than any of them.
    for _ in 0..900 {
        pass(1).await;
        let_in_unread(&mut places, PROXY);
    }
    assert!(is_in(&places, &read) && is_in(&places, &asks_yet), "those that do not read go");

    let mut places = Places::default();
    let asked: Vec<_> = (0..MOST_OF_A_PEER).map(|_| let_in(&mut places, PROXY)).collect();
    let computed: Vec<_> = asked.iter().map(Progress::answering).collect();
    pass(20).await;
    let asks_yet = let_in(&mut places, PROXY);
    let_in(&mut places, PROXY);
    assert!(is_in(&places, &asks_yet), "it had no time to ask");
    assert_eq!(in_of(&places, &asked), MOST_OF_A_PEER - 2, "there was no other");
    // One of them is soon answered: then it is not cut off.
    let one = asked.iter().rposition(|one| is_in(&places, one)).unwrap();
    let (began, next) = (Instant::now(), Arc::clone(&asked[one]));
    let mut computed = computed;
    let soon = computed.remove(one);
    tokio::spawn(async move {
        sleep(Duration::from_millis(30)).await;
        drop(soon);
        next.is_unread(true);
    });
    places.wait_for(peer(PROXY)).await;
    assert!(began.elapsed() < Duration::from_millis(50), "{:?}", began.elapsed());
    let_in(&mut places, PROXY);
    assert_eq!((is_in(&places, &asked[one]), is_in(&places, &asks_yet)), (false, true));
    // In all they wait for a part of the time only.
    let began = Instant::now();
    for _ in 0..1000 {
        places.wait_for(peer(PROXY)).await;
    }
    assert!(began.elapsed() <= WAIT_IN_A_SECOND, "{:?}", began.elapsed());
    drop(computed);
}

#[tokio::test(start_paused = true)]
async fn who_holds_a_place_in_use_keeps_it_however_many_peers_there_are() {
    let mut places = Places::default();
    let scrapes: Vec<_> = (0..3).map(|_| let_in(&mut places, "10.0.9.9")).collect();
    let computed: Vec<_> = scrapes.iter().map(Progress::answering).collect();
    for n in 0..2000 {
        let_in(&mut places, &format!("10.1.{}.{}", n / 250, n % 250));
        pass(3).await;
    }
    assert_eq!(in_of(&places, &scrapes), 3);
    drop(computed);
}

#[tokio::test]
async fn places_of_connections_that_end_are_free_again() {
    let mut places = Places::default();
    for _ in 0..MOST_OF_A_PEER * 2 {
        places.let_in(peer("::1"), |_| std::future::ready(()));
    }
    places.all_ended().await;
    assert!(places.taken.is_empty() && places.of_peers.is_empty());
}

#[test]
fn a_network_of_ipv6_is_one_peer() {
    for (one, other, same) in [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("::ffff:10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1", "10.0.0.2", false),
    ] {
        assert_eq!(network_of(peer(one)) == network_of(peer(other)), same, "{one} {other}");
    }
}
