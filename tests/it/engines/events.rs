//! Generates random events: their content, their times, and the log groups that store them.

use std::rc::Rc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::world::{
    DEV, FORMATS, Group, HOUR_MS, MANAGEMENT, MessageForm, OWN_STREAM, OWN_TRAIL, PROD, Planted,
    REGIONS, TRAIL, TRAIL_STREAM, WINDOW_MS, rfc3339,
};

/// Values that occur both in events and in search sets, so that many searches match. Some are near
/// misses of others.
pub(super) const ACTIONS: [&str; 5] = [
    "ListBuckets",
    "CreateUser",
    "CreateRole",
    "GetUser",
    "ConsoleLogin",
];
pub(super) const ADDRESSES: [&str; 7] = [
    "192.0.2.1",
    "192.0.2.10",
    "10.1.2.3",
    "198.51.100.7",
    "2001:db8::1",
    "2001:0DB8:0:0:0:0:0:1",
    "2001:db8::1:1",
];
pub(super) const ARNS: [&str; 13] = [
    "arn:aws:iam::222222222222:user/ben",
    "arn:aws:iam::222222222222:user/benjamin",
    "arn:aws:iam::222222222222:user/team/ben",
    "arn:aws:sts::222222222222:assumed-role/Admin/alice",
    "arn:aws:s3:::évidence/a<b>&c",
    "arn:aws:s3:::prod",
    "arn:aws:s3:::prod/key",
    "arn:aws:s3:::prod-logs",
    "arn:aws:s3:::prod.x/key",
    "arn:aws:lambda:us-east-1:222222222222:function:pay",
    "arn:aws:lambda:us-east-1:222222222222:function:pay:7",
    "arn:aws:lambda:us-east-1:222222222222:function:pay-test",
    "arn:aws:s3:::évidence/a<b>&c.bak",
];
pub(super) const AGENTS: [&str; 4] = ["aws-cli/2.17", "kali/2026 (x)", "alkaline", "é🦀"];
pub(super) const ERRORS: [&str; 3] = ["AccessDenied", "Client.UnauthorizedOperation", "Throttling"];
pub(super) const NAMES: [&str; 4] = ["ben", "Admin", "a \"quoted\" name\\", "ünïcode"];
pub(super) const NOTES: [&str; 9] = [
    "login of ben from 192.0.2.1.",
    "GET https://WWW.Evil.Example./%2Fx took 17ms",
    "md5=D41D8CD98F00B204E9800998ECF8427E notevil.example",
    "key AKIAIOSFODNN7EXAMPLE of account 222222222222",
    "buckets arn:aws:s3:::prod-logs, arn:aws:s3:::prod. And arn:aws:s3:::prod.x",
    "peer [::ffff:c000:201]:22 is ip-192-0-2-1.ec2.internal, not ip-192-0-2-10",
    "GET /?a=arn%3Aaws%3As3%3A%3A%3Aprod%2Fx&ip=%5B2001%3adb8%3A%3A1%5D&n=%2531",
    "xAKIAIOSFODNN7EXAMPLE 1192.0.2.1 2222222222221",
    "{\"host\": \"evil.example\", \"deep\": [\"192.0.2.1\"]}",
];

/// Log times: at the edges of the window, within it, and up to three hours away.
fn times() -> impl Strategy<Value = i64> {
    let (from, to) = WINDOW_MS;
    let edges: Vec<i64> = [from, to, from - 2 * HOUR_MS, to + 2 * HOUR_MS]
        .iter()
        .flat_map(|at| [at - 1, *at, at + 1])
        .collect();
    prop_oneof![2 => select(edges), 5 => from..to, 1 => from - HOUR_MS..to + 3 * HOUR_MS]
}

/// How long after its log time an event can be read. Some can only be read when the sweep is over.
fn ingestion_delay() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(0), 2 => 0..600_000_i64, 1 => Just(30 * HOUR_MS)]
}

fn application() -> impl Strategy<Value = Group> {
    (select(&[PROD, DEV][..]), select(&REGIONS[..])).prop_map(|(account, region)| Group {
        account,
        region,
        name: "/app",
    })
}

