//! The keys of a bucket, page by page, in their order.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{
    EncodingType, Object, ObjectStorageClass, OptionalObjectAttributes, RestoreStatus,
};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::Bucket;
use crate::aws::call_context::CallContext;
use crate::aws::client::Aws;
use crate::aws::error::CallError;
use crate::aws::pages::Pages;
use crate::aws::session::Session;
use dragnet_model::Operation;

/// Which keys of a bucket to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// What the keys start with.
    pub prefix: String,
    /// Groups the keys that have this character after the prefix, as common prefixes.
    pub delimiter: Option<char>,
    /// The list begins after this key, which need not exist.
    pub start_after: Option<String>,
    /// The list ends before this key, which need not exist.
    pub end_before: Option<String>,
}

/// The position in a list.
#[derive(Debug)]
pub struct ObjectListing {
    query: ListQuery,
    pages: Pages,
    /// The last key or common prefix so far; at first, the key after which the list begins.
    last: Option<String>,
    is_first_page: bool,
    is_done: bool,
}

/// One page of a list, at most 1,000 keys and common prefixes. Both are in the order of their UTF-8
/// bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// The groups of further keys.
    pub common_prefixes: Vec<String>,
}

/// An object, as a list describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// The key.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// The entity tag in quotation marks, which changes with the content.
    pub etag: String,
    /// When it was written.
    pub modified: Timestamp,
    /// The storage class, for example `STANDARD`.
    pub storage_class: String,
    /// Whether there is a restored copy, which can be read although the storage class stays the same.
    pub is_restored: bool,
}

impl ListedObject {
    /// Whether it can be read only after it was restored. Objects of the class
    /// `INTELLIGENT_TIERING` may be archived too, which only reading them shows.
    ///
    /// Source: S3 user guide, "Understanding and managing Amazon S3 storage classes".
    pub fn is_archived(&self) -> bool {
        matches!(self.storage_class.as_str(), "GLACIER" | "DEEP_ARCHIVE") && !self.is_restored
    }
}

impl ObjectListing {
    /// The beginning of a list.
    pub fn new(query: ListQuery) -> Self {
        Self {
            last: query.start_after.clone(),
            query,
            pages: Pages::default(),
            is_first_page: true,
            is_done: false,
        }
    }

    /// Whether there is no further page.
    pub fn has_ended(&self) -> bool {
        self.is_done
    }

    /// Checks that a page continues the list: in ascending order, without repetition, and only with
    /// what the query asks for. Then drops what is behind the end of the query.
    ///
    /// # Errors
    /// The page contradicts the query or the pages before it.
    fn accept(&mut self, page: &mut ObjectPage) -> Result<(), String> {
        let keys = || page.objects.iter().map(|object| object.key.as_str());
        let common_prefixes = || page.common_prefixes.iter().map(String::as_str);
        check_ascending(keys())?;
        check_ascending(common_prefixes())?;
        for key in keys() {
            self.check_key(key)?;
        }
        for common_prefix in common_prefixes() {
            self.check_common_prefix(common_prefix)?;
        }
        let last = keys().next_back().max(common_prefixes().next_back());
        if let Some(last) = last.map(str::to_owned) {
            self.is_done = self.is_at_end(&last);
            self.last = Some(last);
        }
        self.is_first_page = false;
        if self.is_done {
            page.objects.retain(|object| !self.is_at_end(&object.key));
            page.common_prefixes
                .retain(|common_prefix| !self.is_at_end(common_prefix));
        }
        Ok(())
    }

    fn is_at_end(&self, key: &str) -> bool {
        let end = self.query.end_before.as_deref();
        end.is_some_and(|end| key >= end)
    }

    fn check_key(&self, key: &str) -> Result<(), String> {
        let rest = self.strip_prefix(key)?;
        if self
            .query
            .delimiter
            .is_some_and(|delimiter| rest.contains(delimiter))
        {
            return Err(format!(
                "the list has the key `{key}`; expected it in a common prefix"
            ));
        }
        self.check_position(key)
    }

