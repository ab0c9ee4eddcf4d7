//! The chains of digests: each digest names the one before, with its hash.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use dragnet_model::Target;

use super::digest::Digest;
use super::object_name::{ChainName, digest_name};
use super::problem::{IntegrityKind, IntegrityProblem, ObjectPlace};
use super::signature::signature_id;
use super::time_text::{format_time, time_text};

/// All digests, by chain and time.
#[derive(Debug, Default)]
pub(super) struct DigestChains {
    chains: BTreeMap<ChainName, Chain>,
    digests: u64,
    /// From when to when there are digests, for each account-Region.
    covered: BTreeMap<Target, CoveredTime>,
    /// Digests that exist with several contents.
    conflicts: Vec<IntegrityProblem>,
}

/// The start of the first and the end of the last digest, in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CoveredTime {
    pub(super) start_s: i64,
    pub(super) end_s: i64,
}

/// The digests of a chain by the time in their names.
#[derive(Debug, Default)]
struct Chain {
    links: BTreeMap<i64, ChainLink>,
    /// The folder of the digest that was added last.
    last_folder: Arc<str>,
}

/// What of a digest is needed to check its chain.
#[derive(Debug)]
struct ChainLink {
    start_s: i64,
    end_s: i64,
    sha256: [u8; 32],
    /// What identifies its signature, if that is known.
    signature: Option<[u8; 32]>,
    previous: Option<PreviousLink>,
    /// The folder of the Region. The digests of a chain share it.
    folder: Arc<str>,
}

#[derive(Clone, Copy, Debug)]
struct PreviousLink {
    is_backfill: bool,
    /// The time in its name.
    time_s: i64,
    sha256: [u8; 32],
    signature: Option<[u8; 32]>,
}

/// What is known about a digest besides its content.
#[derive(Clone, Copy, Debug)]
pub(super) struct DigestSeal<'d> {
    /// The SHA-256 of its content.
    pub(super) sha256: [u8; 32],
    /// Its signature in hexadecimal; `None` for a copy, or if it is wrong.
    pub(super) signature: Option<&'d str>,
    /// Whether its hours count as covered.
    pub(super) is_trusted: bool,
}

impl DigestChains {
    /// Adds a digest. Returns whether it is another one than those
    /// before: a directory may contain copies.
    pub(super) fn add(&mut self, digest: &Digest, seal: DigestSeal<'_>) -> bool {
        let sha256 = seal.sha256;
        let chain = self.chains.entry(digest.name.chain.clone()).or_default();
        let folder = folder(digest);
        if *chain.last_folder != *folder {
            chain.last_folder = folder.into();
        }
        let link = ChainLink {
            start_s: digest.start_s,
            end_s: digest.end_s,
            sha256,
            signature: seal.signature.map(signature_id),
            previous: digest.previous.as_ref().map(|previous| PreviousLink {
                is_backfill: previous.name.chain.is_backfill,
                time_s: previous.name.end_s,
                sha256: previous.sha256,
                signature: digest
                    .signed
                    .previous_signature
                    .as_deref()
                    .map(signature_id),
            }),
            folder: Arc::clone(&chain.last_folder),
        };
        match chain.links.entry(digest.name.end_s) {
            Entry::Vacant(entry) => {
                entry.insert(link);
            }
            Entry::Occupied(entry) if entry.get().sha256 == sha256 => return false,
            Entry::Occupied(_) => self.conflicts.push(IntegrityProblem {
                kind: IntegrityKind::ModifiedDigest,
                address: address(&digest.name.chain, digest.name.end_s, &link.folder),
                detail:
                    "several files of this name have different contents; only one can be genuine"
                        .to_owned(),
            }),
        }
        self.digests += 1;
        if seal.is_trusted {
            self.cover(digest);
        }
        true
    }

    fn cover(&mut self, digest: &Digest) {
        let covered = self
            .covered
            .entry(digest.name.target.clone())
            .or_insert(CoveredTime {
                start_s: digest.start_s,
                end_s: digest.end_s,
            });
        covered.start_s = covered.start_s.min(digest.start_s);
        covered.end_s = covered.end_s.max(digest.end_s);
    }

    /// Returns the number of different digests.
    pub(super) fn digests(&self) -> u64 {
        self.digests
    }

    /// Returns from when to when there are digests, for each account-Region.
    pub(super) fn covered(&self) -> &BTreeMap<Target, CoveredTime> {
        &self.covered
    }

