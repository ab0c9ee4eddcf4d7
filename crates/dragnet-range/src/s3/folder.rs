//! The folders of a bucket to which trails and flow logs deliver: one for each account-Region.
//!
//! Sources: CloudTrail user guide, "Finding your CloudTrail log files" (with the id of the
//! organization for organization trails); VPC user guide, "Flow log files".

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::delivery::{Delivery, Source, SourceKind};
use super::digest::{DigestFolders, digests};
use super::flow_files::flow_files;
use super::trail_files::log_files;
use crate::world::{FlowLog, Trail, World};
use dragnet_model::{AccountId, Region};

/// The folder of an account-Region.
#[derive(Debug)]
pub(super) struct Folder {
    /// Ends in a slash.
    pub(super) path: String,
    /// Two trails can deliver to the same folder.
    sources: Vec<Source>,
}

impl Folder {
    /// All objects that were delivered to the folder or will be, sorted by key.
    pub(super) fn deliveries(&self, world: &mut World, now: Timestamp) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for source in &self.sources {
            deliveries.extend(match source.kind {
                SourceKind::LogFiles(trail) => log_files(world, trail, source, &self.path),
                SourceKind::FlowLog(number) => flow_files(world, number, source, &self.path),
                SourceKind::Digests(trail) => {
                    let log_files = self.path.replacen(DIGESTS, LOG_FILES, 1);
                    let folders = DigestFolders {
                        digests: &self.path,
                        log_files: &log_files,
                    };
                    digests(world, trail, source, folders, now)
                }
            });
        }
        deliveries.sort_by(|a, b| a.key.cmp(&b.key));
        deliveries
    }
}

const LOG_FILES: &str = "/CloudTrail/";
const DIGESTS: &str = "/CloudTrail-Digest/";

/// The folders of a bucket that can have keys with this prefix, sorted by path. None of them is
/// inside another.
pub(super) fn folders(world: &World, bucket: &str, prefix: &str) -> Vec<Folder> {
    let mut by_path: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    let mut add = |path: String, source: Source| {
        if path.starts_with(prefix) || prefix.starts_with(&path) {
            by_path.entry(path).or_default().push(source);
        }
    };
    for (number, trail) in world.trails.iter().enumerate() {
        if trail.bucket.name == bucket {
            add_trail(world, number, trail, &mut add);
        }
    }
    add_flow_logs(world, bucket, &mut add);
    by_path
        .into_iter()
        .map(|(path, sources)| Folder { path, sources })
        .collect()
}

fn add_trail(world: &World, number: usize, trail: &Trail, add: &mut impl FnMut(String, Source)) {
    for (account, region) in account_regions(world) {
        if !trail.delivers_files_from(account, region) {
            continue;
        }
        let mut add_folder = |name: &str, kind: SourceKind| {
            let organization = if trail.organization {
                format!("{}/", world.organization.id)
            } else {
                String::new()
            };
            let prefix = with_slash(&trail.bucket.prefix);
            let path = format!("{prefix}AWSLogs/{organization}{account}{name}{region}/");
            let source = Source {
                kind,
                account,
                region: region.clone(),
            };
            add(path, source);
        };
        add_folder(LOG_FILES, SourceKind::LogFiles(number));
        if trail.bucket.validated_since.is_some() {
            add_folder(DIGESTS, SourceKind::Digests(number));
        }
    }
}

fn add_flow_logs(world: &World, bucket: &str, add: &mut impl FnMut(String, Source)) {
    for account in world.accounts.values() {
        for (region, flow_logs) in &account.flow_logs {
            for (number, flow_log) in flow_logs.iter().enumerate() {
                let Some((_, prefix)) = flow_log.bucket().filter(|(name, _)| *name == bucket)
                else {
                    continue;
                };
                let source = Source {
                    kind: SourceKind::FlowLog(number),
                    account: account.id,
                    region: region.clone(),
                };
                add(flow_log_path(flow_log, prefix, &source), source);
            }
        }
    }
}

fn flow_log_path(flow_log: &FlowLog, prefix: &str, source: &Source) -> String {
    let prefix = with_slash(prefix);
    let Source {
        account, region, ..
    } = source;
    if flow_log.options.hive {
        return format!(
            "{prefix}AWSLogs/aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}/"
        );
    }
    format!("{prefix}AWSLogs/{account}/vpcflowlogs/{region}/")
}

/// The accounts and their enabled Regions.
fn account_regions(world: &World) -> impl Iterator<Item = (AccountId, &Region)> {
    world.accounts.keys().flat_map(move |account| {
        let regions = world.regions.all().map(|(region, _)| region);
        let enabled = regions.filter(move |region| world.is_region_enabled(*account, region));
        enabled.map(move |region| (*account, region))
    })
}

/// A prefix as it is at the start of a key.
fn with_slash(prefix: &str) -> String {
    if prefix.is_empty() {
        String::new()
    } else {
        format!("{prefix}/")
    }
}
