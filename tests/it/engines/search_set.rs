//! Generates random search sets: indicators of every kind, queries with every command and operator,
//! and hunts over one kind of record.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::events::{ACTIONS, ADDRESSES, AGENTS, ARNS, ERRORS, NAMES};
use super::naive::INDICATORS;

/// The kind of record that a hunt searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordSource {
    CloudTrail,
    VpcFlow,
    Anything,
}

/// A query that is run as a hunt from the user's catalogue.
#[derive(Clone, Debug)]
pub(super) struct HuntQuery {
    pub source: RecordSource,
    pub query: String,
}

impl HuntQuery {
    /// Returns the hunt as a file of the catalogue.
    pub(super) fn file(&self, name: &str) -> String {
        let word = match self.source {
            RecordSource::CloudTrail => "cloudtrail",
            RecordSource::VpcFlow => "vpc-flow",
            RecordSource::Anything => "any",
        };
        let query = toml::Value::String(self.query.clone());
        format!(
            "name = \"{name}\"\ntitle = \"t\"\nsource = \"{word}\"\nseverity = \"low\"\nquery = {query}\n"
        )
    }
}

/// The indicators and hunts of one sweep.
#[derive(Clone, Debug)]
pub(super) struct SearchSet {
    /// Indexes into [`INDICATORS`].
    pub indicators: Vec<usize>,
    pub hunts: Vec<HuntQuery>,
}

pub(super) fn search_set() -> impl Strategy<Value = SearchSet> {
    let indicators = |most| subsequence((0..INDICATORS.len()).collect::<Vec<_>>(), 1..=most);
    let hunts = |most: usize| vec(hunt_query(), 1..=most);
    // The server usually filters for a single indicator or hunt, but hardly ever for a combination.
    prop_oneof![
        3 => indicators(2).prop_map(|indicators| SearchSet { indicators, hunts: Vec::new() }),
        5 => hunts(1).prop_map(|hunts| SearchSet { indicators: Vec::new(), hunts }),
        2 => (indicators(6), hunts(3)).prop_map(|(indicators, hunts)| SearchSet { indicators, hunts }),
    ]
}

fn hunt_query() -> impl Strategy<Value = HuntQuery> {
    let with_source =
        |source: RecordSource| query(source).prop_map(move |query| HuntQuery { source, query });
    prop_oneof![2 => with_source(RecordSource::CloudTrail), 3 => with_source(RecordSource::VpcFlow), 4 => with_source(RecordSource::Anything)]
}

/// One hunt over flow logs that the server can filter by columns.
pub(super) fn flow_log_hunt() -> impl Strategy<Value = SearchSet> {
    let column = select(
        &[
            "action = \"REJECT\"",
            "action in [\"ACCEPT\", \"-\"]",
            "action like /^REJ|EPT$/",
            "srcAddr = \"10.1.2.3\"",
            "isIpv4InSubnet(srcAddr, \"192.0.2.0/28\")",
            "isIpInSubnet(dstAddr, \"192.0.0.0/15\")",
            "strcontains(dstAddr, \"2.1\")",
            "isIpInSubnet(pktSrcAddr, \"192.0.2.1/32\")",
        ][..],
    );
    let filter = (vec(column, 1..3), select(&[" and ", " or "][..]))
        .prop_map(|(columns, by)| columns.join(by));
    let source = RecordSource::VpcFlow;
    (filter, prop_oneof![rows().boxed(), counts().boxed()]).prop_map(move |(filter, end)| {
        SearchSet {
            indicators: Vec::new(),
            hunts: vec![HuntQuery {
                source,
                query: format!("filter {filter}{end}"),
            }],
        }
    })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text field with values that it may have. Fields of the kind of record that the hunt searches
/// are more frequent.
fn text_field(source: RecordSource) -> impl Strategy<Value = (&'static str, &'static str)> {
    let pair = |fields: &'static [&'static str], values: &'static [&'static str]| {
        (select(fields), select(values))
    };
    let is_flow = u32::from(source == RecordSource::VpcFlow);
    prop_oneof![
        3 => pair(&["eventName"], &ACTIONS),
        1 + 9 * is_flow => pair(&["srcAddr", "dstAddr", "pktSrcAddr"], &ADDRESSES),
        1 + 9 * is_flow => pair(&["action"], &["ACCEPT", "REJECT"]),
        2 => pair(&["sourceIPAddress"], &ADDRESSES),
        1 => pair(&["errorCode"], &ERRORS),
        3 => pair(&["userIdentity.arn", "resources.0.ARN", "nested.a.0"], &ARNS),
        1 => pair(&["userAgent"], &AGENTS),
        1 => pair(&["requestParameters.userName", "user"], &NAMES),
        1 => pair(&["awsRegion", "recipientAccountId", "@log", "@logStream", "missing"], &["us-east-1", "222222222222", "s1"]),
        2 => pair(&["@message"], &["192.0.2.1", "ben", "Evil.Example", "é", "REJECT", "\":", "17ms"]),
    ]
}

