//! The access portal of IAM Identity Center: REST with JSON bodies and a bearer token, not signed.
//!
//! Its users are one person, who may use every permission set. A permission set is assigned to an
//! account if the account has the role that Identity Center creates for it.
//!
//! Sources: botocore, `data/sso/2019-06-10/service-2.json` (paths, parameters, members, statuses); IAM
//! Identity Center user guide, "Referencing permission sets in resource policies" (the names of the
//! roles).

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response};
use serde_json::{Value, json};

use super::access::{Caller, Holder, Session};
use super::calls::CallOutcome;
use super::wire::{self, Exchange, Params, Service};
use super::world::{Account, Role};
use super::{Range, State};
use dragnet_model::AccountId;

/// The header with the token.
const TOKEN_HEADER: &str = "x-amz-sso_bearer_token";
/// The beginning of the name of each role of Identity Center, before the permission set, `_` and 16
/// hexadecimal digits.
const ROLE_PREFIX: &str = "AWSReservedSSO_";
const ROLE_SUFFIX_LENGTH: usize = 17;
/// How long a session lasts: the default of a permission set.
///
/// Source: IAM Identity Center user guide, "Set session duration for AWS accounts".
const SESSION_SECONDS: i64 = 3_600;
/// The name of the session, which is that of the user.
const USER: &str = "responder";
/// The items of a page, unless the request asks for fewer.
const PAGE_ITEMS: usize = 100;

/// An error with its HTTP status.
struct PortalError {
    status: u16,
    code: &'static str,
    message: &'static str,
}

/// Source: botocore's model, `UnauthorizedException`; the text of AWS's error.
const UNAUTHORIZED: PortalError = PortalError {
    status: 401,
    code: "UnauthorizedException",
    message: "Session token not found or invalid",
};
/// Source: the text of AWS's error, which the model does not have.
const FORBIDDEN: PortalError = PortalError {
    status: 403,
    code: "ForbiddenException",
    message: "No access",
};
const INVALID_REQUEST: PortalError = PortalError {
    status: 400,
    code: "InvalidRequestException",
    message: "Request is invalid",
};

/// Returns the operation of a request to the portal; `None` for a request to another service. Those
/// are signed.
pub(crate) fn portal_operation(parts: &Parts) -> Option<&'static str> {
    if parts.method != Method::GET || parts.headers.contains_key(http::header::AUTHORIZATION) {
        return None;
    }
    match parts.uri.path() {
        "/assignment/accounts" => Some("ListAccounts"),
        "/assignment/roles" => Some("ListAccountRoles"),
        "/federation/credentials" => Some("GetRoleCredentials"),
        _ => None,
    }
}

impl Range {
    /// The token of a user who has logged in to the portal.
    pub fn portal_token(&self) -> String {
        token_of(&self.state())
    }

    /// Handles a request to the portal.
    pub(super) fn handle_portal_request(
        &self,
        operation: &'static str,
        parts: &Parts,
    ) -> Response<Bytes> {
        let mut state = self.state();
        let now = self.clock().now();
        let query = Params::decode(parts.uri.query().unwrap_or_default().as_bytes());
        let is_valid = wire::header(&parts.headers, TOKEN_HEADER)
            .is_some_and(|token| token == token_of(&state));
        let outcome = match operation {
            _ if !is_valid => Err(UNAUTHORIZED),
            "ListAccounts" => list_accounts(&state, &query),
            "ListAccountRoles" => list_roles(&state, &query),
            _ => role_credentials(&mut state, &query, now.as_second()),
        };
        let counted = match &outcome {
            Ok(_) => CallOutcome::Succeeded,
            Err(_) => CallOutcome::Failed,
        };
        state.calls.count(operation, None, now, counted);
        let exchange = Exchange {
            // The service only matters for the encoding, which is done here.
            service: Service::Logs,
            operation: operation.to_owned(),
            request_id: state.world.mint.next_uuid(),
            date: now,
        };
        match outcome {
            Ok(body) => exchange.response(200, "application/json", body.to_string().into_bytes()),
            Err(error) => {
                let body = json!({ "message": error.message, "__type": error.code });
                let body = body.to_string().into_bytes();
                exchange.response(error.status, "application/json", body)
            }
        }
    }
}

fn token_of(state: &State) -> String {
    state.world.mint.uuid_for("token of the access portal")
}

/// Returns the name of the permission set for which Identity Center created a role.
fn permission_set(role: &str) -> Option<&str> {
    let rest = role.strip_prefix(ROLE_PREFIX)?;
    let (name, suffix) = rest.split_at_checked(rest.len().checked_sub(ROLE_SUFFIX_LENGTH)?)?;
    let is_suffix = suffix
        .strip_prefix('_')
        .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    (is_suffix && !name.is_empty()).then_some(name)
}

