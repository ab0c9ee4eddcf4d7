//! What CloudTrail's digests say, as sentences of the verdict.

use jiff::Timestamp;

use crate::digests::{DigestSummary, IntegritySummary};
use dragnet_model::format::{count, plural};

/// The words for the objects of one place.
struct Words {
    object: &'static str,
    /// Why listed objects were not compared, apart from those that could not be read.
    outside: &'static str,
    /// What is said about the signatures.
    signatures: &'static str,
}

const COPY: Words = Words {
    object: "log file",
    outside: "listed, but of accounts, Regions or days that are not on disk",
    signatures: "signatures not checked: a copy has none",
};

const BUCKETS: Words = Words {
    object: "object",
    outside: "listed, but in other folders or buckets",
    signatures: "signatures checked",
};

/// Describes the digests in a copy on disk.
pub(super) fn describe_copied_digests(digests: &DigestSummary) -> String {
    describe_digests(digests, &COPY)
}

/// Describes the digests in buckets, and what could not be verified.
pub(super) fn describe_integrity(integrity: &IntegritySummary) -> String {
    let not_verified = match integrity.not_verified {
        0 => None,
        number => Some(format!(
            "Not verified: {}; the first: {}.",
            plural(number, "bucket folder"),
            integrity.why_not
        )),
    };
    let digests = integrity.digests.as_ref();
    let sentences: Vec<String> = digests
        .map(|digests| describe_digests(digests, &BUCKETS))
        .into_iter()
        .chain(not_verified)
        .collect();
    if sentences.is_empty() {
        return "Not verified: no trail delivers to a bucket that was searched.".to_owned();
    }
    sentences.join(" ")
}

/// Says what the digests confirm, what they do not, and what was not compared.
fn describe_digests(digests: &DigestSummary, words: &Words) -> String {
    let found =
        [(digests.missing, "missing"), (digests.modified, "modified")].map(|(number, what)| {
            match number {
                0 => format!("none {what}"),
                number => format!("{} {what}", count(number)),
            }
        });
    let mut parts = vec![
        format!(
            "{}: {}",
            plural(digests.log_files, words.object),
            found.join(", ")
        ),
        describe_chains(digests),
    ];
    let not_compared = [
        (digests.unchecked, "could not be read"),
        (digests.not_copied, words.outside),
        (digests.unlisted, "of this time in no digest, or not yet"),
        (
            digests.without_digest,
            "of other times or account-Regions, without a digest",
        ),
    ];
    for (number, what) in not_compared {
        if number > 0 {
            parts.push(format!(
                "not compared: {} {what}",
                plural(number, words.object)
            ));
        }
    }
    format!(
        "CloudTrail digests list {} ({}).",
        parts.join("; "),
        words.signatures
    )
}

fn describe_chains(digests: &DigestSummary) -> String {
    let time = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let hours = format!("from {} to {}", time(digests.from), time(digests.to));
    match (digests.digest_problems, digests.account_regions) {
        (0, 1) => format!("digest chain unbroken {hours}"),
        (0, several) => format!(
            "digest chains of {} unbroken, together {hours}",
            plural(several, "account-Region")
        ),
        (problems, _) => format!(
            "{} with the digests {hours}, so they confirm less",
            plural(problems, "problem")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_described_with_what_they_do_not_say() {
        let mut digests = DigestSummary {
            digests: 24,
            digest_problems: 0,
            account_regions: 1,
            from: "2026-11-27T00:04:04Z".parse().unwrap(),
            to: "2026-11-28T00:04:04Z".parse().unwrap(),
            log_files: 28_914,
            missing: 0,
            modified: 0,
            unchecked: 0,
            not_copied: 0,
            unlisted: 0,
            without_digest: 0,
            signatures_checked: false,
        };
        assert_eq!(
            describe_copied_digests(&digests),
            "CloudTrail digests list 28,914 log files: none missing, none modified; \
             digest chain unbroken from 2026-11-27T00:04:04Z to 2026-11-28T00:04:04Z \
             (signatures not checked: a copy has none)."
        );
        digests.missing = 1_000;
        digests.digest_problems = 1;
        digests.unlisted = 1;
        let text = describe_copied_digests(&digests);
        for part in [
            ": 1,000 missing, none modified; 1 problem with the digests from ",
            "; not compared: 1 log file of this time in no digest, or not yet (signatures",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("unbroken"), "{text}");
        digests.digest_problems = 0;
        digests.account_regions = 2;
        let text = describe_copied_digests(&digests);
        assert!(
            text.contains("chains of 2 account-Regions unbroken, together from "),
            "{text}"
        );
    }

    #[test]
    fn objects_in_s3_are_verified_or_the_reason_is_named() {
        let nothing = IntegritySummary::default();
        assert!(describe_integrity(&nothing).starts_with("Not verified: no trail"));
        let mut integrity = IntegritySummary::default();
        integrity.add_unverified("AccessDenied");
        assert_eq!(
            describe_integrity(&integrity),
            "Not verified: 1 bucket folder; the first: AccessDenied."
        );
        integrity.add_verified(DigestSummary {
            digests: 24,
            digest_problems: 0,
            account_regions: 1,
            from: "2026-11-27T00:04:04Z".parse().unwrap(),
            to: "2026-11-28T00:04:04Z".parse().unwrap(),
            log_files: 28_914,
            missing: 0,
            modified: 0,
            unchecked: 0,
            not_copied: 0,
            unlisted: 0,
            without_digest: 0,
            signatures_checked: true,
        });
        assert_eq!(
            describe_integrity(&integrity),
            "CloudTrail digests list 28,914 objects: none missing, none modified; \
             digest chain unbroken from 2026-11-27T00:04:04Z to 2026-11-28T00:04:04Z \
             (signatures checked). Not verified: 1 bucket folder; the first: AccessDenied."
        );
    }
}
