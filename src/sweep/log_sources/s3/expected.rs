//! Predicts what the objects of an account-Region would cover, with a few calls.

use super::folder_sweep::nothing_delivered;
use super::object_folder::ObjectFolder;
use super::proof::end_of_objects;
use super::span_keys::SpanKeys;
use crate::aws::{Aws, Bucket, CallError, ListQuery, ObjectListing, Session};
use crate::sweep::evidence::GroupEnd;
use crate::sweep::refusal::outcome_of_call_error;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{Outcome, SourceStatus, TimeWindow};

/// Finds the Region of a bucket.
///
/// # Errors
/// The bucket does not exist, or the call fails.
pub async fn find_bucket(aws: &Aws, session: &Session, name: &str) -> Result<Bucket, CallError> {
    Ok(Bucket {
        name: name.into(),
        // No API says who owns the bucket of another account.
        owner: None,
        region: aws.bucket_region(session, name, None).await?,
        // Ignored by buckets whose owner pays; other buckets refuse requests without it.
        // Source: S3 user guide, "Using Requester Pays buckets".
        requester_pays: true,
    })
}

/// Returns the expected result for the objects in a folder if `window` were swept.
pub async fn expected_objects(
    aws: &Aws,
    session: &Session,
    bucket: &Bucket,
    folder: &ObjectFolder,
    window: TimeWindow,
) -> GroupEnd {
    let keys = SpanKeys::new(&folder.place, &TimeFilter::EventTime(window), window);
    let whole_folder = ListQuery {
        prefix: folder.place.path(),
        ..ListQuery::default()
    };
    // If the window has no objects, the rest of the folder says whether anything is delivered.
    for query in [keys.to_query(None), whole_folder] {
        let mut listing = ObjectListing::new(query);
        // A page may be empty and not be the last one.
        loop {
            match aws.list_objects(session, bucket, &mut listing).await {
                Ok(Some(page)) if page.objects.is_empty() => {}
                Ok(Some(_)) => return end_of_objects(&Outcome::searched(), SourceStatus::Recorded),
                Ok(None) => break,
                Err(error) => {
                    let outcome = outcome_of_call_error(&error);
                    return GroupEnd::from_outcome(&outcome, SourceStatus::Failed);
                }
            }
        }
    }
    end_of_objects(&nothing_delivered(), SourceStatus::Recorded)
}
