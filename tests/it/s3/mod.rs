//! Logs in S3.

mod access_logs;
mod busy;
mod client;
mod edited_responses;
mod integrity;
mod keys;
mod killed;
mod large;
mod pitfalls;
mod problems;
pub(crate) mod random;
mod resume;
pub(crate) mod sweeps;

use std::sync::Arc;

use dragnet::aws::{Aws, Bucket, CallError, ListQuery, ListedObject, ObjectListing, Session};
use dragnet::config::Identity;
use dragnet::store::ScopeMembership;
use dragnet::sweep::{Access, Member};
use dragnet_model::{Account, AccountState, Operation};

use crate::world::World;

/// A session of the read role in the account that owns the buckets, with the session policy of a
/// sweep.
struct Archive {
    world: World,
    aws: Aws,
    session: Arc<Session>,
}

impl Archive {
    async fn enter(world: World, account: &str) -> Self {
        let settings = world.settings(&["192.0.2.1"]);
        let aws = world
            .environment()
            .connect(&settings.reach, None)
            .await
            .unwrap();
        Self::enter_by(world, aws, account).await
    }

    /// Does the same with another connection to the world.
    async fn enter_by(world: World, aws: Aws, account: &str) -> Self {
        Self::enter_bucket(world, aws, account, "*").await
    }

    /// Does the same with a session that may read this bucket alone.
    async fn enter_bucket(world: World, aws: Aws, account: &str, bucket: &str) -> Self {
        let caller = aws.authenticate().await.unwrap();
        let operations = Operation::SWEEP;
        let identity = Identity::default();
        let access = Access::new(&aws, &caller, &identity, "test".to_owned(), &operations);
        let member = Member {
            account: Account {
                id: account.parse().unwrap(),
                name: String::new(),
                state: AccountState::Active,
            },
            membership: ScopeMembership::InScope,
            configured: None,
            listed: None,
        };
        let entered = access.enter_bucket(&aws, &member, bucket).await;
        let session = entered.unwrap().session;
        Self {
            world,
            aws,
            session,
        }
    }

    async fn bucket(&self, name: &str) -> Bucket {
        let region = self.aws.bucket_region(&self.session, name, None).await;
        Bucket {
            name: name.into(),
            owner: None,
            region: region.unwrap(),
            requester_pays: false,
        }
    }

    /// Lists a bucket to the end. Returns the objects, the common prefixes and the number of pages.
    async fn list(
        &self,
        bucket: &Bucket,
        query: ListQuery,
    ) -> Result<(Vec<ListedObject>, Vec<String>, usize), CallError> {
        let mut listing = ObjectListing::new(query);
        let mut objects = Vec::new();
        let mut common_prefixes = Vec::new();
        let mut pages = 0;
        while let Some(page) = self
            .aws
            .list_objects(&self.session, bucket, &mut listing)
            .await?
        {
            objects.extend(page.objects);
            common_prefixes.extend(page.common_prefixes);
            pages += 1;
        }
        Ok((objects, common_prefixes, pages))
    }

    /// Lists the objects with a prefix.
    async fn objects(&self, bucket: &Bucket, prefix: &str) -> Vec<ListedObject> {
        let query = ListQuery {
            prefix: prefix.to_owned(),
            ..ListQuery::default()
        };
        self.list(bucket, query).await.unwrap().0
    }
}