const NUMBERS: [&str; 6] = [
    "size",
    "bytes",
    "dstPort",
    "requestParameters.size",
    "ratio",
    "strlen(@message)",
];

/// Returns up to four characters of a value, from a position that is derived from `at`.
fn part(value: &str, at: usize) -> String {
    let characters: Vec<char> = value.chars().collect();
    characters
        .iter()
        .skip(at % characters.len().max(1))
        .take(4)
        .collect()
}

fn regex(value: &str) -> String {
    regex::escape(value).replace('/', "\\/")
}

/// A condition on one field.
fn comparison(source: RecordSource) -> impl Strategy<Value = String> {
    let text =
        (text_field(source), any::<u8>(), 0..40_usize).prop_map(|((field, value), form, at)| {
            let whole = quoted(value);
            let some = part(value, at);
            match form % 16 {
                0 | 1 => format!("{field} = {whole}"),
                2 => format!("{whole} = {field}"),
                3 => format!("{field} != {whole}"),
                4 => format!("{field} >= {whole}"),
                5 => format!("{field} < {whole}"),
                6 => format!("{field} like {}", quoted(&some)),
                7 => format!("{field} like /{}|nothing/", regex(&some)),
                8 => format!("{field} =~ /(?i)^.*{}/", regex(&some)),
                9 => format!("{field} not like /{}$/", regex(&some)),
                10 => format!("{field} in [{whole}, \"else\", 7]"),
                11 => format!("{field} not in [{whole}, \"else\"]"),
                12 => format!("ispresent({field})"),
                13 => format!("strcontains({field}, {})", quoted(&some)),
                14 => format!("tolower({field}) = tolower({whole})"),
                _ => format!("not isempty({field})"),
            }
        });
    let number = (
        select(&NUMBERS[..]),
        select(&["<", "<=", ">", ">=", "=", "!="][..]),
        0..40_u32,
    )
        .prop_map(|(field, operator, number)| format!("{field} {operator} {number}"));
    let subnets = [
        "192.0.2.0/28",
        "192.0.2.1/32",
        "10.0.0.0/8",
        "192.0.0.0/15",
        "2001:db8::/64",
        "0.0.0.0/0",
    ];
    let subnet = (
        select(&["sourceIPAddress", "srcAddr", "pktSrcAddr"][..]),
        select(subnets.to_vec()),
        select(&["isIpInSubnet", "isIpv4InSubnet"][..]),
    )
        .prop_map(|(field, network, function)| format!("{function}({field}, \"{network}\")"));
    let fixed = select(
        &[
            "@timestamp >= 1772434800000",
            "bin(1h) = 1772431200000",
            "requestParameters.mfa",
            "size % 2 = 0 and size * 2 > 9",
            "`nested.a.1.é.x` = 1",
        ][..],
    )
    .prop_map(str::to_owned);
    prop_oneof![6 => text, 2 => number, 1 => subnet, 1 => fixed]
}

