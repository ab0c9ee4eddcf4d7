//! Checks whether a sweep would know where centralization rules copy events to.

use super::check::{Check, Subject};
use crate::aws::Aws;
use crate::settings::Reach;
use crate::sweep::{Access, organization_session};

/// Returns a remark if the scope is limited to accounts and a sweep would not find out where copies of
/// their events are.
pub(super) async fn check_centralization(
    aws: &Aws,
    access: &Access,
    reach: &Reach,
) -> Option<Check> {
    let session = organization_session(aws, access, reach)
        .filter(|_| reach.scope.is_limited_to_accounts())?;
    let error = aws.centralization_rules(&session).await.err()?;
    let detail = format!(
        "centralization rules are not known, so copies of events whose originals are gone are only found if the central \
         account is in scope: {error}"
    );
    Some(Check::note(Subject::Organization, detail))
}
