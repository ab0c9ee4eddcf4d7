//! What a sweep of a random organization can read and prove, from the organization alone.

use std::collections::BTreeSet;

use super::access_log::RandomAccessLog;
use super::flow_log::{FlowDestination, RandomFlowLog};
use super::organization::{
    ACCOUNTS, Call, DISABLED_REGION, LEFT, MANAGEMENT, Organization, PlacedRecord, REGIONS,
    RandomTrail, Target,
};

/// The value of `--sources`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection(pub &'static str);

impl Selection {
    pub(super) fn is_auto(self) -> bool {
        self.0 == "auto"
    }

    pub(super) fn allows(self, kind: &str) -> bool {
        self.is_auto() || self.0.split(',').any(|allowed| allowed == kind)
    }
}

/// Whether a record is in a place that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Presence {
    Absent,
    /// It is in the second half of an object of which only the first is there, or not.
    Unsure,
    Readable,
}

/// The management events that a place has for certain.
#[derive(Clone, Copy, Debug)]
struct Proof {
    reads: bool,
    writes: bool,
}

impl Proof {
    const ALL: Self = Self {
        reads: true,
        writes: true,
    };

    fn of_trail(trail: &RandomTrail) -> Self {
        Self {
            reads: trail.selects_reads(),
            writes: trail.selects_writes(),
        }
    }
}

/// Whether places have all management events together.
fn are_complete(proofs: &[Proof]) -> bool {
    proofs.iter().any(|proof| proof.reads) && proofs.iter().any(|proof| proof.writes)
}

/// What a sweep has to report as searched.
#[derive(Debug)]
pub(super) struct ExpectedCoverage {
    /// The account-Regions with a log source that is complete alone.
    pub rows: BTreeSet<String>,
    /// The number of account-Regions whose log sources are complete together.
    pub targets: u64,
}

impl Organization {
    fn is_entered(&self, account: &str) -> bool {
        account == MANAGEMENT || !self.without_role.contains(account)
    }

    /// Whether an account can be entered, and AWS allows it an operation.
    fn can(&self, operation: &str, account: &str) -> bool {
        let is_denied = self
            .denied
            .is_some_and(|(denied, owner)| denied == operation && owner == account);
        self.is_entered(account) && !is_denied
    }

    /// Whether the bucket of an account can be read: no other account has access to it.
    fn reads_bucket_of(&self, owner: &str) -> bool {
        self.can("ListObjectsV2", owner) && self.can("GetObject", owner)
    }

    /// The trails that a sweep finds, because it enters their accounts.
    fn known_trails(&self) -> impl Iterator<Item = &RandomTrail> {
        self.trails
            .iter()
            .filter(|trail| self.is_entered(trail.owner))
    }

    /// The account-Regions that a sweep enters.
    fn targets(&self) -> impl Iterator<Item = Target> {
        let accounts = ACCOUNTS.iter().filter(|account| self.is_entered(account));
        accounts.flat_map(|account| REGIONS.map(|region| (*account, region)))
    }

    /// The calls whose records are in the folder of an account-Region to which a trail delivers.
    /// Other trails may deliver to the same folder.
    fn calls_in_folder(&self, trail: &RandomTrail, target: Target) -> Vec<&Call> {
        let is_same_place = |other: &&RandomTrail| {
            other.bucket_owner == trail.bucket_owner && other.root() == trail.root()
        };
        let deliverers: Vec<&RandomTrail> = self.trails.iter().filter(is_same_place).collect();
        self.calls
            .iter()
            .filter(|call| call.target == target)
            .filter(|call| deliverers.iter().any(|other| other.delivers(call)))
            .collect()
    }

    fn has_placed(&self, trail: &RandomTrail, target: Target) -> bool {
        self.placed
            .iter()
            .any(|placed| placed.target == target && placed.is_in_place_of(trail, &self.trails))
    }

    /// Whether the folder of an account-Region exists, and all of its objects that can have records
    /// of the window can be read.
    fn is_folder_searched(&self, trail: &RandomTrail, target: Target) -> bool {
        if self.has_placed(trail, target) {
            return self.reads_bucket_of(trail.bucket_owner);
        }
        let change = self.changes.get(&(trail.bucket_owner, target)).copied();
        let calls = self.calls_in_folder(trail, target);
        if calls.is_empty() || change == Some("delete") {
            return false;
        }
        let has_objects = calls.iter().any(|call| call.is_delivered_in_window());
        if has_objects {
            change.is_none() && self.reads_bucket_of(trail.bucket_owner)
        } else {
            self.can("ListObjectsV2", trail.bucket_owner)
        }
    }

    /// The account-Regions and locations of the folders of trails that have to be searched if S3 is
    /// named.
    pub(super) fn searched_folders(&self, selection: Selection) -> BTreeSet<String> {
        let mut folders = BTreeSet::new();
        if !selection.allows("s3") {
            return folders;
        }
        for trail in self.known_trails() {
            for account in ACCOUNTS.into_iter().chain([LEFT]) {
                if !trail.is_organization_trail && account != trail.owner {
                    continue;
                }
                for region in REGIONS.into_iter().chain([DISABLED_REGION]) {
                    let target = (account, region);
                    if self.is_folder_searched(trail, target) {
                        let location = trail.location(target);
                        folders.insert(format!("{account} {region} {location}"));
                    }
                }
            }
        }
        folders
    }

    fn proofs_of_logs(&self, target: Target) -> Vec<Proof> {
        self.known_trails()
            .filter(|trail| trail.records_target(target) && trail.log_group.is_some())
            .filter(|trail| self.can("FilterLogEvents", trail.owner))
            .map(Proof::of_trail)
            .collect()
    }