/// The log groups to which flow logs may deliver. There are few, so that many lines are in a group
/// that has a flow log of their format.
const FLOW_GROUPS: [Group; 3] = [
    Group {
        account: PROD,
        region: "us-east-1",
        name: "/flow",
    },
    Group {
        account: DEV,
        region: "eu-west-1",
        name: "/flow",
    },
    Group {
        account: PROD,
        region: "us-east-1",
        name: "/app",
    },
];

/// Returns all possible flow logs: each format, delivered to each of the groups.
pub(super) fn flow_logs() -> Vec<(Group, usize)> {
    FLOW_GROUPS
        .into_iter()
        .flat_map(|group| (0..FORMATS.len()).map(move |format| (group, format)))
        .collect()
}

/// The parts of a record. The numbers select values.
#[derive(Clone, Debug)]
struct Draft {
    id: u8,
    account: &'static str,
    region: &'static str,
    event_time_ms: i64,
    size: u32,
    picks: [usize; 6],
    spelling: u8,
}

fn draft() -> impl Strategy<Value = Draft> {
    let account =
        prop_oneof![3 => select(&[PROD, DEV][..]), 1 => select(&[MANAGEMENT, "999999999999"][..])];
    let picks = proptest::array::uniform6(0..60_usize);
    (
        0..200_u8,
        account,
        select(&REGIONS[..]),
        times(),
        0..40_u32,
        picks,
        any::<u8>(),
    )
        .prop_map(
            |(id, account, region, event_time_ms, size, picks, spelling)| Draft {
                id,
                account,
                region,
                event_time_ms,
                size,
                picks,
                spelling,
            },
        )
}

impl Draft {
    /// Returns the record as JSON. `seed` differs for each record, so that the event ids differ.
    fn write(&self, seed: usize) -> String {
        let [action, address, arn, agent, error, note] = self.picks;
        let mut record = json!({
            "eventVersion": "1.11",
            "userIdentity": { "type": "IAMUser", "arn": pick(&ARNS, arn), "accessKeyId": "AKIAIOSFODNN7EXAMPLE" },
            "eventTime": rfc3339(self.event_time_ms),
            "eventSource": "iam.amazonaws.com",
            "eventName": pick(&ACTIONS, action),
            "awsRegion": self.region,
            "sourceIPAddress": pick(&ADDRESSES, address),
            "userAgent": pick(&AGENTS, agent),
            "requestParameters": { "userName": pick(&NAMES, note), "size": self.size, "mfa": note % 2 == 0 },
            "resources": [{ "ARN": pick(&ARNS, arn + 1) }, { "ARN": null }],
            "requestID": format!("r-{}", self.id),
            "eventID": format!("{seed}-{}", self.id),
            "recipientAccountId": self.account,
        });
        if error % 2 == 0 {
            record["errorCode"] = json!(pick(&ERRORS, error));
        }
        if error % 3 == 0 {
            record["userIdentity"]
                .as_object_mut()
                .unwrap()
                .remove("accessKeyId");
        }
        if note % 4 == 0 {
            record["responseElements"] = json!({ "note": pick(&NOTES, note / 4) });
        }
        spelled(&record.to_string(), self.spelling)
    }
}

