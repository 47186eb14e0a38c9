//! Worked vectors, degenerate input and what must hold for any input.

use proptest::prelude::*;

use super::*;

const YEAR: usize = 12;
const SHAPE: [f64; YEAR] = [6.0, 6.0, 8.0, 9.0, 10.0, 12.0, 13.0, 12.0, 10.0, 9.0, 8.0, 17.0];

fn season(steps: &[f64]) -> Season {
    Season { steps: steps.to_vec(), first_weekday: None }
}

fn flow(earlier: &[Vec<f64>], current: &[f64], length: usize) -> Seasons {
    Seasons {
        kind: StepKind::Flow,
        earlier: earlier.iter().map(|steps| season(steps)).collect(),
        current: season(current),
        elapsed: current.len() as f64,
        length,
    }
}

fn level(earlier: &[Vec<f64>], current: &[f64], length: usize) -> Seasons {
    Seasons { kind: StepKind::Level, ..flow(earlier, current, length) }
}

/// Years of one shape, the first of total 120, each `growth` times the one before.
fn years(count: i32, growth: f64) -> Vec<Vec<f64>> {
    (0..count).map(|year| SHAPE.map(|month| month * growth.powi(year)).to_vec()).collect()
}

/// Days of consecutive periods that follow a weekday pattern and nothing else.
fn weekly(lengths: &[usize], done: usize) -> Seasons {
    const WEEK: [f64; 7] = [12.0, 11.0, 10.0, 10.0, 9.0, 3.0, 1.0];
    let mut start = 0;
    let mut periods: Vec<Season> = Vec::new();
    for length in lengths {
        let steps = (start..start + length).map(|day| WEEK[day % 7]).collect();
        periods.push(Season { steps, first_weekday: Some(start) });
        start += length;
    }
    let mut current = periods.pop().unwrap();
    let length = current.steps.len();
    current.steps.truncate(done);
    let kind = StepKind::Flow;
    Seasons { kind, earlier: periods, current, elapsed: done as f64, length }
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} is not {b}");
}

fn by(seasons: &Seasons, method: Method) -> f64 {
    forecast_by(seasons, method).unwrap().value
}

#[test]
fn without_history_a_flow_goes_on_as_it_did() {
    // Organic traffic of the worked example: 125 000 sessions in 30 of 91 days.
    let projection = forecast(&flow(&[], &[125_000.0 / 30.0; 30], 91)).unwrap();
    close(projection.value, 379_166.666_666_666_7);
    assert_eq!(projection.method, Method::Linear);
    assert_eq!(projection.interval(), None);
    assert_eq!(projection.hit_probability(1.0, true), None);
}

#[test]
fn a_running_step_counts_by_its_share() {
    let half = Seasons { elapsed: 2.5, ..flow(&[], &[10.0, 10.0, 5.0], 10) };
    close(forecast(&half).unwrap().value, 100.0);
    let steady = vec![vec![10.0; 10]; 4];
    let half = Seasons { elapsed: 2.5, ..flow(&steady, &[10.0, 10.0, 5.0], 10) };
    for method in [Method::Linear, Method::Seasonal, Method::Trailing, Method::Model] {
        close(by(&half, method), 100.0);
    }
}

#[test]
fn the_seasonal_share_is_the_mean_of_three_earlier_periods() {
    let earlier = [vec![9.0, 1.0], vec![4.0, 6.0], vec![2.0, 8.0], vec![3.0, 7.0]];
    close(by(&flow(&earlier, &[6.0], 2), Method::Seasonal), 20.0);
    assert_eq!(forecast_by(&flow(&earlier[..1], &[6.0], 2), Method::Seasonal), None);
}

#[test]
fn trailing_adds_the_level_of_one_period_for_each_step_left() {
    // Newest ten steps: 3 x 2 and 7 x 1, a level of 1.3 for 7 steps.
    close(by(&flow(&[vec![1.0; 10]], &[2.0; 3], 10), Method::Trailing), 6.0 + 1.3 * 7.0);
    let grows = level(&[vec![1.0, 2.0, 3.0, 4.0]], &[5.0, 6.0], 4);
    close(by(&grows, Method::Trailing), 8.0);
}

#[test]
fn a_shape_that_repeats_is_seen_through_by_seasonal_and_model() {
    let earlier = years(5, 1.0);
    let start = flow(&earlier, &SHAPE[..3], YEAR);
    for method in [Method::Seasonal, Method::Model] {
        close(by(&start, method), 120.0);
    }
    close(by(&start, Method::Linear), 80.0);
}

