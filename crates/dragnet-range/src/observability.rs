//! CloudWatch Observability Admin: pipelines, and the rules about logs of accounts and of the
//! organization.
//!
//! Source: botocore, `data/observabilityadmin/2018-05-10/service-2.json`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::wire::{AwsError, CommonError, Page, Reply};
use super::world::{CentralizationRule, Pipeline, TelemetryRule, World};

/// The largest page, which is also the default.
const PAGE_SIZE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    next_token: Option<String>,
    max_results: Option<usize>,
    rule_name_prefix: Option<String>,
    /// Whether the rules that were created in other Regions are listed, too.
    all_regions: Option<bool>,
}

/// A row of a list, with the name by which the list is sorted.
type Row = (String, Value);

/// Performs a call of this service. Only the management account and delegated administrators may ask
/// for the rules of the organization.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &Call<'_>) -> Result<Reply, AwsError> {
    let organization = &call.world.organization;
    let may_ask = call.caller.account == organization.management
        || organization.delegated.contains(&call.caller.account);
    if call.operation.ends_with("ForOrganization") && !may_ask {
        let text = "Only the management account or a delegated administrator may call this.";
        return Err(CommonError::Denied(text.to_owned()).for_service(call.service));
    }
    match call.operation {
        "ListCentralizationRulesForOrganization" => list_centralization_rules(call),
        "ListTelemetryPipelines" => list_pipelines(call),
        "ListTelemetryRules" => list_telemetry_rules(call, false),
        "ListTelemetryRulesForOrganization" => list_telemetry_rules(call, true),
        _ => Err(call.unknown_operation()),
    }
}

fn list_pipelines(call: &Call<'_>) -> Result<Reply, AwsError> {
    let own = call.world.pipelines.iter().filter(|pipeline| {
        pipeline.account == call.caller.account && pipeline.region == call.caller.region
    });
    let rows = own.map(|pipeline| (pipeline.name.clone(), pipeline_row(call.world, pipeline)));
    list_rows(call, "PipelineSummaries", rows.collect())
}

fn pipeline_row(world: &World, pipeline: &Pipeline) -> Value {
    let resource = format!("telemetry-pipeline/{}", pipeline.name);
    let region = pipeline.region.as_str();
    let arn = world.arn("observabilityadmin", region, pipeline.account, &resource);
    json!({
        "Arn": arn,
        "Name": pipeline.name,
        "Status": "ACTIVE",
        "ConfigurationSummary": {
            "Sources": [{ "Type": "cloudwatch_logs" }],
            "DataSources": [{ "Name": "aws_cloudtrail", "Type": "management" }],
            "Processors": ["ocsf"],
            "ProcessorCount": 1,
            "Sinks": ["@original"],
        },
    })
}

fn list_telemetry_rules(call: &Call<'_>, of_organization: bool) -> Result<Reply, AwsError> {
    let own = call.world.telemetry_rules.iter().filter(|rule| {
        rule.account == call.caller.account
            && rule.region == call.caller.region
            && rule.of_organization == of_organization
    });
    let rows = own.map(|rule| (rule.name.clone(), telemetry_row(call.world, rule)));
    list_rows(call, "TelemetryRuleSummaries", rows.collect())
}

fn telemetry_row(world: &World, rule: &TelemetryRule) -> Value {
    let kind = if rule.of_organization {
        "organization-telemetry-rule"
    } else {
        "telemetry-rule"
    };
    let resource = format!("{kind}/{}", rule.name);
    let arn = world.arn(
        "observabilityadmin",
        rule.region.as_str(),
        rule.account,
        &resource,
    );
    json!({
        "RuleName": rule.name,
        "RuleArn": arn,
        "ResourceType": rule.resource_type,
        "TelemetryType": "Logs",
    })
}

fn list_centralization_rules(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: List = call.input.parse()?;
    let all_regions = input.all_regions == Some(true);
    let listed = call
        .world
        .centralization_rules
        .iter()
        .filter(|rule| all_regions || rule.created_region == call.caller.region);
    let rows = listed.map(|rule| (rule.name.clone(), centralization_row(call.world, rule)));
    list_rows(call, "CentralizationRuleSummaries", rows.collect())
}

fn centralization_row(world: &World, rule: &CentralizationRule) -> Value {
    let management = world.organization.management;
    let resource = format!("organization-centralization-rule/{}", rule.name);
    let region = rule.created_region.as_str();
    let arn = world.arn("observabilityadmin", region, management, &resource);
    json!({
        "RuleName": rule.name,
        "RuleArn": arn,
        "CreatorAccountId": management.to_string(),
        "CreatedRegion": region,
        "RuleHealth": "Healthy",
        "DestinationAccountId": rule.to_account.to_string(),
        "DestinationRegion": rule.to_region.as_str(),
    })
}

fn list_rows(call: &Call<'_>, member: &str, mut rows: Vec<Row>) -> Result<Reply, AwsError> {
    let input: List = call.input.parse()?;
    let invalid = |text: &str| AwsError::new("ValidationException", text);
    let size = input.max_results.unwrap_or(PAGE_SIZE);
    if !(1..=PAGE_SIZE).contains(&size) {
        return Err(invalid("MaxResults must be between 1 and 100."));
    }
    let prefix = input.rule_name_prefix.unwrap_or_default();
    rows.retain(|(name, _)| name.starts_with(&prefix));
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let keyed = rows.iter().map(|(name, row)| (name.as_str(), row));
    let page = Page::from_sorted(keyed, &call.list_name(), input.next_token.as_deref(), size)
        .ok_or_else(|| invalid("The NextToken is not valid."))?;
    let mut reply = json!({ member: page.items });
    if let Some(next) = page.next {
        reply["NextToken"] = json!(next);
    }
    Reply::json(&reply)
}
