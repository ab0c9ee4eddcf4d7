//! One type for each table of a scenario that tests add.

use std::fmt::{self, Display, Write};
use std::ops::Deref;

use super::toml_value::TomlValue;

/// Defines a type for each table of a scenario, with a method for each key that tests set.
macro_rules! tables {
    ($($(#[$doc:meta])* $Table:ident $header:literal { $($key:ident),* $(,)? })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(crate) struct $Table(String);

        impl $Table {
            fn empty() -> Self {
                Self(concat!($header, "\n").to_owned())
            }

            $(
                pub(crate) fn $key(self, value: impl TomlValue) -> Self {
                    self.set(stringify!($key), &value)
                }
            )*

            fn set(mut self, key: &str, value: &impl TomlValue) -> Self {
                writeln!(self.0, "{key} = {}", value.to_toml()).unwrap();
                self
            }
        }

        impl Deref for $Table {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl Display for $Table {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$Table> for String {
            fn from(table: $Table) -> Self {
                table.0
            }
        }
    )* };
}

tables! {
    /// How AWS behaves.
    Behaviour "[behaviour]" {
        empty_pages, events_scanned_a_page, insights_bytes_a_second, insights_most_rows,
        insights_timeout_seconds, own_traces, policy_propagation_seconds,
    }
    /// An account, or several numbered ones.
    Account "[[accounts]]" {
        id, name, state, unit, tags, opted_in, count, lacks_roles, outside_organization,
    }
    /// An organizational unit.
    Unit "[[units]]" { name, parent }
    /// A trail.
    Trail "[[trails]]" {
        name, account, home, organization, unreached, multi_region, log_group, logging, delivery_error,
        last_delivery, records, events_a_day, kms_key, validation, validated_since, data_objects,
        logging_since, failing_regions, bucket_failing_regions, emptied, emptied_accounts, emptied_regions, excluded_sources,
    }
    /// A log group, or several numbered ones, in every selected account and Region.
    Group "[[groups]]" {
        account, region, name, count, class, created, masked, retention_days, past_protection,
    }
    /// A VPC flow log in every selected account and Region.
    FlowLog "[[flow_logs]]" { account, region, log_group, destination, destination_account, format }
    /// An event in a log group, or repetitions of it.
    Event "[[events]]" { account, region, group, at, message, stream, ingested, count, apart_ms }
    /// A call that trails record.
    Record "[[records]]" {
        account, region, at, by, access_key, service, action, ip, error_code, error_message,
        request, response, read_only, count,
    }
    /// An S3 bucket.
    Bucket "[[buckets]]" { name, account, region, access_logs, access_log_dates, policy }
    /// A change of objects after their delivery.
    ObjectChange "[[object_changes]]" { bucket, keys, change }
    /// A key of KMS.
    KmsKey "[[kms_keys]]" { arn, account, policy }
    /// Files of CloudTrail records.
    Load "[[load]]" { folder, account, region, group }
    /// An IAM user.
    User "[[users]]" { account, name, access_keys, attached, policies }
    /// An IAM group.
    UserGroup "[[user_groups]]" { account, name }
    /// A role in every selected account.
    Role "[[roles]]" {
        name, accounts, trusts, external_id, mfa, trust_policy, allow, attached, policies,
        max_session_seconds,
    }
    /// A service control policy.
    Scp "[[scps]]" { name, targets, policy }
    /// The result of Insights queries that contain a text.
    InsightsAnswer "[[insights_answers]]" { query, rows }
    /// Calls that fail, are slow or have an incomplete response.
    Fault "[[faults]]" {
        operation, kind, account, region, every, after, times, message, milliseconds, answer, member,
        seed,
    }
}

/// Adds keys in TOML to tables whose tests pass them around, a line each, or none.
macro_rules! raw_keys {
    ($($Table:ident),*) => { $(
        impl $Table {
            pub(crate) fn raw(mut self, lines: &str) -> Self {
                writeln!(self.0, "{lines}").unwrap();
                self
            }
        }
    )* };
}

raw_keys!(Group, Record, Role, Fault);

impl Behaviour {
    pub(crate) fn new() -> Self {
        Self::empty()
    }
}

impl Account {
    pub(crate) fn new(id: impl TomlValue, name: impl TomlValue) -> Self {
        Self::empty().id(id).name(name)
    }
}

impl Unit {
    pub(crate) fn new(name: impl TomlValue) -> Self {
        Self::empty().name(name)
    }
}

impl Trail {
    pub(crate) fn new(name: impl TomlValue, account: impl TomlValue, home: impl TomlValue) -> Self {
        Self::empty().name(name).account(account).home(home)
    }
}

impl Group {
    /// In all Regions of these accounts: an id, a name or a glob, or several.
    pub(crate) fn new(accounts: impl TomlValue, name: impl TomlValue) -> Self {
        Self::empty().account(accounts).name(name)
    }

    /// In all accounts and Regions.
    pub(crate) fn everywhere(name: impl TomlValue) -> Self {
        Self::empty().name(name)
    }
}

impl FlowLog {
    pub(crate) fn new(
        accounts: impl TomlValue,
        regions: impl TomlValue,
        log_group: impl TomlValue,
    ) -> Self {
        Self::empty()
            .account(accounts)
            .region(regions)
            .log_group(log_group)
    }
}

impl Event {
    pub(crate) fn new(
        account: impl TomlValue,
        region: impl TomlValue,
        group: impl TomlValue,
        at: impl TomlValue,
        message: impl TomlValue,
    ) -> Self {
        Self::empty()
            .account(account)
            .region(region)
            .group(group)
            .at(at)
            .message(message)
    }
}

impl Record {
    pub(crate) fn new(
        account: impl TomlValue,
        region: impl TomlValue,
        at: impl TomlValue,
        by: impl TomlValue,
    ) -> Self {
        Self::empty().account(account).region(region).at(at).by(by)
    }

    pub(crate) fn call(self, service: impl TomlValue, action: impl TomlValue) -> Self {
        self.service(service).action(action)
    }
}

impl Bucket {
    pub(crate) fn new(
        name: impl TomlValue,
        account: impl TomlValue,
        region: impl TomlValue,
    ) -> Self {
        Self::empty().name(name).account(account).region(region)
    }
}

impl ObjectChange {
    pub(crate) fn new(
        bucket: impl TomlValue,
        keys: impl TomlValue,
        change: impl TomlValue,
    ) -> Self {
        Self::empty().bucket(bucket).keys(keys).change(change)
    }
}

impl KmsKey {
    pub(crate) fn new(arn: impl TomlValue, account: impl TomlValue) -> Self {
        Self::empty().arn(arn).account(account)
    }
}

impl Load {
    pub(crate) fn new(
        folder: impl TomlValue,
        account: impl TomlValue,
        region: impl TomlValue,
        group: impl TomlValue,
    ) -> Self {
        Self::empty()
            .folder(folder)
            .account(account)
            .region(region)
            .group(group)
    }
}

impl User {
    pub(crate) fn new(account: impl TomlValue, name: impl TomlValue) -> Self {
        Self::empty().account(account).name(name)
    }
}

impl UserGroup {
    pub(crate) fn new(account: impl TomlValue, name: impl TomlValue) -> Self {
        Self::empty().account(account).name(name)
    }
}

impl Role {
    pub(crate) fn new(name: impl TomlValue) -> Self {
        Self::empty().name(name)
    }
}

impl Scp {
    pub(crate) fn new(
        name: impl TomlValue,
        targets: impl TomlValue,
        policy: impl TomlValue,
    ) -> Self {
        Self::empty().name(name).targets(targets).policy(policy)
    }
}

impl InsightsAnswer {
    pub(crate) fn new(query: impl TomlValue) -> Self {
        Self::empty().query(query)
    }
}

impl Fault {
    /// A fault whose kind needs no further keys.
    pub(crate) fn new(operation: impl TomlValue, kind: impl TomlValue) -> Self {
        Self::empty().operation(operation).kind(kind)
    }

    pub(crate) fn denied(operation: impl TomlValue) -> Self {
        Self::new(operation, "access-denied")
    }

    pub(crate) fn slow(operation: impl TomlValue, milliseconds: impl TomlValue) -> Self {
        Self::new(operation, "slow").milliseconds(milliseconds)
    }

    /// A success that lacks something that AWS always writes.
    pub(crate) fn incomplete(operation: impl TomlValue, answer: impl TomlValue) -> Self {
        Self::new(operation, "incomplete").answer(answer)
    }
}
