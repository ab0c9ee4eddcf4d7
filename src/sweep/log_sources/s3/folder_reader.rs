//! Creates what reads the objects of one folder.

use std::sync::Arc;

use super::object_folder::ObjectFolder;
use super::object_reader::ObjectReader;
use super::object_sink::FolderOrigin;
use super::object_sweep::ObjectSweep;
use crate::aws::{Bucket, Session};
use crate::sweep::context::SweepContext;
use crate::sweep::delivery_trust::DeliveryTrust;
use dragnet_model::LogGroupArn;

/// Returns what reads the objects of a folder. `location` is that of the folder.
pub(super) fn create_reader(
    sweep: &Arc<ObjectSweep>,
    (session, bucket): (&Arc<Session>, &Bucket),
    folder: &ObjectFolder,
    location: String,
) -> ObjectReader {
    let origin = folder_origin(&sweep.shared, folder, location, bucket);
    ObjectReader {
        sweep: Arc::clone(sweep),
        session: Arc::clone(session),
        bucket: bucket.clone(),
        origin: Arc::new(origin),
        index: None,
        integrity: Arc::default(),
    }
}

fn folder_origin(
    shared: &SweepContext,
    folder: &ObjectFolder,
    location: String,
    bucket: &Bucket,
) -> FolderOrigin {
    // Its watermark in a watch is that of a log group with this name.
    let log = LogGroupArn::new(folder.target.clone(), format!("s3://{location}"));
    let account = folder.target.account.to_string();
    FolderOrigin {
        target: folder.target.clone(),
        location,
        bucket: bucket.name.to_string(),
        trust: DeliveryTrust {
            is_in_scope: true,
            trails: Vec::new(),
            records_of: folder.is_of_trail().then_some(account),
        },
        time_filter: shared.windows.filter_for(&log),
        is_of_trail: folder.is_of_trail(),
    }
}
