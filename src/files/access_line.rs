//! Recognises the lines of access logs of S3 and of load balancers, and the query logs of Route 53
//! Resolver.
//!
//! They are searched like any other text. What a line says about itself is when it happened, and
//! which client did it; a query log also names the account and the Region.

use std::borrow::Cow;
use std::net::IpAddr;

use dragnet_model::{AccountId, Region};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::coverage::checked_ms;

/// What a line of an access log or query log says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLine<'l> {
    /// When it happened, in milliseconds since the Unix epoch.
    pub time_ms: Option<i64>,
    /// The address of the client; empty if the line has none.
    pub client: Cow<'l, str>,
    /// The account, which only query logs name.
    pub account: Option<AccountId>,
    /// The Region, which only query logs name.
    pub region: Option<Region>,
}

/// The length of a canonical user id.
///
/// Source: AWS account management guide, "Find the canonical user ID": 64 hexadecimal digits.
const CANONICAL_ID_LENGTH: usize = 64;

/// The types of requests to Application Load Balancers.
///
/// Source: Elastic Load Balancing user guide for Application Load Balancers, "Access log entries",
/// `type`.
const APPLICATION_TYPES: [&str; 6] = ["http", "https", "h2", "grpcs", "ws", "wss"];

impl<'l> AccessLine<'l> {
    /// Reads a line; `None` if it has another form.
    pub fn parse(line: &'l str) -> Option<Self> {
        if line.starts_with('{') {
            return query(line);
        }
        let (first, rest) = line.split_once(' ')?;
        if APPLICATION_TYPES.contains(&first) {
            application(rest)
        } else if first == "tls" {
            network(rest)
        } else if first.len() == CANONICAL_ID_LENGTH {
            bucket(first, rest)
        } else if first.ends_with('Z') {
            classic(first, rest)
        } else {
            None
        }
    }

    fn new(time_ms: i64, client: &'l str) -> Self {
        Self {
            time_ms: Some(time_ms),
            client: Cow::Borrowed(client),
            account: None,
            region: None,
        }
    }
}

/// `BUCKET [TIME] REMOTE-IP REQUESTER REQUEST-ID OPERATION …`, after the owner of the bucket.
///
/// Source: S3 user guide, "Amazon S3 server access log format", "Log record fields".
fn bucket<'l>(owner: &str, rest: &'l str) -> Option<AccessLine<'l>> {
    if !owner.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let (_, rest) = rest.split_once(" [")?;
    let (time, rest) = rest.split_once("] ")?;
    let time = Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z", time).ok()?;
    let client = rest.split(' ').next()?;
    let client = if is_address(client) { client } else { "" };
    Some(AccessLine::new(checked_ms(time.as_millisecond())?, client))
}

/// `TIME app/NAME/ID CLIENT:PORT TARGET:PORT …`, after the type.
///
/// Source: Elastic Load Balancing user guide for Application Load Balancers, "Access log entries",
/// "Syntax": the time is that of the response.
fn application(rest: &str) -> Option<AccessLine<'_>> {
    let mut fields = rest.split(' ');
    let time_ms = parse_time(fields.next()?)?;
    let balancer = fields.next()?;
    let client = fields.next()?;
    balancer
        .starts_with("app/")
        .then(|| AccessLine::new(time_ms, address_of(client).unwrap_or_default()))
}

/// `VERSION TIME net/NAME/ID LISTENER CLIENT:PORT DESTINATION:PORT …`, after the type.
///
/// Source: Elastic Load Balancing user guide for Network Load Balancers, "Access log entries": the
/// time is that of the end of the connection. In the examples it has no zone.
fn network(rest: &str) -> Option<AccessLine<'_>> {
    let mut fields = rest.split(' ').skip(1);
    let time_ms = parse_time(fields.next()?)?;
    let balancer = fields.next()?;
    let client = fields.nth(1)?;
    balancer
        .starts_with("net/")
        .then(|| AccessLine::new(time_ms, address_of(client).unwrap_or_default()))
}

