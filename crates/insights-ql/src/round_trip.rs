//! Property tests of the parser: it never panics, and the text of a tree parses to the same tree.

use proptest::prelude::*;

use super::{
    Aggregate, AggregateKind, Comparison, Discovery, Event, Expr, Extraction, ExtractionPattern,
    Function, Item, LikePattern, Operator, Partial, Period, Plan, Query, Record, RegexLiteral,
    SortKey, Stage, Stats,
};

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z@][a-zA-Z0-9_.]{0,6}",
        "[^`]{1,6}",
        Just("and".to_owned())
    ]
}

fn regex() -> impl Strategy<Value = RegexLiteral> {
    r"[a-z]{1,3}(\.\*|\\/|\\d|\[ab\])?".prop_map(|text| RegexLiteral::new(&text).unwrap())
}

fn leaf() -> impl Strategy<Value = Expr> {
    prop_oneof![
        name().prop_map(Expr::Field),
        any::<String>().prop_map(Expr::Text),
        (-1e9..1e9).prop_map(Expr::Number),
        (-9_i32..9).prop_map(|n| Expr::Number(f64::from(n))),
        any::<bool>().prop_map(Expr::Bool),
        (1_u32..99).prop_map(|n| Expr::Call(
            Function::Bin,
            vec![Expr::Period(Period::new(n, "m").unwrap())]
        )),
    ]
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop_oneof![
        Just(Comparison::Equal),
        Just(Comparison::NotEqual),
        Just(Comparison::LessOrEqual),
        Just(Comparison::Greater)
    ]
}

fn operator() -> impl Strategy<Value = Operator> {
    prop_oneof![
        Just(Operator::Add),
        Just(Operator::Subtract),
        Just(Operator::Multiply),
        Just(Operator::Divide),
        Just(Operator::Remainder),
        Just(Operator::Power),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(4, 24, 3, |inner| {
        let one = || inner.clone().prop_map(Box::new);
        let many = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            many().prop_map(Expr::And),
            many().prop_map(Expr::Or),
            one().prop_map(Expr::Not),
            (one(), comparison(), one())
                .prop_map(|(left, comparison, right)| Expr::Compare(left, comparison, right)),
            (one(), operator(), one())
                .prop_map(|(left, operator, right)| Expr::Arithmetic(left, operator, right)),
            (one(), any::<bool>(), many()).prop_map(|(subject, negated, options)| Expr::In {
                subject,
                negated,
                options
            }),
            (one(), any::<bool>(), regex()).prop_map(|(subject, negated, regex)| Expr::Like {
                subject,
                negated,
                pattern: LikePattern::Regex(regex),
            }),
            many().prop_map(|arguments| Expr::Call(Function::Concat, arguments)),
        ]
    })
}

fn item() -> impl Strategy<Value = Item> {
    (expr(), prop::option::of(name())).prop_map(|(expr, alias)| Item { expr, alias })
}

fn aggregate_item() -> impl Strategy<Value = Item> {
    let kind = prop_oneof![
        Just(AggregateKind::Sum),
        Just(AggregateKind::Pct(99.5)),
        Just(AggregateKind::SortsFirst)
    ];
    (kind, expr(), prop::option::of(name())).prop_map(|(kind, expr, alias)| {
        let aggregate = Aggregate {
            kind,
            argument: Some(expr),
        };
        Item {
            expr: Expr::Aggregate(Box::new(aggregate)),
            alias,
        }
    })
}

fn stage() -> impl Strategy<Value = Stage> {
    let few = 1..3_usize;
    prop_oneof![
        prop::collection::vec(item(), few.clone()).prop_map(Stage::Fields),
        prop::collection::vec(item(), few.clone()).prop_map(Stage::Display),
        expr().prop_map(Stage::Filter),
        name().prop_map(|from| Stage::Parse(Extraction {
            from: Expr::Field(from),
            pattern: ExtractionPattern::Regex(RegexLiteral::new("a(?<x>.)\\/?").unwrap()),
        })),
        (
            prop::collection::vec(aggregate_item(), few.clone()),
            prop::collection::vec(item(), 0..2)
        )
            .prop_map(|(items, by)| Stage::Stats(Stats { items, by })),
        (expr(), any::<bool>())
            .prop_map(|(expr, descending)| Stage::Sort(vec![SortKey { expr, descending }])),
        any::<u32>().prop_map(|rows| Stage::Limit(rows as usize)),
        prop::collection::vec(name(), few).prop_map(Stage::Dedup),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    prop::collection::vec(stage(), 1..4).prop_map(|stages| Query {
        source: None,
        stages,
    })
}

/// Evaluates a query on a few records to check that it does not panic.
fn run(query: &Query) {
    let records = [r#"{"a":{"b":[1,"x"]},"c":"2"}"#, "text a/b", ""].map(|message| {
        let event = Event {
            timestamp: i64::MAX,
            ingestion_time: 0,
            log: "l",
            log_stream: "s",
            ptr: "p",
            message,
        };
        Record::new(event, Discovery::Automatic { json_limit: None })
    });
    let plan = Plan::new(query);
    let table = match &plan {
        Plan::Rows(rows) => rows.finish(
            records
                .iter()
                .filter_map(|record| rows.row(record))
                .collect(),
        ),
        Plan::Groups(groups) => {
            let mut partial = Partial::default();
            for record in &records {
                groups.add(record, &mut partial);
            }
            groups.finish(&partial)
        }
    };
    assert_eq!(table.columns, plan.columns());
    assert!(
        table
            .rows
            .iter()
            .all(|row| row.len() == table.columns.len())
    );
}

proptest! {
    #[test]
    fn formatted_tree_parses_to_the_same_tree(query in query()) {
        let text = query.to_string();
        if text.chars().count() <= 10_000 {
            prop_assert_eq!(text.parse::<Query>().map_err(|error| format!("{error} in {text}")), Ok(query));
        }
    }

    #[test]
    fn query_evaluation_does_not_panic(query in query()) {
        run(&query);
    }

    #[test]
    fn parser_does_not_panic_on_any_text(text in any::<String>()) {
        let _ = text.parse::<Query>();
    }

    #[test]
    fn parser_does_not_panic_on_likely_text(
        words in prop::collection::vec(
            r#"fields|filter|parse|stats|sort|limit|dedup|by|as|and|or|not|in|like|\||,|\(|\)|\[|\]|[=<>!+*/%^#"'`~-]|a\.b|@message|count|bin|5m|1e9|\*|\\|é"#,
            0..16,
        ),
    ) {
        if let Ok(query) = words.join(" ").parse::<Query>() {
            run(&query);
        }
    }
}

#[test]
fn deepest_query_fits_on_the_stack() {
    let run_if_valid = |text: String| text.parse::<Query>().map(|query| run(&query)).is_ok();
    let nested = |levels: usize| {
        format!(
            "filter {}1{}",
            "(".repeat(levels),
            format!("{})", " + 1".repeat(30)).repeat(levels)
        )
    };
    assert!(run_if_valid(nested(30)));
    assert!(!run_if_valid(nested(40)));
    assert!(!run_if_valid(format!("filter {} a", "not ".repeat(1_000))));
    assert!(!run_if_valid(format!("filter {}1", "-".repeat(1_000))));
    assert!(!run_if_valid(format!("filter {}1", "2 ^ ".repeat(1_000))));
    assert!(!run_if_valid(format!("filter 1{}", " + 1".repeat(1_000))));
    assert!(run_if_valid(format!(
        "filter a = 1{}",
        " or a = 1".repeat(1_000)
    )));
}
