//! Queries that are rejected, and those that only Insights can run.

use crate::{Query, QueryErrorKind};

/// Queries that are rejected: query, line, column, and the kind of the error.
const REJECTED: &[(&str, usize, usize, QueryErrorKind)] = &[
    ("", 1, 1, QueryErrorKind::Malformed),
    ("fields", 1, 7, QueryErrorKind::Malformed),
    ("fields a |", 1, 11, QueryErrorKind::Malformed),
    ("fields a\n| filtre b = 1", 2, 3, QueryErrorKind::Unknown),
    ("filter a = ", 1, 12, QueryErrorKind::Malformed),
    ("filter a ~ 1", 1, 10, QueryErrorKind::Malformed),
    ("filter (a = 1", 1, 14, QueryErrorKind::Malformed),
    ("filter a = 'open", 1, 17, QueryErrorKind::Malformed),
    ("filter a like b", 1, 15, QueryErrorKind::Malformed),
    ("filter a like /(/", 1, 16, QueryErrorKind::Malformed),
    ("filter a in [", 1, 14, QueryErrorKind::Malformed),
    ("filter é.b = nosuch(1)", 1, 14, QueryErrorKind::Unknown),
    ("filter abs(1, 2) = 1", 1, 8, QueryErrorKind::Malformed),
    ("filter count(*) > 1", 1, 8, QueryErrorKind::Malformed),
    ("stats sum(*) by a", 1, 7, QueryErrorKind::Malformed),
    ("stats sum(count(*))", 1, 7, QueryErrorKind::Malformed),
    ("stats pct(a, 101)", 1, 7, QueryErrorKind::Malformed),
    ("stats count(*) by bin(5)", 1, 19, QueryErrorKind::Malformed),
    ("fields foo-bar as", 1, 18, QueryErrorKind::Malformed),
    (
        "parse @message 'a * b *' as x",
        1,
        16,
        QueryErrorKind::Malformed,
    ),
    ("parse @message /(x)/", 1, 16, QueryErrorKind::Malformed),
    ("limit many", 1, 7, QueryErrorKind::Malformed),
    ("fields a, and", 1, 11, QueryErrorKind::Malformed),
    (
        "fields @message | pattern @message",
        1,
        19,
        QueryErrorKind::InsightsOnly,
    ),
    (
        "fields unmask(@message)",
        1,
        8,
        QueryErrorKind::InsightsOnly,
    ),
    (
        "stats count(*) by a | diff previousDay",
        1,
        23,
        QueryErrorKind::InsightsOnly,
    ),
];

/// Queries of AWS's guide and of published collections that only Insights can evaluate.
const INSIGHTS_ONLY: &[&str] = &[
    "stats count(*) by bin(5m) offset 1h",
    "stats avg(latency) by bin(1m) offset 1d",
    "stats rate(bytes, 5m) by bin(5m)",
    "stats count_over_time(@message) by bin(5m)",
    "stats sum_over_time(bytes) by bin(5m)",
    "stats histogram(latency, 10)",
    "stats median(latency)",
    "expand items | stats count(*) by items, host",
    "fields @timestamp, srcAddr | cidrlookup net_table srcAddr OUTPUT region, owner, datacenter",
    "fields jsonParse(@message) as json | fields json.items[0]",
    "fields items[0].id",
    "filter a in (SOURCE logGroups() | fields a)",
    "filter a not in (fields b)",
    "SOURCE '/aws/lambda/a' | SOURCE '/aws/lambda/b' | fields @message",
    "filter @message like /^((?!watch).)*$/",
    r"filter @message like /(\w+) \1/",
    "filter @message like /(?>a|ab)c/",
    r"filter @message like /\Qa.b\E/",
    "parse @message /(?<=user=)(?<user>.*)/",
    r#"filter status="200" and referrer= http://34.250.27.141/ and method= "GET""#,
    "fields @timestamp, @message | anomaly",
];

#[test]
fn queries_for_insights() {
    for query in INSIGHTS_ONLY {
        let error = query.parse::<Query>().unwrap_err();
        assert_eq!(error.kind, QueryErrorKind::InsightsOnly, "{query}: {error}");
    }
}

#[test]
fn rejections() {
    for (query, line, column, kind) in REJECTED {
        let error = query.parse::<Query>().unwrap_err();
        assert_eq!(
            (error.line, error.column, error.kind),
            (*line, *column, *kind),
            "{query}: {error}"
        );
    }
}
