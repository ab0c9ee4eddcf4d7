//! Which accounts may be able to read a bucket. Pure.
//!
//! No API says who owns a bucket, and most are in an account for log archives, neither in the
//! account of the trail nor named by it.

use crate::sweep::member::Members;
use dragnet_model::{AccountId, Arn, LogSource};

/// How many accounts are tried. Each takes some calls, and a bucket that is read from everywhere
/// would alarm its owner.
const MOST_CANDIDATES: usize = 6;

/// The beginnings of words in the names of accounts that keep logs.
///
/// Source: Control Tower user guide, "About the shared accounts": `Log Archive`, `Audit`.
const ARCHIVE_WORDS: [&str; 5] = ["log", "archive", "audit", "security", "siem"];

/// Returns the accounts by which the bucket of a log source is read: the first that can is used. It
/// begins with the account of the log source; the others are members of the organization whose id is
/// in the name of the bucket, that own its key, or whose name is that of an archive.
pub fn reader_candidates(log_source: &LogSource, members: &Members) -> Vec<AccountId> {
    let Some(bucket) = &log_source.bucket else {
        return Vec::new();
    };
    let key = bucket.kms_key.as_deref().and_then(|key| {
        let arn: Arn = key.parse().ok()?;
        arn.account()
    });
    let archives = members
        .values()
        .filter(|member| is_archive(&member.account.name))
        .map(|member| member.account.id);
    let hints = ids_in(&bucket.name).into_iter().chain(key).chain(archives);
    let mut candidates = vec![log_source.home.account];
    for id in hints.filter(|id| members.contains_key(id)) {
        if candidates.len() < MOST_CANDIDATES && !candidates.contains(&id) {
            candidates.push(id);
        }
    }
    candidates
}

/// Returns the account ids in the name of a bucket: 12 digits, and no more.
fn ids_in(name: &str) -> Vec<AccountId> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

fn is_archive(account_name: &str) -> bool {
    let name = account_name.to_ascii_lowercase();
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| ARCHIVE_WORDS.iter().any(|known| word.starts_with(known)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ScopeMembership;
    use crate::sweep::member::Member;
    use dragnet_model::{
        Account, AccountState, DeliveryBucket, Destination, SourceKind, SourceState, Target,
    };

    fn members(accounts: &[(&str, &str)]) -> Members {
        let member = |(id, name): &(&str, &str)| {
            let account = Account {
                id: id.parse().unwrap(),
                name: (*name).to_owned(),
                state: AccountState::Active,
            };
            let member = Member {
                account,
                membership: ScopeMembership::InScope,
                configured: None,
                listed: None,
            };
            (member.account.id, member)
        };
        accounts.iter().map(member).collect()
    }

    fn candidates(bucket: &str, kms_key: Option<&str>, accounts: &[(&str, &str)]) -> Vec<String> {
        let trail = LogSource {
            kind: SourceKind::CloudTrail,
            via: "t".to_owned(),
            home: Target {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
            },
            destination: Destination::Other(String::new()),
            bucket: Some(DeliveryBucket {
                kms_key: kms_key.map(str::to_owned),
                ..DeliveryBucket::new(bucket, "")
            }),
            multi_region: true,
            is_organization_trail: true,
            state: SourceState::Unknown,
        };
        let found = reader_candidates(&trail, &members(accounts));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn owner_is_guessed_from_names_and_key() {
        let accounts = [
            ("222222222222", "Log Archive"),
            ("333333333333", "catalog"),
            ("444444444444", "shop"),
        ];
        assert_eq!(
            candidates("logs", None, &accounts),
            ["111111111111", "222222222222"]
        );
        assert_eq!(
            candidates("logs-444444444444", None, &accounts),
            ["111111111111", "444444444444", "222222222222"]
        );
        let key = "arn:aws:kms:us-east-1:333333333333:key/k";
        assert_eq!(
            candidates("logs", Some(key), &accounts),
            ["111111111111", "333333333333", "222222222222"]
        );
        assert_eq!(
            candidates("logs-555555555555", None, &accounts[2..]),
            ["111111111111"],
            "not a member"
        );
    }
}
