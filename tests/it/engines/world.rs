//! A random organization: what is stored in which log group, how AWS behaves, and the scope of the
//! sweep.
//!
//! Each event carries the form in which it was written, so that the naive evaluator does not have
//! to detect it.

use std::fmt;
use std::rc::Rc;

use jiff::Timestamp;

use crate::scenario::{Behaviour, Event, FlowLog, Trail};
use crate::world::{REPORT_SOURCES, SMALL};

/// The time at which the sweeps start, as in [`SMALL`]: 2026-03-02T12:00:00Z.
pub(super) const NOW_MS: i64 = 1_772_452_800_000;
/// The window: from 06:00:00.250 to before 08:00:00.750. Its edges are not whole seconds, and it is
/// old enough for late events to have arrived.
pub(super) const WINDOW_MS: (i64, i64) = (NOW_MS - 6 * HOUR_MS + 250, NOW_MS - 4 * HOUR_MS + 750);
pub(super) const HOUR_MS: i64 = 3_600_000;

/// The member accounts. `prod` may have a trail of its own.
pub(super) const PROD: &str = "222222222222";
pub(super) const DEV: &str = "333333333333";
pub(super) const MANAGEMENT: &str = "111111111111";
pub(super) const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// A log group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    pub account: &'static str,
    pub region: &'static str,
    pub name: &'static str,
}

/// The log groups of the organization's trail and (`OWN_TRAIL`) of the trail of `prod`.
pub(super) const TRAIL: Group = Group {
    account: MANAGEMENT,
    region: "us-east-1",
    name: "/trail",
};
pub(super) const OWN_TRAIL: Group = Group {
    account: PROD,
    region: "us-east-1",
    name: "/own",
};

/// The log streams that these trails write.
pub(super) const TRAIL_STREAM: &str = "o-practice00_111111111111_CloudTrail_us-east-1";
pub(super) const OWN_STREAM: &str = "222222222222_CloudTrail_us-east-1";

/// The formats of flow logs as AWS writes them, each with the column names that queries use.
pub(super) const FORMATS: [Format; 3] = [
    Format {
        aws: "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} \
              ${packets} ${bytes} ${start} ${end} ${action} ${log-status}",
        columns: &[
            "version",
            "accountId",
            "interfaceId",
            "srcAddr",
            "dstAddr",
            "srcPort",
            "dstPort",
            "protocol",
            "packets",
            "bytes",
            "start",
            "end",
            "action",
            "logStatus",
        ],
    },
    Format {
        aws: "${vpc-id} ${srcaddr} ${dstaddr} ${dstport} ${action} ${bytes}",
        columns: &["vpcId", "srcAddr", "dstAddr", "dstPort", "action", "bytes"],
    },
    Format {
        aws: "${action} ${bytes} ${pkt-srcaddr}",
        columns: &["action", "bytes", "pktSrcAddr"],
    },
];

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub aws: &'static str,
    pub columns: &'static [&'static str],
}

/// The form in which an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageForm {
    /// A CloudTrail record.
    Record,
    /// A flow log line in the format with this index of [`FORMATS`].
    FlowLine(usize),
    /// JSON that is not a record, or plain text.
    Other,
}

/// Events that are planted together: `count` of them, `apart_ms` apart. In each, `{n}` is replaced
/// by its number.
#[derive(Clone)]
pub(super) struct Planted {
    pub group: Group,
    pub stream: &'static str,
    pub first_ms: i64,
    /// How long after its log time the event can be read, in milliseconds.
    pub late_ms: i64,
    pub count: u32,
    pub apart_ms: u32,
    pub form: MessageForm,
    pub message: Rc<str>,
}

impl Planted {
    /// Returns the events in the form of a scenario.
    fn to_scenario(&self) -> Event {
        let Group {
            account,
            region,
            name,
        } = self.group;
        let at = rfc3339(self.first_ms);
        let ingested = rfc3339(self.first_ms + self.late_ms);
        let event = Event::new(account, region, name, at, &*self.message)
            .stream(self.stream)
            .ingested(ingested);
        if self.count > 1 {
            event.count(self.count).apart_ms(self.apart_ms)
        } else {
            event
        }
    }
}

