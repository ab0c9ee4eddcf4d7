//! Finds the folders of account-Regions in a bucket: by two levels of common prefixes, so those of
//! accounts that have left the organization and of Regions that are disabled now are found too.

use futures::future::try_join_all;
use tracing::warn;

use super::folder_choice::{FolderChoice, FolderScope};
use super::object_folder::ObjectFolder;
use crate::aws::{Aws, Bucket, CallError, ListQuery, ObjectListing, Session};
use crate::s3_layout::{LogFolder, LogRoot, ObjectKind};
use dragnet_model::{AccountId, LogSource, SourceKind, Target};

/// How many accounts are listed at the same time.
const CONCURRENT: usize = 16;

/// Lists a bucket for one of the log sources that deliver to it.
pub(super) struct Discovery<'d> {
    pub aws: &'d Aws,
    pub session: &'d Session,
    pub bucket: &'d Bucket,
    pub log_source: &'d LogSource,
    pub choice: &'d FolderChoice,
    pub scope: FolderScope<'d>,
    /// The id of the organization of the log source, if it is known.
    pub organization: Option<&'d str>,
}

impl Discovery<'_> {
    /// Returns the folders that are read. That of a flow log may not exist.
    pub(super) async fn folders(&self) -> Result<Vec<ObjectFolder>, CallError> {
        let Some(bucket) = &self.log_source.bucket else {
            return Ok(Vec::new());
        };
        let root = LogRoot::new(&bucket.prefix, None);
        let home = &self.log_source.home;
        if self.log_source.kind == SourceKind::VpcFlow {
            let is_needed = self.scope.has_target(home) && self.choice.needs(home);
            let folder = ObjectFolder::in_root(self.log_source, home, root);
            return Ok(folder.filter(|_| is_needed).into_iter().collect());
        }
        if !self.log_source.is_organization_trail {
            return self.folders_of_account(&root, home.account).await;
        }
        let mut folders = Vec::new();
        for organization in self.organizations(&root).await? {
            let root = LogRoot::new(&bucket.prefix, Some(&organization));
            let accounts = self.accounts(&root).await?;
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

    /// Returns the organizations with a folder in the bucket; only that of the trail, if it is known.
    async fn organizations(&self, root: &LogRoot) -> Result<Vec<String>, CallError> {
        if let Some(organization) = self.organization {
            return Ok(vec![organization.to_owned()]);
        }
        let prefixes = self.common_prefixes(root.path()).await?;
        Ok(prefixes
            .iter()
            .filter_map(|prefix| root.organization_in(prefix))
            .collect())
    }

    /// Returns the accounts in scope with a folder in the bucket.
    async fn accounts(&self, root: &LogRoot) -> Result<Vec<AccountId>, CallError> {
        let mut accounts = Vec::new();
        for prefix in self.common_prefixes(root.path()).await? {
            match root.account_in(&prefix) {
                Some(account) if self.scope.has_account(account) => accounts.push(account),
                Some(_) => {}
                None => {
                    let bucket = &*self.bucket.name;
                    warn!(
                        bucket,
                        prefix, "a folder of the trail is not that of an account"
                    );
                }
            }
        }
        Ok(accounts)
    }

    /// Returns the folders of one account that are read.
    async fn folders_of_account(
        &self,
        root: &LogRoot,
        account: AccountId,
    ) -> Result<Vec<ObjectFolder>, CallError> {
        let any_region = self.log_source.home.region.clone();
        let folder = LogFolder::new(root.clone(), account, ObjectKind::CloudTrail, any_region);
        let prefixes = self.common_prefixes(folder.kind_path()).await?;
        let targets = prefixes.iter().filter_map(|prefix| {
            let region = folder.region_in(prefix)?;
            Some(Target { account, region })
        });
        let folders = targets
            .filter(|target| self.scope.has_target(target) && self.choice.needs(target))
            .filter_map(|target| ObjectFolder::in_root(self.log_source, &target, root.clone()));
        Ok(folders.collect())
    }

    async fn common_prefixes(&self, prefix: String) -> Result<Vec<String>, CallError> {
        common_prefixes(self.aws, self.session, self.bucket, prefix).await
    }
}

/// Returns the folders one level below a prefix, each with a slash at its end.
pub(super) async fn common_prefixes(
    aws: &Aws,
    session: &Session,
    bucket: &Bucket,
    prefix: String,
) -> Result<Vec<String>, CallError> {
    let mut listing = ObjectListing::new(ListQuery {
        prefix,
        delimiter: Some('/'),
        ..ListQuery::default()
    });
    let mut prefixes = Vec::new();
    while let Some(page) = aws.list_objects(session, bucket, &mut listing).await? {
        prefixes.extend(page.common_prefixes);
    }
    Ok(prefixes)
}
