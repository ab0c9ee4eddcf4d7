//! S3: the buckets that trails, flow logs and other services deliver to, and the objects in them.
//!
//! * `bucket`: a bucket, its Region, and its quota, which all account-Regions share
//! * `listing`, `list_response`: the keys of a bucket, page by page, and the checks of a page
//! * `object`: an object as it was listed, or an error
//! * `failure`: what a failed call means for the coverage
//! * `stored_objects`: objects that Dragnet writes itself
//! * `access_logs`: where reads of a bucket are logged

mod access_logs;
mod bucket;
mod failure;
mod list_response;
mod listing;
mod object;
mod stored_objects;

pub use access_logs::AccessLogTarget;
pub use bucket::Bucket;
pub use failure::S3Failure;
pub(super) use list_response::{LIST_ROOT, check_list_response};
pub use listing::{ListQuery, ListedObject, ObjectListing, ObjectPage};
pub use object::ObjectContent;
pub use stored_objects::WriteMode;
