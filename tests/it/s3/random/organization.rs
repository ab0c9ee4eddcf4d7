//! Random organizations: what is recorded, where it is delivered to, and what cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::access_log::RandomAccessLog;
use super::flow_log::RandomFlowLog;
use crate::s3::sweeps::IP;
use crate::scenario::{
    Account, Behaviour, Bucket, Fault, ObjectChange, Record, ScenarioBuilder, TomlValue, Trail,
};
use crate::world::record;

/// An account-Region.
pub(super) type Target = (&'static str, &'static str);

/// The start of the window, which ends now.
pub(crate) const FROM: &str = "2026-03-01T12:00:00Z";
pub(super) const MANAGEMENT: &str = "111111111111";
/// The account whose buckets collect the logs of others.
pub(super) const ARCHIVE: &str = "444444444444";
/// An account that has left the organization.
pub(super) const LEFT: &str = "999999999999";
const MEMBERS: [&str; 3] = ["222222222222", "333333333333", ARCHIVE];
pub(super) const ACCOUNTS: [&str; 4] = [MANAGEMENT, MEMBERS[0], MEMBERS[1], MEMBERS[2]];
pub(super) const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
/// A Region that no account has enabled any more.
pub(super) const DISABLED_REGION: &str = "ap-east-1";
const ORGANIZATION: &str = "o-practice00";
const ACTIONS: [&str; 3] = ["DeleteBucket", "ListBuckets", "PutBucketPolicy"];

/// A random organization.
#[derive(Debug)]
pub(crate) struct Organization {
    pub trails: Vec<RandomTrail>,
    pub flow_logs: Vec<RandomFlowLog>,
    /// The server access logs of the buckets of trails.
    pub access_logs: Vec<RandomAccessLog>,
    pub calls: Vec<Call>,
    pub placed: Vec<PlacedRecord>,
    /// The changes of all log files of an account-Region in the bucket of an account.
    pub changes: BTreeMap<(&'static str, Target), &'static str>,
    /// The accounts without the read role.
    pub without_role: BTreeSet<&'static str>,
    /// An operation that AWS denies to one account.
    pub(crate) denied: Option<(&'static str, &'static str)>,
}

#[derive(Clone, Debug)]
pub(crate) struct RandomTrail {
    name: String,
    pub owner: &'static str,
    home: &'static str,
    pub is_organization_trail: bool,
    is_multi_region: bool,
    is_logging: bool,
    records: &'static str,
    pub log_group: Option<String>,
    pub bucket_owner: &'static str,
    prefix: &'static str,
}

/// A call that is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub target: Target,
    at: Timestamp,
    action: &'static str,
    /// When trails deliver the record.
    delivered: Timestamp,
}

/// A record of an account-Region that the organization does not have any more, in the bucket of a
/// trail.
#[derive(Clone, Debug)]
pub(crate) struct PlacedRecord {
    /// The number of the trail.
    pub trail: usize,
    pub target: Target,
    at: Timestamp,
    folder: String,
    bucket: String,
}

pub(super) fn pick<T: Copy>(rng: &mut Rng, items: &[T]) -> T {
    items[rng.usize(0..items.len())]
}

/// Whether something happens that does so once in `odds` times.
pub(super) fn happens(rng: &mut Rng, odds: u32) -> bool {
    rng.u32(0..odds) == 0
}

