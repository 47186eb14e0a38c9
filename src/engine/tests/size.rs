//! What a verdict costs in memory: there are as many of them as a KPI has label sets.

use chrono::TimeDelta;

use super::super::evaluate::tests::World;
use crate::record::{Remembered, finish};
use crate::snapshot::Verdict;

/// Bytes of a verdict and of what it alone holds; its labels belong to the measurements.
fn bytes(verdict: &Verdict) -> usize {
    let assessment = &verdict.assessment;
    size_of_val(verdict)
        + size_of_val(assessment.findings.as_slice())
        + assessment.reason.capacity()
        + assessment.period.id.capacity()
}

#[test]
fn verdicts_as_they_are_found_and_shown_take_less_than_two_kibibytes_each() {
    let mut world = World::new();
    let (mut all, mut looked_at) = (0, 0);
    for round in 0..40 {
        world.now += TimeDelta::hours(9);
        (0..4).for_each(|metric| world.run(metric, round * 5 + 1));
        world.update(true);
        let found = world.all.evaluate(&world.book, &world.log, world.now);
        let kpis = found.kpis.clone();
        let shown = finish(found, &world.definitions, &Remembered::default());
        for (found, shown) in kpis.iter().zip(&shown.kpis) {
            for (found, shown) in found.verdicts.iter().zip(shown.verdicts.iter()) {
                all += bytes(found) + bytes(shown);
                looked_at += 1;
            }
        }
    }
    let mean = all / looked_at;
    assert!(looked_at > 300 && mean > 1024, "{mean} bytes each of {looked_at}");
    assert!(mean < 2048, "{mean} bytes each of {looked_at}");
}
