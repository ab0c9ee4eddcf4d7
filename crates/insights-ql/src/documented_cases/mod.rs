//! Test cases from AWS's documentation of the query language, each with a query and its rows.
//!
//! Source: CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax" and the
//! pages below it, with its sample queries. Every case evaluates the records in two parts and
//! merges the results.

mod log_types;
mod parse_and_stats;
mod rejections;

use super::{
    Discovery, Event, INSIGHTS_JSON_FIELDS, Partial, Plan, Query, QueryErrorKind, Record, Table,
};

/// A query, and its rows with `|` between the values (without `@ptr`).
type Case = (&'static str, &'static [&'static str]);

/// 2026-03-01T12:00:00Z, in milliseconds since the Unix epoch.
const NOON: i64 = 1_772_366_400_000;

/// The rows of a query over these messages, one a minute from [`NOON`] on.
fn rows(query: &str, messages: &[&str]) -> Vec<String> {
    rows_in("/g", query, messages)
}

/// The same for a log group with this name.
fn rows_in(group: &str, query: &str, messages: &[&str]) -> Vec<String> {
    let log = format!("111111111111:{group}");
    let query: Query = query
        .parse()
        .unwrap_or_else(|error| panic!("{query}: {error}"));
    let pointers: Vec<String> = (0..messages.len()).map(|n| format!("e{n}")).collect();
    let records: Vec<Record<'_>> = messages
        .iter()
        .zip(&pointers)
        .zip(0..)
        .map(|((message, pointer), minute)| record(&log, message, pointer, NOON + minute * 60_000))
        .collect();
    let table = evaluate(&query, &records);
    let shown = table
        .columns
        .iter()
        .take_while(|column| *column != "@ptr")
        .count();
    table
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .take(shown)
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("|")
        })
        .collect()
}

fn record<'e>(log: &'e str, message: &'e str, pointer: &'e str, timestamp: i64) -> Record<'e> {
    let event = Event {
        timestamp,
        ingestion_time: timestamp + 5,
        log,
        log_stream: "s",
        ptr: pointer,
        message,
    };
    Record::new(
        event,
        Discovery::Automatic {
            json_limit: Some(INSIGHTS_JSON_FIELDS),
        },
    )
}

