//! Tries the member roles of an account, until one can be assumed and works.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Access, Entered, failure};
use crate::aws::{Aws, CallError, ErrorClass, Session};
use crate::config::{MemberRole, MemberRoles, S3Location};
use crate::sweep::member::Member;
use crate::sweep::refusal::Refusal;
use dragnet_model::{Operation, Policy, Reason, RoleArn};

/// A role that could not be used.
struct DeniedRole {
    session: Arc<Session>,
    error: CallError,
}

impl DeniedRole {
    /// Whether AWS denied this role, and not a hop before it or a later call.
    fn is_role_denied(&self) -> bool {
        is_role_denied(self.session.role(), &self.error)
    }
}

impl Access {
    /// Enters an account and lists its Regions, which is the cheapest call that proves that the
    /// session works. The session may read no bucket.
    ///
    /// # Errors
    /// Returns the outcome of the account and the advice.
    pub async fn enter(&self, aws: &Aws, member: &Member) -> Result<Entered, Refusal> {
        let operations = self.operations.as_ref();
        let policy = operations.map(|operations| Policy::for_buckets(operations, &[]));
        self.enter_with(aws, member, policy).await
    }

    /// Enters an account by a session that may read the objects of one bucket, and nothing else.
    ///
    /// # Errors
    /// Returns the outcome of the account and the advice.
    pub async fn enter_bucket(
        &self,
        aws: &Aws,
        member: &Member,
        bucket: &str,
    ) -> Result<Entered, Refusal> {
        let arn = format!("arn:{}:s3:::{bucket}", self.caller.partition.id());
        let policy = self.operations.as_ref().map(|operations| {
            let operations: Vec<Operation> = operations
                .iter()
                .copied()
                .filter(|operation| Operation::BUCKET_SESSION.contains(operation))
                .collect();
            Policy::for_buckets(&operations, &[arn])
        });
        self.enter_with(aws, member, policy).await
    }

    /// Enters an account by a session that may query Athena over the objects of a bucket, keep the
    /// results where the workgroup keeps them, and nothing else.
    ///
    /// # Errors
    /// Returns the outcome of the account and the advice.
    pub async fn enter_athena(
        &self,
        aws: &Aws,
        member: &Member,
        (bucket, results): (&str, Option<&S3Location>),
    ) -> Result<Entered, Refusal> {
        let arn = |path: &str| format!("arn:{}:s3:::{path}", self.caller.partition.id());
        let policy = self.operations.as_ref().map(|_| {
            let results = results.map(|results| (arn(results.bucket()), results.prefix()));
            Policy::for_athena(&[arn(bucket)], results)
        });
        self.enter_with(aws, member, policy).await
    }

    /// Tries the roles of an account one after the other, until one can be assumed and works.
    async fn enter_with(
        &self,
        aws: &Aws,
        member: &Member,
        policy: Option<Policy>,
    ) -> Result<Entered, Refusal> {
        let mut denied: Vec<DeniedRole> = Vec::new();
        for role in self.roles_to_try(member) {
            let session = self.member_session(member, &role, policy.clone())?;
            let error = match aws.enabled_regions(&session).await {
                Ok(regions) => {
                    self.record_role(member, role);
                    return Ok(Entered { session, regions });
                }
                Err(error) => error,
            };
            let has_next = is_entry_denied(session.role(), &error);
            denied.push(DeniedRole { session, error });
            if !has_next {
                // Another role would fail in the same way, or it is not known whether this one works.
                let last = denied.len() - 1;
                let refusal = self.explain_denied(member, &denied, last);
                return Err(self.with_assigned_sets(aws, member, refusal).await);
            }
        }
        let is_own = member.account.id == self.own_account;
        if is_own && denied.iter().all(DeniedRole::is_role_denied) {
            // The caller is already in its own account and needs no member role there.
            return self.enter_own_account(aws, &denied).await;
        }
        Err(self.explain_denied(member, &denied, 0))
    }

    /// Returns the session of a role in an account. Makes no call.
    fn member_session(
        &self,
        member: &Member,
        role: &MemberRole,
        policy: Option<Policy>,
    ) -> Result<Arc<Session>, Refusal> {
        if let Some(permission_set) = &self.permission_set {
            let account = member.account.id;
            return Ok(Session::for_permission_set(account, permission_set.clone()));
        }
        match role {
            MemberRole::Caller if member.account.id == self.own_account => {
                Ok(Arc::clone(&self.base))
            }
            MemberRole::Caller => Err(self.wrong_account()),
            MemberRole::Role(name) => {
                let role = RoleArn::new(self.caller.partition, member.account.id, name.as_str());
                let role = role.map_err(|error| failure(error.to_string()))?;
                let hop = self.new_hop(role, member.external_id(), policy);
                Ok(self.base.assume(hop))
            }
        }
    }