/// One line, so that failures are readable.
impl fmt::Debug for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            group,
            stream,
            first_ms,
            late_ms,
            count,
            apart_ms,
            form,
            message,
        } = self;
        let Group {
            account,
            region,
            name,
        } = group;
        let at = rfc3339(*first_ms);
        let start: String = message.chars().take(1_000).collect();
        write!(
            f,
            "{account} {region} {name} {stream} {at} +{late_ms} ms, {count} x {apart_ms} ms, {form:?}: {start:?}"
        )
    }
}

/// One stored event.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub group: Group,
    pub stream: &'static str,
    pub timestamp_ms: i64,
    pub ingestion_ms: i64,
    pub form: MessageForm,
    pub message: Rc<str>,
}

/// The scope of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Everything,
    /// Only `prod`: its log groups, and those to which trails deliver its records.
    Account,
    /// Only us-east-1.
    Region,
}

#[derive(Clone, Debug)]
pub(super) struct RandomWorld {
    /// Whether the organization's trail is logging. It then has the records of every
    /// account-Region.
    pub is_trail_logging: bool,
    /// Whether `prod` has a trail of its own, which also receives all of its records.
    pub has_own_trail: bool,
    /// Log groups to which flow logs deliver, each with the index of its format.
    pub flow_logs: Vec<(Group, usize)>,
    pub planted: Vec<Planted>,
    pub empty_pages: bool,
    pub events_scanned_a_page: usize,
    pub scope: Scope,
    /// The faults, in the form of a scenario.
    pub faults: String,
}

impl RandomWorld {
    /// Returns every event, in the order of planting.
    pub(super) fn stored(&self) -> Vec<Stored> {
        let each = |planted: &Planted| {
            let Planted {
                group,
                stream,
                form,
                ..
            } = *planted;
            let event = |n: u32| {
                let timestamp_ms = planted.first_ms + i64::from(n) * i64::from(planted.apart_ms);
                let message: Rc<str> = match planted.count {
                    1 => Rc::clone(&planted.message),
                    _ => planted.message.replace("{n}", &n.to_string()).into(),
                };
                // All of them are ingested at the same time, `late_ms` after the log time of the
                // first.
                let ingestion_ms = planted.first_ms + planted.late_ms;
                Stored {
                    group,
                    stream,
                    timestamp_ms,
                    ingestion_ms,
                    form,
                    message,
                }
            };
            (0..planted.count).map(event).collect::<Vec<_>>()
        };
        self.planted.iter().flat_map(each).collect()
    }

    /// Returns the indexes of the flow log formats that are delivered to a log group.
    pub(super) fn formats(&self, group: Group) -> Vec<usize> {
        self.flow_logs
            .iter()
            .filter(|(to, _)| *to == group)
            .map(|(_, format)| *format)
            .collect()
    }

    /// Returns the world as a scenario.
    pub(super) fn scenario(&self) -> String {
        let mut text = SMALL.to_owned();
        if !self.is_trail_logging {
            text = text.replace(
                "organization = true\n",
                "organization = true\nlogging = false\n",
            );
        }
        if self.has_own_trail {
            let Group {
                account,
                region,
                name,
            } = OWN_TRAIL;
            text += &Trail::new("own", account, region).log_group(name);
        }
        for (group, format) in &self.flow_logs {
            let Group {
                account,
                region,
                name,
            } = *group;
            let format = FORMATS[*format].aws;
            text += &FlowLog::new(account, region, name).format(format);
        }
        for planted in &self.planted {
            text += &planted.to_scenario();
        }
        let behaviour = Behaviour::new()
            .empty_pages(self.empty_pages)
            .events_scanned_a_page(self.events_scanned_a_page);
        text + &self.faults + &behaviour
    }

    /// Returns the configuration file. It does not require log sources if the organization's trail
    /// has stopped.
    pub(super) fn configuration(&self) -> &'static str {
        if self.is_trail_logging {
            ""
        } else {
            REPORT_SOURCES
        }
    }

    /// Returns the window and the scope as arguments.
    pub(super) fn arguments(&self) -> Vec<String> {
        let window = [
            "--from".to_owned(),
            rfc3339(WINDOW_MS.0),
            "--to".to_owned(),
            rfc3339(WINDOW_MS.1),
        ];
        let scope = match self.scope {
            Scope::Everything => &[][..],
            Scope::Account => &["--account", PROD],
            Scope::Region => &["--region", "us-east-1"],
        };
        window
            .into_iter()
            .chain(scope.iter().map(|argument| (*argument).to_owned()))
            .collect()
    }
}

/// Formats a time as reports do.
pub(super) fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .unwrap()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}
