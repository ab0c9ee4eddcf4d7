//! The calls that reduce evidence: they stop, narrow, redirect, rewrite or destroy what records
//! activity, or make it unreadable.
//!
//! Calls that remove protection but no evidence are not among them (service control policies,
//! alarms), nor is the deletion of single objects: the signed digests of CloudTrail show it, and
//! data events are too many.
//!
//! Sources: the service models of botocore 1.44.8; "Logging ... API calls with AWS CloudTrail" in
//! the guides of the services; Amazon S3 user guide, "Amazon S3 CloudTrail events", for the names
//! of its events.

use super::Severity;

/// What a call must be about to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TamperingCondition {
    /// Every such call counts.
    Always,
    /// It is about a bucket. Its severity is low if the bucket is not one that stores logs.
    LogBucket,
    /// Its request parameters contain one of these texts, or it has none.
    Mentions(&'static [&'static str]),
}

/// Calls of a service that reduce evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TamperingRule {
    /// The `eventSource` without `.amazonaws.com`.
    pub service: &'static str,
    /// The `eventName`s.
    pub event_names: &'static [&'static str],
    /// How much evidence the calls take, and how unusual they are.
    pub severity: Severity,
    /// What they must be about.
    pub condition: TamperingCondition,
}

/// Defines the table: severity, service and condition, then the names of the events.
macro_rules! tampering_rules {
    ($($severity:ident $service:literal $condition:expr => $($name:ident)+;)+) => {
        /// The calls that reduce evidence.
        pub const TAMPERING_RULES: &[TamperingRule] = &[$(TamperingRule {
            service: $service,
            event_names: &[$(stringify!($name)),+],
            severity: Severity::$severity,
            condition: $condition,
        }),+];
    };
}

use TamperingCondition::{Always, LogBucket, Mentions};

