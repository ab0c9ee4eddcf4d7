//! Finds the folders of services that deliver to a bucket without a trail or flow log: the access
//! logs of load balancers and the query logs of Route 53 Resolver.
//!
//! What delivers them is not asked for, so only the buckets of trails and flow logs are looked at.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;

use super::discovery::common_prefixes;
use super::folder_choice::FolderScope;
use super::object_folder::ObjectFolder;
use crate::aws::{Aws, Bucket, CallError, Session};
use crate::config::Scope;
use crate::s3_layout::{LastFolder, LogFolder, LogRoot, ObjectKind};
use crate::sweep::member::Members;
use dragnet_model::format::plural;
use dragnet_model::{AccountId, Target};

/// How many accounts are listed at the same time.
const CONCURRENT: usize = 16;

/// The services.
const SERVICES: [ObjectKind; 2] = [ObjectKind::LoadBalancer, ObjectKind::ResolverQuery];

/// Lists a bucket for the folders of services.
pub(super) struct ServiceDiscovery<'d> {
    pub aws: &'d Aws,
    pub session: &'d Session,
    pub bucket: &'d Bucket,
    pub scope: FolderScope<'d>,
}

/// Describes what services deliver to a bucket below these prefixes, which a sweep searches only on
/// request; `None` if they deliver nothing.
///
/// # Errors
/// The bucket cannot be listed.
pub async fn describe_service_folders(
    aws: &Aws,
    session: &Session,
    bucket: &Bucket,
    prefixes: &BTreeSet<String>,
    (scope, members): (&Scope, &Members),
) -> Result<Option<String>, CallError> {
    let discovery = ServiceDiscovery {
        aws,
        session,
        bucket,
        scope: FolderScope {
            scope,
            members,
            part: None,
            is_listed_organization: true,
        },
    };
    let folders = discovery.folders(prefixes).await?;
    Ok(describe(&bucket.name, &folders))
}

fn describe(bucket: &str, folders: &[ObjectFolder]) -> Option<String> {
    let mut accounts: BTreeMap<&str, BTreeSet<AccountId>> = BTreeMap::new();
    for folder in folders {
        let Some(service) = folder.place.folder().map(|folder| folder.kind.as_str()) else {
            continue;
        };
        let of_service = accounts.entry(service).or_default();
        of_service.insert(folder.target.account);
    }
    let services: Vec<String> = accounts
        .iter()
        .map(|(service, accounts)| {
            format!("{service} of {}", plural(accounts.len() as u64, "account"))
        })
        .collect();
    (!services.is_empty()).then(|| {
        let services = services.join(" and ");
        format!("bucket {bucket}: not searched unless --sources names s3: {services}")
    })
}

impl ServiceDiscovery<'_> {
    /// Returns the folders of accounts in scope below these prefixes of the bucket.
    pub(super) async fn folders(
        &self,
        prefixes: &BTreeSet<String>,
    ) -> Result<Vec<ObjectFolder>, CallError> {
        let mut folders = Vec::new();
        for prefix in prefixes {
            let root = LogRoot::new(prefix, None);
            let found = self.common_prefixes(root.path()).await?;
            let accounts: Vec<AccountId> = found
                .iter()
                .filter_map(|folder| root.account_in(folder))
                .filter(|account| self.scope.has_account(*account))
                .collect();
            for accounts in accounts.chunks(CONCURRENT) {
                let lists = accounts
                    .iter()
                    .map(|account| self.folders_of_account(&root, *account));
                let found = try_join_all(lists).await?;
                folders.extend(found.into_iter().flatten());
            }
        }
        Ok(folders)
    }

    async fn folders_of_account(
        &self,
        root: &LogRoot,
        account: AccountId,
    ) -> Result<Vec<ObjectFolder>, CallError> {
        let mut folders = Vec::new();
        for kind in SERVICES {
            let any_region = self.bucket.region.clone();
            let any = LogFolder::new(root.clone(), account, kind, any_region);
            let found = self.common_prefixes(any.kind_path()).await?;
            folders.extend(found.iter().filter_map(|folder| self.folder(&any, folder)));
        }
        Ok(folders)
    }

    /// Returns the folder of a common prefix, if its Region is in scope. Query logs do not name the
    /// Region in their keys, so they are searched whatever the Region of the VPC is, and belong to the
    /// one in which they are stored.
    fn folder(&self, any: &LogFolder, common_prefix: &str) -> Option<ObjectFolder> {
        let account = any.account;
        let (last, region) = if any.kind == ObjectKind::ResolverQuery {
            let vpc = any.vpc_in(common_prefix)?;
            (LastFolder::Vpc(vpc), self.bucket.region.clone())
        } else {
            let region = any.region_in(common_prefix)?;
            (LastFolder::Region(region.clone()), region)
        };
        let target = Target { account, region };
        let is_needed = matches!(last, LastFolder::Vpc(_)) || self.scope.has_target(&target);
        let folder = LogFolder {
            last,
            ..any.clone()
        };
        is_needed.then(|| ObjectFolder::of_service(target, folder, &self.bucket.name))
    }

    async fn common_prefixes(&self, prefix: String) -> Result<Vec<String>, CallError> {
        common_prefixes(self.aws, self.session, self.bucket, prefix).await
    }
}
