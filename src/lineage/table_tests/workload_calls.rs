//! The calls that run code with a role.

use serde_json::{Value, json};

use super::Case;

pub(super) fn workload_calls() -> Vec<Case> {
    let instance = "instance i-1 in 111111111111";
    let function = json!({"functionName": "f", "role": "arn:aws:iam::111111111111:role/L"});
    let shown_function = "function f with role L in 111111111111";
    let profile = json!({"AssociateIamInstanceProfileRequest": {"InstanceId": "i-1"}});
    let replaced = json!({"ReplaceIamInstanceProfileAssociationResponse": {
        "iamInstanceProfileAssociation": {"instanceId": "i-1"},
    }});
    vec![
        (
            "ec2",
            "RunInstances",
            json!({"iamInstanceProfile": {"name": "P"}}),
            json!({"instancesSet": {"items": [{"instanceId": "i-1"}]}}),
            instance,
        ),
        (
            "ec2",
            "AssociateIamInstanceProfile",
            profile,
            Value::Null,
            instance,
        ),
        (
            "ec2",
            "ReplaceIamInstanceProfileAssociation",
            Value::Null,
            replaced,
            instance,
        ),
        (
            "lambda",
            "CreateFunction",
            function.clone(),
            function.clone(),
            shown_function,
        ),
        (
            "lambda",
            "UpdateFunctionCode",
            json!({"functionName": "f"}),
            function.clone(),
            shown_function,
        ),
        (
            "lambda",
            "UpdateFunctionConfiguration",
            function.clone(),
            function.clone(),
            shown_function,
        ),
        (
            "lambda",
            "AddPermission",
            function.clone(),
            Value::Null,
            "f (AddPermission)",
        ),
        (
            "lambda",
            "CreateFunctionUrlConfig",
            function,
            Value::Null,
            "f (CreateFunctionUrlConfig)",
        ),
        (
            "cloudformation",
            "CreateStack",
            json!({"stackName": "s"}),
            Value::Null,
            "s (CreateStack)",
        ),
    ]
}