tampering_rules! {
    Critical "cloudtrail" Always =>
        StopLogging DeleteTrail UpdateTrail PutEventSelectors DeleteEventDataStore
        StopEventDataStoreIngestion;
    High "cloudtrail" Always =>
        UpdateEventDataStore PutEventConfiguration DeleteChannel UpdateChannel
        DeregisterOrganizationDelegatedAdmin;
    Medium "cloudtrail" Always => PutInsightSelectors DeleteResourcePolicy PutResourcePolicy;
    Critical "logs" Always => DeleteLogGroup DeleteLogStream;
    High "logs" Always =>
        PutRetentionPolicy PutAccountPolicy PutDataProtectionPolicy PutTransformer DeleteDelivery
        DeleteDeliverySource DeleteDeliveryDestination;
    Medium "logs" Always =>
        DeleteAccountPolicy AssociateKmsKey DisassociateKmsKey PutLogGroupDeletionProtection
        UpdateDeliveryConfiguration PutResourcePolicy DeleteResourcePolicy DeleteDestination
        DeleteSubscriptionFilter DeleteDeliveryDestinationPolicy DeleteSyslogConfiguration;
    High "observabilityadmin" Always =>
        CreateTelemetryPipeline UpdateTelemetryPipeline DeleteTelemetryRule
        DeleteTelemetryRuleForOrganization UpdateTelemetryRule UpdateTelemetryRuleForOrganization
        DeleteCentralizationRuleForOrganization UpdateCentralizationRuleForOrganization;
    Medium "observabilityadmin" Always =>
        DeleteTelemetryPipeline CreateCentralizationRuleForOrganization StopTelemetryEvaluation
        StopTelemetryEvaluationForOrganization;
    Critical "s3" LogBucket => DeleteBucket;
    High "s3" LogBucket => PutBucketLifecycle PutBucketPolicy DeleteBucketPolicy;
    Medium "s3" LogBucket =>
        PutBucketAcl PutBucketVersioning PutBucketLogging PutBucketReplication
        DeleteBucketReplication PutBucketEncryption PutBucketObjectLockConfiguration
        PutObjectLockConfiguration;
    High "kms" Always => DisableKey ScheduleKeyDeletion DeleteImportedKeyMaterial;
    Medium "kms" Always => DisconnectCustomKeyStore;
    Low "kms" Always => PutKeyPolicy;
    High "organizations" Always =>
        LeaveOrganization RemoveAccountFromOrganization DeleteOrganization DisableAWSServiceAccess;
    Medium "organizations" Always => DeregisterDelegatedAdministrator DisablePolicyType;
    High "config" Always =>
        StopConfigurationRecorder DeleteConfigurationRecorder DeleteDeliveryChannel;
    Medium "config" Always =>
        PutConfigurationRecorder PutDeliveryChannel DeleteServiceLinkedConfigurationRecorder
        PutRetentionConfiguration DeleteConfigurationAggregator DeleteAggregationAuthorization
        DisassociateResourceTypes;
    High "guardduty" Always =>
        DeleteDetector DisassociateFromAdministratorAccount DisassociateFromMasterAccount
        DisassociateMembers DeleteMembers StopMonitoringMembers DisableOrganizationAdminAccount;
    Medium "guardduty" Always =>
        UpdateDetector UpdateMemberDetectors DeletePublishingDestination
        UpdatePublishingDestination ArchiveFindings CreateFilter UpdateFilter CreateIPSet
        UpdateIPSet CreateTrustedEntitySet UpdateTrustedEntitySet UpdateOrganizationConfiguration;
    High "securityhub" Always =>
        DisableSecurityHub DisableSecurityHubV2 DisassociateFromAdministratorAccount
        DisassociateFromMasterAccount DisassociateMembers DeleteMembers
        DisableOrganizationAdminAccount;
    Medium "securityhub" Always =>
        DisableSecurityHubFeatureV2 BatchDisableStandards DisableImportFindingsForProduct
        DeleteFindingAggregator DeleteAggregatorV2 UpdateOrganizationConfiguration;
    Medium "access-analyzer" Always => DeleteAnalyzer DeleteServiceLinkedAnalyzer UpdateAnalyzer;
    Low "access-analyzer" Always => CreateArchiveRule UpdateArchiveRule;
    Critical "ec2" Always => DeleteFlowLogs;
    Medium "ec2" Always =>
        ModifyVerifiedAccessInstanceLoggingConfiguration DeleteTrafficMirrorSession;
    Medium "ec2" Mentions(&["onnectionLog"]) => ModifyClientVpnEndpoint;
    High "route53resolver" Always =>
        DeleteResolverQueryLogConfig DisassociateResolverQueryLogConfig;
    High "route53" Always => DeleteQueryLoggingConfig;
    High "wafv2" Always => DeleteLoggingConfiguration;
    Medium "wafv2" Always => PutLoggingConfiguration;
    High "network-firewall" Always => UpdateLoggingConfiguration;
    Medium "elasticloadbalancing" Mentions(&["access_log", "accessLog", "connection_log"]) =>
        ModifyLoadBalancerAttributes;
    High "firehose" Always => DeleteDeliveryStream;
    Medium "firehose" Always => UpdateDestination;
    Medium "events" Always => DeleteArchive DeleteEventBus;
    Low "events" Always => DeleteRule DisableRule RemoveTargets;
    Medium "oam" Always => DeleteLink DeleteSink UpdateLink PutSinkPolicy;
    Critical "account" Always => DisableRegion;
    High "securitylake" Always =>
        DeleteDataLake DeleteAwsLogSource DeleteCustomLogSource
        DeleteDataLakeOrganizationConfiguration;
    Medium "securitylake" Always =>
        UpdateDataLake DeleteSubscriber DeregisterDataLakeDelegatedAdministrator;
    Medium "detective" Always => DeleteGraph DisassociateMembership;
    Medium "macie2" Always => DisableMacie;
    High "redshift" Always => DisableLogging;
    High "eks" Mentions(&["logging", "Logging"]) => UpdateClusterConfig;
    Medium "rds" Mentions(&["disableLogTypes"]) => ModifyDBInstance ModifyDBCluster;
    High "bedrock" Always => DeleteModelInvocationLoggingConfiguration;
    Medium "bedrock" Always => PutModelInvocationLoggingConfiguration;
    Medium "vpc-lattice" Always => DeleteAccessLogSubscription;
    Medium "apigateway" Mentions(&["ccessLog", "logging"]) => UpdateStage;
    Medium "ssm" Mentions(&["SessionManagerRunShell"]) => UpdateDocument;
}

