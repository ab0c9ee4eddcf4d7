//! IAM policy documents that Dragnet writes. They allow only what is listed.

use std::fmt;

use serde::Serialize;

use super::Operation;

/// A policy that allows certain actions on certain resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: Vec<Allow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Allow {
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

/// What must hold for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Condition {
    string_like: StringLike,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct StringLike {
    #[serde(rename = "kms:ViaService")]
    via_service: &'static str,
}

/// S3 in every Region and partition.
///
/// Source: KMS developer guide, "Condition keys for AWS KMS", `kms:ViaService`:
/// `s3.REGION.amazonaws.com`.
const VIA_S3: Condition = Condition {
    string_like: StringLike {
        via_service: "s3.*",
    },
};

impl Policy {
    /// The longest session policy that STS accepts, in characters.
    ///
    /// Source: STS API, `AssumeRole`, `Policy`; a packed form, whose limit is not published, is
    /// checked too.
    pub const SESSION_LIMIT: usize = 2_048;

    /// Allows these actions on every resource. The actions are sorted.
    pub fn allowing(actions: impl IntoIterator<Item = &'static str>) -> Self {
        let mut action: Vec<_> = actions.into_iter().collect();
        action.sort_unstable();
        action.dedup();
        Self {
            version: "2012-10-17",
            statement: vec![Allow {
                effect: "Allow",
                action,
                resource: vec!["*".to_owned()],
                condition: None,
            }],
        }
    }

    /// Allows the actions of these operations on every resource. Keys decrypt only what S3 returns.
    pub fn for_operations(operations: &[Operation]) -> Self {
        let calls = operations
            .iter()
            .filter(|operation| **operation != Operation::Decrypt);
        let policy = Self::allowing(calls.filter_map(|operation| operation.action()));
        if !operations.contains(&Operation::Decrypt) {
            return policy;
        }
        let mut decryption = Self::allowing(Operation::Decrypt.action());
        for allow in &mut decryption.statement {
            allow.condition = Some(VIA_S3);
        }
        policy.merged_with(decryption)
    }

    /// Allows the actions of these operations: those on buckets only for the buckets with these ARNs and
    /// the objects in them, and all others on every resource.
    pub fn for_buckets(operations: &[Operation], bucket_arns: &[String]) -> Self {
        let (on_buckets, others): (Vec<Operation>, Vec<Operation>) = operations
            .iter()
            .partition(|operation| Operation::BUCKET.contains(operation));
        let policy = Self::for_operations(&others);
        if bucket_arns.is_empty() || on_buckets.is_empty() {
            return policy;
        }
        let resources: Vec<String> = bucket_arns
            .iter()
            .flat_map(|arn| [arn.clone(), format!("{arn}/*")])
            .collect();
        let mut on_buckets = Self::for_operations(&on_buckets);
        for allow in &mut on_buckets.statement {
            // The statement with a condition is about keys, whose ARNs no bucket names.
            if allow.condition.is_none() {
                allow.resource.clone_from(&resources);
            }
        }
        policy.merged_with(on_buckets)
    }

    /// Allows what a session needs that queries Athena over the objects of these buckets. Athena reads the tables
    /// and the objects, and writes the results, with the permissions of its caller. `results` is the ARN of a
    /// bucket and the prefix of the results in it, if Athena does not manage them.
    ///
    /// Source: Amazon Athena user guide, "Control access to Amazon S3 from Athena", "AWS managed policies for
    /// Amazon Athena".
    pub fn for_athena(bucket_arns: &[String], results: Option<(String, &str)>) -> Self {
        let operations = [&Operation::ATHENA[..], &[Operation::Decrypt]].concat();
        let catalog = [
            "glue:GetDatabase",
            "glue:GetPartition",
            "glue:GetPartitions",
            "glue:GetTable",
        ];
        let objects = ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"];
        let logs: Vec<String> = bucket_arns
            .iter()
            .flat_map(|arn| [arn.clone(), format!("{arn}/*")])
            .collect();
        let policy = Self::for_operations(&operations)
            .merged_with(Self::allowing(catalog))
            .merged_with(Self::allowing(objects).with_resources(&logs));
        let Some((bucket, prefix)) = results else {
            return policy;
        };
        let written = objects.into_iter().chain([
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
        ]);
        let kept = [bucket.clone(), format!("{bucket}/{prefix}*")];
        policy.merged_with(Self::allowing(written).with_resources(&kept))
    }