    fn check_common_prefix(&self, common_prefix: &str) -> Result<(), String> {
        let rest = self.strip_prefix(common_prefix)?;
        let delimiter_at = self
            .query
            .delimiter
            .and_then(|delimiter| rest.find(delimiter));
        if delimiter_at.is_none() || delimiter_at != last_char_at(rest) {
            return Err(format!(
                "the list has the common prefix `{common_prefix}`; expected the delimiter at its end only"
            ));
        }
        // The keys after `a/b` can have the common prefix `a/`.
        let is_around_start = self.is_first_page
            && self
                .last
                .as_deref()
                .is_some_and(|start| start.starts_with(common_prefix));
        if is_around_start {
            return Ok(());
        }
        self.check_position(common_prefix)
    }

    fn strip_prefix<'k>(&self, key: &'k str) -> Result<&'k str, String> {
        key.strip_prefix(self.query.prefix.as_str()).ok_or_else(|| {
            let prefix = &self.query.prefix;
            format!("the list has `{key}`; expected only keys with the prefix `{prefix}`")
        })
    }

    fn check_position(&self, key: &str) -> Result<(), String> {
        match &self.last {
            Some(last) if key <= last.as_str() => Err(format!(
                "the list has `{key}` after `{last}`; expected ascending keys"
            )),
            _ => Ok(()),
        }
    }
}

/// The position of the last character.
fn last_char_at(text: &str) -> Option<usize> {
    text.char_indices().next_back().map(|(at, _)| at)
}

fn check_ascending<'a>(keys: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut last: Option<&str> = None;
    for key in keys {
        if let Some(last) = last.filter(|last| key <= *last) {
            return Err(format!(
                "the list has `{key}` after `{last}`; expected ascending keys"
            ));
        }
        last = Some(key);
    }
    Ok(())
}

impl Aws {
    /// Returns the next page of a list; `None` after the last one. A page may be empty.
    ///
    /// Source: S3 API, `ListObjectsV2`.
    ///
    /// # Errors
    /// The call fails, or the page contradicts the query or an earlier page.
    pub async fn list_objects(
        &self,
        session: &Session,
        bucket: &Bucket,
        listing: &mut ObjectListing,
    ) -> Result<Option<ObjectPage>, CallError> {
        if listing.is_done {
            return Ok(None);
        }
        let context = CallContext {
            session,
            region: &bucket.region,
            operation: Operation::ListObjectsV2,
        };
        let query = &listing.query;
        let token = listing.pages.token();
        // A token continues after the last page, so that there is nothing to start after.
        let start_after = query.start_after.clone().filter(|_| token.is_none());
        let request = self
            .clients
            .s3
            .list_objects_v2()
            .bucket(&*bucket.name)
            .prefix(&query.prefix)
            .set_delimiter(query.delimiter.map(String::from))
            .set_start_after(start_after)
            .set_continuation_token(token)
            // XML cannot contain all characters of keys.
            .encoding_type(EncodingType::Url)
            .optional_object_attributes(OptionalObjectAttributes::RestoreStatus)
            .set_expected_bucket_owner(bucket.expected_owner())
            .set_request_payer(bucket.payer());
        let output = self
            .call_on_bucket(context, bucket, |config| {
                request.clone().customize().config_override(config).send()
            })
            .await?;
        let mut page = parse_page(&output).ok_or_else(|| {
            context.unreadable("an object in the list has no valid key, size, ETag or time")
        })?;
        let items = page.objects.len() + page.common_prefixes.len();
        listing
            .accept(&mut page)
            .map_err(|problem| context.unreadable(problem))?;
        let has_next = listing
            .pages
            .advance(items, output.next_continuation_token)
            .map_err(|endless| context.endless(endless))?;
        listing.is_done |= !has_next;
        Ok(Some(page))
    }
}

fn parse_page(output: &ListObjectsV2Output) -> Option<ObjectPage> {
    let is_encoded = output.encoding_type() == Some(&EncodingType::Url);
    let objects = output.contents().iter();
    let common_prefixes = output.common_prefixes().iter();
    Some(ObjectPage {
        objects: objects
            .map(|object| parse_object(object, is_encoded))
            .collect::<Option<_>>()?,
        common_prefixes: common_prefixes
            .map(|common_prefix| decode(common_prefix.prefix()?, is_encoded))
            .collect::<Option<_>>()?,
    })
}