/// `NAME CLIENT:PORT BACKEND:PORT SECONDS SECONDS SECONDS …`, after the time.
///
/// Source: Elastic Load Balancing user guide for Classic Load Balancers, "Access log entries",
/// "Syntax".
fn classic<'l>(time: &str, rest: &'l str) -> Option<AccessLine<'l>> {
    let mut fields = rest.split(' ').skip(1);
    let client = address_of(fields.next()?)?;
    let backend = fields.next()?;
    if backend != "-" && address_of(backend).is_none() {
        return None;
    }
    let are_seconds = (0..3).all(|_| {
        let seconds: Option<f64> = fields.next().and_then(|text| text.parse().ok());
        seconds.is_some()
    });
    let time_ms = parse_time(time)?;
    are_seconds.then(|| AccessLine::new(time_ms, client))
}

/// The members of a query that matter here.
///
/// Source: Route 53 developer guide, "Values that appear in VPC Resolver query logs".
#[derive(Deserialize)]
struct Query<'a> {
    #[serde(rename = "query_timestamp", borrow)]
    timestamp: Cow<'a, str>,
    #[serde(rename = "query_name")]
    _query_name: IgnoredAny,
    #[serde(borrow, default)]
    srcaddr: Cow<'a, str>,
    #[serde(borrow, default)]
    account_id: Cow<'a, str>,
    #[serde(borrow, default)]
    region: Cow<'a, str>,
}

fn query(json: &str) -> Option<AccessLine<'_>> {
    memchr::memmem::find(json.as_bytes(), b"\"query_timestamp\"")?;
    let query: Query<'_> = serde_json::from_str(json).ok()?;
    Some(AccessLine {
        time_ms: parse_time(&query.timestamp),
        account: query.account_id.parse().ok(),
        region: query.region.parse().ok(),
        client: if is_address(&query.srcaddr) {
            query.srcaddr
        } else {
            Cow::Borrowed("")
        },
    })
}

