//! `DescribeRegions`: the Regions that an account can use, which differ by account.
//!
//! Source: EC2 API, `DescribeRegions`.

use crate::call::Call;
use crate::policy::glob;
use crate::wire::{AwsError, Params, Reply};
use dragnet_model::Region;

struct Row {
    name: String,
    endpoint: String,
    opt_in_status: &'static str,
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    if params.flag("DryRun") {
        // Source: EC2 API, "Common query parameters", `DryRun`.
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(AwsError::new("DryRunOperation", message).with_status(412));
    }
    let names = params.list("RegionName");
    let known = |name: &str| {
        call.world
            .regions
            .all()
            .any(|(region, _)| region.as_str() == name)
    };
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Err(AwsError::new(
            "InvalidParameterValue",
            format!("Invalid region names: [{unknown}]"),
        ));
    }
    let rows: Vec<Row> = call
        .world
        .regions
        .all()
        .map(|(region, opt_in)| row(call, region, opt_in))
        .filter(|row| names.is_empty() || names.contains(&row.name.as_str()))
        .filter(|row| params.flag("AllRegions") || row.opt_in_status != "not-opted-in")
        .collect();
    let rows = apply_filters(rows, params)?;
    Ok(Reply::xml(|xml| {
        xml.items("regionInfo", rows, |xml, row| {
            xml.text("regionName", row.name)
                .text("regionEndpoint", row.endpoint)
                .text("optInStatus", row.opt_in_status);
        });
    }))
}

fn row(call: &Call<'_>, region: &Region, opt_in: bool) -> Row {
    let opt_in_status = match (
        opt_in,
        call.world.is_region_enabled(call.caller.account, region),
    ) {
        (false, _) => "opt-in-not-required",
        (true, true) => "opted-in",
        (true, false) => "not-opted-in",
    };
    Row {
        name: region.to_string(),
        endpoint: format!("ec2.{region}.{}", region.partition().dns_suffix()),
        opt_in_status,
    }
}

fn apply_filters(mut rows: Vec<Row>, params: &Params) -> Result<Vec<Row>, AwsError> {
    for n in 1..=params.count("Filter", "Name") {
        let name = params.required(&format!("Filter.{n}.Name"))?;
        let values = params.list(&format!("Filter.{n}.Value"));
        let field: fn(&Row) -> &str = match name {
            "endpoint" => |row| &row.endpoint,
            "opt-in-status" => |row| row.opt_in_status,
            "region-name" => |row| &row.name,
            _ => {
                return Err(AwsError::new(
                    "InvalidParameterValue",
                    format!("The filter '{name}' is invalid"),
                ));
            }
        };
        rows.retain(|row| values.iter().any(|value| glob(value, field(row))));
    }
    Ok(rows)
}
