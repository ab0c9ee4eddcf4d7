//! A random organization, and what an oracle knows about it.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::REGIONS;
use crate::cloudwatch::{CENTRAL, DEV, IP, MANAGEMENT};
use crate::scenario::{Account, Behaviour, Event, Fault, Record, ScenarioBuilder, Trail};
use crate::world::World;

const ACCOUNTS: [&str; 3] = [MANAGEMENT, DEV, CENTRAL];

/// A rule that copies the log groups of applications to `central`.
pub(super) const RULE: &str = "[[centralization]]\ngroup = \"/app/*\"\nto_account = \"333333333333\"\nto_region = \"us-east-1\"\n";

/// `central` monitors the log groups of applications in `dev`.
const LINK: &str =
    "[[links]]\nmonitoring = \"333333333333\"\naccount = \"dev\"\ngroup = \"/app/*\"\n";

/// What records the management events of an account-Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorder {
    Trail,
    /// A trail whose log group has a pipeline.
    TransformedTrail,
    Channel,
    /// A channel that selects no reads.
    PartialChannel,
    Nothing,
}

const RECORDERS: [Recorder; 5] = [
    Recorder::Trail,
    Recorder::TransformedTrail,
    Recorder::Channel,
    Recorder::PartialChannel,
    Recorder::Nothing,
];

/// Operations that fail twice and then work.
const FAILING: [&str; 6] = [
    "DescribeLogGroups",
    "DescribeTrails",
    "FilterLogEvents",
    "GetChannel",
    "ListChannels",
    "LookupEvents",
];

/// An account-Region, and what is planted in it.
pub(super) struct RandomTarget {
    pub region: &'static str,
    pub recorder: Recorder,
    /// The number of records.
    records: u32,
    /// The number of lines in an application's log group.
    lines: u32,
}

/// An account with its account-Regions.
pub(super) struct RandomAccount {
    pub id: &'static str,
    /// Whether it can be entered.
    pub has_role: bool,
    pub has_history: bool,
    /// Whether channels can be listed.
    pub knows_channels: bool,
    /// What fails twice.
    fault: Option<(&'static str, &'static str)>,
    pub targets: Vec<RandomTarget>,
}

impl RandomAccount {
    fn random(rng: &mut Rng, id: &'static str) -> Self {
        let fault = rng.bool().then(|| {
            let kind = rng.choice(["throttle", "server-error"]).unwrap();
            (rng.choice(FAILING).unwrap(), kind)
        });
        let targets = REGIONS.map(|region| RandomTarget {
            region,
            recorder: rng.choice(RECORDERS).unwrap(),
            records: rng.u32(0..3),
            lines: rng.u32(0..3),
        });
        Self {
            id,
            has_role: id != DEV || rng.u8(0..4) > 0,
            has_history: rng.bool(),
            knows_channels: rng.u8(0..4) > 0,
            fault,
            targets: targets.into(),
        }
    }

    fn tables(&self) -> String {
        let id = self.id;
        let mut tables = String::new();
        if !self.has_history {
            tables.push_str(&Fault::denied("LookupEvents").account(id));
        }
        if !self.knows_channels {
            tables.push_str(&Fault::denied("ListChannels").account(id));
        }
        if let Some((operation, kind)) = self.fault {
            tables.push_str(&Fault::new(operation, kind).account(id).times(2));
        }
        for target in &self.targets {
            tables.push_str(&target.tables(id));
        }
        tables
    }

    /// Whether every management event is where a sweep reads it in its original form.
    fn is_covered(&self, target: &RandomTarget) -> bool {
        self.has_role
            && (self.has_history
                || match target.recorder {
                    Recorder::Trail => true,
                    Recorder::Channel => self.knows_channels,
                    // Without a record, nothing shows that a pipeline is there, and nothing is
                    // missing.
                    Recorder::TransformedTrail => target.records == 0,
                    Recorder::PartialChannel | Recorder::Nothing => false,
                })
    }

