//! The rules in AWS's documentation on filter patterns as a table: pattern, event, expected
//! outcome.
//!
//! Source: CloudWatch Logs user guide, `FilterAndPatternSyntax` and the pages below it. Rows marked
//! "open" are cases that the guide does not specify and that this crate decides.

use super::FilterPattern;

#[derive(Debug, PartialEq)]
enum Outcome {
    Match,
    NoMatch,
    Rejected,
}
use Outcome::{Match, NoMatch, Rejected};

type Case = (&'static str, &'static str, Outcome);

const TERMS: &[Case] = &[
    ("", "anything", Match),
    ("   ", "anything", Match),
    (r#""""#, "anything", Match),
    (r#"" ""#, "nospace", Match),
    ("ERROR", "[ERROR 400] BAD REQUEST", Match),
    ("ERROR", "[error 400] bad request", NoMatch),
    ("ERROR", "[WARNING 400] BAD REQUEST", NoMatch),
    ("ERROR", "MYERRORS", Match),
    ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", Match),
    ("ARGUMENTS ERROR", "[ERROR 419] MISSING ARGUMENTS", Match),
    (
        "ERROR ARGUMENTS",
        "[ERROR 401] UNAUTHORIZED REQUEST",
        NoMatch,
    ),
    (
        "  ERROR\tARGUMENTS ",
        "[ERROR 420] INVALID ARGUMENTS",
        Match,
    ),
    (
        r#""INTERNAL SERVER ERROR""#,
        "[ERROR 500] INTERNAL SERVER ERROR",
        Match,
    ),
    (
        r#""INTERNAL SERVER ERROR""#,
        "[ERROR 500] INTERNAL ERROR SERVER",
        NoMatch,
    ),
    (r#""192.0.2.1""#, "from 192.0.2.10", Match),
    (r#""a \"b\" \\c""#, r#"x a "b" \c y"#, Match),
    (
        "?ERROR ?ARGUMENTS",
        "[ERROR 401] UNAUTHORIZED REQUEST",
        Match,
    ),
    ("?ERROR ?ARGUMENTS", "NO ARGUMENTS", Match),
    ("?ERROR ?ARGUMENTS", "[INFO] REQUEST", NoMatch),
    (
        r#"?"203.0.113.7" ?"198.51.100.4""#,
        "to 198.51.100.4",
        Match,
    ),
    ("?ERROR", "[INFO] fine", NoMatch),
    ("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", Match),
    ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", NoMatch),
    ("-ERROR", "[INFO] fine", Match),
    ("-ERROR", "[ERROR 400]", NoMatch),
    (r#"-"BAD REQUEST""#, "[ERROR 400] BAD REQUEST", NoMatch),
    // `?` terms are ignored if there are other terms.
    ("?ERROR REQUEST", "[INFO] REQUEST FAILED", Match),
    ("?ERROR REQUEST", "[ERROR 401]", NoMatch),
    ("?ERROR -REQUEST", "[INFO] fine", Match),
    ("user@example.com", "user@example.com", Rejected),
    ("192.0.2.1", "192.0.2.1", Rejected),
    ("ERROR*", "ERRORS", Rejected),
    ("-", "-", Rejected),
    ("? ERROR", "ERROR", Rejected),
    (r#""open"#, "open", Rejected),
    (r#""a""b""#, "ab", Rejected),
];

const REGEXES: &[Case] = &[
    ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", Match),
    ("%AUTHORIZED%", "[SUCCESS 200] AUTHORIZED REQUEST", Match),
    ("%AUTHORIZED%", "authorized", NoMatch),
    ("%[Ee]rror|[Ff]ail%", "it failed? Fail!", Match),
    (
        r"%\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}%",
        "from 10.0.0.1.",
        Match,
    ),
    (r"%^10\.%", "210.1", NoMatch),
    ("%a(b)%", "ab", Rejected),
    ("%something!%", "something!", Rejected),
    ("%é%", "é", Rejected),
    ("%open", "open", Rejected),
    ("%%", "", Rejected),
    ("%a% b", "ab", Rejected),
];

const TRAIL: &str = concat!(
    r#"{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],"#,
    r#""objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "on": true, "off": false,"#,
    r#""bandwidth": 80, "latency": 12.5, "small": 1e-3, "code": "400", "a.b": 7, "x-y_z": 1, "q": "say \"hi\""}"#
);

const JSON: &[Case] = &[
    (r#"{ $.eventType = "UpdateTrail" }"#, TRAIL, Match),
    ("{$.eventType=UpdateTrail}", TRAIL, Match),
    (r#"{ $.eventType = "updateTrail" }"#, TRAIL, NoMatch),
    (r#"{ $.eventType != "UpdateTrail" }"#, TRAIL, NoMatch),
    (r#"{ $.eventType = "Update" }"#, TRAIL, NoMatch),
    (r#"{ $.eventType = "Update*" }"#, TRAIL, Match),
    (r#"{ $.eventType = "*Trail" }"#, TRAIL, Match),
    (r#"{ $.eventType = "*" }"#, TRAIL, Match),
    ("{ $.eventType = %Trail% }", TRAIL, Match),
    ("{ $.eventType != %Trail% }", TRAIL, NoMatch),
    ("{ $.eventType = %^Trail% }", TRAIL, NoMatch),
    ("{ $.sourceIPAddress != 123.123.* }", TRAIL, Match),
    ("{ $.sourceIPAddress = 111.111.* }", TRAIL, Match),
    (r#"{ $.q = "say \"hi\"" }"#, TRAIL, Match),
    (r#"{ $.arrayKey[0] = "value" }"#, TRAIL, Match),
    (r#"{ $.arrayKey[1] = "value" }"#, TRAIL, NoMatch),
    (r#"{ $.arrayKey[9] = "value" }"#, TRAIL, NoMatch),
    (r#"{ $.arrayKey[*] = "another value" }"#, TRAIL, Match),
    ("{ $.arrayKey[0] = %val.{2}% }", TRAIL, Match),
    ("{ $.objectList[1].id = 2 }", TRAIL, Match),
    ("{ $.objectList[*].id = 2 }", TRAIL, Match),
    ("{ $.objectList[*].id = 3 }", TRAIL, NoMatch),
    ("{ $.*[1].name = b }", TRAIL, Match),
    ("{ $.['a.b'] = 7 }", TRAIL, Match),
    ("{ $['a.b'] = 7 }", TRAIL, Match),
    ("{ $.x-y_z = 1 }", TRAIL, Match),
    ("{ $.SomeObject IS NULL }", TRAIL, Match),
    ("{ $.eventType IS NULL }", TRAIL, NoMatch),
    ("{ $.SomeOtherObject IS NULL }", TRAIL, NoMatch),
    ("{ $.SomeOtherObject NOT EXISTS }", TRAIL, Match),
    ("{ $.SomeObject NOT EXISTS }", TRAIL, NoMatch),
    ("{ $.objectList NOT EXISTS }", TRAIL, NoMatch),
    ("{ $.on IS TRUE }", TRAIL, Match),
    ("{ $.on IS FALSE }", TRAIL, NoMatch),
    ("{ $.off IS FALSE }", TRAIL, Match),
    ("{ $.bandwidth > 75 }", TRAIL, Match),
    ("{ $.bandwidth > 80 }", TRAIL, NoMatch),
    ("{ $.bandwidth >= 80 }", TRAIL, Match),
    ("{ $.latency < 50 }", TRAIL, Match),
    ("{ $.latency <= 12.5 }", TRAIL, Match),
    ("{ $.latency < -1 }", TRAIL, NoMatch),
    ("{ $.bandwidth = 8e1 }", TRAIL, Match),
    ("{ $.small = 1e-3 }", TRAIL, Match),
    ("{ $.bandwidth != 1e+3 }", TRAIL, Match),
    ("{ $.latency = * }", TRAIL, Match),
    // Open: a string of digits equals an unquoted number, but is neither less nor greater than one.
    ("{ $.code = 400 }", TRAIL, Match),
    ("{ $.code > 399 }", TRAIL, NoMatch),
    // A selector that selects an object, an array or (open) nothing does not match.
    (r#"{ $.arrayKey != "x" }"#, TRAIL, NoMatch),
    (r#"{ $.missing != "x" }"#, TRAIL, NoMatch),
    (
        r#"{ $.eventType = "UpdateTrail" }"#,
        "eventType = UpdateTrail",
        NoMatch,
    ),
    (
        r#"{ $.eventType = "UpdateTrail" }"#,
        r#"{"eventType": "UpdateTrail""#,
        NoMatch,
    ),
    ("{ $.eventType EXISTS }", TRAIL, Rejected),
    ("{ $.eventType IS NOT NULL }", TRAIL, Rejected),
    (r#"{ eventType = "x" }"#, TRAIL, Rejected),
    (r#"{ $.eventType "x" }"#, TRAIL, Rejected),
    (r#"{ $.eventType > "x" }"#, TRAIL, Rejected),
    ("{ $.eventType = a/b }", TRAIL, Rejected),
    ("{ $.eventType = %(a)% }", TRAIL, Rejected),
    (r#"{ $.eventType = "x" "#, TRAIL, Rejected),
    ("{ }", TRAIL, Rejected),
    ("{ $.a = %a% || $.b = %b% || $.c = %c% }", TRAIL, Rejected),
    (
        "{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.d[*] = 1 }",
        TRAIL,
        Rejected,
    ),
    ("{ $.a[*].b[*] = 1 }", TRAIL, Rejected),
];

const USERS: &str = concat!(
    r#"{"user": {"id": 1, "email": "John.Stiles@example.com"}, "users": [{"id": 2, "email": "John.Doe@example.com"},"#,
    r#"{"id": 3, "email": "Jane.Doe@example.com"}], "actions": ["GET", "PUT", "DELETE"],"#,
    r#""coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]}"#
);

const COMPOUND: &[Case] = &[
    (
        r#"{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }"#,
        USERS,
        Match,
    ),
    (
        r#"{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" }"#,
        USERS,
        Match,
    ),
    (
        r#"{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" }"#,
        USERS,
        NoMatch,
    ),
    (
        r#"{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }"#,
        USERS,
        NoMatch,
    ),
    ("{ ((($.coordinates[1][2] = 6))) }", USERS, Match),
    ("{ $.user.id = 1 && }", USERS, Rejected),
    ("{ ($.user.id = 1 }", USERS, Rejected),
    ("{ $.user.id = 1 & $.user.id = 1 }", USERS, Rejected),
];

const ACCESS: &str =
    r#"127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
const FLOW: &str =
    "2 111111111111 eni-1 10.0.0.5 203.0.113.9 443 49152 6 20 4249 1418530010 1418530070 REJECT OK";

const SPACE_DELIMITED: &[Case] = &[
    (
        "[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
        ACCESS,
        Match,
    ),
    (
        "[ip, user, username, timestamp, request =*.php*, status_code = 4*, bytes]",
        ACCESS,
        NoMatch,
    ),
    (
        r"[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
        ACCESS,
        Match,
    ),
    (
        "[..., request =*.html*, status_code = 4*, bytes]",
        ACCESS,
        Match,
    ),
    (
        "[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]",
        ACCESS,
        Match,
    ),
    (
        "[ip, user, username, timestamp, request, status_code = 403 || status_code = 410, bytes]",
        ACCESS,
        NoMatch,
    ),
    (
        "[ip, server, username, timestamp, request, status_code, bytes > 1000]",
        ACCESS,
        Match,
    ),
    (
        "[ip, server, username, timestamp, request, status_code, bytes > 2000]",
        ACCESS,
        NoMatch,
    ),
    (
        "[..., status_code >= 400 && status_code < 500, bytes]",
        ACCESS,
        Match,
    ),
    (
        r#"[ip, ..., timestamp="10/Oct/2000:13:25:15 -0700", request, status, bytes]"#,
        ACCESS,
        Match,
    ),
    ("[ip=127.0.0.1, ...]", ACCESS, Match),
    ("[ip=127.0.0.1, ..., bytes=1534]", ACCESS, Match),
    ("[a, b, c, d, e, f, g, h]", ACCESS, NoMatch),
    ("[a, b, c, d, e, f, g, ..., h]", ACCESS, NoMatch),
    ("[w1=ERROR, w2]", "ERROR 419 missing arguments", Match),
    ("[w1=ERROR, w2]", "An ERROR happened", NoMatch),
    ("[w1=ERROR, w2]", "ERROR", NoMatch),
    ("[w1=ERROR]", "ERROR 419", NoMatch),
    ("[w1=ERROR || w1=WARNING, w2]", "WARNING low disk", Match),
    ("[w1!=ERROR && w1!=WARNING, w2]", "INFO all fine", Match),
    ("[w1!=ERROR && w1!=WARNING, w2]", "ERROR not fine", NoMatch),
    (
        r#"[timestamp=*Z, request_id="*-*", event]"#,
        "2026-03-01T12:00:00.000Z 1-2 START the rest",
        Match,
    ),
    (
        r#"[version, account, eni, source="10.0.*", ..., action="REJECT", status]"#,
        FLOW,
        Match,
    ),
    (
        r#"[version, account, eni, source="10.1.*", ..., action="REJECT", status]"#,
        FLOW,
        NoMatch,
    ),
    ("[]", "", Rejected),
    ("[a, b", "a b", Rejected),
    ("[a, ..., b, ..., c]", "a b c", Rejected),
    ("[a b]", "a b", Rejected),
    ("[a = ]", "a", Rejected),
    ("[a=%x%, b=%y%, c=%z%]", "x y z", Rejected),
];

#[test]
fn documented_patterns_match_as_documented() {
    let tables = [TERMS, REGEXES, JSON, COMPOUND, SPACE_DELIMITED];
    for (pattern, event, expected) in tables.into_iter().flatten() {
        let outcome = match FilterPattern::parse(pattern) {
            Ok(parsed) if parsed.matches(event) => Match,
            Ok(_) => NoMatch,
            Err(_) => Rejected,
        };
        assert_eq!(&outcome, expected, "{pattern} on {event}");
    }
}
