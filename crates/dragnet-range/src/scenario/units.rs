//! Adds the organizational units of a scenario.

use super::ScenarioError;
use super::references::undefined_reference;
use super::spec::Spec;
use crate::world::{OrgUnit, Organization, World};

pub(super) fn add(world: &mut World, spec: &Spec) -> Result<(), ScenarioError> {
    for unit in &spec.units {
        let parent = parent_id(world, unit.parent.as_deref())?;
        // Units below different parents may have the same name.
        let purpose = if parent == world.organization.root {
            unit.name.clone()
        } else {
            format!("{parent}/{}", unit.name)
        };
        let suffix = world.mint.id_for("", &purpose, 8).to_lowercase();
        let id = format!(
            "ou-{}-{suffix}",
            world.organization.root.trim_start_matches("r-")
        );
        let unit = OrgUnit {
            name: unit.name.clone(),
            parent,
        };
        world.organization.units.insert(id, unit);
    }
    Ok(())
}

/// The id of the unit with this name, or with this path below the root (`Workloads/Prod`); of the
/// root without a name.
pub(super) fn parent_id(world: &World, unit: Option<&str>) -> Result<String, ScenarioError> {
    let organization = &world.organization;
    let Some(name) = unit else {
        return Ok(organization.root.clone());
    };
    let id = match name.split_once('/') {
        Some(_) => unit_at(organization, name),
        None => organization
            .units
            .iter()
            .find(|(_, unit)| unit.name == name)
            .map(|(id, _)| id.clone()),
    };
    id.ok_or_else(|| undefined_reference("[[accounts]]", "the unit", name))
}

/// The id of the unit at a path below the root.
fn unit_at(organization: &Organization, path: &str) -> Option<String> {
    path.split('/')
        .try_fold(organization.root.clone(), |parent, name| {
            organization
                .units
                .iter()
                .find(|(_, unit)| unit.parent == parent && unit.name == name)
                .map(|(id, _)| id.clone())
        })
}
