//! The parameters of `ListObjectsV2` and of its predecessor `ListObjects`.
//!
//! Source: S3 API, `ListObjectsV2`, `ListObjects`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::object_index::Cursor;
use crate::call::Call;
use crate::wire::AwsError;

const MAX_KEYS: usize = 1_000;

/// A list that is requested.
#[derive(Debug)]
pub(super) struct ListRequest {
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) delimiter: Option<String>,
    /// `start-after`, or the marker of version 1.
    pub(super) start_after: Option<String>,
    pub(super) token: Option<String>,
    pub(super) max_keys: usize,
    /// Whether keys are percent-encoded in the response.
    pub(super) is_url_encoded: bool,
    pub(super) with_owner: bool,
    pub(super) is_version_2: bool,
}

impl ListRequest {
    /// Reads the parameters of a call.
    ///
    /// # Errors
    /// A parameter is not valid.
    pub(super) fn from_call(call: &Call<'_>) -> Result<Self, AwsError> {
        let input = call.input.rest()?;
        let params = &input.params;
        let text = |name: &str| params.get(name).map(str::to_owned);
        let is_version_2 = call.operation == "ListObjectsV2";
        let encoding = params.get("encoding-type");
        if encoding.is_some_and(|encoding| encoding != "url") {
            return Err(invalid(
                "encoding-type",
                "Invalid Encoding Method specified in Request",
            ));
        }
        let token = text("continuation-token");
        if token.is_none() && params.contains("continuation-token") {
            return Err(invalid_token());
        }
        Ok(Self {
            bucket: input.bucket.clone().unwrap_or_default(),
            prefix: text("prefix").unwrap_or_default(),
            delimiter: text("delimiter"),
            start_after: text(if is_version_2 {
                "start-after"
            } else {
                "marker"
            }),
            token: token.filter(|_| is_version_2),
            max_keys: max_keys(params.get("max-keys"))?,
            is_url_encoded: encoding.is_some(),
            with_owner: !is_version_2 || params.flag("fetch-owner"),
            is_version_2,
        })
    }

    /// The position at which the list begins.
    ///
    /// # Errors
    /// The token is not one of this list.
    pub(super) fn cursor(&self) -> Result<Cursor, AwsError> {
        if let Some(token) = &self.token {
            return self.decode_token(token).ok_or_else(invalid_token);
        }
        Ok(match &self.start_after {
            Some(key) if *key >= self.prefix => Cursor::after(key.clone()),
            _ => Cursor::before(self.prefix.clone()),
        })
    }

    /// The token of a position. It is bound to the bucket and the prefix.
    pub(super) fn encode_token(&self, cursor: &Cursor) -> String {
        let kind = if cursor.is_inclusive { "b" } else { "a" };
        let Self { bucket, prefix, .. } = self;
        URL_SAFE_NO_PAD.encode(format!("{bucket}\n{prefix}\n{kind}\n{}", cursor.key))
    }

    fn decode_token(&self, token: &str) -> Option<Cursor> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let list = format!("{}\n{}\n", self.bucket, self.prefix);
        let (kind, key) = text.strip_prefix(&list)?.split_once('\n')?;
        let key = key.to_owned();
        match kind {
            "a" => Some(Cursor::after(key)),
            "b" => Some(Cursor::before(key)),
            _ => None,
        }
    }
}

fn max_keys(text: Option<&str>) -> Result<usize, AwsError> {
    let Some(text) = text else {
        return Ok(MAX_KEYS);
    };
    let number: u32 = text.parse().map_err(|_| {
        invalid(
            "max-keys",
            "Provided max-keys not an integer or within integer range",
        )
    })?;
    Ok(usize::try_from(number).unwrap_or(MAX_KEYS).min(MAX_KEYS))
}

fn invalid(parameter: &str, message: &str) -> AwsError {
    AwsError::new("InvalidArgument", message).with_element("ArgumentName", parameter)
}

fn invalid_token() -> AwsError {
    invalid(
        "continuation-token",
        "The continuation token provided is incorrect",
    )
}
