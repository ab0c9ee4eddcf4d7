//! Parses the names of log streams that centralization rules create.

use super::{AccountId, Region, Target};

/// A log stream of copies that CloudWatch Logs made of the events of another account-Region.
///
/// The name is that of the original stream, followed by the account and the Region:
/// `STREAM-ACCOUNT-REGION`. Anyone who can create log streams can imitate such a name, so it only moves
/// an event to another account-Region; it never excludes one from a search.
///
/// Source: aws-observability/observability-best-practices, "Centralizing logs": the account and the
/// Region are appended to the name of the log stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CentralStream<'s> {
    /// The name of the original stream.
    pub original: &'s str,
    /// The account-Region of the originals.
    pub origin: Target,
}

/// The number of digits of an account id.
const ACCOUNT_DIGITS: usize = 12;

impl<'s> CentralStream<'s> {
    /// Parses the name of a log stream that is stored in `stored`. Returns `None` if the name has
    /// another form, or if it names the account-Region that stores it.
    pub fn parse(log_stream: &'s str, stored: &Target) -> Option<Self> {
        // A Region has at least two hyphens, and none of its parts is an account id. So the account
        // is the last part of twelve digits between hyphens.
        let (at, _) = log_stream
            .rmatch_indices('-')
            .find(|(at, _)| starts_with_account(log_stream.get(at + 1..).unwrap_or_default()))?;
        let rest = log_stream.get(at + 1..)?;
        let account: AccountId = rest.get(..ACCOUNT_DIGITS)?.parse().ok()?;
        let region: Region = rest.get(ACCOUNT_DIGITS + 1..)?.parse().ok()?;
        let origin = Target { account, region };
        let original = log_stream
            .get(..at)
            .filter(|original| !original.is_empty())?;
        (origin != *stored).then_some(Self { original, origin })
    }
}

/// Whether a text starts with an account id and a hyphen.
fn starts_with_account(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits == ACCOUNT_DIGITS && text.as_bytes().get(ACCOUNT_DIGITS) == Some(&b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(account: &str, region: &str) -> Target {
        Target {
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
        }
    }

    #[test]
    fn account_and_region_are_read_from_the_end_of_the_name() {
        let stored = target("333333333333", "us-east-1");
        for (stream, original, account, region) in [
            (
                "i-1-222222222222-us-east-1",
                "i-1",
                "222222222222",
                "us-east-1",
            ),
            (
                "a-111111111111-us-west-2-222222222222-us-gov-west-1",
                "a-111111111111-us-west-2",
                "222222222222",
                "us-gov-west-1",
            ),
            (
                "2026/03/01/[$LATEST]ab-222222222222-eu-west-1",
                "2026/03/01/[$LATEST]ab",
                "222222222222",
                "eu-west-1",
            ),
            ("x-333333333333-eu-west-1", "x", "333333333333", "eu-west-1"),
        ] {
            let parsed = CentralStream::parse(stream, &stored).unwrap();
            assert_eq!(parsed.original, original);
            assert_eq!(parsed.origin, target(account, region));
        }
    }

    #[test]
    fn other_names_are_no_copies() {
        let stored = target("333333333333", "us-east-1");
        for stream in [
            "",
            "i-1",
            "x-333333333333-us-east-1",
            "-222222222222-us-east-1",
            "x-222222222222",
            "x-222222222222-",
            "x-2222222222222-us-east-1",
            "x-222222222222-us-east-1-2",
            "222222222222_CloudTrail_us-east-1",
            "é-22222222222é-us-east-1",
        ] {
            assert_eq!(CentralStream::parse(stream, &stored), None, "{stream}");
        }
    }
}