#[test]
fn growth_is_carried_on() {
    let earlier = years(5, 1.1);
    let current: Vec<f64> = SHAPE[..3].iter().map(|month| month * 1.1_f64.powi(5)).collect();
    let projection = forecast(&flow(&earlier, &current, YEAR)).unwrap();
    let truth = 120.0 * 1.1_f64.powi(5);
    assert!((projection.value / truth - 1.0).abs() < 0.02, "{projection:?}");
}

#[test]
fn the_weekday_pattern_is_honoured_whatever_day_a_month_starts_on() {
    let lengths = [31, 28, 31, 30, 31, 30, 31];
    let truth: f64 = weekly(&lengths, 31).current.steps.iter().sum();
    for done in 1..31 {
        let seasons = weekly(&lengths, done);
        for method in [Method::Seasonal, Method::Trailing, Method::Model] {
            close(by(&seasons, method), truth);
        }
    }
    let linear = by(&weekly(&lengths, 5), Method::Linear);
    assert!((linear / truth - 1.0).abs() > 0.05, "{linear} against {truth}");
}

#[test]
fn a_level_without_history_stays_and_with_history_may_follow_its_shape() {
    let stays = forecast(&level(&[], &[5.0, 7.0], 4)).unwrap();
    assert_eq!((stays.value, stays.method), (7.0, Method::Last));
    // A repeat rate that always triples inside the period.
    let earlier: Vec<Vec<f64>> =
        (1..7).map(|p| [0.1, 0.2, 0.3].repeat(p).split_off(3 * (p - 1))).collect();
    let follows = forecast(&level(&earlier, &[0.12, 0.24], 3)).unwrap();
    assert_eq!(follows.method, Method::Seasonal);
    close(follows.value, 0.36);
}

#[test]
fn a_method_that_did_clearly_better_is_chosen() {
    // Every year runs at a level of its own, which the model cannot know and the year itself says.
    let levels = [3.0, 14.0, 6.0, 17.0, 4.0, 12.0, 8.0];
    let earlier = levels.map(|level| vec![level; YEAR]);
    let start = flow(&earlier, &[5.0; 2], YEAR);
    let projection = forecast(&start).unwrap();
    assert_eq!(projection.method, Method::Seasonal);
    close(projection.value, 60.0);
    // Two periods that could be tried are too few to tell.
    let start = flow(&earlier[..3], &[5.0; 2], YEAR);
    assert_eq!(forecast(&start).unwrap().method, Method::Model);
}

#[test]
fn the_end_of_a_period_is_its_value() {
    let projection = forecast(&flow(&years(4, 1.0), &SHAPE, YEAR)).unwrap();
    assert_eq!(projection.method, Method::Final);
    assert_eq!(projection.interval(), Some((120.0, 120.0)));
    assert!(projection.hit_probability(120.0, true).unwrap() > 0.99);
    assert!(projection.hit_probability(120.1, true).unwrap() < 0.01);
    assert!(projection.hit_probability(120.1, false).unwrap() > 0.99);
}

#[test]
fn a_spread_takes_two_periods_that_could_be_tried() {
    for (count, known) in [(0, false), (1, false), (2, false), (3, true), (6, true)] {
        let projection = forecast(&flow(&years(count, 1.02), &SHAPE[..6], YEAR)).unwrap();
        assert_eq!(projection.interval().is_some(), known, "{count} earlier periods");
        assert_eq!(projection.hit_probability(120.0, true).is_some(), known);
    }
}

#[test]
fn a_constant_history_gives_a_narrow_interval_but_no_certainty() {
    let projection = forecast(&flow(&vec![vec![5.0; YEAR]; 5], &[5.0; 3], YEAR)).unwrap();
    let (low, high) = projection.interval().unwrap();
    assert!(low < 60.0 && 60.0 < high && high - low < 1.0, "{low} to {high}");
    let even = projection.hit_probability(60.0, true).unwrap();
    assert!((even - 0.5).abs() < 1e-6);
}

#[test]
fn zeros_and_losses_are_projected_on_a_plain_scale() {
    let zeros = forecast(&flow(&vec![vec![0.0; YEAR]; 5], &[0.0; 3], YEAR)).unwrap();
    close(zeros.value, 0.0);
    assert_eq!(zeros.interval(), Some((0.0, 0.0)));
    let losses: Vec<Vec<f64>> =
        years(5, 1.0).iter().map(|y| y.iter().map(|v| -v).collect()).collect();
    let current: Vec<f64> = SHAPE[..3].iter().map(|month| -month).collect();
    let projection = forecast(&flow(&losses, &current, YEAR)).unwrap();
    close(projection.value, -120.0);
    assert!(projection.hit_probability(-130.0, true).unwrap() > 0.9);
    assert!(projection.hit_probability(10.0, true).unwrap() < 0.1);
}

