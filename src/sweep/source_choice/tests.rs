use super::*;

const WINDOW: (i64, i64) = (0, 1_000);
const LIMIT: f64 = 25.0;

fn target() -> Target {
    Target {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    }
}

fn ranges(kind: LogKind, parts: &[(i64, i64)]) -> RecordRanges {
    let mut ranges = RecordRanges::default();
    for part in parts {
        ranges.add(&target(), kind, *part);
    }
    ranges
}

fn needed() -> RecordRanges {
    ranges(LogKind::Management, &[WINDOW])
}

fn candidate(method: ReadMethod, time: ReadTime, usd: f64, part: (i64, i64)) -> Candidate {
    Candidate {
        source: ReadSource {
            method,
            location: String::new(),
            calls: None,
            time,
            usd: Some(usd),
        },
        records: ranges(LogKind::Management, &[part]),
    }
}

fn minutes(minutes: u64) -> ReadTime {
    ReadTime::AtQuota(Duration::from_mins(minutes))
}

fn filter(time: u64) -> Candidate {
    candidate(ReadMethod::Filter, minutes(time), 0.0, WINDOW)
}

fn insights(usd: f64) -> Candidate {
    candidate(ReadMethod::Insights, ReadTime::Short, usd, WINDOW)
}

fn objects(time: u64, usd: f64) -> Candidate {
    candidate(ReadMethod::Objects, minutes(time), usd, WINDOW)
}

fn history() -> Candidate {
    candidate(ReadMethod::History, ReadTime::Unknown, 0.0, WINDOW)
}

fn part_of(candidate: Candidate, part: (i64, i64)) -> Candidate {
    Candidate {
        records: ranges(LogKind::Management, &[part]),
        ..candidate
    }
}

fn chosen(candidates: &[Candidate]) -> String {
    let choice = choose(&needed(), candidates, LIMIT);
    let methods: Vec<&str> = choice
        .methods
        .iter()
        .map(|method| method.as_str())
        .collect();
    format!("{}: {}", methods.join("+"), choice.reason)
}

#[test]
fn time_and_money_decide_among_sources_that_have_everything() {
    for (candidates, expected) in [
        (
            vec![filter(10), insights(0.1), objects(1, 0.1), history()],
            "filter: cheapest",
        ),
        (
            vec![filter(11), insights(0.5), objects(1, 0.1)],
            "s3: cheapest",
        ),
        (
            vec![filter(11), insights(0.1), objects(1, 0.5)],
            "insights: cheapest",
        ),
        (
            vec![filter(2_160), insights(6.7), objects(45, 5.0)],
            "insights: cheapest",
        ),
        (
            vec![filter(2_160), insights(42.0), objects(45, 5.0)],
            "s3: fastest",
        ),
        (
            vec![filter(2_160), insights(42.0), objects(45, 35.0)],
            "filter: fastest",
        ),
        (vec![filter(60), objects(60, 0.0)], "filter: fastest"),
        (
            vec![filter(10), insights(0.0), objects(1, 0.0)],
            "filter: cheapest",
        ),
        (vec![insights(42.0), objects(45, 35.0)], "s3: only-source"),
        (vec![objects(45, 35.0), history()], "s3: over-limit"),
        (vec![history()], "history: only-source"),
        (vec![filter(2_160), history()], "filter: fastest"),
        (vec![], ": no-source"),
    ] {
        assert_eq!(chosen(&candidates), expected, "{candidates:?}");
    }
}

#[test]
fn source_of_unknown_size_comes_last() {
    let not_listed = Candidate {
        source: ReadSource {
            usd: None,
            ..candidate(ReadMethod::Objects, ReadTime::Unknown, 0.0, WINDOW).source
        },
        ..objects(1, 0.0)
    };
    assert_eq!(chosen(&[history(), not_listed.clone()]), "s3: unknown-size");
    assert_eq!(
        chosen(&[history(), not_listed, filter(600)]),
        "filter: fastest"
    );
}

#[test]
fn cheaper_source_that_has_less_is_never_read_alone() {
    let retained = part_of(filter(1), (500, 1_000));
    for (candidates, expected) in [
        (vec![retained.clone(), objects(90, 99.0)], "s3: only-source"),
        (
            vec![retained.clone(), part_of(objects(1, 0.1), (0, 400))],
            "filter+s3: together",
        ),
        (
            vec![
                part_of(history(), (300, 1_000)),
                part_of(objects(1, 0.1), (0, 400)),
                retained.clone(),
            ],
            "filter+s3+history: together",
        ),
        (
            vec![retained.clone(), part_of(objects(1, 0.1), (600, 900))],
            "filter: together",
        ),
        (
            vec![retained, part_of(insights(0.1), (500, 1_000))],
            "filter: together",
        ),
    ] {
        assert_eq!(chosen(&candidates), expected, "{candidates:?}");
    }
}

#[test]
fn every_account_region_and_kind_must_be_complete() {
    let other = Target {
        region: "eu-west-1".parse().unwrap(),
        ..target()
    };
    let mut both = needed();
    both.add(&other, LogKind::Management, WINDOW);
    let mut data = needed();
    data.add(&target(), LogKind::Data, WINDOW);
    for needed in [both, data] {
        let complete = Candidate {
            records: needed.clone(),
            ..filter(99)
        };
        let choice = choose(&needed, &[history(), objects(1, 0.0), complete], LIMIT);
        assert_eq!(choice.methods, [ReadMethod::Filter]);
    }
}

#[test]
fn ranges_are_subtracted_exactly() {
    let all = needed();
    let left = |parts: &[(i64, i64)]| all.without(&ranges(LogKind::Management, parts));
    assert_eq!(left(&[]), all);
    assert!(left(&[(-5, 400), (400, 2_000)]).is_empty());
    assert_eq!(
        left(&[(100, 200)]),
        ranges(LogKind::Management, &[(0, 100), (200, 1_000)])
    );
    assert_eq!(left(&[(1_000, 2_000), (700, 700)]), all);
    assert_eq!(all.without(&ranges(LogKind::Data, &[WINDOW])), all);
}
