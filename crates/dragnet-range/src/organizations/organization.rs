//! The organization itself.
//!
//! Source: Organizations API, `CreateOrganization`, `DescribeOrganization`, `ListRoots`.

use serde_json::json;

use super::list::page;
use crate::call::Call;
use crate::wire::{AwsError, Reply};

pub(super) fn create(_: &Call<'_>) -> Result<Reply, AwsError> {
    Err(AwsError::new(
        "AlreadyInOrganizationException",
        "The AWS account is already a member of an organization.",
    ))
}

pub(super) fn describe(call: &Call<'_>) -> Result<Reply, AwsError> {
    let organization = &call.world.organization;
    let email = call
        .world
        .account(organization.management)
        .map_or("", |account| account.email.as_str());
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

pub(super) fn list_roots(call: &Call<'_>) -> Result<Reply, AwsError> {
    let organization = &call.world.organization;
    let root = json!({
        "Id": organization.root,
        "Arn": call.world.organization_arn(&format!("root/{}/{}", organization.id, organization.root)),
        "Name": "Root",
        "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    });
    page(call, "Roots", &[(organization.root.clone(), root)])
}