#[test]
fn a_flow_that_only_grows_ends_no_lower_than_it_stands() {
    let wild = [[1.0, 9.0], [9.0, 1.0], [2.0, 9.0], [9.0, 2.0], [1.0, 8.0]].map(|s| s.to_vec());
    let projection = forecast(&flow(&wild, &[6.0], 2)).unwrap();
    assert!(projection.interval().unwrap().0 >= 6.0);
    assert!(projection.hit_probability(6.0, true).unwrap() > 0.99);
}

/// Months of 30 days that carry `amount` on some days (counted from 0) and nothing on others.
fn bookings(months: &[&[usize]], amount: f64, done: usize) -> Seasons {
    let season = |(month, days): (usize, &&[usize])| Season {
        steps: (0..30).map(|day| if days.contains(&day) { amount } else { 0.0 }).collect(),
        first_weekday: Some(month * 30),
    };
    let mut earlier: Vec<Season> = months.iter().enumerate().map(season).collect();
    let mut current = earlier.pop().unwrap();
    current.steps.truncate(done);
    Seasons { kind: StepKind::Flow, earlier, current, elapsed: done as f64, length: 30 }
}

#[test]
fn rows_of_the_first_or_last_of_a_month_are_neither_doubled_nor_halved() {
    for (day, done) in [(0, 1), (0, 2), (0, 12), (0, 29), (29, 3), (29, 15), (29, 29)] {
        let of_day = [day];
        let months: [&[usize]; 7] = [&of_day; 7];
        let end = forecast(&bookings(&months, 100.0, done)).unwrap().value;
        assert!((end - 100.0).abs() < 1e-9, "day {day}, after {done}: {end}");
    }
}

#[test]
fn a_month_whose_only_booking_fell_on_a_saturday_counts() {
    // Day 12 of the second month is the only Saturday (day 5 of a week from Monday) with a booking.
    let months: [&[usize]; 4] = [&[3, 10, 17], &[(5 + 7 * 5 - 30) + 7], &[4, 11, 18], &[2, 9, 16]];
    let seasons = bookings(&months, 50.0, 12);
    let shares = forecast_by(&seasons, Method::Seasonal).unwrap().value;
    // 100 so far, and one booking more was to come in every month at this point.
    close(shares, 150.0);
    close(forecast(&seasons).unwrap().value, 150.0);
}

#[test]
fn a_weekday_is_idle_only_where_it_never_carried_anything() {
    // Weekends carry nothing, but one Saturday long ago did: the next may again.
    let mut seasons = weekly(&[31, 28, 31, 30, 31, 30, 31], 10);
    let all = |seasons: &mut Seasons, saturday: f64| {
        let mut day = 0;
        for season in seasons.earlier.iter_mut().chain([&mut seasons.current]) {
            for step in &mut season.steps {
                *step = if day % 7 < 5 { 10.0 } else { 0.0 };
                if day == 19 {
                    *step = saturday;
                }
                day += 1;
            }
        }
    };
    all(&mut seasons, 0.0);
    // 31 days from a Wednesday (day 181 = 6 modulo 7 is a Sunday): count the open ones.
    let open = (181..212).filter(|day| day % 7 < 5).count() as f64;
    close(by(&seasons, Method::Trailing), 10.0 * open);
    all(&mut seasons, 10.0);
    let rare = by(&seasons, Method::Trailing);
    assert!((rare / (10.0 * open) - 1.0).abs() < 0.1, "{rare}");
    seasons.current.steps[4] = 10.0;
    assert!(by(&seasons, Method::Seasonal).is_finite());
}

#[test]
fn a_projection_is_never_below_what_stands_nor_below_zero_for_what_never_was() {
    // Every period falls apart after its first half: straight lines would go below zero.
    let falls: Vec<Vec<f64>> = (0..5).map(|_| vec![90.0, 60.0, 30.0, 1.0]).collect();
    let level = forecast(&level(&falls, &[50.0, 20.0], 4)).unwrap();
    let trailing = Seasons { elapsed: 2.0, ..self::level(&falls, &[50.0, 20.0], 4) };
    assert!(level.value >= 0.0 && level.interval().unwrap().0 >= 0.0);
    assert!(by(&trailing, Method::Trailing) >= 0.0);
    for done in 1..4 {
        let so_far = [70.0, 0.0, 0.0];
        let flow = forecast(&flow(&falls, &so_far[..done], 4)).unwrap();
        assert!(flow.value >= 70.0 && flow.interval().unwrap().0 >= 70.0);
    }
}

#[test]
fn early_in_a_month_the_trailing_level_counts_for_more_than_the_first_days() {
    let mut seasons = weekly(&[31, 28, 31, 30, 31, 30, 31], 2);
    let truth: f64 = weekly(&[31, 28, 31, 30, 31, 30, 31], 31).current.steps.iter().sum();
    seasons.current.steps[1] *= 3.0;
    let early = forecast(&seasons).unwrap().value;
    assert!((early / truth - 1.0).abs() < 0.2, "{early} against {truth}");
    assert!((by(&seasons, Method::Linear) / truth - 1.0).abs() > 0.2);
}