pub(super) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Organization {
    pub(crate) fn random(rng: &mut Rng) -> Self {
        let mut trails: Vec<RandomTrail> = Vec::new();
        for number in 0..rng.usize(0..=3) {
            let is_organization_trail = number == 0 && rng.bool();
            trails.push(RandomTrail::random(rng, number, is_organization_trail));
        }
        let calls = rng.usize(0..60);
        let flow_logs = rng.usize(0..=2);
        let without_role = MEMBERS.into_iter().filter(|_| happens(rng, 6)).collect();
        let operations = [
            "FilterLogEvents",
            "GetObject",
            "ListObjectsV2",
            "LookupEvents",
        ];
        let denied = happens(rng, 2).then(|| (pick(rng, &operations), pick(rng, &ACCOUNTS)));
        let owners = trails.iter().map(|trail| trail.bucket_owner).collect();
        Self {
            access_logs: RandomAccessLog::random(rng, &owners),
            calls: (0..calls).map(|number| Call::random(rng, number)).collect(),
            placed: random_placed(rng, &trails),
            changes: random_changes(rng, &trails),
            flow_logs: (0..flow_logs)
                .map(|number| RandomFlowLog::random(rng, number))
                .collect(),
            trails,
            without_role,
            denied,
        }
    }

    /// The organization as a scenario.
    pub(crate) fn scenario(&self) -> String {
        let mut scenario = ScenarioBuilder::new("random")
            .regions(&REGIONS)
            .opt_in_regions(&[DISABLED_REGION])
            .with(&Behaviour::new().own_traces(false));
        for (id, name) in MEMBERS.iter().zip(["prod", "dev", "log-archive"]) {
            let account = Account::new(id, name);
            let account = if self.without_role.contains(id) {
                account.lacks_roles(["DragnetRead"])
            } else {
                account
            };
            scenario = scenario.with(&account);
        }
        let owners: BTreeSet<&str> = self.trails.iter().map(|trail| trail.bucket_owner).collect();
        for owner in owners {
            // The bucket is often in another Region than the trail.
            let region = if owner == ARCHIVE {
                REGIONS[0]
            } else {
                REGIONS[1]
            };
            let mut bucket = Bucket::new(format!("trails-{owner}"), owner, region);
            if let Some(log) = self.access_logs.iter().find(|log| log.owner == owner) {
                bucket = log.add_to(bucket);
                scenario = scenario.with(&log.tables(region));
            }
            scenario = scenario.with(&bucket);
        }
        let trails = self.trails.iter().map(RandomTrail::table);
        let calls = self.calls.iter().map(Call::table);
        let placed = self.placed.iter().map(PlacedRecord::table);
        let flow_logs = self.flow_logs.iter().map(RandomFlowLog::tables);
        let changes = self.changes.iter().map(|((owner, target), change)| {
            let (account, region) = target;
            let keys = format!("*/{account}/CloudTrail/{region}/*");
            ObjectChange::new(format!("trails-{owner}"), keys, *change).to_string()
        });
        let tables = trails.chain(calls).chain(placed).chain(flow_logs);
        let tables: String = tables.chain(changes).collect();
        let fault = self
            .denied
            .map(|(operation, account)| Fault::denied(operation).account(account).to_string());
        scenario
            .with(&tables)
            .with(&fault.unwrap_or_default())
            .toml()
    }
}

/// Records of a Region that is disabled now, and of an account that has left.
fn random_placed(rng: &mut Rng, trails: &[RandomTrail]) -> Vec<PlacedRecord> {
    let mut placed = Vec::new();
    for (number, trail) in trails.iter().enumerate() {
        let second = SignedDuration::from_secs(i64::try_from(number).unwrap());
        let mut place = |target: Target| {
            placed.push(PlacedRecord {
                trail: number,
                target,
                at: time("2026-03-02T04:30:00Z") + second,
                folder: trail.folder(target),
                bucket: trail.bucket(),
            });
        };
        if happens(rng, 3) {
            place((trail.owner, DISABLED_REGION));
        }
        if trail.is_organization_trail && rng.bool() {
            place((LEFT, REGIONS[0]));
        }
    }
    placed
}

