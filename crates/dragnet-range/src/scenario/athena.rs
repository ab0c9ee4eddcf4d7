//! Adds the workgroups and tables of Athena of a scenario.

use super::spec::Spec;
use crate::athena::{Table, Workgroup};
use crate::world::World;

/// Adds the workgroups and tables. The column `region` has all Regions of the organization.
pub(super) fn add(world: &mut World, spec: &Spec) {
    let organization = &spec.organization;
    let regions = organization
        .regions
        .iter()
        .chain(&organization.opt_in_regions);
    let regions: Vec<String> = regions.map(ToString::to_string).collect();
    for workgroup in &spec.athena_workgroups {
        world.athena.workgroups.push(Workgroup {
            account: workgroup.account,
            region: workgroup.region.clone(),
            name: workgroup.name.clone(),
            is_enabled: !workgroup.disabled,
            bytes_cutoff: workgroup.bytes_cutoff,
            seconds: workgroup.seconds,
            concurrent: workgroup.concurrent,
            most_days: workgroup.most_days,
            rows_a_page: workgroup.rows_a_page,
        });
    }
    for table in &spec.athena_tables {
        world.athena.tables.push(Table {
            account: table.account,
            region: table.region.clone(),
            database: table.database.clone(),
            name: table.name.clone(),
            template: table.template.clone(),
            regions: regions.clone(),
            longest_line: table.longest_line,
        });
    }
}