/// Reads a time. One without a zone is in UTC, like all others in these logs.
fn parse_time(text: &str) -> Option<i64> {
    let time: Timestamp = text.parse().or_else(|_| format!("{text}Z").parse()).ok()?;
    checked_ms(time.as_millisecond())
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// Returns the address of `ADDRESS:PORT`. An IPv6 address may be in brackets.
fn address_of(text: &str) -> Option<&str> {
    let (address, port) = text.rsplit_once(':')?;
    let _: u16 = port.parse().ok()?;
    let inside = address
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    Some(inside.unwrap_or(address)).filter(|address| is_address(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::ReadLimits;
    use crate::files::test_sink::{read, read_as};

    /// Lines of the examples in the user guides, with the time and the client of each.
    ///
    /// Sources: those of the functions above.
    const EXAMPLES: [(&str, &str, &str); 8] = [
        (
            r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be 3E57427F3EXAMPLE REST.GET.VERSIONING - "GET /amzn-s3-demo-bucket1?versioning HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - -"#,
            "2019-02-06T00:00:38Z",
            "192.0.2.3",
        ),
        (
            r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be amzn-s3-demo-bucket1 [06/Feb/2019:00:01:00 +0000] - AmazonS3 DD6CC733AEXAMPLE S3.EXPIRE.OBJECT s3-dg.pdf "-" - - - 4406583 - - "-" "-" - - - - - - - - -"#,
            "2019-02-06T00:01:00Z",
            "",
        ),
        (
            r#"https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-""#,
            "2018-07-02T22:23:00.186Z",
            "192.168.131.39",
        ),
        (
            r#"h2 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 [2001:db8::1]:48160 10.0.1.252:9000 0.000 0.002 0.000 200 200 5 257 "GET https://10.0.2.105:773/ HTTP/2.0" "curl/7.46.0""#,
            "2018-07-02T22:23:00.186Z",
            "2001:db8::1",
        ),
        (
            "tls 2.0 2018-12-20T02:59:40 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - arn:aws:acm:us-east-2:671290407336:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99 - ECDHE-RSA-AES128-SHA tlsv12 - my-network-loadbalancer-c6e77e28c25b2234.elb.us-east-2.amazonaws.com - - - 2018-12-20T02:59:30",
            "2018-12-20T02:59:40Z",
            "72.21.218.154",
        ),
        (
            r#"2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -"#,
            "2015-05-13T23:39:43.945Z",
            "192.168.131.39",
        ),
        (
            r#"2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 - -1 -1 -1 503 0 0 0 "GET http://www.example.com:80/ HTTP/1.1" "-" - -"#,
            "2015-05-13T23:39:43.945Z",
            "192.168.131.39",
        ),
        (
            r#"{"srcaddr":"4.5.64.102","vpc_id":"vpc-7example","answers":[{"Rdata":"203.0.113.9","Type":"PTR","Class":"IN"}],"query_name":"15.3.4.32.in-addr.arpa.","query_class":"IN","srcids":{"instance":"i-0d15cd0d3example"},"rcode":"NOERROR","query_type":"PTR","transport":"UDP","version":"1.100000","account_id":"111122223333","srcport":"56067","query_timestamp":"2021-02-04T17:51:55Z","region":"us-east-1"}"#,
            "2021-02-04T17:51:55Z",
            "4.5.64.102",
        ),
    ];

    #[test]
    fn examples_of_the_user_guides_are_read() {
        for (line, time, client) in EXAMPLES {
            let read = AccessLine::parse(line).unwrap();
            let time: Timestamp = time.parse().unwrap();
            assert_eq!(read.time_ms, Some(time.as_millisecond()), "{line}");
            assert_eq!(read.client, client, "{line}");
        }
    }

    #[test]
    fn only_a_query_names_its_place() {
        let [.., (query, _, _)] = EXAMPLES;
        let query = AccessLine::parse(query).unwrap();
        assert_eq!(query.account.unwrap().to_string(), "111122223333");
        assert_eq!(query.region.unwrap().as_str(), "us-east-1");
        let [(line, _, _), ..] = EXAMPLES;
        let line = AccessLine::parse(line).unwrap();
        assert_eq!((line.account, line.region), (None, None));
    }

    #[test]
    fn other_lines_are_no_access_logs() {
        for line in [
            "",
            "https 2018-07-02T22:23:00Z listening on 10.0.0.1:80",
            "tls handshake failed with 192.0.2.1:443",
            "tls 2.0 now net/x y 192.0.2.1:1 10.0.0.1:2",
            "2015-05-13T23:39:43Z server 192.0.2.1:80 started",
            "2015-05-13T23:39:43Z server 192.0.2.1:80 10.0.0.1:80 took 5 ms",
            r#"192.0.2.1 - alice [06/Feb/2019:00:00:38 +0000] "GET / HTTP/1.1" 200 5"#,
            r#"{"query":"x","srcaddr":"192.0.2.1"}"#,
            r#"{"query_timestamp":5,"query_name":"x"}"#,
            r#"{"query_timestamp":"2021-02-04T17:51:55Z"}"#,
        ] {
            assert_eq!(AccessLine::parse(line), None, "{line}");
        }
        let (_, rest) = EXAMPLES[0].0.split_at(CANONICAL_ID_LENGTH);
        let other = format!("{}{rest}", "x".repeat(CANONICAL_ID_LENGTH));
        assert_eq!(AccessLine::parse(&other), None);
    }

    #[test]
    fn lines_of_access_logs_have_their_own_time_unless_they_are_stored_with_one() {
        let line = r#"http 2026-11-27T10:00:00.000000Z app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - -"#;
        let query = r#"{"account_id":"222222222222","region":"eu-west-1","query_timestamp":"2026-11-27T10:00:00Z","query_name":"a.example.","srcaddr":"192.0.2.1"}"#;
        let path = "AWSLogs/111111111111/elasticloadbalancing/us-east-1/2026/11/27/x.log";
        let content = format!("{line}\n{query}\nstarted\n");
        let found = read_as(path, content.as_bytes(), None, ReadLimits::default());
        assert_eq!(found.texts(), [line, query, "started"]);
        assert_eq!(
            found.cells(),
            [
                "111111111111 us-east-1 app : 1",
                "111111111111 us-east-1 app 2026-11-27T10: 1",
                "222222222222 eu-west-1 app 2026-11-27T10: 1",
            ]
        );
        let exported = read(format!("2026-11-27T11:00:00.000Z {query}\n").as_bytes());
        assert_eq!(exported.records[0].time_ms, Some(1_795_777_200_000));
    }
}