    fn proofs_of_objects(&self, target: Target) -> Vec<Proof> {
        self.known_trails()
            .filter(|trail| trail.records_target(target))
            .filter(|trail| self.is_folder_searched(trail, target))
            .map(Proof::of_trail)
            .collect()
    }

    fn proofs_of_history(&self, target: Target) -> Vec<Proof> {
        let is_readable = self.can("LookupEvents", target.0);
        is_readable.then_some(Proof::ALL).into_iter().collect()
    }

    /// What the places prove that are read for an account-Region. By default, each is read only if
    /// those before it are not complete.
    fn proofs(&self, target: Target, selection: Selection) -> Vec<Proof> {
        let mut proofs = Vec::new();
        for (kind, next) in [
            ("logs", self.proofs_of_logs(target)),
            ("s3", self.proofs_of_objects(target)),
            ("history", self.proofs_of_history(target)),
        ] {
            let is_needed = !selection.is_auto() || !are_complete(&proofs);
            if selection.allows(kind) && is_needed {
                proofs.extend(next);
            }
        }
        proofs
    }

    /// Whether the management events of an account-Region have to be reported as searched.
    pub(super) fn is_covered(&self, target: Target, selection: Selection) -> bool {
        self.is_entered(target.0) && are_complete(&self.proofs(target, selection))
    }

    pub(super) fn coverage(&self, selection: Selection) -> ExpectedCoverage {
        let mut rows = BTreeSet::new();
        let mut targets = 0;
        for target in self.targets() {
            let proofs = self.proofs(target, selection);
            let is_row = proofs.iter().any(|proof| proof.reads && proof.writes);
            if is_row {
                let (account, region) = target;
                rows.insert(format!("{account} {region}"));
            }
            targets += u64::from(are_complete(&proofs));
        }
        ExpectedCoverage { rows, targets }
    }

    /// Whether the record of a call is in the window and in a place that may be read.
    pub(super) fn presence(&self, call: &Call, selection: Selection) -> Presence {
        if !call.is_in_window() {
            return if call.seems_forged() {
                Presence::Unsure
            } else {
                Presence::Absent
            };
        }
        let is_in_logs = self.known_trails().any(|trail| {
            trail.log_group.is_some()
                && trail.delivers(call)
                && self.can("FilterLogEvents", trail.owner)
        });
        let is_in_history = self.can("LookupEvents", call.target.0);
        let is_readable = (is_in_logs && selection.allows("logs"))
            || (is_in_history && selection.allows("history"));
        if is_readable {
            return Presence::Readable;
        }
        if selection.allows("s3") {
            self.presence_in_objects(call)
        } else {
            Presence::Absent
        }
    }

    fn presence_in_objects(&self, call: &Call) -> Presence {
        let presences = self.known_trails().map(|trail| {
            let is_listed = trail.is_organization_trail || trail.owner == call.target.0;
            let calls = self.calls_in_folder(trail, call.target);
            let is_there = calls.iter().any(|other| std::ptr::eq(*other, call));
            if !is_listed || !is_there || !self.reads_bucket_of(trail.bucket_owner) {
                return Presence::Absent;
            }
            match self.changes.get(&(trail.bucket_owner, call.target)) {
                None | Some(&"trailing-data") => Presence::Readable,
                Some(&"cut") => Presence::Unsure,
                Some(_) => Presence::Absent,
            }
        });
        presences.max().unwrap_or(Presence::Absent)
    }

    /// Whether a record of a Region or account that is gone can be read.
    pub(super) fn reads_placed(&self, placed: &PlacedRecord) -> bool {
        self.known_trails().any(|trail| {
            let is_listed = trail.is_organization_trail || trail.owner == placed.target.0;
            is_listed
                && placed.is_in_place_of(trail, &self.trails)
                && self.reads_bucket_of(trail.bucket_owner)
        })
    }

    /// The access logs whose requests have to be found: those of the buckets of known trails, on request.
    pub(super) fn read_access_logs(&self, selection: Selection) -> Vec<&RandomAccessLog> {
        if selection.is_auto() || !selection.allows("s3") {
            return Vec::new();
        }
        let is_read = |log: &&RandomAccessLog| {
            let mut trails = self.known_trails();
            log.is_in_window()
                && trails.any(|trail| trail.bucket_owner == log.owner)
                && self.reads_bucket_of(log.owner)
        };
        self.access_logs.iter().filter(is_read).collect()
    }

    /// The flow logs whose records have to be found.
    pub(super) fn covered_flow_logs(&self, selection: Selection) -> Vec<&RandomFlowLog> {
        let is_covered = |flow_log: &&RandomFlowLog| {
            let account = flow_log.target.0;
            self.is_entered(account)
                && match flow_log.destination {
                    FlowDestination::LogGroup => {
                        selection.allows("logs") && self.can("FilterLogEvents", account)
                    }
                    FlowDestination::Bucket { owner, .. } => {
                        selection.allows("s3") && self.reads_bucket_of(owner)
                    }
                }
        };
        self.flow_logs.iter().filter(is_covered).collect()
    }
}

impl PlacedRecord {
    /// Whether a trail delivers to the bucket and root of this record.
    fn is_in_place_of(&self, trail: &RandomTrail, trails: &[RandomTrail]) -> bool {
        let own = &trails[self.trail];
        own.bucket_owner == trail.bucket_owner && own.root() == trail.root()
    }
}
