//! How CloudWatch collects, processes and copies logs: pipelines, telemetry rules, and centralization
//! rules.
//!
//! All of these lookups are optional. They are named by `dragnet sources`; a sweep only asks for
//! centralization rules.
//!
//! Source: botocore, `data/observabilityadmin/2018-05-10/service-2.json`.

use aws_sdk_observabilityadmin::types;

use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::page_list::collect_list;
use super::session::Session;
use dragnet_model::{Operation, Region, Target};

/// A pipeline, which can rewrite and drop events before they are stored. All texts are untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryPipeline {
    /// Its name, or else its ARN.
    pub name: String,
    /// What it processes, e.g. `aws_cloudtrail.management`; empty if the list does not say so.
    pub data_sources: Vec<String>,
    /// How it changes events, e.g. `ocsf`.
    pub processors: Vec<String>,
    /// Where it sends them; `@original` is where they came from.
    pub sinks: Vec<String>,
}

/// A telemetry rule, which makes an AWS service deliver logs to CloudWatch. All texts are untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryRule {
    /// Its name.
    pub name: String,
    /// The kind of resource that it applies to, e.g. `AWS::CloudTrail`.
    pub resource_type: String,
}

/// A rule that copies log groups of the organization to one account-Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CentralizationRule {
    /// Its name. Untrusted text.
    pub name: String,
    /// Where it copies to; `None` if the response does not say so.
    pub destination: Option<Target>,
    /// Whether AWS reports that it works, e.g. `Healthy`; empty if it does not.
    pub health: String,
}

impl Aws {
    /// Returns the pipelines of an account-Region.
    ///
    /// # Errors
    /// A call fails, or the list does not end.
    pub async fn telemetry_pipelines(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<TelemetryPipeline>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::ListTelemetryPipelines,
        };
        let request = self.clients.observability.list_telemetry_pipelines();
        let listed = collect_list!(self, context, request, pipeline_summaries)?;
        Ok(listed.iter().map(parse_pipeline).collect())
    }

    /// Returns the telemetry rules of an account-Region.
    ///
    /// # Errors
    /// A call fails, or the list does not end.
    pub async fn telemetry_rules(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<TelemetryRule>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::ListTelemetryRules,
        };
        let request = self.clients.observability.list_telemetry_rules();
        let listed = collect_list!(self, context, request, telemetry_rule_summaries)?;
        Ok(listed.iter().map(parse_rule).collect())
    }

    /// Returns the telemetry rules of the organization in the home Region. Only its management account
    /// and delegated administrators may ask.
    ///
    /// # Errors
    /// A call fails, or the list does not end.
    pub async fn organization_telemetry_rules(
        &self,
        session: &Session,
    ) -> Result<Vec<TelemetryRule>, CallError> {
        let context = self.home_context(session, Operation::ListTelemetryRulesForOrganization);
        let request = self
            .clients
            .observability
            .list_telemetry_rules_for_organization();
        let listed = collect_list!(self, context, request, telemetry_rule_summaries)?;
        Ok(listed.iter().map(parse_rule).collect())
    }

    /// Returns the centralization rules of the organization, of all Regions. Only its management account
    /// and delegated administrators may ask.
    ///
    /// # Errors
    /// A call fails, or the list does not end.
    pub async fn centralization_rules(
        &self,
        session: &Session,
    ) -> Result<Vec<CentralizationRule>, CallError> {
        let context = self.home_context(session, Operation::ListCentralizationRulesForOrganization);
        let request = self
            .clients
            .observability
            .list_centralization_rules_for_organization()
            .all_regions(true);
        let listed = collect_list!(self, context, request, centralization_rule_summaries)?;
        Ok(listed.iter().map(parse_centralization_rule).collect())
    }
}

fn parse_pipeline(pipeline: &types::TelemetryPipelineSummary) -> TelemetryPipeline {
    let name = pipeline.name().or(pipeline.arn()).unwrap_or_default();
    let mut parsed = TelemetryPipeline {
        name: name.to_owned(),
        data_sources: Vec::new(),
        processors: Vec::new(),
        sinks: Vec::new(),
    };
    if let Some(summary) = pipeline.configuration_summary() {
        let sources = summary.data_sources().iter();
        parsed.data_sources = sources
            .map(|source| {
                let parts = [source.name(), source.r#type()];
                let parts: Vec<&str> = parts.into_iter().flatten().collect();
                parts.join(".")
            })
            .collect();
        parsed.processors = summary.processors().to_vec();
        parsed.sinks = summary.sinks().to_vec();
    }
    parsed
}

fn parse_rule(rule: &types::TelemetryRuleSummary) -> TelemetryRule {
    let name = rule.rule_name().or(rule.rule_arn()).unwrap_or_default();
    let resource_type = rule.resource_type().map(types::ResourceType::as_str);
    TelemetryRule {
        name: name.to_owned(),
        resource_type: resource_type.unwrap_or_default().to_owned(),
    }
}

fn parse_centralization_rule(rule: &types::CentralizationRuleSummary) -> CentralizationRule {
    let name = rule.rule_name().or(rule.rule_arn()).unwrap_or_default();
    let account = rule.destination_account_id().map(str::parse);
    let region = rule.destination_region().map(str::parse);
    let destination = match (account, region) {
        (Some(Ok(account)), Some(Ok(region))) => Some(Target { account, region }),
        _ => None,
    };
    let health = rule.rule_health().map(types::RuleHealth::as_str);
    CentralizationRule {
        name: name.to_owned(),
        destination,
        health: health.unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destination_of_a_rule_is_an_account_and_a_region() {
        let rule = |account: &str, region: &str| {
            let summary = types::CentralizationRuleSummary::builder()
                .rule_name("all")
                .destination_account_id(account)
                .destination_region(region)
                .build();
            parse_centralization_rule(&summary).destination
        };
        let target = Target {
            account: "333333333333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        };
        assert_eq!(rule("333333333333", "eu-west-1"), Some(target));
        assert_eq!(rule("3333", "eu-west-1"), None);
        assert_eq!(rule("333333333333", ""), None);
    }

    #[test]
    fn pipeline_without_a_summary_has_its_name_only() {
        let summary = types::TelemetryPipelineSummary::builder()
            .name("ocsf")
            .build();
        let pipeline = parse_pipeline(&summary);
        assert_eq!(pipeline.name, "ocsf");
        assert!(pipeline.processors.is_empty() && pipeline.data_sources.is_empty());
    }
}
