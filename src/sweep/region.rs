//! Sweeps one account-Region: looks up the trails and flow logs that record it, and has each reader
//! search what the account-Region keeps.

use tokio::sync::mpsc;

use super::evidence::{SourceLookups, look_up_log_sources};
use super::liveness::show_expected_duration;
use super::log_sources::{Deliveries, SourceReader};
use super::region_context::RegionContext;
use crate::store::{Entry, JournalClosed};
use dragnet_model::LogSource;

/// Sweeps an account-Region in scope. Log sources that it depends on in other account-Regions are
/// sent to `source_sender`.
pub(super) async fn sweep(
    context: RegionContext,
    source_sender: mpsc::Sender<LogSource>,
) -> Result<(), JournalClosed> {
    // Boxed, so that its memory is released before the scan: thousands of account-Regions are in
    // progress, and scanning takes much longer than this lookup.
    let deliveries = Box::pin(look_up_deliveries(&context, source_sender)).await?;
    let shared = &context.shared;
    shared.liveness.add_target(
        context.target(),
        &context.session,
        context.member.organization(),
    );
    show_expected_duration(shared);
    for reader in SourceReader::ALL {
        if let Some(outcome) = reader.sweep_region(&context, &deliveries).await? {
            shared
                .record_outcome(&context.member, Some(&context.region), outcome)
                .await?;
        }
    }
    shared
        .tally
        .target_done(context.member.account.id, &context.region);
    Ok(())
}

/// Looks up the log sources, records the results, and passes on the log sources that belong to or
/// deliver to another account-Region. Returns what is delivered within this account-Region.
async fn look_up_deliveries(
    context: &RegionContext,
    source_sender: mpsc::Sender<LogSource>,
) -> Result<Deliveries, JournalClosed> {
    let shared = &context.shared;
    let target = context.target();
    let found = match shared.known_sources() {
        Some(known) => SourceLookups::from_known(&target, known),
        None => shared
            .unless_interrupted(async {
                Ok(look_up_log_sources(&shared.aws, &context.session, &target).await)
            })
            .await
            .unwrap_or_else(|outcome| SourceLookups::from_failure(&target, &outcome)),
    };
    let organization = context.member.organization();
    let deliveries = Deliveries::new(&found.log_sources, &target, organization.as_ref());
    for log_source in found.log_sources {
        let group = log_source.log_group();
        let is_remote =
            log_source.home != target || group.is_some_and(|group| group.target != target);
        shared
            .journal
            .write(Entry::LogSource(Box::new(log_source.clone())))
            .await?;
        shared.searched.add_log_source(&log_source);
        if is_remote {
            // The receiver is dropped early if the list of accounts is incomplete; the sweep has
            // then failed or was cancelled.
            _ = source_sender.send(log_source).await;
        }
    }
    for lookup in found.lookups {
        shared.searched.add_lookup(&lookup);
        shared.journal.write(Entry::SourceLookup(lookup)).await?;
    }
    Ok(deliveries)
}