fn condition(source: RecordSource) -> impl Strategy<Value = String> {
    comparison(source).prop_recursive(2, 6, 3, |inner| {
        let several = || vec(inner.clone(), 2..4);
        prop_oneof![
            2 => several().prop_map(|parts| format!("({})", parts.join(" and "))),
            3 => several().prop_map(|parts| format!("({})", parts.join(" or "))),
            1 => inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

/// Commands that process one record at a time.
fn row_command(source: RecordSource) -> impl Strategy<Value = String> {
    let computed = select(
        &[
            "fields @timestamp, eventName, sourceIPAddress, size + 1 as more",
            "fields concat(eventName, \"-\", action) as what, coalesce(size, bytes, 0) as size",
            "fields bin(30m) as half, strlen(@message) as length, @log, @logStream",
            "fields toupper(user) as USER, abs(size - 20) as apart, greatest(size, bytes, 3) as most",
            "parse @message \"* from *.\" as what, origin",
            "parse @message /(?<octet>[0-9]+)\\.(?<last>[0-9]+)[^0-9]/",
            "parse userIdentity.arn \"arn:aws:*::*:*\" as service, owner, resource",
        ][..],
    )
    .prop_map(str::to_owned);
    let filter = condition(source).prop_map(|condition| format!("filter {condition}"));
    prop_oneof![3 => filter, 1 => computed]
}

/// The end of a query whose rows are records. Where it matters which of several rows is first, the
/// query sorts them itself, because rows of one millisecond and log group are ordered by an event
/// id that differs between the engines.
fn rows() -> impl Strategy<Value = String> {
    let direction = || select(&["asc", "desc"][..]);
    let key = || {
        select(
            &[
                "eventName",
                "size",
                "srcAddr",
                "@timestamp",
                "missing",
                "ratio",
                "user",
            ][..],
        )
    };
    let sort = (key(), direction(), key(), direction()).prop_map(|(one, up, other, down)| {
        format!(" | sort {one} {up}, {other} {down}, @message, @logStream, @ingestionTime")
    });
    let dedup = select(
        &[
            "",
            "",
            " | dedup eventName",
            " | dedup srcAddr, action",
            " | dedup @message",
        ][..],
    );
    let limit = prop::option::of(0..12_usize).prop_map(|rows| {
        rows.map(|rows| format!(" | limit {rows}"))
            .unwrap_or_default()
    });
    let after = select(
        &[
            "",
            "",
            " | filter size > 5",
            " | fields size * 2 as twice | filter twice != 8",
        ][..],
    );
    let in_order = (sort, dedup, limit, after).prop_map(|(sort, dedup, limit, after)| {
        // Without a limit before it, a filter would change which records are found.
        let after = if limit.is_empty() { "" } else { after };
        format!("{sort}{dedup}{limit}{after}")
    });
    let some_order = select(&["", "", " | dedup @message"][..]).prop_map(str::to_owned);
    let display = select(
        &[
            "",
            "",
            " | display eventName, @message",
            " | display size, @timestamp, octet, what",
        ][..],
    );
    (prop_oneof![in_order, some_order], display).prop_map(|(ordered, display)| ordered + display)
}

/// The end of a query that aggregates.
fn counts() -> impl Strategy<Value = String> {
    let totals = subsequence(
        vec![
            "count(*) as n",
            "count(errorCode)",
            "sum(size) as total",
            "avg(size) as mean",
            "min(size), max(bytes)",
            "count_distinct(eventName) as kinds",
            "stddev(size) as spread",
            "pct(size, 50) as half",
            "earliest(eventName), latest(@message) as last_message",
            "sortsFirst(eventName), sortsLast(srcAddr)",
            "sum(size) / count(*) * 2 as share",
        ],
        1..4,
    );
    let by = select(
        &[
            "",
            " by eventName",
            " by srcAddr, action",
            " by bin(1h)",
            " by bin(5m) as slot, @logStream",
            " by size % 3 as part",
        ][..],
    );
    let after = select(
        &[
            "",
            "",
            " | sort n desc, eventName | limit 2",
            " | filter n > 1 | fields n * 2 as twice",
            " | stats count(*) as groups, max(n) as most",
            " | limit 3",
        ][..],
    );
    (totals, by, after)
        .prop_map(|(totals, by, after)| format!(" | stats {}{by}{after}", totals.join(", ")))
}

fn query(source: RecordSource) -> impl Strategy<Value = String> {
    let end = prop_oneof![rows().boxed(), counts().boxed()];
    (vec(row_command(source), 1..3), end).prop_map(|(commands, end)| commands.join(" | ") + &end)
}
