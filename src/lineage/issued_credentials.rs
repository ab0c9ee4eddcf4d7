//! Finds the temporary credentials in the response of a call.

use serde_json::Value;

use super::identity::Identity;

/// Where the responses of the table have an access key, in the order in which they are searched.
///
/// Sources: STS, S3 and other API references (`Credentials`); Lake Formation API,
/// `AssumeDecoratedRoleWithSAML`, and `DataZone` API, `GetEnvironmentCredentials` (at the top level);
/// `DataZone` API, `GetConnection` (`connectionCredentials`).
const KEYS: [&str; 3] = [
    "/credentials/accessKeyId",
    "/connectionCredentials/accessKeyId",
    "/accessKeyId",
];

/// Where the responses of other calls have it.
const USUAL_KEYS: [&str; 1] = ["/credentials/accessKeyId"];

/// Where they have the session of these credentials.
///
/// Sources: STS API, `AssumeRole` (`AssumedRoleUser`), `GetDelegatedAccessToken`
/// (`AssumedPrincipal`).
const SESSIONS: [&str; 2] = ["/assumedRoleUser/arn", "/assumedPrincipal"];

/// Where they have the user id of the session.
///
/// Sources: STS API, `AssumedRoleUser`; EKS Auth API, `AssumeRoleForPodIdentity` (`assumeRoleId`).
const USER_IDS: [&str; 2] = [
    "/assumedRoleUser/assumedRoleId",
    "/assumedRoleUser/assumeRoleId",
];

/// Credentials that a call issued.
pub(super) struct IssuedCredentials {
    pub(super) access_key_id: String,
    /// The session, otherwise the access key.
    pub(super) identity: Identity,
    pub(super) user_id: Option<String>,
}

/// Reads the credentials of a response. Of a call that is not listed, only those with the usual name
/// count: other keys may be those of somebody else.
///
/// Source: Roles Anywhere user guide, `CreateSession` (`credentialSet`).
pub(super) fn read_issued(response: &Value, is_listed: bool) -> Vec<IssuedCredentials> {
    let keys: &[&str] = if is_listed { &KEYS } else { &USUAL_KEYS };
    let set = response.get("credentialSet").and_then(Value::as_array);
    let each = [response].into_iter().chain(set.into_iter().flatten());
    each.filter_map(|issued| read_one(issued, keys)).collect()
}

fn first_text<'r>(issued: &'r Value, pointers: &[&str]) -> Option<&'r str> {
    let mut texts = pointers
        .iter()
        .filter_map(|pointer| issued.pointer(pointer)?.as_str());
    texts.next()
}

fn read_one(issued: &Value, keys: &[&str]) -> Option<IssuedCredentials> {
    let key = first_text(issued, keys)?;
    // A role or user would include the calls of others.
    let session = first_text(issued, &SESSIONS)
        .and_then(Identity::from_arn)
        .filter(|identity| {
            matches!(
                identity,
                Identity::Session { .. } | Identity::FederatedUser { .. }
            )
        });
    Some(IssuedCredentials {
        access_key_id: key.to_owned(),
        identity: session.unwrap_or_else(|| Identity::Key(key.to_owned())),
        user_id: first_text(issued, &USER_IDS).map(str::to_owned),
    })
}
