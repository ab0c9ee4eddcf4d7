//! The AWS managed policies that scenarios use, reduced to actions that the range implements.

use std::sync::{Arc, LazyLock};

use crate::policy::{Document, PolicyKind};

/// The name and document of each policy.
///
/// Source: AWS managed policy reference; AWS attaches the quarantine policy to a user whose key
/// leaked.
const POLICIES: [(&str, &str); 4] = [
    (
        "AdministratorAccess",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
    ),
    (
        "ReadOnlyAccess",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*","Action":["logs:Describe*","logs:Get*","logs:List*","logs:FilterLogEvents","logs:StartQuery","logs:StopQuery","ec2:Describe*","iam:Get*","iam:List*","cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*","cloudtrail:LookupEvents","organizations:Describe*","organizations:List*","s3:Get*","s3:List*","sts:Get*"]}}"#,
    ),
    (
        "AWSDenyAll",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":["*"],"Resource":"*"}]}"#,
    ),
    (
        "AWSCompromisedKeyQuarantineV3",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Resource":"*","Action":["iam:AttachUserPolicy","iam:CreateAccessKey","iam:CreateRole","iam:CreateUser","iam:PutUserPolicy","iam:UpdateAccessKey","organizations:CreateAccount"]}}"#,
    ),
];

static DOCUMENTS: LazyLock<Vec<(&str, Arc<Document>)>> = LazyLock::new(|| {
    let parsed = POLICIES
        .iter()
        .map(|(name, text)| Some((*name, Document::parse(text, PolicyKind::Identity).ok()?)));
    parsed
        .flatten()
        .map(|(name, document)| (name, Arc::new(document)))
        .collect()
});

/// Returns the document of an AWS managed policy by its ARN, or `None` for a policy that the range
/// does not have. Such a policy neither allows nor denies anything.
pub(crate) fn managed_policy(arn: &str) -> Option<Arc<Document>> {
    let name = arn.rsplit_once("policy/")?.1;
    let name = name.rsplit('/').next().unwrap_or(name);
    DOCUMENTS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, document)| Arc::clone(document))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_can_be_read() {
        assert_eq!(DOCUMENTS.len(), POLICIES.len());
        assert!(managed_policy("arn:aws:iam::aws:policy/AdministratorAccess").is_some());
        assert!(managed_policy("arn:aws:iam::aws:policy/Other").is_none());
    }
}