impl TamperingRule {
    /// Returns the rule of a call; `None` if the table has none. A record without an event source
    /// is taken for one of the service.
    pub fn find(event_source: &str, event_name: &str) -> Option<&'static Self> {
        let service = event_source
            .split_once(".amazonaws.")
            .map_or(event_source, |(service, _)| service);
        TAMPERING_RULES.iter().find(|rule| {
            (service.is_empty() || rule.service == service)
                && rule.event_names.contains(&event_name)
        })
    }

    /// Returns whether a call with these request parameters, as JSON, counts.
    pub fn applies_to(&self, request_parameters: &str) -> bool {
        let is_unknown = request_parameters.is_empty() || request_parameters == "null";
        match self.condition {
            Always | LogBucket => true,
            Mentions(texts) => {
                is_unknown || texts.iter().any(|text| request_parameters.contains(text))
            }
        }
    }

    /// Returns the severity of a call with this event name about this resource, as it is reported.
    /// `is_log_bucket` says whether a log source is known to deliver to a bucket.
    pub fn severity_of(
        event_name: &str,
        resource: &str,
        is_log_bucket: impl FnOnce(&str) -> bool,
    ) -> Severity {
        let named = TAMPERING_RULES
            .iter()
            .filter(|rule| rule.event_names.contains(&event_name));
        match named.max_by_key(|rule| rule.severity) {
            Some(rule) if rule.condition == LogBucket => {
                if resource.is_empty()
                    || has_name_of_log_bucket(resource)
                    || is_log_bucket(resource)
                {
                    rule.severity
                } else {
                    Severity::Low
                }
            }
            Some(rule) => rule.severity,
            // A log stream that imitates those of a trail.
            None => Severity::High,
        }
    }
}

/// Returns the event names of the table, sorted.
pub fn tampering_event_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = TAMPERING_RULES
        .iter()
        .flat_map(|rule| rule.event_names)
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a bucket of this name probably stores logs.
fn has_name_of_log_bucket(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["log", "trail", "audit", "securitylake", "aws-config"]
        .iter()
        .any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn each_name_is_in_the_table_once_per_service() {
        let mut seen = std::collections::BTreeSet::new();
        for rule in TAMPERING_RULES {
            for name in rule.event_names {
                assert!(seen.insert((rule.service, name)), "{} {name}", rule.service);
            }
        }
    }

    /// The service is not stored with a call, so the name alone must give its severity.
    #[test]
    fn a_name_has_one_severity_and_condition() {
        let mut by_name = BTreeMap::new();
        for rule in TAMPERING_RULES {
            for name in rule.event_names {
                let known = *by_name
                    .entry(name)
                    .or_insert((rule.severity, rule.condition));
                assert_eq!(known, (rule.severity, rule.condition), "{name}");
            }
        }
    }

    #[test]
    fn only_the_service_itself_counts() {
        let found = |source, name| TamperingRule::find(source, name).map(|rule| rule.severity);
        let critical = Some(Severity::Critical);
        assert_eq!(found("cloudtrail.amazonaws.com", "StopLogging"), critical);
        assert_eq!(
            found("cloudtrail.amazonaws.com.cn", "StopLogging"),
            critical
        );
        assert_eq!(found("", "StopLogging"), critical);
        assert_eq!(found("s3.amazonaws.com", "StopLogging"), None);
        assert_eq!(
            found("elasticloadbalancing.amazonaws.com", "DeleteRule"),
            None
        );
        assert_eq!(
            found("events.amazonaws.com", "DeleteRule"),
            Some(Severity::Low)
        );
    }

    #[test]
    fn conditions_look_at_the_request() {
        let rule = TamperingRule::find("eks.amazonaws.com", "UpdateClusterConfig").unwrap();
        assert!(rule.applies_to(r#"{"logging":{"clusterLogging":[{"enabled":false}]}}"#));
        assert!(rule.applies_to("null"));
        assert!(!rule.applies_to(r#"{"resourcesVpcConfig":{}}"#));
        let severity = |bucket: &str| {
            TamperingRule::severity_of("PutBucketPolicy", bucket, |name| name == "evidence")
        };
        assert_eq!(severity("acme-trails"), Severity::High);
        assert_eq!(severity("evidence"), Severity::High);
        assert_eq!(severity(""), Severity::High);
        assert_eq!(severity("website"), Severity::Low);
    }
}
