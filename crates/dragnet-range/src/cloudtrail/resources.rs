//! The resources that a record refers to, as the event history lists them.
//!
//! AWS does not document which members of a record become resources, and many records have none
//! although they name a resource. So a resource is listed only if the member is known to become one.
//!
//! Sources: CloudTrail API, `Resource` (trails, instances, access keys); CloudTrail user guide,
//! "Looking up events by attribute" (the name of a role, `AWS::S3::Bucket`); published output of
//! `lookup-events` for `AssumeRole`, which lists the access key, the session and the role.

use serde_json::Value;

use super::Record;

/// A resource of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) kind: &'static str,
    pub(super) name: String,
}

/// The service, the member of the request or response, and the type of the resource that it names.
const RESOURCE_MEMBERS: [(&str, &str, &str); 13] = [
    ("cloudtrail", "name", "AWS::CloudTrail::Trail"),
    ("ec2", "groupId", "AWS::EC2::SecurityGroup"),
    ("ec2", "instanceId", "AWS::EC2::Instance"),
    ("iam", "accessKeyId", "AWS::IAM::AccessKey"),
    ("iam", "groupName", "AWS::IAM::Group"),
    ("iam", "policyArn", "AWS::IAM::Policy"),
    ("iam", "roleName", "AWS::IAM::Role"),
    ("iam", "userName", "AWS::IAM::User"),
    ("s3", "bucketName", "AWS::S3::Bucket"),
    ("sts", "accessKeyId", "AWS::IAM::AccessKey"),
    ("sts", "assumedRoleId", "AWS::STS::AssumedRole"),
    ("sts", "roleArn", "AWS::IAM::Role"),
    ("sts", "roleSessionName", "AWS::STS::AssumedRole"),
];

/// The resources of a record, each once.
pub(super) fn referenced_resources(record: &Record) -> Vec<Resource> {
    let mut found = Vec::new();
    for members in [&record.request, &record.response] {
        collect_resources(&record.service, members, &mut found);
    }
    found
}

fn collect_resources(service: &str, value: &Value, found: &mut Vec<Resource>) {
    let Value::Object(members) = value else {
        return;
    };
    for (member, value) in members {
        let Some((kind, name)) = resource_type(service, member).zip(value.as_str()) else {
            collect_resources(service, value, found);
            continue;
        };
        let name = name.to_owned();
        let resource = Resource { kind, name };
        if !found.contains(&resource) {
            found.push(resource);
        }
    }
}

/// The type of the resource that a member names, if it names one.
fn resource_type(service: &str, member: &str) -> Option<&'static str> {
    RESOURCE_MEMBERS
        .iter()
        .find(|(of_service, name, _)| *of_service == service && *name == member)
        .map(|(_, _, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_members_become_resources_once_at_any_depth() {
        let mut found = Vec::new();
        let value = json!({
            "userName": "mallory",
            "accessKey": { "accessKeyId": "AKIAX", "userName": "mallory", "status": "Active" },
            "roleArn": "not a member of IAM",
        });
        collect_resources("iam", &value, &mut found);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.kind, one.name.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("AWS::IAM::AccessKey", "AKIAX"),
                ("AWS::IAM::User", "mallory")
            ]
        );
    }
}