    /// Restricts the policy to these resources.
    #[must_use]
    pub fn with_resources(mut self, resources: &[String]) -> Self {
        for allow in &mut self.statement {
            allow.resource = resources.to_vec();
        }
        self
    }

    /// Combines the statements of both policies.
    #[must_use]
    pub fn merged_with(mut self, other: Self) -> Self {
        self.statement.extend(other.statement);
        self
    }
}

/// The policy as JSON in one line.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_sorted_and_listed_once() {
        let operations = [
            Operation::StopQuery,
            Operation::GetCallerIdentity,
            Operation::DescribeTrails,
            Operation::StopQuery,
        ];
        assert_eq!(
            Policy::for_operations(&operations).to_string(),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:DescribeTrails","logs:StopQuery"],"Resource":["*"]}]}"#
        );
    }

    #[test]
    fn athena_writes_nothing_but_results() {
        let logs = ["arn:aws:s3:::logs".to_owned()];
        let managed = Policy::for_athena(&logs, None).to_string();
        assert!(!managed.contains("Put") && managed.contains("arn:aws:s3:::logs/*"));
        let results = ("arn:aws:s3:::results".to_owned(), "dragnet/");
        let policy = Policy::for_athena(&logs, Some(results)).to_string();
        let (_, written) = policy.split_once("s3:PutObject").unwrap();
        let kept = r#""],"Resource":["arn:aws:s3:::results","arn:aws:s3:::results/dragnet/*"]}]}"#;
        assert_eq!(written, kept, "{policy}");
        assert!(policy.len() <= Policy::SESSION_LIMIT);
    }

    #[test]
    fn keys_decrypt_only_for_s3() {
        let policy = Policy::for_operations(&[Operation::Decrypt, Operation::GetObject]);
        assert_eq!(
            policy.to_string(),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["*"]},{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["*"],"Condition":{"StringLike":{"kms:ViaService":"s3.*"}}}]}"#
        );
    }

    #[test]
    fn buckets_limit_the_operations_on_buckets_alone() {
        let operations = [
            Operation::DescribeRegions,
            Operation::Decrypt,
            Operation::GetObject,
        ];
        let none = Policy::for_buckets(&operations, &[]).to_string();
        let regions = r#"{"Effect":"Allow","Action":["ec2:DescribeRegions"],"Resource":["*"]}"#;
        assert_eq!(
            none,
            format!(r#"{{"Version":"2012-10-17","Statement":[{regions}]}}"#)
        );
        let one = Policy::for_buckets(&operations, &["arn:aws:s3:::logs".to_owned()]).to_string();
        let objects = r#"{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]}"#;
        let keys = r#"{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["*"],"Condition":{"StringLike":{"kms:ViaService":"s3.*"}}}"#;
        assert_eq!(
            one,
            format!(r#"{{"Version":"2012-10-17","Statement":[{regions},{objects},{keys}]}}"#)
        );
    }

    /// A query and a report about the used services are the only things that may be started.
    #[test]
    fn commands_that_search_only_read() {
        // These start and stop searches and reports, or read under another verb.
        let others = [
            Operation::StartQuery,
            Operation::StopQuery,
            Operation::GenerateServiceLastAccessedDetails,
            Operation::LookupEvents,
            Operation::HeadBucket,
            Operation::Decrypt,
        ];
        let lists = [
            &Operation::SWEEP[..],
            &Operation::SOURCES,
            &Operation::ORGANIZATION,
            &Operation::SURVEY,
        ];
        for operation in lists.concat() {
            let reads = ["Describe", "Filter", "Get", "List"]
                .iter()
                .any(|verb| operation.as_str().starts_with(verb));
            assert!(reads || others.contains(&operation), "{operation}");
        }
    }

    /// The packed form, whose limit is not published, is why a third must stay free.
    #[test]
    fn every_set_of_operations_that_is_sent_fits_a_session_policy() {
        let with_survey = [&Operation::SWEEP[..], &Operation::SURVEY].concat();
        for operations in [
            &with_survey[..],
            &Operation::ORGANIZATION,
            &Operation::CONTAIN,
        ] {
            let length = Policy::for_operations(operations).to_string().len();
            assert!(length < Policy::SESSION_LIMIT * 2 / 3, "{length}");
        }
    }
}