fn parse_object(object: &Object, is_encoded: bool) -> Option<ListedObject> {
    let modified = object.last_modified()?.to_millis().ok()?;
    Some(ListedObject {
        key: decode(object.key()?, is_encoded)?,
        size: u64::try_from(object.size()?).ok()?,
        etag: object.e_tag()?.to_owned(),
        modified: Timestamp::from_millisecond(modified).ok()?,
        storage_class: object
            .storage_class()
            .map_or("STANDARD", ObjectStorageClass::as_str)
            .to_owned(),
        is_restored: object.restore_status().is_some_and(is_readable),
    })
}

/// Whether a restored copy can be read. If it has expired since, reading it fails.
///
/// Source: S3 API, `RestoreStatus`: the expiry date is there only if the object was restored.
fn is_readable(status: &RestoreStatus) -> bool {
    status.is_restore_in_progress() == Some(false) && status.restore_expiry_date().is_some()
}

/// Decodes a key. A space is encoded as a plus sign, and a plus sign as `%2B`.
///
/// Source: S3 API, `ListObjectsV2`, `encoding-type`; botocore, `unquote_str`.
fn decode(key: &str, is_encoded: bool) -> Option<String> {
    if !is_encoded {
        return Some(key.to_owned());
    }
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[&str], common_prefixes: &[&str]) -> ObjectPage {
        let object = |key: &&str| ListedObject {
            key: (*key).to_owned(),
            size: 1,
            etag: "\"e\"".to_owned(),
            modified: Timestamp::UNIX_EPOCH,
            storage_class: "STANDARD".to_owned(),
            is_restored: false,
        };
        ObjectPage {
            objects: keys.iter().map(object).collect(),
            common_prefixes: common_prefixes.iter().map(ToString::to_string).collect(),
        }
    }

    fn listing(start_after: Option<&str>, delimiter: Option<char>) -> ObjectListing {
        ObjectListing::new(ListQuery {
            prefix: "a/".to_owned(),
            delimiter,
            start_after: start_after.map(str::to_owned),
            end_before: Some("a/8".to_owned()),
        })
    }

    #[test]
    fn pages_continue_the_list_until_its_end() {
        let mut listing = listing(Some("a/1"), None);
        for (keys, kept, is_done) in [
            (&["a/2", "a/3"][..], 2, false),
            (&[][..], 0, false),
            (&["a/4", "a/7/x", "a/8", "a/9"][..], 2, true),
        ] {
            let mut page = page(keys, &[]);
            assert_eq!(listing.accept(&mut page), Ok(()));
            assert_eq!((page.objects.len(), listing.is_done), (kept, is_done));
        }
    }

    #[test]
    fn pages_that_contradict_the_query_are_refused() {
        for keys in [
            &["a/3", "a/2"][..],
            &["a/2", "a/2"],
            &["a/1"],
            &["a/0"],
            &["b/2"],
        ] {
            let accepted = listing(Some("a/1"), None).accept(&mut page(keys, &[]));
            assert!(accepted.is_err(), "{keys:?}");
        }
        let mut listing = listing(None, None);
        assert_eq!(listing.accept(&mut page(&["a/5"], &[])), Ok(()));
        assert!(listing.accept(&mut page(&["a/5"], &[])).is_err());
        assert!(listing.accept(&mut page(&["a/4"], &[])).is_err());
    }

    #[test]
    fn common_prefixes_end_with_the_delimiter() {
        let accepts = |keys: &[&str], common_prefixes: &[&str]| {
            let mut listing = listing(Some("a/3/x"), Some('/'));
            listing.accept(&mut page(keys, common_prefixes)).is_ok()
        };
        assert!(accepts(&["a/4"], &["a/3/", "a/5/"]));
        assert!(!accepts(&["a/4/x"], &[]));
        for wrong in ["a/4", "a/4/x/", "a/2/", "4/"] {
            assert!(!accepts(&[], &[wrong]), "{wrong}");
        }
        let mut listing = listing(None, None);
        assert!(listing.accept(&mut page(&[], &["a/4/"])).is_err());
    }

    #[test]
    fn keys_are_decoded_as_aws_encodes_them() {
        for (encoded, key) in [("a%3Db/%C3%A9.gz", "a=b/é.gz"), ("a+b%2Bc%20d", "a b+c d")] {
            assert_eq!(decode(encoded, true).as_deref(), Some(key));
        }
        assert_eq!(decode("a+b%20", false).as_deref(), Some("a+b%20"));
        assert_eq!(decode("%FF", true), None);
    }
}