    /// The number of records that any searched source has.
    pub(super) fn readable_records(&self, target: &RandomTarget) -> u32 {
        let is_readable =
            self.has_role && (self.has_history || target.recorder != Recorder::Nothing);
        if is_readable { target.records } else { 0 }
    }
}

impl RandomTarget {
    fn tables(&self, id: &str) -> String {
        let region = self.region;
        let trail = Trail::new(format!("own-{id}-{region}"), id, region)
            .multi_region(false)
            .log_group("/trail");
        let pipeline = format!(
            "[[pipelines]]\naccount = \"{id}\"\nregion = \"{region}\"\nlog_group = \"/trail\"\n"
        );
        let channel = format!("[[channels]]\naccount = \"{id}\"\nregion = \"{region}\"\n");
        let mut tables = match self.recorder {
            Recorder::Trail => trail.to_string(),
            Recorder::TransformedTrail => format!("{trail}{pipeline}"),
            Recorder::Channel => channel,
            Recorder::PartialChannel => format!("{channel}records = \"WriteOnly\"\n"),
            Recorder::Nothing => String::new(),
        };
        for number in 0..self.records {
            let at = format!("{}h ago", 2 + number);
            let mallory = format!("arn:aws:iam::{id}:user/mallory");
            let record = Record::new(id, region, at, mallory)
                .call("ec2", "DeleteVolume")
                .ip(IP);
            tables.push_str(&record);
        }
        for number in 0..self.lines {
            let at = format!("{}h ago", 2 + number);
            let line = Event::new(id, region, "/app/web", at, format!("from {IP}"));
            tables.push_str(&line.stream("i-1"));
        }
        tables
    }
}

/// An organization.
pub(super) struct RandomOrganization {
    pub accounts: Vec<RandomAccount>,
    /// Whether the log groups of applications are copied to `central`.
    pub has_rule: bool,
    /// Whether `central` may read the log groups of applications in `dev`.
    has_link: bool,
}

impl RandomOrganization {
    pub(super) fn random(rng: &mut Rng) -> Self {
        Self {
            accounts: ACCOUNTS
                .map(|id| RandomAccount::random(rng, id))
                .into_iter()
                .collect(),
            has_rule: rng.bool(),
            has_link: rng.bool(),
        }
    }

    pub(super) fn tables(&self) -> String {
        let mut tables: String = self.accounts.iter().map(RandomAccount::tables).collect();
        tables.push_str(if self.has_rule { RULE } else { "" });
        tables.push_str(if self.has_link { LINK } else { "" });
        tables
    }

    pub(super) fn world(&self) -> World {
        let has_role = |account: &RandomAccount| account.id != DEV || account.has_role;
        build(self.accounts.iter().all(has_role), &self.tables())
    }

    /// The account-Regions that are covered, as `account region`.
    pub(super) fn covered_targets(&self) -> BTreeSet<String> {
        let targets = self
            .accounts
            .iter()
            .flat_map(|account| account.targets.iter().map(move |target| (account, target)));
        targets
            .filter(|(account, target)| account.is_covered(target))
            .map(|(account, target)| format!("{} {}", account.id, target.region))
            .collect()
    }

    /// The number of lines that can be read: in the account, through the link, or as copies.
    pub(super) fn readable_lines(&self, account: &RandomAccount, target: &RandomTarget) -> u32 {
        let is_readable = account.has_role || self.has_rule || self.has_link;
        if is_readable { target.lines } else { 0 }
    }
}

/// Returns the organization in all [`REGIONS`], with these tables.
pub(super) fn build(dev_has_role: bool, tables: &str) -> World {
    let dev = Account::new(DEV, "dev");
    let dev = if dev_has_role {
        dev
    } else {
        dev.lacks_roles(["DragnetRead"])
    };
    let scenario = ScenarioBuilder::new("cloudwatch")
        .regions(&REGIONS)
        .with(&dev)
        .account(CENTRAL, "central")
        .with(&Behaviour::new().own_traces(false))
        .with(tables);
    World::from_toml(&scenario.toml())
}
