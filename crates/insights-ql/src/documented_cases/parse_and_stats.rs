//! The commands that extract fields and that aggregate.

use super::{Case, rows};

const LINES: [&str; 3] = [
    "25 May 2019 10:24:39,474 [ERROR] {foo=2, bar=data} The error was: DataIntegrityException",
    "25 May 2019 10:24:39,475 [INFO] user=user1234, method:sample, latency := 216",
    "25 May 2019 10:24:39,476 [INFO] user=user1234, method:sample, latency := 84",
];

/// The examples of `parse`.
const PARSE: &[Case] = &[
    (
        r#"parse @message "[*] * The error was: *" as level, config, exception | display level, config, exception | limit 3
           | filter ispresent(level)"#,
        &["ERROR|{foo=2, bar=data}|DataIntegrityException"],
    ),
    (
        r"parse @message /\[(?<level>\S+)\]\s+(?<config>\{.*\})\s+The error was: (?<exception>\S+)/
          | filter ispresent(exception) | display level, config, exception",
        &["ERROR|{foo=2, bar=data}|DataIntegrityException"],
    ),
    (
        r#"parse @message "user=*, method:*, latency := *" as @user, @method, @latency
           | stats avg(@latency) by @method, @user | filter ispresent(@user)"#,
        &["sample|user1234|150"],
    ),
    (
        r#"FIELDS @message | PARSE @message "* [*] *" as loggingTime, loggingType, loggingMessage
           | FILTER loggingType IN ["ERROR", "INFO"] | DISPLAY loggingType, loggingType = "ERROR" as isError | SORT isError desc"#,
        &["ERROR|1", "INFO|0", "INFO|0"],
    ),
    (
        r#"fields 1 as one | parse @message "latency := *" as ms | sort ms desc | limit 1"#,
        &["1|216"],
    ),
    (
        r#"parse "latency := *" as ms | display ms | sort ms desc | limit 1"#,
        &["216"],
    ),
    (
        "parse /latency := (?<ms>.*)/ | display ms | sort ms desc | limit 1",
        &["216"],
    ),
];

const FLOWS: [&str; 5] = [
    "2 111111111111 eni-0a 10.0.0.5 203.0.113.9 443 49152 6 20 4249 1418530010 1418530070 REJECT OK",
    "2 111111111111 eni-0a 10.0.0.5 203.0.113.8 443 49152 17 10 1000 1418530010 1418530070 REJECT OK",
    "2 111111111111 eni-0b 192.0.2.4 203.0.113.9 22 49152 6 1 40 1418530010 1418530070 ACCEPT OK",
    "2 111111111111 eni-0b - - - - - - - 1418530010 1418530070 - NODATA",
    "2 111111111111 eni-0c 192.0.2.4 10.0.0.5 22 49153 6 2 80 1418530010 1418530070 REJECT OK",
];

/// Aggregates, with AWS's sample queries for flow logs.
const STATS: &[Case] = &[
    (
        "stats sum(packets) as packetsTransferred by srcAddr, dstAddr | sort packetsTransferred desc | limit 2",
        &["10.0.0.5|203.0.113.9|20", "10.0.0.5|203.0.113.8|10"],
    ),
    (
        r#"filter isIpv4InSubnet(srcAddr, "192.0.2.0/24") | stats sum(bytes) as bytesTransferred by dstAddr
           | sort bytesTransferred desc | limit 15"#,
        &["10.0.0.5|80", "203.0.113.9|40"],
    ),
    (
        "filter protocol=17 | stats count(*) by srcAddr",
        &["10.0.0.5|1"],
    ),
    (
        "filter action='REJECT' | stats count(*) as n by srcAddr | sort n desc",
        &["10.0.0.5|2", "192.0.2.4|1"],
    ),
    ("stats count(*)", &["5"]),
    ("stats count(), count(packets), count(nothing)", &["5|5|0"]),
    ("stats count_distinct(srcAddr)", &["3"]),
    (
        "stats avg (bytes), min(bytes), max(bytes) by action | sort action desc",
        &[
            "REJECT|1776.3333333333333|80|4249",
            "ACCEPT|40|40|40",
            "-||-|-",
        ],
    ),
    (
        "stats max(bytes) as most, min(packets) as least, most - least as span by interfaceId | sort span desc | limit 1",
        &["eni-0a|4249|10|4239"],
    ),
    ("stats sum(bytes / 1000) as kb | display kb", &["5.369"]),
    (
        "stats count(*) by bin(2m) as t | sort t desc",
        &[
            "2026-03-01 12:04:00.000|1",
            "2026-03-01 12:02:00.000|2",
            "2026-03-01 12:00:00.000|2",
        ],
    ),
    (
        "stats count(*) by bin(2mins) as t, bin(1hour) | sort t desc | limit 1",
        &["2026-03-01 12:04:00.000|2026-03-01 12:00:00.000|1"],
    ),
    (
        "stats count(*) as n by action, bin(1h) | filter n > 1",
        &["REJECT|2026-03-01 12:00:00.000|3"],
    ),
    (
        "stats pct(packets, 50), pct(packets, 95), pct(packets, 0)",
        &["2|20|1"],
    ),
    ("filter packets > 9 | stats stddev(packets)", &["5"]),
    ("stats earliest(dstPort), latest(dstPort)", &["49152|49153"]),
    (
        "stats sortsFirst(srcAddr), sortsLast(srcAddr)",
        &["-|192.0.2.4"],
    ),
    (
        "stats count(*) as n by srcAddr | stats max(n) as most, count(*) as sources",
        &["2|3"],
    ),
    ("sort bytes | limit 2 | stats sum(bytes) as s", &["40"]),
    ("filter action = 'NONE' | stats count(*)", &[]),
    ("stats count(*) as n by nothing", &["|5"]),
    (
        "filter logStatus='NODATA' | fields start, endTime, srcAddr",
        &["1418530010|1418530070|-"],
    ),
];

#[test]
fn parse() {
    for (query, expected) in PARSE {
        assert_eq!(rows(query, &LINES), *expected, "{query}");
    }
}

#[test]
fn stats() {
    for (query, expected) in STATS {
        assert_eq!(rows(query, &FLOWS), *expected, "{query}");
    }
}
