//! Which records a trail can have written: the one place that decides whether a stored line is a
//! CloudTrail record or only looks like one.

use super::{AccountId, LogSource, SourceKind, TrailStreamOwner};

/// The accounts whose records a trail delivers.
///
/// A line is trusted only if three things agree: a trail delivers to its log group, its log stream
/// has a name that this trail uses, and the account in the record is one that the trail records.
/// A principal that can create log streams in the group of a trail can imitate a name;
/// `docs/security.md` describes what remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrailScope {
    home_account: AccountId,
    /// Whether the trail records every account of the organization.
    covers_organization: bool,
}

impl TrailScope {
    /// Returns the scope of a trail; `None` if the log source is not a trail.
    pub fn from_log_source(log_source: &LogSource) -> Option<Self> {
        (log_source.kind == SourceKind::CloudTrail).then_some(Self {
            home_account: log_source.home.account,
            covers_organization: log_source.is_organization_trail,
        })
    }

    /// Whether the trail can have written a record of this account to a log stream of this name.
    pub fn delivers(self, log_stream: &str, event_account: &str) -> bool {
        let Ok(account) = event_account.parse::<AccountId>() else {
            return false;
        };
        match TrailStreamOwner::parse(log_stream) {
            Some(TrailStreamOwner::Organization) => self.covers_organization,
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

    #[test]
    fn stream_account_and_trail_must_agree() {
        let scope = |covers_organization| TrailScope {
            home_account: "111111111111".parse().unwrap(),
            covers_organization,
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
}
