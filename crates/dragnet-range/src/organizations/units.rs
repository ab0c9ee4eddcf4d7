//! Organizational units.
//!
//! Source: Organizations API, `CreateOrganizationalUnit`, `DescribeOrganizationalUnit`,
//! `ListOrganizationalUnitsForParent`, `ListParents`.

use serde_json::{Value, json};

use super::list::page;
use super::{is_parent, required};
use crate::call::Call;
use crate::wire::{AwsError, Reply};
use crate::world::OrgUnit;

pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let parent = required(call, "ParentId")?;
    let name = required(call, "Name")?;
    require_parent(call, parent)?;
    let organization = &call.world.organization;
    if organization
        .units
        .values()
        .any(|unit| unit.parent == parent && unit.name == name)
    {
        let text = "An OU with the same name already exists in this container.";
        return Err(AwsError::new("DuplicateOrganizationalUnitException", text));
    }
    let root = organization.root.trim_start_matches("r-").to_owned();
    let id = format!(
        "ou-{root}-{}",
        call.world.mint.next_id("", 8).to_lowercase()
    );
    let unit = OrgUnit {
        name: name.to_owned(),
        parent: parent.to_owned(),
    };
    call.world.organization.units.insert(id.clone(), unit);
    unit_reply(call, &id)
}

pub(super) fn describe(call: &Call<'_>) -> Result<Reply, AwsError> {
    unit_reply(call, required(call, "OrganizationalUnitId")?)
}

fn unit_reply(call: &Call<'_>, id: &str) -> Result<Reply, AwsError> {
    let unit = call.world.organization.units.get(id).ok_or_else(|| {
        let text = "We can't find an OU with the OrganizationalUnitId that you specified.";
        AwsError::new("OrganizationalUnitNotFoundException", text)
    })?;
    Reply::json(&json!({ "OrganizationalUnit": unit_json(call, id, unit) }))
}

fn unit_json(call: &Call<'_>, id: &str, unit: &OrgUnit) -> Value {
    let arn = call
        .world
        .organization_arn(&format!("ou/{}/{id}", call.world.organization.id));
    json!({ "Id": id, "Arn": arn, "Name": unit.name })
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, AwsError> {
    let parent = required(call, "ParentId")?;
    require_parent(call, parent)?;
    let units = call
        .world
        .organization
        .units
        .iter()
        .filter(|(_, unit)| unit.parent == parent);
    let rows: Vec<_> = units
        .map(|(id, unit)| (id.clone(), unit_json(call, id, unit)))
        .collect();
    page(call, "OrganizationalUnits", &rows)
}

pub(super) fn list_parents(call: &Call<'_>) -> Result<Reply, AwsError> {
    let child = required(call, "ChildId")?;
    let account = child
        .parse()
        .ok()
        .and_then(|id| call.world.account(id))
        .map(|account| &account.parent);
    let unit = call
        .world
        .organization
        .units
        .get(child)
        .map(|unit| &unit.parent);
    let parent = account.or(unit).ok_or_else(|| {
        let text = "We can't find an organizational unit (OU) or AWS account with the ChildId that you specified.";
        AwsError::new("ChildNotFoundException", text)
    })?;
    let kind = if *parent == call.world.organization.root {
        "ROOT"
    } else {
        "ORGANIZATIONAL_UNIT"
    };
    page(
        call,
        "Parents",
        &[(parent.clone(), json!({ "Id": parent, "Type": kind }))],
    )
}

fn require_parent(call: &Call<'_>, id: &str) -> Result<(), AwsError> {
    if is_parent(call.world, id) {
        return Ok(());
    }
    Err(AwsError::new(
        "ParentNotFoundException",
        "We can't find a root or OU with the ParentId that you specified.",
    ))
}