    /// Adds which permission sets the caller may use in an account that the configured one does not
    /// open.
    async fn with_assigned_sets(&self, aws: &Aws, member: &Member, refusal: Refusal) -> Refusal {
        let (Some(wanted), Some(Reason::RoleDenied)) =
            (&self.permission_set, refusal.outcome.reason)
        else {
            return refusal;
        };
        let assigned = match aws.permission_sets(member.account.id).await {
            Ok(names) if !names.is_empty() => format!("you may use {} there", names.join(", ")),
            Ok(_) | Err(_) => "you may use no other one there".to_owned(),
        };
        Refusal {
            advice: Some(format!(
                "assign the permission set {} to yourself in this account (IAM Identity Center); {assigned}",
                wanted.as_str()
            )),
            ..refusal
        }
    }

    async fn enter_own_account(
        &self,
        aws: &Aws,
        denied: &[DeniedRole],
    ) -> Result<Entered, Refusal> {
        let session = Arc::clone(&self.base);
        let regions = aws.enabled_regions(&session).await.map_err(|own_error| {
            let mut refusal = Refusal::from_call_error(&own_error);
            let roles: Vec<String> = denied.iter().map(|role| role.error.to_string()).collect();
            refusal.outcome.detail = format!(
                "{own_error}; the member role of this account was denied too: {}",
                roles.join("; ")
            );
            refusal
        })?;
        Ok(Entered { session, regions })
    }

    /// Explains why no role worked: the one at `index` with advice, and the names of the others.
    fn explain_denied(&self, member: &Member, denied: &[DeniedRole], index: usize) -> Refusal {
        let Some(explained) = denied.get(index) else {
            return failure("the account has no member role".to_owned());
        };
        let error = &explained.error;
        let context = self.assume_role_context(error, member.external_id(), member.is_management());
        let role = explained.session.role().map(RoleArn::as_str);
        let mut refusal = Refusal::from_entry_error(error, role, &context);
        let others = denied.iter().enumerate();
        let others: Vec<&str> = others
            .filter(|(position, _)| *position != index)
            .filter_map(|(_, other)| Some(other.session.role()?.name()))
            .collect();
        if !others.is_empty() {
            refusal.outcome.detail = format!(
                "{}; denied too: {}",
                refusal.outcome.detail,
                others.join(", ")
            );
        }
        refusal
    }

    /// Returns the roles to try in an account: the one that worked before, else those that are
    /// configured.
    fn roles_to_try(&self, member: &Member) -> Vec<MemberRole> {
        if self.permission_set.is_some() {
            return vec![MemberRole::default()];
        }
        if let Some(role) = self.roles_used.lock().get(&member.account.id) {
            return vec![role.clone()];
        }
        let roles = self.member_roles(member);
        if self.first_role_only {
            vec![roles.first().clone()]
        } else {
            roles.roles().cloned().collect()
        }
    }

    fn record_role(&self, member: &Member, role: MemberRole) {
        self.roles_used.lock().insert(member.account.id, role);
    }

    /// Returns the role that was assumed in each account that was entered, if any account has
    /// several to try.
    pub(in crate::sweep) fn roles_used(&self) -> BTreeMap<String, String> {
        if !self.has_fallback.load(Ordering::Relaxed) {
            return BTreeMap::new();
        }
        let roles = self.roles_used.lock();
        let texts = roles
            .iter()
            .map(|(account, role)| (account.to_string(), role.to_string()));
        texts.collect()
    }

    fn member_roles<'a>(&'a self, member: &'a Member) -> &'a MemberRoles {
        let configured = member
            .configured
            .as_ref()
            .and_then(|account| account.member_role.as_ref());
        let roles = configured.unwrap_or(&self.identity.member_role);
        if !roles.is_single() {
            self.has_fallback.store(true, Ordering::Relaxed);
        }
        roles
    }

    fn wrong_account(&self) -> Refusal {
        failure(format!(
            "member_role is `self`, which enters only the caller's own account {}; set a role name to enter others",
            self.own_account
        ))
    }
}

/// Returns whether another role may work: AWS denied this one, or it may not list the Regions.
fn is_entry_denied(role: Option<&RoleArn>, error: &CallError) -> bool {
    is_role_denied(role, error)
        || (error.class == ErrorClass::Denied
            && error.operation == Operation::DescribeRegions.as_str())
}

/// Returns whether AWS denied this role, and not a hop before it.
fn is_role_denied(role: Option<&RoleArn>, error: &CallError) -> bool {
    error.class == ErrorClass::Denied && error.role.is_some() && error.role.as_deref() == role
}
