//! Reads the trust policy of a role: who may assume it, which shows what it is used for.

use serde_json::Value;

/// AWS services that deliver logs and configuration records with a role. To deny such a role stops
/// the evidence of an incident.
///
/// Sources: CloudTrail user guide, "Role policy document for CloudTrail to use CloudWatch Logs for
/// monitoring"; AWS Config developer guide, "Permissions for the IAM role assigned to AWS Config";
/// Data Firehose developer guide, "Controlling access"; CloudWatch Logs user guide, "Log
/// group-level subscription filters" (also `logs.REGION.amazonaws.com`); VPC user guide, "IAM role
/// for publishing flow logs to CloudWatch Logs"; Security Lake user guide, "Managing roles".
const EVIDENCE_SERVICES: [&str; 6] = [
    "cloudtrail",
    "config",
    "firehose",
    "logs",
    "securitylake",
    "vpc-flow-logs",
];

/// What runs with a role that a service may assume, and what stops when the role is denied.
///
/// Source: the user guide of each service, "Using IAM roles" or "Service roles".
const WORKLOAD_SERVICES: [(&str, &str, &str); 13] = [
    (
        "batch",
        "AWS Batch",
        "jobs are not started, and compute environments are not scaled",
    ),
    (
        "cloudformation",
        "CloudFormation",
        "stacks with this service role cannot be updated or deleted",
    ),
    (
        "codebuild",
        "CodeBuild",
        "builds with this role fail, and deployments that need them stop",
    ),
    (
        "codepipeline",
        "CodePipeline",
        "pipelines with this role stop",
    ),
    (
        "ec2",
        "EC2",
        "every instance with this role loses access to AWS, which includes Systems Manager and log shipping",
    ),
    (
        "ecs-tasks",
        "ECS tasks",
        "running tasks lose access to AWS; with a task execution role, new tasks cannot pull images or write logs",
    ),
    (
        "eks",
        "EKS",
        "the cluster cannot manage its network interfaces and load balancers",
    ),
    ("glue", "Glue", "jobs and crawlers with this role fail"),
    (
        "lambda",
        "Lambda",
        "every invocation of its functions runs without access to AWS, which includes writing logs",
    ),
    (
        "pods.eks",
        "EKS Pod Identity",
        "every pod with this role loses access to AWS",
    ),
    (
        "sagemaker",
        "SageMaker AI",
        "its notebooks, jobs and endpoints lose access to AWS",
    ),
    (
        "ssm",
        "Systems Manager",
        "its automations and managed nodes fail",
    ),
    (
        "states",
        "Step Functions",
        "executions of its state machines fail",
    ),
];

/// What runs with a role, and what a deny stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Workload {
    pub name: &'static str,
    pub impact: &'static str,
}

/// Returns the principals of the statements that allow something.
pub(super) fn trusted_principals(policy: &str) -> Vec<String> {
    let allowing = allowing_principals(policy);
    let mut trusted: Vec<String> = allowing.iter().flat_map(texts).collect();
    trusted.sort();
    trusted.dedup();
    trusted
}

/// Returns the first service that may assume the role to deliver logs or configuration records.
pub(super) fn evidence_service(policy: &str) -> Option<String> {
    let services = trusted_of_type(policy, "Service");
    services.into_iter().find(|service| {
        EVIDENCE_SERVICES
            .iter()
            .any(|name| is_service(service, name))
    })
}

/// Returns what runs with the role, according to its trust policy.
pub(super) fn workloads(policy: &str) -> Vec<Workload> {
    let services = trusted_of_type(policy, "Service");
    let is_trusted = |name: &str| services.iter().any(|service| is_service(service, name));
    let mut found: Vec<Workload> = WORKLOAD_SERVICES
        .iter()
        .filter(|workload| is_trusted(workload.0))
        .map(|&(_, name, impact)| Workload { name, impact })
        .collect();
    // Source: EKS user guide, "IAM roles for service accounts": the provider is
    // `oidc.eks.REGION.amazonaws.com/id/…`.
    let providers = trusted_of_type(policy, "Federated");
    if providers
        .iter()
        .any(|provider| provider.contains("oidc-provider/oidc.eks."))
    {
        found.push(Workload {
            name: "EKS service accounts (IRSA)",
            impact: "every pod with this role loses access to AWS",
        });
    }
    found
}

