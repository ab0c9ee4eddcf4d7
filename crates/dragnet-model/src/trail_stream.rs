//! Parses the names that CloudTrail gives to its log streams.

use super::organization::is_organization_id;
use super::{AccountId, Region};

/// The owner of the records in a trail's log stream, derived from the name of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrailStreamOwner<'s> {
    /// The stream contains the records of one account.
    Account(AccountId),
    /// The stream contains the records of any account of the organization with this id.
    Organization(&'s str),
}

impl<'s> TrailStreamOwner<'s> {
    /// Parses the name of a log stream. Returns `None` if CloudTrail does not use such a name.
    ///
    /// A trail names its streams `ACCOUNT_CloudTrail_REGION`; a busy trail appends `_NUMBER`. The
    /// trail of an organization starts with the organization's id. Sources differ on whether the
    /// account follows it, so both forms are accepted.
    ///
    /// Sources: CloudTrail user guide, "CloudWatch log group and log stream naming for CloudTrail",
    /// and "Role policy document for CloudTrail to use CloudWatch Logs for monitoring"
    /// (`log-stream:o-exampleorgid_*`).
    pub fn parse(log_stream: &'s str) -> Option<Self> {
        let (owner, rest) = log_stream.split_once("_CloudTrail_")?;
        let (region, number) = rest.split_once('_').unwrap_or((rest, "0"));
        let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        if !is_number || region.parse::<Region>().is_err() {
            return None;
        }
        if let Ok(account) = owner.parse() {
            return Some(Self::Account(account));
        }
        let (organization, account) = match owner.split_once('_') {
            Some((organization, account)) => (organization, Some(account)),
            None => (owner, None),
        };
        let is_account = account.is_none_or(|account| account.parse::<AccountId>().is_ok());
        (is_organization_id(organization) && is_account).then_some(Self::Organization(organization))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_is_parsed_from_the_stream_name() {
        let account = TrailStreamOwner::Account("111111111111".parse().unwrap());
        for stream in [
            "111111111111_CloudTrail_us-east-1",
            "111111111111_CloudTrail_us-gov-west-1_12",
        ] {
            assert_eq!(TrailStreamOwner::parse(stream), Some(account), "{stream}");
        }
        for stream in [
            "o-exampleorgid_CloudTrail_us-east-1",
            "o-exampleorgid_111111111111_CloudTrail_us-east-1",
            "o-exampleorgid_222222222222_CloudTrail_us-east-1_3",
        ] {
            assert_eq!(
                TrailStreamOwner::parse(stream),
                Some(TrailStreamOwner::Organization("o-exampleorgid")),
                "{stream}"
            );
        }
    }

    #[test]
    fn other_names_have_no_owner() {
        for stream in [
            "",
            "app",
            "_CloudTrail_",
            "x111111111111_CloudTrail_us-east-1",
            "111111111111_CloudTrail_us-east-1_",
            "111111111111_CloudTrail_us-east-1_a",
            "111111111111_CloudTrail_us-east-1_1_2",
            "111111111111_CloudTrail_",
            "o-short_111111111111_CloudTrail_us-east-1",
            "o-exampleorgid_x_CloudTrail_us-east-1",
            "o-exampleorgid_111111111111_1_CloudTrail_us-east-1",
            "i-0123456789_111111111111_CloudTrail_us-east-1",
        ] {
            assert_eq!(TrailStreamOwner::parse(stream), None, "{stream}");
        }
    }
}
