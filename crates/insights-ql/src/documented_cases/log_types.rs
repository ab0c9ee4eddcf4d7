//! The fields of DNS query logs and of Lambda functions.

use super::{Case, rows, rows_in};

/// The example of Route 53's developer guide, "Public DNS query logging".
const DNS_QUERIES: [&str; 5] = [
    "1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com A NOERROR UDP FRA6 192.168.1.1 -",
    "1.0 2017-12-13T08:15:50.235Z Z123412341234 example.com AAAA NOERROR TCP IAD12 192.168.3.1 192.168.222.0/24",
    "1.0 2017-12-13T08:16:03.983Z Z123412341234 example.com ANY NOERROR UDP FRA6 2001:db8::1234 2001:db8:abcd::/48",
    "1.0 2017-12-13T08:15:50.342Z Z123412341234 bad.example.com A NXDOMAIN UDP IAD12 192.168.3.1 192.168.111.0/24",
    "1.0 2017-12-13T08:16:05.744Z Z123412341234 txt.example.com TXT NOERROR UDP JFK5 192.168.1.2 -",
];

/// AWS's sample queries for Route 53, and each field of the guide's table.
const DNS: &[Case] = &[
    (
        "stats count(*) by queryType, bin(1h) | sort queryType",
        &[
            "A|2026-03-01 12:00:00.000|2",
            "AAAA|2026-03-01 12:00:00.000|1",
            "ANY|2026-03-01 12:00:00.000|1",
            "TXT|2026-03-01 12:00:00.000|1",
        ],
    ),
    (
        "stats count(*) as numRequests by resolverIp | sort numRequests desc | limit 1",
        &["192.168.3.1|2"],
    ),
    (
        r#"filter responseCode="NXDOMAIN" | stats count(*) by queryName"#,
        &["bad.example.com|1"],
    ),
    (
        "filter ednsClientSubnet = '192.168.222.0/24' | fields version, queryTimestamp, hostZoneId, queryName, \
         queryType, responseCode, protocol, edgeLocation, resolverIp",
        &[
            "1.0|2017-12-13T08:15:50.235Z|Z123412341234|example.com|AAAA|NOERROR|TCP|IAD12|192.168.3.1",
        ],
    ),
];

/// Events of a Lambda function: Lambda's own lines, JSON inside of lines and JSON lines.
const LAMBDA: [&str; 7] = [
    "START RequestId: 1-a Version: $LATEST\n",
    "2026-03-01T12:01:00.000Z\t1-a\tINFO\t{\"user\":\"ana\",\"n\":[1,{\"x\":2}]} then {\"user\":\"bob\"}\n",
    "[INFO]\t2026-03-01T12:02:00.000Z\t1-a\t{not JSON} {\"user\":\"cy\"}",
    "no JSON {",
    "{\"user\":\"di\"}\n",
    "END RequestId: 1-a\n",
    "REPORT RequestId: 1-a\tDuration: 2000.50 ms\tBilled Duration: 2001 ms\tMemory Size: 128 MB\tMax Memory Used: 51 MB\t\n\
     XRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1\tSegmentId: 07f33xmpl2c5bb92\tSampled: true\n",
];

/// AWS's sample queries for Lambda, and the first JSON object of a line.
const LAMBDA_CASES: &[Case] = &[
    (
        r#"filter @type = "REPORT"
    | stats max(@memorySize / 1000 / 1000) as provisonedMemoryMB,
        min(@maxMemoryUsed / 1000 / 1000) as smallestMemoryRequestMB,
        avg(@maxMemoryUsed / 1000 / 1000) as avgMemoryUsedMB,
        max(@maxMemoryUsed / 1000 / 1000) as maxMemoryUsedMB,
        provisonedMemoryMB - maxMemoryUsedMB as overProvisionedMB"#,
        &["128|51|51|51|77"],
    ),
    (
        r#"filter @type = "REPORT" | stats avg(@duration), max(@duration), min(@duration) by bin(5m)"#,
        &["2026-03-01 12:05:00.000|2000.5|2000.5|2000.5"],
    ),
    (
        r#"fields @requestId | filter @type = "REPORT" and @duration > 1000 | sort @timestamp desc | dedup @requestId | limit 20"#,
        &["1-a"],
    ),
    (
        "filter ispresent(@xrayTraceId) | fields @xrayTraceId, @xraySegmentId",
        &["1-5e34a614-10bdxmplf1fb44f07bc535a1|07f33xmpl2c5bb92"],
    ),
    (
        "stats count(*) by @type | sort @type",
        &["|4", "END|1", "REPORT|1", "START|1"],
    ),
    (
        "filter ispresent(user) | fields user, n.1.x | sort user",
        &["ana|2", "cy|", "di|"],
    ),
];

#[test]
fn dns_queries() {
    for (query, expected) in DNS {
        assert_eq!(rows(query, &DNS_QUERIES), *expected, "{query}");
    }
    for other in [
        "1.0 a b c d e f g h i",
        "1 2017-12-13T08:16:02.130Z Z1 a A NOERROR UDP F 192.0.2.1 -",
    ] {
        assert_eq!(
            rows("filter ispresent(queryName)", &[other]),
            Vec::<String>::new()
        );
    }
    // A minor version adds columns.
    let newer = format!("{} more", DNS_QUERIES[0].replacen("1.0", "1.1", 1));
    assert_eq!(
        rows("fields queryName, version", &[&newer]),
        ["example.com|1.1"]
    );
}

#[test]
fn lambda_events() {
    for (query, expected) in LAMBDA_CASES {
        let found = rows_in("/aws/lambda/f", query, &LAMBDA);
        assert_eq!(found, *expected, "{query}");
    }
    // In other log groups, only whole messages are JSON.
    assert_eq!(
        rows("filter ispresent(user) | fields user", &LAMBDA),
        ["di"]
    );
    assert_eq!(
        rows("filter ispresent(@type)", &LAMBDA),
        Vec::<String>::new()
    );
}