/// Evaluates a query on two halves of the records and merges the results.
fn evaluate(query: &Query, records: &[Record<'_>]) -> Table {
    match Plan::new(query) {
        Plan::Rows(plan) => plan.finish(
            records
                .iter()
                .rev()
                .filter_map(|record| plan.row(record))
                .collect(),
        ),
        Plan::Groups(plan) => {
            let mut even = Partial::default();
            let mut odd = Partial::default();
            for (at, record) in records.iter().enumerate() {
                plan.add(record, if at % 2 == 0 { &mut even } else { &mut odd });
            }
            odd.merge(even);
            plan.finish(&odd)
        }
    }
}

const EVENTS: [&str; 6] = [
    r#"{"f1":"10","f2":"a","f3":5,"user":"ana","foo-bar":"x","statusCode":200,"Type":"foo","t":"  "}"#,
    r#"{"f1":"9","f2":"b","f3":30,"user":"bob","statusCode":299,"Type":"bar","items":[{"id":"i-1"},{"id":"i-2"}]}"#,
    r#"{"f1":"2500","f2":"a","user":"ana","statusCode":300,"Type":1,"ok":true,"t":""}"#,
    r#"{"f1":"An Exception here","f2":"b","user":"cy","statusCode":"500","ip":"192.0.2.77"}"#,
    r#"{"f1":"an exception there","user":"ana","ip":"2001:db8::7","n":null}"#,
    "plain text without fields",
];

/// Commands and operators.
const COMMANDS: &[Case] = &[
    (
        "fields f1, f2 | filter f1 = 10 or f3 > 25 | sort f1",
        &["9|b", "10|a"],
    ),
    (
        "fields statusCode | filter (statusCode>299) | sort statusCode",
        &["300", "500"],
    ),
    (
        "fields statusCode | filter statusCode like /2\\d\\d/ | sort statusCode",
        &["200", "299"],
    ),
    (
        "fields statusCode | filter statusCode not like /2\\d\\d/ | sort statusCode",
        &["300", "500"],
    ),
    (
        "fields user | filter statusCode in [300, 400, 500] | sort user",
        &["ana", "cy"],
    ),
    (r#"fields user | filter Type not in ["foo", "bar", 1]"#, &[]),
    (
        r#"fields user | filter Type in ["foo", 1] | sort statusCode"#,
        &["ana", "ana"],
    ),
    (r#"fields user | filter f1 like "Exception""#, &["cy"]),
    ("fields user | filter f1 like 'Exception'", &["cy"]),
    ("fields user | filter f1 like /Exception/", &["cy"]),
    ("fields user | filter f1 =~ /Exception/", &["cy"]),
    (
        "fields user | filter f1 like /(?i)Exception/ | sort user",
        &["ana", "cy"],
    ),
    (
        r#"fields user | filter f1 not like "Exception" | sort f1"#,
        &["ana", "bob", "ana", "ana"],
    ),
    (
        "fields @message | filter @message like 'plain'",
        &["plain text without fields"],
    ),
    (
        "fields `foo-bar`, abs(f1-f3) | filter ispresent(f3) | sort f3",
        &["x|5", "|21"],
    ),
    (
        "fields concat(user, '-', f1) as opStatus | filter f3 = 5",
        &["ana-10"],
    ),
    (
        "fields ispresent(ip) as isRes | filter f1 like 'xception' | sort user",
        &["1", "1"],
    ),
    ("filter items.1.id = 'i-2' | fields user", &["bob"]),
    ("filter f3=5 and user='ana' | display f2", &["a"]),
    (
        "filter not ispresent(user)",
        &["2026-03-01 12:05:00.000|plain text without fields"],
    ),
    (
        "filter not (user = 'ana') and ispresent(user) | fields user | sort user",
        &["bob", "cy"],
    ),
    (
        "filter user = 'ana' or user = 'bob' and f3 = 5 | fields f1 | sort f1",
        &["an exception there", "10", "2500"],
    ),
    (
        "filter user != 'ana' | fields user | sort user",
        &["bob", "cy"],
    ),
    (
        "filter missing != 'x' or missing = '' or missing < 1 or missing not like 'x'",
        &[],
    ),
    ("filter ispresent(n)", &[]),
    ("filter ok = 1 | fields user", &["ana"]),
    ("filter ok = true and ok | fields ok", &["1"]),
    ("FIELDS user | FILTER user IN ['cy'] | LIMIT 5", &["cy"]),
    (
        "fields f1 | sort f1 desc",
        &[
            "2500",
            "10",
            "9",
            "an exception there",
            "An Exception here",
            "",
        ],
    ),
    (
        "fields f2, f1 | sort f2, f1 desc | limit 3",
        &["|an exception there", "|", "a|2500"],
    ),
    (
        "fields @timestamp | limit 2",
        &["2026-03-01 12:05:00.000", "2026-03-01 12:04:00.000"],
    ),
    (
        "sort @timestamp | limit 2 | display user, f2",
        &["ana|a", "bob|b"],
    ),
    (
        "fields user | sort @timestamp | filter f2 = 'a'",
        &["ana", "ana"],
    ),
    (
        "fields user | sort @timestamp | dedup user",
        &["ana", "bob", "cy", ""],
    ),
    (
        "fields user, f1 | dedup user | limit 2",
        &["|", "ana|an exception there"],
    ),
    (
        "fields user, f2 | sort @timestamp | dedup user, f2",
        &["ana|a", "bob|b", "cy|b", "ana|", "|"],
    ),
    (
        "fields f1 | display user | display f2 | filter f3 = 5",
        &["a"],
    ),
    (
        "fields user # | filter user = 'none'\n# another line\n | limit 1",
        &[""],
    ),
    (
        "fields @log, @logStream, @ingestionTime | sort @timestamp | limit 1",
        &["111111111111:/g|s|2026-03-01 12:00:00.005"],
    ),
    (
        "filter @timestamp >= 1772366700000 | fields @timestamp",
        &["2026-03-01 12:05:00.000"],
    ),
    (
        "fields f3 * 2 + 1 as x | filter x = 11 | display x",
        &["11"],
    ),
    (
        "SOURCE logGroups(namePrefix: ['/g']) | filter f3 = 5 | fields user",
        &["ana"],
    ),
    ("SOURCE logGroups() | filter f3 = 5 | fields user", &["ana"]),
    ("filterIndex user = 'bob' | fields f2", &["b"]),
    (
        "filter !ispresent(user)",
        &["2026-03-01 12:05:00.000|plain text without fields"],
    ),
    (
        "filter ! (user = 'ana') and !isempty(f2) and f2 != 'a' | fields user | sort user",
        &["bob", "cy"],
    ),
    (
        "fields f1 | filter f2 = 'a' | sort by f1 desc",
        &["2500", "10"],
    ),
    (
        "fields @message | filter @message like /fields$/",
        &["plain text without fields"],
    ),
];

/// Functions, with their results on the first event.
const FUNCTIONS: &[(&str, &str)] = &[
    ("2 + 3 * 4 ^ 2 ^ 0 - 1", "13"),
    ("(2 + 3) * 4 % 7", "6"),
    ("10 / 4", "2.5"),
    ("10 % 3", "1"),
    ("2 ^ 3", "8"),
    ("1 / 0", ""),
    ("user + 1", ""),
    ("-f3 - -2", "-3"),
    ("abs(-7)", "7"),
    ("ceil(1.2)", "2"),
    ("floor(-1.2)", "-2"),
    ("greatest(1, f3, 3)", "5"),
    ("least(1, f3, 3)", "1"),
    ("log(1)", "0"),
    ("sqrt(16)", "4"),
    ("ispresent(f3)", "1"),
    ("coalesce(nothing, user)", "ana"),
    ("isempty(nothing)", "1"),
    ("isempty(t)", "0"),
    ("isblank(t)", "1"),
    ("concat(user, '/', f3)", "ana/5"),
    (r#"ltrim("xyZxyfooxyZ", "xyZ")"#, "fooxyZ"),
    (r#"rtrim("xyZfooxyxyZ", "xyZ")"#, "xyZfoo"),
    (r#"trim("xyZxyfooxyxyZ", "xyZ")"#, "foo"),
    ("trim('  a b ')", "a b"),
    ("strlen('cafés')", "5"),
    ("toupper(user)", "ANA"),
    ("tolower('ABC')", "abc"),
    (r#"substr("xyZfooxyZ", 3, 3)"#, "foo"),
    (r#"substr("xyZfooxyZ", 3)"#, "fooxyZ"),
    (r#"replace("smoke_test", "smoke_test", "Smoke")"#, "Smoke"),
    ("strcontains(user, 'na')", "1"),
    ("strcontains(user, 'NA')", "0"),
    ("bin(5m)", "2026-03-01 12:00:00.000"),
    ("datefloor(@timestamp, 1d)", "2026-03-01 00:00:00.000"),
    ("dateceil(@timestamp, 1d)", "2026-03-02 00:00:00.000"),
    ("fromMillis(1642195111000)", "2022-01-14 21:18:31.000"),
    ("toMillis(@timestamp)", "1772366400000"),
    ("isValidIp('192.0.2.1')", "1"),
    ("isValidIpV4('2001:db8::1')", "0"),
    ("isValidIpV6('2001:db8::1')", "1"),
    ("isIpInSubnet('2001:db8::1', '2001:db8::/32')", "1"),
    ("isIpv4InSubnet('192.0.2.255', '192.0.2.0/24')", "1"),
    ("isIpv4InSubnet('192.0.3.0', '192.0.2.0/24')", "0"),
    ("isIpv4InSubnet(user, '192.0.2.0/24')", "0"),
    ("isIpv6InSubnet('192.0.2.1', '192.0.2.0/24')", "0"),
];

#[test]
fn commands() {
    for (query, expected) in COMMANDS {
        assert_eq!(rows(query, &EVENTS), *expected, "{query}");
    }
}

#[test]
fn functions() {
    for (expr, expected) in FUNCTIONS {
        let query = format!("filter f3 = 5 | fields {expr} as result");
        assert_eq!(rows(&query, &EVENTS), [*expected], "{expr}");
    }
}

/// AWS's sample queries. Each gives rows here or runs on Insights; none is malformed.
///
/// Source: CloudWatch Logs user guide, "Sample queries".
const SAMPLES: &[&str] = &[
    "fields @timestamp, @message | sort @timestamp desc | limit 25",
    "filter @message like /Exception/\n | stats count(*) as exceptionCount by bin(1h)\n | sort exceptionCount desc",
    "fields @message | filter @message not like /Exception/",
    "fields @timestamp, server, severity, message | sort @timestamp asc | dedup server",
    "fields @timestamp, server, severity, message | sort @timestamp desc | dedup server, severity",
    "fields @timestamp, @requestId, @message, @logStream | filter @type = \"REPORT\" and @duration > 1000",
    "stats sum(packets) as packetsTransferred by srcAddr, dstAddr | sort packetsTransferred  desc | limit 15",
    "filter isIpv4InSubnet(srcAddr, \"192.0.2.0/24\") | stats sum(bytes) as bytesTransferred by dstAddr | limit 15",
    "filter protocol=17 | stats count(*) by srcAddr",
    "filter logStatus=\"SKIPDATA\" | stats count(*) by bin(1h) as t | sort t",
    "filter logStream = 'vpc-flow-logs' and interfaceId = 'eni-0123456789abcdef0' | dedup srcAddr, dstAddr | limit 20",
    "stats count(*) by eventSource, eventName, awsRegion",
    "filter (eventName=\"StartInstances\" or eventName=\"StopInstances\") and awsRegion=\"us-east-2\"",
    "filter eventName=\"CreateUser\" | fields awsRegion, requestParameters.userName, responseElements.user.arn",
    "filter eventName=\"UpdateTrail\" and ispresent(errorCode) | stats count(*) by errorCode, errorMessage",
    "filter tlsDetails.tlsVersion in [ \"TLSv1\", \"TLSv1.1\" ] | stats count(*) as n by userIdentity.accountId, \
     tlsDetails.cipherSuite | sort n",
    "fields @timestamp, status, ip, path, httpMethod | filter status>=400 and status<=499 | sort @timestamp desc",
    "fields @timestamp, status, ip, path, httpMethod, responseLatency | sort responseLatency desc | limit 10",
    "stats count(*) as requestCount by path | sort requestCount desc | limit 10",
    "filter status=200 | stats avg(integrationLatency), max(integrationLatency),\nmin(integrationLatency) by bin(1m)",
    "filter (dstAddr like 'x.x.x.x' and srcAddr like 'y.y.') or (srcAddr like 'x' and dstAddr like 'y.y.') \
     | stats sum(bytes) as bytesTransferred by srcAddr, dstAddr",
    "filter (srcAddr like 'x.x.x.x' and dstAddr not like 'y.y.') | stats sum(bytes) as n by srcAddr, dstAddr",
    "fields @timestamp, remoteIP, request, status, filename| sort @timestamp desc\n| filter filename=\"/var/www\"",
    "fields @timestamp, remoteIP, method, status\n| filter status=\"200\" and referrer= http://34.250.27.141/ and \
     method= \"GET\"\n| stats count_distinct(remoteIP) as UniqueVisits\n| limit 10",
    "fields @timestamp, function, process, message | filter message like \"resuming normal operations\"",
    "fields @timestamp, @message | stats count(*) as numberOfEvents by `detail-type` | sort numberOfEvents desc",
    "parse @message /user=(?<user2>.*?), method:(?<method2>.*?),\n    latency := (?<latency2>.*?)/ \
     | stats avg(latency2) by @method2,\n    @user2",
    "FIELDS @message | PARSE @message \"* [*] *\" as loggingTime, loggingType, loggingMessage\n \
     | FILTER loggingType IN [\"ERROR\", \"INFO\"]\n | DISPLAY loggingMessage, loggingType = \"ERROR\" as isError",
    "filter @type = \"REPORT\" | stats sum(strcontains(@message, \"Init Duration\"))/count(*) * 100 as coldStartPct, \
     avg(@duration) by bin(5m)",
    "filter @type = \"REPORT\" | stats avg(@billedDuration) as Average, pct(@billedDuration, 99) as p by bin(30m)",
    "fields @timestamp, @message | filter @message like /Init Duration/ \
     | parse \"Init Duration: * ms\" as initDuration | stats avg(initDuration), count() by bin(1d)",
    "filterIndex accountId = '111122223333' | limit 5",
];

#[test]
fn sample_queries() {
    for query in SAMPLES {
        match query.parse::<Query>() {
            Ok(query) => _ = Plan::new(&query),
            Err(error) => assert_eq!(error.kind, QueryErrorKind::InsightsOnly, "{query}: {error}"),
        }
    }
}