    /// Returns where a chain is broken: a digest is missing or is not the one that the next one
    /// names, or a chain starts anew.
    pub(super) fn problems(&self, place: ObjectPlace) -> Vec<IntegrityProblem> {
        let mut problems = self.conflicts.clone();
        for (name, chain) in &self.chains {
            let mut before = None;
            for (time_s, link) in &chain.links {
                problems.extend(self.check_link((name, *time_s, link), before, place));
                before = Some(link);
            }
        }
        problems
    }

    fn check_link(
        &self,
        (name, time_s, link): (&ChainName, i64, &ChainLink),
        before: Option<&ChainLink>,
        place: ObjectPlace,
    ) -> Option<IntegrityProblem> {
        let Some(previous) = link.previous else {
            // Backfill digests are not in the order of the hours that they are about.
            let before = before.filter(|_| !name.is_backfill)?;
            return Some(IntegrityProblem {
                kind: IntegrityKind::DigestGap,
                address: address(name, time_s, &link.folder),
                detail: describe_restart(before, link),
            });
        };
        let chain_name = ChainName {
            is_backfill: previous.is_backfill,
            ..name.clone()
        };
        let links = self.chains.get(&chain_name).map(|chain| &chain.links);
        if let Some(found) = links.and_then(|links| links.get(&previous.time_s)) {
            let next = digest_name(name, time_s);
            return describe_change(found, previous, &next).map(|detail| IntegrityProblem {
                kind: IntegrityKind::ModifiedDigest,
                address: address(&chain_name, previous.time_s, &found.folder),
                detail,
            });
        }
        let first = links.and_then(BTreeMap::first_key_value);
        let is_older = first.is_none_or(|(first_s, _)| previous.time_s < *first_s);
        if is_older && (name.is_backfill || before.is_none()) {
            // The copy, or what is kept of the chain, starts here.
            return None;
        }
        Some(IntegrityProblem {
            kind: IntegrityKind::MissingDigest,
            address: address(&chain_name, previous.time_s, &link.folder),
            detail: format!(
                "{}; {}",
                describe_missing(before, link, &digest_name(name, time_s)),
                place.advice_for_missing_digest()
            ),
        })
    }
}

/// Says how a digest differs from what the next one names, if it does.
fn describe_change(found: &ChainLink, named: PreviousLink, next: &str) -> Option<String> {
    if found.sha256 != named.sha256 {
        return Some(format!(
            "its content is not the one whose hash is in the next digest, {next}"
        ));
    }
    let has_other_signature = found
        .signature
        .zip(named.signature)
        .is_some_and(|(found, named)| found != named);
    has_other_signature
        .then(|| format!("its signature is not the one that is in the next digest, {next}"))
}

/// Digests stop when logging or the validation of log files is stopped, or the trail is deleted.
///
/// Source: AWS CLI, `cloudtrail validate-logs`, description.
fn describe_restart(before: &ChainLink, link: &ChainLink) -> String {
    if link.start_s <= before.end_s {
        return "the chain of digests starts anew, so nothing confirms the digests before"
            .to_owned();
    }
    format!(
        "no digest covers {} to {}: logging or the validation of log files was stopped, or digests were removed",
        time_text(before.end_s),
        time_text(link.start_s)
    )
}

fn describe_missing(before: Option<&ChainLink>, link: &ChainLink, next: &str) -> String {
    let hours = before
        .filter(|before| before.end_s < link.start_s)
        .map(|before| {
            format!(
                "; no digest covers {} to {}",
                time_text(before.end_s),
                time_text(link.start_s)
            )
        })
        .unwrap_or_default();
    format!("the digest is missing, which the next one, {next}, names{hours}")
}

/// Returns the folder of the Region in which a digest is: its address without the day and the name.
fn folder(digest: &Digest) -> String {
    let key = digest.key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let day = format_time(digest.name.end_s, "/%Y/%m/%d");
    let folder = key.strip_suffix(day.as_str()).unwrap_or(key);
    format!("s3://{}/{folder}", digest.bucket)
}

/// Returns the address of a digest. Only the name and the folder are kept.
fn address(chain: &ChainName, time_s: i64, folder: &str) -> String {
    let day = format_time(time_s, "%Y/%m/%d");
    format!("{folder}/{day}/{}", digest_name(chain, time_s))
}
