//! The organization that accounts belong to, as far as Dragnet needs it.

use serde::{Deserialize, Serialize};

use super::{AccountId, Arn};

/// The id and the management account of an organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Organization {
    /// The id, `o-…`.
    pub id: String,
    /// The management account. It owns every trail of the organization, even one that a delegated
    /// administrator created.
    ///
    /// Source: CloudTrail user guide, "Organization delegated administrator".
    pub management: AccountId,
}

impl Organization {
    /// Reads the organization from the ARN that it gives to an account; `None` if the text is no
    /// such ARN.
    ///
    /// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS
    /// Organizations": `arn:aws:organizations::MANAGEMENT-ACCOUNT:account/o-ID/ACCOUNT`.
    pub fn from_account_arn(arn: &str) -> Option<Self> {
        let arn: Arn = arn.parse().ok()?;
        let path = arn.resource().strip_prefix("account/")?;
        let (id, _) = path.split_once('/')?;
        let is_valid = arn.service() == "organizations" && is_organization_id(id);
        Some(Self {
            id: is_valid.then(|| id.to_owned())?,
            management: arn.account()?,
        })
    }
}

/// Source: Organizations API, `Organization`: `^o-[a-z0-9]{10,32}$`.
pub(super) fn is_organization_id(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|id| {
        (10..=32).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organization_is_read_from_the_arn_of_an_account() {
        let read = |arn: &str| Organization::from_account_arn(arn);
        assert_eq!(
            read("arn:aws:organizations::111111111111:account/o-exampleorgid/222222222222"),
            Some(Organization {
                id: "o-exampleorgid".to_owned(),
                management: "111111111111".parse().unwrap(),
            })
        );
        for other in [
            "",
            "arn:aws:iam::111111111111:account/o-exampleorgid/222222222222",
            "arn:aws:organizations::111111111111:account/o-short/222222222222",
            "arn:aws:organizations::111111111111:root/o-exampleorgid/r-a1b2",
            "arn:aws:organizations::111111111111:account/o-exampleorgid",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
