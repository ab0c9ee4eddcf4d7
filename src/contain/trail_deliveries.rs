//! Which stored records a trail delivered. Only those can be believed to say who did something: anything else in a
//! log group is a line that some program wrote.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccountId, Cell, LogGroupArn, Recorder, Region, SourceKind, Target};
use crate::store::StoredRow;

/// The log groups that the trails of a run deliver to.
#[derive(Clone, Debug, Default)]
pub struct TrailDeliveries {
    trails: BTreeMap<LogGroupArn, Vec<Trail>>,
}

#[derive(Clone, Debug)]
struct Trail {
    home: AccountId,
    /// Whether it records other accounts than its own.
    of_organization: bool,
}

/// Whose records a stream holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamOwner {
    Account(AccountId),
    Organization,
}

impl TrailDeliveries {
    /// What the trails of a run deliver, as its recorders and the accounts that see them tell.
    pub fn new(recorders: &[Recorder], cells: &[Cell]) -> Self {
        // Source: CloudTrail API, DescribeTrails: an account sees its own trails, and those of its organization. So
        // whoever makes a trail in one account cannot make it deliver records of another.
        let seen = cells.iter().flat_map(|cell| {
            let names = cell.answer.iter().flatten();
            names.map(|name| (name.as_str(), cell.target.account))
        });
        let seen: BTreeSet<(&str, AccountId)> = seen.collect();
        let mut trails: BTreeMap<LogGroupArn, Vec<Trail>> = BTreeMap::new();
        for recorder in recorders.iter().filter(|recorder| recorder.kind == SourceKind::CloudTrail) {
            let Some(group) = recorder.log_group() else { continue };
            let home = recorder.home.account;
            let of_organization = seen.iter().any(|(name, account)| *name == recorder.via && *account != home);
            trails.entry(group.clone()).or_default().push(Trail { home, of_organization });
        }
        Self { trails }
    }

    /// Whether a trail delivered this row: to its log group, in a stream of its own, about an account that it records.
    pub fn has(&self, row: &StoredRow) -> bool {
        let target = Target { account: row.account, region: row.region.clone() };
        let Some(trails) = self.trails.get(&LogGroupArn::new(target, row.log_group.as_str())) else { return false };
        let Some(owner) = stream_owner(&row.found.log_stream) else { return false };
        let Ok(account) = row.found.event_account.parse::<AccountId>() else { return false };
        trails.iter().any(|trail| match owner {
            StreamOwner::Organization => trail.of_organization,
            StreamOwner::Account(of) => of == account && (trail.home == account || trail.of_organization),
        })
    }
}

/// Whose records CloudTrail keeps in a stream of this name; `None` if CloudTrail names none so. A busy trail has
/// several streams, numbered at the end.
///
/// Source: CloudTrail user guide, "Log group and log stream naming": `ACCOUNT_CloudTrail_REGION`, which begins with
/// `o-ORGANIZATION_` for an organization's trail.
fn stream_owner(log_stream: &str) -> Option<StreamOwner> {
    let (owner, region) = log_stream.split_once("_CloudTrail_")?;
    let region = match region.rsplit_once('_') {
        Some((region, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => region,
        _ => region,
    };
    region.parse::<Region>().ok()?;
    let Some(organization) = owner.strip_prefix("o-") else { return Some(StreamOwner::Account(owner.parse().ok()?)) };
    let (id, account) = organization.split_once('_').unwrap_or((organization, ""));
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_account = account.is_empty() || account.parse::<AccountId>().is_ok();
    (is_id && is_account).then_some(StreamOwner::Organization)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_cloudtrail_gives_are_its_streams() {
        let account = StreamOwner::Account("111111111111".parse().unwrap());
        assert_eq!(stream_owner("111111111111_CloudTrail_us-east-1"), Some(account));
        assert_eq!(stream_owner("111111111111_CloudTrail_us-east-1_12"), Some(account));
        assert_eq!(stream_owner("o-abc1234567_CloudTrail_us-east-1"), Some(StreamOwner::Organization));
        let member = "o-abc1234567_111111111111_CloudTrail_eu-west-1_2";
        assert_eq!(stream_owner(member), Some(StreamOwner::Organization));
        for other in [
            "",
            "stream",
            "x_CloudTrail_us-east-1",
            "_CloudTrail_",
            "o-_CloudTrail_us-east-1",
            "111111111111_CloudTrail_!",
        ] {
            assert_eq!(stream_owner(other), None, "{other}");
        }
    }
}