fn pick(values: &[&'static str], number: usize) -> &'static str {
    values[number % values.len()]
}

/// Spells JSON in one of the ways that an encoder or an attacker may choose.
fn spelled(json: &str, how: u8) -> String {
    match how % 7 {
        0 | 1 => json.replace('/', "\\/"),
        2 => json.replace('<', "\\u003c").replace('é', "\\u00e9"),
        3 => format!(" \n{json}"),
        // No encoder writes these escapes, but an attacker who hides something may.
        4 => [
            ("192.0", "\\u003192.0"),
            ("Create", "Cr\\u0065ate"),
            ("ben", "b\\u0065n"),
            ("Denied", "D\\u0065ni\\u0065d"),
        ]
        .into_iter()
        .fold(json.to_owned(), |json, (plain, escaped)| {
            json.replace(plain, escaped)
        }),
        _ => json.to_owned(),
    }
}

/// Where else a record of the trail is stored.
#[derive(Clone, Debug)]
enum Copies {
    None,
    /// Also in the log group of an application, possibly with another spelling.
    Also(Group, u8),
    /// The log group of an application has a forged record that claims to be this one.
    Forged(Group),
    /// Only in the log group of an application: no trail wrote this record.
    Stray(Group),
}

fn copies() -> impl Strategy<Value = Copies> {
    prop_oneof![
        5 => Just(Copies::None),
        2 => (application(), any::<u8>()).prop_map(|(group, how)| Copies::Also(group, how)),
        1 => application().prop_map(Copies::Forged),
        1 => application().prop_map(Copies::Stray),
    ]
}

/// A record, in all log groups that store it.
fn record() -> impl Strategy<Value = Vec<Planted>> {
    let delay =
        prop_oneof![4 => 0..900_000_i64, 1 => Just(2 * HOUR_MS), 1 => -2 * HOUR_MS..3 * HOUR_MS];
    (draft(), delay, ingestion_delay(), copies(), any::<u16>()).prop_map(
        |(draft, delay_ms, late_ms, copies, seed)| {
            let seed = usize::from(seed);
            let stored = |group: Group, message: String| Planted {
                group,
                stream: match group.name {
                    "/app" if seed % 4 > 0 => "app",
                    "/trail" => TRAIL_STREAM,
                    // In the log group of an application, the stream is only named like a trail's.
                    _ => OWN_STREAM,
                },
                first_ms: draft.event_time_ms + delay_ms,
                late_ms,
                count: 1,
                apart_ms: 0,
                form: MessageForm::Record,
                message: message.into(),
            };
            let text = draft.write(seed);
            let mut all = match &copies {
                Copies::Stray(group) => return vec![stored(*group, text)],
                Copies::None => Vec::new(),
                Copies::Also(group, how) => {
                    vec![stored(
                        *group,
                        Draft {
                            spelling: *how,
                            ..draft.clone()
                        }
                        .write(seed),
                    )]
                }
                Copies::Forged(group) => {
                    let mut picks = draft.picks;
                    // Half of the forgeries differ from the record only in a field that reports do
                    // not show.
                    picks[if seed % 2 == 0 { 0 } else { 5 }] += 1;
                    vec![stored(
                        *group,
                        Draft {
                            picks,
                            ..draft.clone()
                        }
                        .write(seed),
                    )]
                }
            };
            all.push(stored(TRAIL, text.clone()));
            if draft.account == PROD {
                all.push(stored(OWN_TRAIL, text));
            }
            all
        },
    )
}

/// A line of a flow log. Its log group may or may not have a flow log of that format.
fn flow_line() -> impl Strategy<Value = (MessageForm, String)> {
    let address = || select(&["192.0.2.1", "192.0.2.10", "10.1.2.3", "-"][..]);
    let action = select(&["ACCEPT", "REJECT"][..]);
    (0..3_usize, address(), address(), select(&["443", "22"][..]), action, 0..40_u32).prop_map(
        |(format, source, target, port, action, bytes)| {
            let line = match format {
                0 => format!(
                    "2 222222222222 eni-1 {source} {target} {port} 49152 6 20 {bytes} 1418530010 1418530070 {action} OK"
                ),
                1 => format!("vpc-1 {source} {target} {port} {action} {bytes}"),
                _ => format!("{action} {bytes} {source}"),
            };
            (MessageForm::FlowLine(format), line)
        },
    )
}

/// JSON that is not a record, and plain text.
fn other_message() -> impl Strategy<Value = (MessageForm, String)> {
    let picks = proptest::array::uniform4(0..60_usize);
    let json = (picks, 0..40_u32, any::<u8>()).prop_map(|([name, address, arn, note], size, spelling)| {
        let document = json!({
            "level": if note % 2 == 0 { "warn" } else { "info" },
            "size": if note % 5 == 0 { json!(format!("{size}")) } else { json!(size) },
            "ratio": f64::from(size) / 4.0,
            "user": pick(&NAMES, name),
            "sourceIPAddress": pick(&ADDRESSES, address),
            "eventName": pick(&ACTIONS, name),
            "nested": { "a": [pick(&ARNS, arn), { "b": null, "text": pick(&NOTES, note) }], "é.x": true },
            "quoted": format!("got {}", json!({ "b": pick(&ARNS, arn) }).to_string().replace('/', "\\/")),
        });
        spelled(&document.to_string(), spelling)
    });
    let text = (0..60_usize, 0..60_usize).prop_map(|(note, address)| match note % 4 {
        0 => format!(
            "{} [{}]:443",
            pick(&NOTES, note / 4),
            pick(&ADDRESSES, address)
        ),
        1 => format!(
            "INFO {}",
            json!({ "arn": pick(&ARNS, address) })
                .to_string()
                .replace('/', "\\/")
        ),
        2 => format!("WARN {} é🦀 \u{2028}", pick(&NOTES, note / 4)),
        _ => pick(&NOTES, note / 4).to_owned(),
    });
    let odd = select(
        &[
            "",
            " ",
            "{",
            "[1,2]",
            "{\"a\":",
            "null",
            "\u{0}\t\"",
            "2 short line",
        ][..],
    )
    .prop_map(str::to_owned);
    prop_oneof![4 => json, 3 => text, 1 => odd].prop_map(|message| (MessageForm::Other, message))
}

/// An event that is not a record, or a burst of such events.
fn other_events() -> impl Strategy<Value = Vec<Planted>> {
    let message = prop_oneof![flow_line(), other_message()];
    let repeat = prop_oneof![8 => Just((1_u32, 0_u32)), 1 => (2..40_u32, Just(0)), 1 => (2..40_u32, 1..3_u32)];
    let stream = select(&["s1", "s2", "é/stream"][..]);
    let group = prop_oneof![2 => select(&FLOW_GROUPS[..]), 1 => application()];
    (message, group, stream, times(), ingestion_delay(), repeat).prop_map(
        |((form, message), group, stream, first_ms, late_ms, (count, apart_ms))| {
            let message = if count > 1 && form == MessageForm::Other {
                format!("{message} {{n}}")
            } else {
                message
            };
            vec![Planted {
                group,
                stream,
                first_ms,
                late_ms,
                count,
                apart_ms,
                form,
                message: message.into(),
            }]
        },
    )
}

/// Many flow log lines in the groups of flow logs, at random times within the window.
pub(super) fn flow_lines() -> impl Strategy<Value = Vec<Planted>> {
    let at = WINDOW_MS.0..WINDOW_MS.1;
    let line = (flow_line(), select(&FLOW_GROUPS[..]), at).prop_map(
        |((form, message), group, first_ms)| Planted {
            group,
            stream: "eni-1-all",
            first_ms,
            late_ms: 0,
            count: 1,
            apart_ms: 0,
            form,
            message: message.into(),
        },
    );
    vec(line, 20..40)
}

/// All events of a world. The caller removes those in the log groups of trails that the world
/// lacks.
pub(super) fn planted() -> impl Strategy<Value = Vec<Planted>> {
    let several = prop_oneof![record().boxed(), other_events().boxed()];
    vec(several, 0..40).prop_map(|all| all.concat())
}

/// Returns `count` events in one millisecond, amid 100 events that are 1 ms apart. No slice can
/// divide them, and a page may be unable to hold them.
pub(super) fn burst(group: Group, count: u32) -> Vec<Planted> {
    let line = |first_ms, count, apart_ms| Planted {
        group,
        stream: "s1",
        first_ms,
        late_ms: 0,
        count,
        apart_ms,
        form: MessageForm::Other,
        message: Rc::from(
            "{\"eventName\":\"ListBuckets\",\"sourceIPAddress\":\"192.0.2.1\",\"size\":{n}}",
        ),
    };
    let at = WINDOW_MS.0 + HOUR_MS;
    vec![line(at - 50, 100, 1), line(at, count, 0)]
}

/// An event of the maximum size.
///
/// Source: CloudWatch Logs quotas: an event has up to 1 MB, 26 bytes of which are not its message.
pub(super) fn largest(group: Group, at_ms: i64) -> Planted {
    let start = "{\"sourceIPAddress\":\"192.0.2.1\",\"filler\":\"";
    let end = "\",\"eventName\":\"ListBuckets\",\"size\":7}";
    let filler = "x ".repeat(((1 << 20) - 26 - start.len() - end.len()) / 2);
    let message = format!("{start}{filler}{end}").into();
    Planted {
        group,
        stream: "s2",
        first_ms: at_ms,
        late_ms: 0,
        count: 1,
        apart_ms: 0,
        form: MessageForm::Other,
        message,
    }
}