fn random_changes(
    rng: &mut Rng,
    trails: &[RandomTrail],
) -> BTreeMap<(&'static str, Target), &'static str> {
    const CHANGES: [&str; 4] = ["archive", "cut", "delete", "trailing-data"];
    let number = if trails.is_empty() {
        0
    } else {
        rng.usize(0..3)
    };
    let changes = (0..number).map(|_| {
        let owner = trails[rng.usize(0..trails.len())].bucket_owner;
        let target = (pick(rng, &ACCOUNTS), pick(rng, &REGIONS));
        ((owner, target), pick(rng, &CHANGES))
    });
    changes.collect()
}

impl RandomTrail {
    fn random(rng: &mut Rng, number: usize, is_organization_trail: bool) -> Self {
        let owner = if is_organization_trail {
            MANAGEMENT
        } else {
            pick(rng, &ACCOUNTS)
        };
        let prefixes: &[&str] = if is_organization_trail {
            // AWS Control Tower uses the id of the organization as the prefix.
            &["", "logs", ORGANIZATION]
        } else {
            &["", "logs"]
        };
        Self {
            name: format!("trail-{number}"),
            owner,
            home: pick(rng, &REGIONS),
            is_organization_trail,
            is_multi_region: !happens(rng, 4),
            is_logging: !happens(rng, 6),
            records: pick(rng, &["All", "All", "WriteOnly", "ReadOnly"]),
            log_group: rng.bool().then(|| format!("/trail-{number}")),
            bucket_owner: pick(rng, &[owner, ARCHIVE]),
            prefix: pick(rng, prefixes),
        }
    }

    fn table(&self) -> String {
        let trail = Trail::new(&self.name, self.owner, self.home)
            .organization(self.is_organization_trail)
            .multi_region(self.is_multi_region)
            .logging(self.is_logging)
            .records(self.records)
            // Digests take time to sign.
            .validation(false);
        let trail = match &self.log_group {
            Some(group) => trail.log_group(group),
            None => trail,
        };
        let bucket = self.bucket().to_toml();
        let prefix = self.prefix.to_toml();
        format!("{trail}bucket = {bucket}\nprefix = {prefix}\n")
    }

    /// Whether it is on and records an account-Region.
    pub(super) fn records_target(&self, (account, region): Target) -> bool {
        self.is_logging
            && (self.is_organization_trail || self.owner == account)
            && (self.is_multi_region || self.home == region)
    }

    pub(super) fn selects_reads(&self) -> bool {
        self.records != "WriteOnly"
    }

    pub(super) fn selects_writes(&self) -> bool {
        self.records != "ReadOnly"
    }

    /// Whether it delivers the record of a call.
    pub(super) fn delivers(&self, call: &Call) -> bool {
        let is_selected = if call.is_read() {
            self.selects_reads()
        } else {
            self.selects_writes()
        };
        is_selected && self.records_target(call.target)
    }

    fn bucket(&self) -> String {
        format!("trails-{}", self.bucket_owner)
    }

    /// The folder with the folders of the accounts, in its bucket.
    pub(super) fn root(&self) -> String {
        let mut path = String::new();
        if !self.prefix.is_empty() {
            path.extend([self.prefix, "/"]);
        }
        path.push_str("AWSLogs/");
        if self.is_organization_trail {
            path.extend([ORGANIZATION, "/"]);
        }
        path
    }

    fn folder(&self, (account, region): Target) -> String {
        format!("{}{account}/CloudTrail/{region}/", self.root())
    }

    /// The bucket and the folder of an account-Region, as a row of the coverage has them.
    pub(super) fn location(&self, target: Target) -> String {
        format!("{}/{}", self.bucket(), self.folder(target))
    }
}

/// A row of the sightings.
fn row((account, region): Target, at: Timestamp) -> String {
    let at = at.strftime("%Y-%m-%dT%H:%M:%S.000Z");
    format!("{account} {region} {at}")
}

impl Call {
    /// A call at a unique time, up to ten hours before the window or in it.
    fn random(rng: &mut Rng, number: usize) -> Self {
        let number = i64::try_from(number).unwrap();
        let hours = SignedDuration::from_hours(rng.i64(0..30));
        let minute = (number * 7) % 60;
        let rest = SignedDuration::from_secs(minute * 60 + number);
        let at = time("2026-03-01T02:00:00Z") + hours + rest;
        let late = SignedDuration::from_mins(pick(rng, &[1, 12, 40, 180]));
        Self {
            target: (pick(rng, &ACCOUNTS), pick(rng, &REGIONS)),
            at,
            action: pick(rng, &ACTIONS),
            delivered: at + late,
        }
    }

    fn is_read(&self) -> bool {
        self.action.starts_with("List")
    }

    pub(super) fn is_in_window(&self) -> bool {
        self.at >= time(FROM)
    }

    /// Whether it was delivered so late that its time may be forged: then the time of the delivery
    /// counts as well.
    pub(super) fn seems_forged(&self) -> bool {
        const LATE_SECONDS: i64 = 2 * 3_600 - 300;
        let late = self.delivered.as_second() - self.at.as_second();
        late >= LATE_SECONDS && self.is_delivered_in_window()
    }

    /// Whether its log file can have records of the window: the name has the time of the delivery,
    /// which is at the next five minutes.
    pub(super) fn is_delivered_in_window(&self) -> bool {
        let name_seconds = (self.delivered.as_second() / 300 + 1) * 300;
        name_seconds >= time(FROM).as_second()
    }

    pub(super) fn row(&self) -> String {
        row(self.target, self.at)
    }

    fn table(&self) -> String {
        let (account, region) = self.target;
        let bob = format!("arn:aws:iam::{account}:user/bob");
        Record::new(account, region, self.at.to_string(), bob)
            .call("s3", self.action)
            .ip(IP)
            .read_only(self.is_read())
            .raw(&format!("delivered = \"{}\"", self.delivered))
            .to_string()
    }
}

impl PlacedRecord {
    pub(super) fn row(&self) -> String {
        row(self.target, self.at)
    }

    fn table(&self) -> String {
        let Self {
            trail,
            target: (account, region),
            at,
            folder,
            bucket,
        } = self;
        let id = format!("placed-{trail}-{account}");
        let text = record(&id, account, region, &at.to_string(), IP);
        let key = format!(
            "{folder}2026/03/02/{account}_CloudTrail_{region}_20260302T0435Z_AAAAAAAAAAAAAAA{trail}.json.gz"
        );
        format!(
            "[[objects]]\nbucket = '{bucket}'\nkey = '{key}'\nat = '2026-03-02T04:35:20Z'\ngzip = true\ntext = '{{\"Records\":[{text}]}}'\n"
        )
    }
}
