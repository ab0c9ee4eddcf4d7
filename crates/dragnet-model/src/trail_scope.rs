//! Which records a trail can have written: the one place that decides whether a stored line is a
//! CloudTrail record or only looks like one.

use super::{AccountId, LogSource, Organization, SourceKind, TrailStreamOwner};

/// The accounts whose records a trail delivers.
///
/// A line is trusted only if three things agree: a trail delivers to its log group, its log stream
/// has a name that this trail uses, and the account in the record is one that the trail records.
/// The name of a stream of an organization's trail contains the id of the organization. It is
/// compared if the id is known. A channel delivers the records of the account that has it to a log group of
/// AWS, whose streams have no documented names.
/// A principal that can create log streams in the group of a trail can imitate a name;
/// `docs/security.md` describes what remains.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrailScope {
    home_account: AccountId,
    /// Whether the trail records every account of the organization.
    covers_organization: bool,
    /// The id of the organization that owns the trail, if it is known.
    organization_id: Option<String>,
    /// Whether it is a channel. AWS documents no names of its log streams.
    is_channel: bool,
}

impl TrailScope {
    /// Returns the scope of a trail; `None` if the log source is not a trail. `organization` is the
    /// one whose accounts were listed, if any. Its id applies to the trails of its management
    /// account; a trail of any other account may belong to another organization.
    pub fn from_log_source(
        log_source: &LogSource,
        organization: Option<&Organization>,
    ) -> Option<Self> {
        let owner =
            organization.filter(|organization| organization.management == log_source.home.account);
        (log_source.kind == SourceKind::CloudTrail).then(|| Self {
            home_account: log_source.home.account,
            covers_organization: log_source.is_organization_trail,
            organization_id: owner.map(|organization| organization.id.clone()),
            is_channel: log_source.is_channel(),
        })
    }

    /// Whether it is the scope of a channel.
    pub fn is_channel(&self) -> bool {
        self.is_channel
    }

    /// Whether the trail can have written a record of this account to a log stream of this name.
    pub fn delivers(&self, log_stream: &str, event_account: &str) -> bool {
        let Ok(account) = event_account.parse::<AccountId>() else {
            return false;
        };
        if self.is_channel {
            // Only AWS creates log groups with names that begin with `aws/`.
            return self.home_account == account;
        }
        match TrailStreamOwner::parse(log_stream) {
            Some(TrailStreamOwner::Organization(id)) => {
                self.covers_organization
                    && self
                        .organization_id
                        .as_ref()
                        .is_none_or(|known| known == id)
            }
            Some(TrailStreamOwner::Account(owner)) => {
                owner == account && (self.covers_organization || self.home_account == account)
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Destination, SourceState, Target};

    #[test]
    fn stream_account_and_trail_must_agree() {
        let scope = |covers_organization| TrailScope {
            home_account: "111111111111".parse().unwrap(),
            covers_organization,
            organization_id: None,
            is_channel: false,
        };
        let own = "111111111111_CloudTrail_us-east-1";
        let member = "222222222222_CloudTrail_us-east-1";
        let organization = "o-exampleorgid_CloudTrail_us-east-1";
        for (covers_organization, stream, account, expected) in [
            (false, own, "111111111111", true),
            (false, own, "222222222222", false),
            (false, member, "222222222222", false),
            (false, organization, "111111111111", false),
            (false, "app", "111111111111", false),
            (true, organization, "222222222222", true),
            (true, member, "222222222222", true),
            (true, member, "111111111111", false),
            (true, organization, "", false),
            (true, "app", "111111111111", false),
        ] {
            assert_eq!(
                scope(covers_organization).delivers(stream, account),
                expected,
                "{covers_organization} {stream} {account}"
            );
        }
    }

    #[test]
    fn id_of_the_organization_is_compared_if_it_is_known() {
        let home = Target {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let trail = LogSource {
            kind: SourceKind::CloudTrail,
            via: "trail".to_owned(),
            home: home.clone(),
            destination: Destination::Other(String::new()),
            bucket: None,
            multi_region: true,
            is_organization_trail: true,
            state: SourceState::Unknown,
        };
        let organization = |management: &str| Organization {
            id: "o-exampleorgid".to_owned(),
            management: management.parse().unwrap(),
        };
        let own = organization("111111111111");
        let foreign = organization("999999999999");
        for (known, stream_id, expected) in [
            (Some(&own), "o-exampleorgid", true),
            (Some(&own), "o-exampleorgie", false),
            (Some(&foreign), "o-exampleorgie", true),
            (None, "o-exampleorgie", true),
        ] {
            let scope = TrailScope::from_log_source(&trail, known).unwrap();
            for stream in [
                format!("{stream_id}_CloudTrail_us-east-1"),
                format!("{stream_id}_222222222222_CloudTrail_us-east-1_2"),
            ] {
                assert_eq!(
                    scope.delivers(&stream, "222222222222"),
                    expected,
                    "{known:?} {stream}"
                );
            }
            let stream = "222222222222_CloudTrail_us-east-1";
            assert!(scope.delivers(stream, "222222222222"));
        }
    }
}
