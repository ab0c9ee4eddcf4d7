//! Tests of the exact match on whole messages.

use super::Matcher;

fn find(indicator: &str, message: &str) -> Option<Vec<String>> {
    Matcher::new(&[indicator.parse().unwrap()])
        .unwrap()
        .find(message)
        .map(|matches| matches.fields)
}

#[test]
fn field_of_the_match_is_named() {
    let record = r#"{"sourceIPAddress":"192.0.2.1","resources":[{"ip":"192.0.2.10"},{"ip":"at 192.0.2.1:22"}]}"#;
    assert_eq!(
        find("192.0.2.1", record).unwrap(),
        ["resources.1.ip", "sourceIPAddress"]
    );
    assert_eq!(
        find("192.0.2.1", "login from 192.0.2.1").unwrap(),
        ["message"]
    );
}

#[test]
fn column_of_a_flow_log_is_named() {
    let line = "2 111111111111 eni-1 192.0.2.1 10.0.0.1 443 49152 6 20 4249 1418530010 1418530070 ACCEPT OK";
    assert_eq!(find("192.0.2.1", line).unwrap(), ["srcAddr"]);
    assert_eq!(find("10.0.0.0/8", line).unwrap(), ["dstAddr"]);
    assert_eq!(find("111111111111", line).unwrap(), ["accountId"]);
    assert_eq!(find("regex:^ACC", line).unwrap(), ["action"]);
    assert_eq!(
        find("192.0.2.1", "192.0.2.1 10.0.0.1 443 ACCEPT OK").unwrap(),
        ["message"],
        "a custom format"
    );
}

#[test]
fn near_miss_does_not_match() {
    for message in [
        "192.0.2.10",
        "1192.0.2.1",
        "{\"a\":\"192.0.2.10\"}",
        "{\"a\":\"1192.0.2.1\"}",
        "",
    ] {
        assert_eq!(find("192.0.2.1", message), None, "{message}");
    }
    assert_eq!(find("AKIAIOSFODNN7EXAMPLE", "xAKIAIOSFODNN7EXAMPLE"), None);
    assert_eq!(
        find(
            "arn:aws:iam::111111111111:user/ben",
            "arn:aws:iam::111111111111:user/benjamin"
        ),
        None
    );
    assert_eq!(find("111111111111", "1111111111112"), None);
    assert_eq!(find("evil.example", "evil.example.com"), None);
}

#[test]
fn escaped_spelling_matches() {
    let arn = "arn:aws:iam::111111111111:user/ben";
    assert_eq!(
        find(arn, r#"{"a":"arn:aws:iam::111111111111:user\/ben"}"#).unwrap(),
        ["a"]
    );
    assert_eq!(
        find(arn, r#"{"a":"arn:aws:iam::111111111111:user\u002fben"}"#).unwrap(),
        ["a"]
    );
    assert_eq!(
        find(arn, r#"INFO {"a":"arn:aws:iam::111111111111:user\/ben"}"#).unwrap(),
        ["message"]
    );
    assert_eq!(
        find(
            arn,
            r#"{"a":"got {\"b\":\"arn:aws:iam::111111111111:user\\/ben\"}"}"#
        )
        .unwrap(),
        ["a"]
    );
    assert_eq!(
        find("192.0.2.1", r#"{"a":"{\"b\":[\"192.0.2.1\"]}"}"#).unwrap(),
        ["a.b.0"]
    );
    assert_eq!(
        find("192.0.2.1", r#"{"a":"\u00311192.0.2.1"}"#),
        None,
        "the spelled-out digit counts"
    );
}

#[test]
fn broken_json_is_searched_as_text() {
    assert_eq!(
        find("192.0.2.1", r#"{"a":"192.0.2.1"#).unwrap(),
        ["message"]
    );
    let deep = format!("{}\"192.0.2.1\"{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(find("192.0.2.1", &deep).unwrap(), ["message"]);
}

#[test]
fn empty_key_adds_no_path_step() {
    let matcher = Matcher::new(&["192.0.2.1".parse().unwrap()]).unwrap();
    let message = r#"{"" :{"" :"192.0.2.1"}}"#;
    assert_eq!(matcher.find(message).unwrap().fields, [""]);
    assert_eq!(
        matcher.find(message),
        matcher.match_full_scan(message, |_| true)
    );
}

#[test]
fn object_key_matches() {
    let record = r#"{"byArn":{"arn:aws:iam::111111111111:user/ben":1}}"#;
    let field = ["byArn.arn:aws:iam::111111111111:user/ben"];
    assert_eq!(
        find("arn:aws:iam::111111111111:user/ben", record).unwrap(),
        field
    );
    assert_eq!(find("user:ben", record).unwrap(), field);
}

#[test]
fn other_spelling_matches() {
    assert!(find("2001:db8::1", r#"{"a":"2001:0DB8:0:0:0:0:0:1"}"#).is_some());
    assert!(find("192.0.2.1", r#"{"a":"::ffff:192.0.2.1"}"#).is_some());
    assert!(find("192.0.2.0/24", "from 192.0.2.77 to 10.0.0.1").is_some());
    assert!(find("192.0.2.0/24", "from 192.0.3.77 to 10.0.0.1").is_none());
    assert!(find("evil.example", r#"{"host":"WWW.Evil.Example."}"#).is_some());
    assert!(
        find(
            "d41d8cd98f00b204e9800998ecf8427e",
            "md5=D41D8CD98F00B204E9800998ECF8427E"
        )
        .is_some()
    );
    assert!(find("111111111111", r#"{"account":111111111111}"#).is_some());
}

#[test]
fn regex_is_matched_against_one_field_at_a_time() {
    assert_eq!(
        find(
            "regex:^Conso.*n$",
            r#"{"a":"x","eventName":"ConsoleLogin"}"#
        )
        .unwrap(),
        ["eventName"]
    );
    assert_eq!(find("regex:^Conso.*n$", r#"{"a":"x ConsoleLogin"}"#), None);
}

#[test]
fn each_of_several_indicators_is_reported() {
    let all = [
        "192.0.2.1",
        "192.0.2.0/24",
        "evil.example",
        "evil",
        "regex:asked",
    ]
    .map(|text| text.parse().unwrap());
    let matches = Matcher::new(&all)
        .unwrap()
        .find("192.0.2.1 asked www.evil.example")
        .unwrap();
    assert_eq!(
        matches.indicators,
        ["192.0.2.0/24", "192.0.2.1", "asked", "evil", "evil.example"]
    );
}