/// Whether a service principal is that of a service, in any Region and partition:
/// `logs.amazonaws.com`, `logs.eu-west-1.amazonaws.com`, `logs.cn-north-1.amazonaws.com.cn`.
///
/// Source: IAM user guide, "AWS JSON policy elements: Principal", section "AWS service principals".
fn is_service(principal: &str, service: &str) -> bool {
    let principal = principal.to_ascii_lowercase();
    let Some((name, _)) = principal.split_once(".amazonaws.") else {
        return false;
    };
    let Some(rest) = name.strip_prefix(service) else {
        return false;
    };
    // Only the name of a Region may follow, and it has digits: `eu-west-1`.
    rest.is_empty()
        || rest.strip_prefix('.').is_some_and(|region| {
            region.contains('-') && region.ends_with(|c: char| c.is_ascii_digit())
        })
}

/// Returns the allowed principals of one type, such as `Service`.
fn trusted_of_type(policy: &str, kind: &str) -> Vec<String> {
    let allowing = allowing_principals(policy);
    let of_kind = allowing.iter().filter_map(|principal| principal.get(kind));
    of_kind.flat_map(texts).collect()
}

/// Returns the `Principal` elements of the statements that allow something.
fn allowing_principals(policy: &str) -> Vec<Value> {
    let Ok(Value::Object(mut policy)) = serde_json::from_str(policy) else {
        return Vec::new();
    };
    let statements = match policy.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let allowing = statements.iter().filter(|statement| {
        statement
            .get("Effect")
            .is_some_and(|effect| effect == "Allow")
    });
    allowing
        .filter_map(|statement| statement.get("Principal").cloned())
        .collect()
}

/// Returns all texts of a JSON value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusting(principal: &str) -> String {
        format!(
            r#"{{"Statement":[{{"Effect":"Deny","Principal":"*"}},{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}]}}"#
        )
    }

    #[test]
    fn log_delivery_is_recognised_in_every_region_and_partition() {
        for service in [
            r#""cloudtrail.amazonaws.com""#,
            r#"["ec2.amazonaws.com","vpc-flow-logs.amazonaws.com"]"#,
            r#""logs.eu-west-1.amazonaws.com""#,
            r#""logs.cn-north-1.amazonaws.com.cn""#,
            r#""Config.amazonaws.com""#,
        ] {
            let policy = trusting(&format!(r#"{{"Service":{service}}}"#));
            assert!(evidence_service(&policy).is_some(), "{policy}");
        }
        for other in [
            r#"{"Service":"ec2.amazonaws.com"}"#,
            r#"{"Service":"config-multiaccountsetup.amazonaws.com"}"#,
            r#"{"Service":"logs.example.com"}"#,
            r#"{"AWS":"arn:aws:iam::111111111111:role/cloudtrail.amazonaws.com"}"#,
            r#""*""#,
        ] {
            assert_eq!(evidence_service(&trusting(other)), None, "{other}");
        }
        assert_eq!(evidence_service("not JSON"), None);
    }

    #[test]
    fn workloads_are_recognised_by_who_may_assume_the_role() {
        let names = |principal: &str| -> Vec<&'static str> {
            workloads(&trusting(principal))
                .into_iter()
                .map(|workload| workload.name)
                .collect()
        };
        assert_eq!(
            names(r#"{"Service":["lambda.amazonaws.com","ec2.amazonaws.com.cn"]}"#),
            ["EC2", "Lambda"]
        );
        assert_eq!(
            names(r#"{"Service":"pods.eks.amazonaws.com"}"#),
            ["EKS Pod Identity"]
        );
        let irsa = r#"{"Federated":"arn:aws:iam::111111111111:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/X"}"#;
        assert_eq!(names(irsa), ["EKS service accounts (IRSA)"]);
        assert_eq!(names(r#"{"AWS":"111111111111"}"#), [""; 0]);
    }
}