/// Returns the permission sets of an account with their roles, sorted by name.
fn assignments(account: &Account) -> Vec<(&str, &Role)> {
    let mut found: Vec<(&str, &Role)> = account
        .roles
        .values()
        .filter_map(|role| Some((permission_set(&role.name)?, role)))
        .collect();
    found.sort_by_key(|(name, _)| *name);
    found
}

fn list_accounts(state: &State, query: &Params) -> Result<Value, PortalError> {
    let assigned = state
        .world
        .accounts
        .values()
        .filter(|account| account.is_active() && !assignments(account).is_empty());
    let rows = assigned.map(|account| {
        json!({
            "accountId": account.id.to_string(),
            "accountName": account.name,
            "emailAddress": account.email,
        })
    });
    page("accountList", rows.collect(), query)
}

fn list_roles(state: &State, query: &Params) -> Result<Value, PortalError> {
    let account = assigned_account(state, query)?;
    let rows = assignments(account)
        .into_iter()
        .map(|(name, _)| json!({ "accountId": account.id.to_string(), "roleName": name }));
    page("roleList", rows.collect(), query)
}

fn role_credentials(state: &mut State, query: &Params, now: i64) -> Result<Value, PortalError> {
    let wanted = query.get("role_name").ok_or(INVALID_REQUEST)?;
    let account = assigned_account(state, query)?;
    let (_, role) = assignments(account)
        .into_iter()
        .find(|(name, _)| *name == wanted)
        .ok_or(FORBIDDEN)?;
    let session = Session {
        access_key_id: String::new(),
        account: account.id,
        holder: Holder::Role {
            name: role.name.clone(),
            id: role.id.clone(),
            session: USER.to_owned(),
        },
        issued_s: now,
        expires_s: now.saturating_add(SESSION_SECONDS),
        mfa: false,
        policy: None,
        source_identity: None,
        transitive_tag_keys: Vec::new(),
        global: false,
    };
    let credentials = Caller::issue_credentials(&mut state.world.mint, session);
    Ok(json!({
        "roleCredentials": {
            "accessKeyId": credentials.access_key_id,
            "secretAccessKey": credentials.secret_access_key,
            "sessionToken": credentials.session_token,
            "expiration": credentials.expires.as_millisecond(),
        }
    }))
}

/// Returns the account of a request. It is the same error whether it does not exist or nothing in it
/// is assigned.
fn assigned_account<'s>(state: &'s State, query: &Params) -> Result<&'s Account, PortalError> {
    let id: AccountId = query
        .get("account_id")
        .and_then(|id| id.parse().ok())
        .ok_or(INVALID_REQUEST)?;
    state
        .world
        .account(id)
        .filter(|account| account.is_active() && !assignments(account).is_empty())
        .ok_or(FORBIDDEN)
}

/// Returns a page of rows. The token is the number of the first row.
fn page(member: &str, rows: Vec<Value>, query: &Params) -> Result<Value, PortalError> {
    let number = |name: &str, default: usize| match query.get(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| INVALID_REQUEST),
    };
    let first = number("next_token", 0)?;
    let length = number("max_result", PAGE_ITEMS)?;
    if !(1..=PAGE_ITEMS).contains(&length) {
        return Err(INVALID_REQUEST);
    }
    let has_next = rows.len() > first.saturating_add(length);
    let items: Vec<Value> = rows.into_iter().skip(first).take(length).collect();
    let next = has_next.then(|| (first + length).to_string());
    Ok(json!({ member: items, "nextToken": next }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_of_identity_center_are_recognised() {
        assert_eq!(
            permission_set("AWSReservedSSO_Read_Only_0123456789abcdef"),
            Some("Read_Only")
        );
        for other in [
            "AWSReservedSSO_",
            "AWSReservedSSO__0123456789abcdef",
            "AWSReservedSSO_Audit_0123456789abcdeg",
            "Audit_0123456789abcdef",
        ] {
            assert_eq!(permission_set(other), None, "{other}");
        }
    }

    #[test]
    fn pages_are_continued_with_their_tokens() {
        let rows = || (0..3).map(|number| json!(number)).collect();
        let read = |query: &str| page("list", rows(), &Params::decode(query.as_bytes()));
        let first = read("max_result=2").ok().unwrap();
        assert_eq!(first, json!({ "list": [0, 1], "nextToken": "2" }));
        let last = read("max_result=2&next_token=2").ok().unwrap();
        assert_eq!(last, json!({ "list": [2], "nextToken": null }));
        assert!(read("max_result=0").is_err() && read("next_token=x").is_err());
    }
}
