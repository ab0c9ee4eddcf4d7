//! What the organization and its accounts are.
//!
//! Source: Organizations API, `DescribeOrganization`, `DescribeAccount`.

use serde_json::json;

use super::account_json;
use crate::range::call::Call;
use crate::range::wire::{AwsError, Reply};

pub(super) fn organization(call: &Call<'_>) -> Result<Reply, AwsError> {
    let organization = &call.world.organization;
    let email = call.world.account(organization.management).map_or("", |account| account.email.as_str());
    Reply::json(&json!({ "Organization": {
        "Id": organization.id,
        "Arn": call.world.organization_arn(&format!("organization/{}", organization.id)),
        "FeatureSet": "ALL",
        "MasterAccountArn":
            call.world.organization_arn(&format!("account/{}/{}", organization.id, organization.management)),
        "MasterAccountId": organization.management.to_string(),
        "MasterAccountEmail": email,
        "AvailablePolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    }}))
}

pub(super) fn account(call: &Call<'_>) -> Result<Reply, AwsError> {
    let id = call.input.text("AccountId").and_then(|id| id.parse().ok());
    let account = id
        .and_then(|id| call.world.account(id))
        .ok_or_else(|| AwsError::new("AccountNotFoundException", "You specified an account that doesn't exist."))?;
    Reply::json(&json!({ "Account": account_json(call.world, account) }))
}
