//! What is said before history is read is said after it as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::super::evaluate::tests::{World, steps, walk};
use super::super::{Engine, Evaluated, History};
use crate::assess::{Assessment, Number, Status};
use crate::kpi::SeriesKey;

impl World {
    /// A start with all that is known now: what it says before history is read is what it says afterwards,
    /// with the statuses of before it, or nothing at all. Gives what it says, and what it says afterwards.
    fn start(&self) -> Option<(Evaluated, Evaluated)> {
        let memories = self.all.memories().unwrap();
        let with = |history: History| {
            let mut engine = Engine::new(Arc::clone(&self.definitions));
            engine.restore(self.all.openings().clone(), history);
            engine.resume(memories.clone());
            engine
        };
        let mut engine = with(History::default());
        let at_once = engine.at_once(&self.book, &self.log, self.now);
        assert_eq!(engine.memories(), Some(memories));
        assert!(engine.openings().iter().eq(self.all.openings().iter()));
        assert_eq!(engine.history(), &History::default());
        engine.remember_days(self.all.history().clone());
        let later = engine.evaluate(&self.book, &self.log, self.now);
        let in_one_go = with(self.all.history().clone()).evaluate(&self.book, &self.log, self.now);
        self.compare(&in_one_go, &later, true);
        let at_once = at_once?;
        assert_eq!((&at_once.metrics, &at_once.sources), (&later.metrics, &later.sources));
        for (at_once, later) in at_once.kpis.iter().zip(&later.kpis) {
            assert_eq!(at_once.verdicts.len(), later.verdicts.len(), "{}", at_once.kpi.id);
            assert_eq!(
                (&at_once.last_period, &at_once.breakdowns, at_once.last_success),
                (&later.last_period, &later.breakdowns, later.last_success)
            );
            for (now, then) in at_once.verdicts.iter().zip(later.verdicts.iter()) {
                let key = SeriesKey::new(&at_once.kpi.id, &now.labels);
                let (is, will) = (&now.assessment, &then.assessment);
                let facts = [Status::NoData, Status::Achieved, Status::Missed];
                let known =
                    if facts.contains(&is.status) { will.status } else { memories[&key].shown };
                assert_eq!((&now.labels, is.status), (&then.labels, known), "{key:?}");
                assert_eq!(
                    (&is.period, is.elapsed_ratio, is.sums, is.goal, is.data_through),
                    (&will.period, will.elapsed_ratio, will.sums, will.goal, will.data_through)
                );
                for number in Number::ALL {
                    let (now, then) = ((number.read)(is), (number.read)(will));
                    let needs_history = number.key.starts_with("projected_")
                        || number.key == "target_hit_probability";
                    let expected = then.filter(|_| !needs_history);
                    assert_eq!(now, expected, "{}: {key:?}", number.key);
                }
            }
        }
        Some((at_once, later))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_start_says_at_once_what_it_says_later_or_nothing(steps in steps()) {
        walk(steps).start();
    }
}

#[test]
fn before_history_is_read_values_have_the_statuses_of_before_and_no_projection() {
    let mut world = World::new();
    for _ in 0..60 {
        world.now += TimeDelta::days(1);
        (0..4).for_each(|metric| world.run(metric, 1));
        world.update(true);
    }
    let (at_once, later) = world.start().expect("all of it is remembered");
    assert!(at_once.kpis.iter().all(|state| state.awaits_history && state.leads.is_empty()));
    assert!(later.kpis.iter().any(|state| !state.awaits_history && !state.leads.is_empty()));
    let count = |found: &Evaluated, counts: fn(&Assessment) -> bool| {
        let verdicts = found.kpis.iter().flat_map(|state| state.verdicts.iter());
        verdicts.filter(|verdict| counts(&verdict.assessment)).count()
    };
    let values = |is: &Assessment| is.value.is_some();
    assert!(count(&at_once, values) > 5 && count(&at_once, values) == count(&later, values));
    let projected = |is: &Assessment| is.projected_method.is_some_and(|method| method != "path");
    assert!(
        count(&later, projected) > 0 && count(&at_once, |is| is.projected_value.is_some()) == 0
    );
    // A status that nobody remembers is not guessed.
    world.all.resume(BTreeMap::new());
    let mut engine = Engine::new(Arc::clone(&world.definitions));
    engine.restore(world.all.openings().clone(), History::default());
    assert!(engine.at_once(&world.book, &world.log, world.now).is_none());
}