#[test]
fn input_that_does_not_fit_is_refused() {
    let whole = flow(&[vec![1.0; 4]], &[1.0; 2], 4);
    assert!(forecast(&whole).is_some());
    let refused = [
        Seasons { elapsed: 0.0, ..whole.clone() },
        Seasons { elapsed: 1.0, ..whole.clone() },
        Seasons { elapsed: 2.1, ..whole.clone() },
        Seasons { elapsed: f64::NAN, ..whole.clone() },
        Seasons { length: 1, ..whole.clone() },
        Seasons { current: season(&[]), ..whole.clone() },
        Seasons { current: season(&[1.0, f64::INFINITY]), ..whole.clone() },
        Seasons { earlier: vec![season(&[])], ..whole.clone() },
        Seasons { earlier: vec![season(&[f64::NAN])], ..whole },
    ];
    for seasons in refused {
        assert_eq!(forecast(&seasons), None, "{seasons:?}");
    }
}

prop_compose! {
    /// Any history, of any length and sign, daily or not, with any step running.
    fn anything()(
        kind in prop_oneof![Just(StepKind::Flow), Just(StepKind::Level)],
        length in 1_usize..40,
        weekdays in any::<bool>(),
        positive in any::<bool>(),
    )(
        earlier in prop::collection::vec(
            prop::collection::vec(-1e3..1e3_f64, length.max(2) - 1..length + 2), 0..6),
        steps in prop::collection::vec(-1e3..1e3_f64, 1..=length),
        running in 0.01..=1.0_f64,
        (kind, length, weekdays, positive) in Just((kind, length, weekdays, positive)),
    ) -> Seasons {
        let mut start = 0;
        let mut season = |steps: Vec<f64>| {
            let first_weekday = weekdays.then_some(start);
            start += steps.len();
            let sign = |v: f64| if positive { v.abs() } else { v };
            Season { steps: steps.into_iter().map(sign).collect(), first_weekday }
        };
        let earlier = earlier.into_iter().map(&mut season).collect();
        let elapsed = (steps.len() - 1) as f64 + running;
        Seasons { kind, earlier, current: season(steps), elapsed, length }
    }
}

fn scaled(seasons: &Seasons, factor: f64) -> Seasons {
    let mut scaled = seasons.clone();
    for period in scaled.earlier.iter_mut().chain([&mut scaled.current]) {
        period.steps.iter_mut().for_each(|step| *step *= factor);
    }
    scaled
}

proptest! {
    #[test]
    fn every_number_is_finite_and_every_chance_lies_between_0_and_1(
        seasons in anything(), target in -1e5..1e5_f64,
    ) {
        let projection = forecast(&seasons).unwrap();
        prop_assert!(projection.value.is_finite());
        if let Some((low, high)) = projection.interval() {
            prop_assert!(low.is_finite() && high.is_finite());
            prop_assert!(low <= projection.value && projection.value <= high);
        }
        if let Some(p) = projection.hit_probability(target, true) {
            prop_assert!(0.0 < p && p < 1.0);
            let below = projection.hit_probability(target, false).unwrap();
            prop_assert!((p + below - 1.0).abs() < 1e-12);
            prop_assert!(projection.hit_probability(target + 10.0, true).unwrap() <= p);
        }
    }

    #[test]
    fn twice_the_data_is_twice_the_projection_and_twice_the_interval(seasons in anything()) {
        let one = forecast(&seasons).unwrap();
        let two = forecast(&scaled(&seasons, 2.0)).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-6);
        prop_assert_eq!(one.method, two.method);
        prop_assert!(near(2.0 * one.value, two.value));
        match (one.interval(), two.interval()) {
            (Some(a), Some(b)) => prop_assert!(near(2.0 * a.0, b.0) && near(2.0 * a.1, b.1)),
            (a, b) => prop_assert_eq!(a, b),
        }
    }

    #[test]
    fn what_is_over_is_its_own_projection(seasons in anything()) {
        let over = Seasons {
            length: seasons.current.steps.len(),
            elapsed: seasons.current.steps.len() as f64,
            ..seasons
        };
        let projection = forecast(&over).unwrap();
        let value = match over.kind {
            StepKind::Flow => over.current.steps.iter().sum(),
            StepKind::Level => *over.current.steps.last().unwrap(),
        };
        prop_assert!((projection.value - value).abs() < f64::EPSILON);
        prop_assert_eq!(projection.interval(), Some((value, value)));
    }
}
