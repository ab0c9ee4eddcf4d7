use super::*;

fn unit(number: i64, group: i64, expected: f64, kind: UnitKind) -> ShownUnit {
    ShownUnit {
        id: UnitId::for_test(number),
        series: (CoverageId::for_test(group), Pass::Search),
        expected,
        kind,
        has_later_pass: false,
    }
}

fn whole(number: i64, expected: f64) -> ShownUnit {
    unit(number, number, expected, UnitKind::Whole)
}

fn read(ahead: &mut WorkAhead, unit: &ShownUnit, pages: u32) {
    for _ in 0..pages {
        ahead.record_page(unit, None);
    }
}

/// Splits a unit, and adds the other slices. Returns all of them.
fn split(ahead: &mut WorkAhead, mut first: ShownUnit, slices: i64) -> Vec<ShownUnit> {
    ahead.split(&mut first, usize::try_from(slices).unwrap(), 1.0);
    let rest = (1..slices).map(|number| ShownUnit {
        id: UnitId::for_test(1_000 + number),
        ..first
    });
    let rest: Vec<ShownUnit> = rest.collect();
    for slice in &rest {
        ahead.add(slice);
    }
    [vec![first], rest].concat()
}

#[test]
fn finished_units_correct_the_expectation() {
    let mut ahead = WorkAhead::default();
    let units: Vec<ShownUnit> = (0..20).map(|number| whole(number, 2.0)).collect();
    for unit in &units {
        ahead.add(unit);
    }
    assert_eq!(ahead.pages_left(1.0).all, 40.0);
    for unit in units.iter().take(10) {
        read(&mut ahead, unit, 20);
        assert_eq!(ahead.remove(unit, true), Some((2.0, 20.0)));
    }
    let left = ahead.pages_left(1.0);
    assert!((150.0..=200.0).contains(&left.all), "{left:?}");
    assert!((15.0..=20.0).contains(&left.longest), "{left:?}");
    for unit in units.iter().skip(10) {
        assert_eq!(ahead.remove(unit, false), None, "nothing was read of it");
    }
    assert_eq!(ahead.pages_left(1.0).all, 0.0);
    assert!(ahead.series.is_empty());
}

#[test]
fn units_in_progress_correct_the_expectation() {
    let mut ahead = WorkAhead::default();
    let units: Vec<ShownUnit> = (0..4).map(|number| whole(number, 2.0)).collect();
    for unit in &units {
        ahead.add(unit);
    }
    read(&mut ahead, &units[0], 10);
    let left = ahead.pages_left(1.0);
    assert!(left.all > 30.0, "{left:?}");
    let located = Located {
        pages: 11.0,
        trust: 1.0,
    };
    ahead.record_page(&units[0], Some(located));
    let left = ahead.pages_left(1.0);
    assert!((20.0..=30.0).contains(&left.all), "{left:?}");
}

#[test]
fn slices_are_corrected_by_their_siblings_only() {
    let mut ahead = WorkAhead::default();
    let long = whole(1, 2.0);
    let short = whole(2, 1.0);
    ahead.add(&long);
    ahead.add(&short);
    read(&mut ahead, &long, 8);
    let slices = split(&mut ahead, long, 16);
    let left = ahead.pages_left(1.0);
    assert!(left.guessed >= left.all - 1.5, "{left:?}");
    read(&mut ahead, &slices[0], 20);
    ahead.remove(&slices[0], true);
    let left = ahead.pages_left(1.0);
    assert_eq!(left.guessed, 0.0);
    assert!((150.0..=305.0).contains(&left.all), "{left:?}");
    for slice in slices.iter().skip(1) {
        ahead.remove(slice, true);
    }
    assert_eq!(ahead.pages_left(1.0).all, 1.0, "the short one");
}

#[test]
fn slice_of_a_slice_keeps_the_scale() {
    let mut ahead = WorkAhead::default();
    let long = whole(1, 4.0);
    ahead.add(&long);
    read(&mut ahead, &long, 4);
    let slices = split(&mut ahead, long, 4);
    read(&mut ahead, &slices[0], 40);
    ahead.remove(&slices[0], true);
    let before = ahead.pages_left(1.0).all;
    ahead.record_page(&slices[1], None);
    let mut first = slices[1];
    ahead.split(&mut first, 2, 1.0);
    let second = ShownUnit {
        id: UnitId::for_test(99),
        ..first
    };
    ahead.add(&second);
    let after = ahead.pages_left(1.0).all;
    assert!((after - before).abs() <= before / 4.0, "{before} {after}");
}

#[test]
fn later_pass_takes_as_many_pages_as_the_first() {
    let mut ahead = WorkAhead::default();
    let trail = ShownUnit {
        has_later_pass: true,
        ..whole(1, 10.0)
    };
    ahead.add(&trail);
    assert_eq!(ahead.pages_left(1.0).all, 20.0);
    read(&mut ahead, &trail, 8);
    let slices = split(&mut ahead, trail, 2);
    for slice in &slices {
        read(&mut ahead, slice, 30);
        ahead.remove(slice, true);
    }
    let left = ahead.pages_left(1.0);
    assert_eq!(left.all, 58.0, "the second slice cost two pages");
    assert_eq!(ahead.end_pass(trail.series), Some(58.0));
    assert_eq!(ahead.pages_left(1.0).all, 0.0);
    assert_eq!(ahead.end_pass(trail.series), None);
}
