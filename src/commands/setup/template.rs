//! The CloudFormation template, preceded by the commands that deploy it with the current settings.
//!
//! StackSets do not deploy to the management account, so that account has a separate template.

use std::io::{self, Write};

use super::role_names;
use crate::cli::CloudformationArguments;
use crate::config::Config;

/// Roles, parameters and conditions; the text ends with the list of resources.
const ROLES: &str = include_str!("../../../config/roles/roles.yaml");
/// An additional resource for the management account.
const ORGANIZATION_ROLE: &str = include_str!("../../../config/roles/organization-role.yaml");

/// Writes the template of the member accounts or of the management account.
pub(super) fn write(
    config: &Config,
    arguments: &CloudformationArguments,
    out: &mut dyn Write,
) -> io::Result<()> {
    let parameters = parameters(config, &arguments.log_buckets.arns);
    let commands = if arguments.management {
        stack_commands(&parameters)
    } else {
        stack_set_commands(&parameters)
    };
    for line in commands {
        writeln!(out, "# {line}")?;
    }
    out.write_all(ROLES.as_bytes())?;
    if arguments.management {
        out.write_all(ORGANIZATION_ROLE.as_bytes())?;
    }
    Ok(())
}

/// Returns the parameters whose values differ from their defaults, and the one without a default.
fn parameters(config: &Config, log_buckets: &[String]) -> Vec<(&'static str, String)> {
    let identity = &config.identity;
    let hub = identity.role_chain.last().map(ToString::to_string);
    let has_hub = hub.is_some();
    let mut parameters = vec![(
        "TrustedPrincipal",
        hub.unwrap_or_else(|| "ARN-OF-THE-CALLER".to_owned()),
    )];
    parameters.extend(
        identity
            .external_id
            .iter()
            .map(|id| ("ExternalId", id.to_string())),
    );
    if identity.mfa_serial.is_some() && !has_hub {
        parameters.push(("RequireMfa", "true".to_owned()));
    }
    let (read, contain) = role_names(config);
    for (role, default_name, name_key, path_key) in [
        (&read, "DragnetRead", "ReadRoleName", "ReadRolePath"),
        (
            &contain,
            "DragnetContain",
            "ContainRoleName",
            "ContainRolePath",
        ),
    ] {
        let (path, name) = role
            .rsplit_once('/')
            .map_or(("", role.as_str()), |(path, name)| (path, name));
        if name != default_name {
            parameters.push((name_key, name.to_owned()));
        }
        if !path.is_empty() {
            parameters.push((path_key, format!("/{path}/")));
        }
    }
    if !log_buckets.is_empty() {
        parameters.push(("LogBucketArns", log_buckets.join(",")));
    }
    parameters
}

/// Quotes a word that a shell would change: ARNs of buckets can have wildcards.
fn quote_for_shell(word: String) -> String {
    if word.contains(['*', '?', '\\']) {
        format!("'{word}'")
    } else {
        word
    }
}

fn stack_set_commands(parameters: &[(&'static str, String)]) -> Vec<String> {
    let values: Vec<String> = parameters
        .iter()
        .map(|(key, value)| {
            // The shorthand syntax of the AWS CLI separates the members of a structure by commas.
            let parameter = format!(
                "ParameterKey={key},ParameterValue={}",
                value.replace(',', "\\,")
            );
            quote_for_shell(parameter)
        })
        .collect();
    vec![
        "The roles of Dragnet for every member account. Run in the management or a delegated administrator account:"
            .to_owned(),
        "  aws cloudformation create-stack-set --stack-set-name dragnet --template-body file://FILE \\".to_owned(),
        "    --capabilities CAPABILITY_NAMED_IAM --permission-model SERVICE_MANAGED \\".to_owned(),
        "    --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false \\".to_owned(),
        format!("    --parameters {}", values.join(" ")),
        "  aws cloudformation create-stack-instances --stack-set-name dragnet --regions us-east-1 \\".to_owned(),
        "    --deployment-targets OrganizationalUnitIds=ID-OF-THE-ROOT-OR-OU".to_owned(),
        "StackSets do not deploy to the management account. For that, use: dragnet setup cloudformation --management".to_owned(),
    ]
}

fn stack_commands(parameters: &[(&'static str, String)]) -> Vec<String> {
    let values: Vec<String> = parameters
        .iter()
        .map(|(key, value)| quote_for_shell(format!("{key}={value}")))
        .collect();
    vec![
        "The roles of Dragnet for the management account, to which StackSets do not deploy. Run in that account:"
            .to_owned(),
        "  aws cloudformation deploy --stack-name dragnet --template-file FILE --capabilities CAPABILITY_NAMED_IAM \\"
            .to_owned(),
        format!("    --parameter-overrides {}", values.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::cli::{LogBucketArguments, PolicyIdentity};
    use crate::commands::setup::policy;
    use dragnet_model::Operation;

    fn written(config: &str, management: bool) -> String {
        written_for(config, management, &[])
    }

    fn written_for(config: &str, management: bool, buckets: &[&str]) -> String {
        let mut out = Vec::new();
        let arguments = CloudformationArguments {
            management,
            log_buckets: LogBucketArguments {
                arns: buckets.iter().map(ToString::to_string).collect(),
            },
        };
        let config = Config::from_toml(config, "x").unwrap();
        write(&config, &arguments, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Returns the actions of the statements of a policy, sorted.
    fn actions_of(policy: &Value) -> Vec<String> {
        let statements = policy["Statement"].as_array().unwrap();
        let mut actions: Vec<String> = statements
            .iter()
            .flat_map(|statement| statement["Action"].as_array().unwrap())
            .map(|action| action.as_str().unwrap().to_owned())
            .collect();
        actions.sort();
        actions
    }

    /// Returns the actions that the policies of a role allow, sorted.
    fn actions(template: &Value, role: &str) -> Vec<String> {
        let policies = template["Resources"][role]["Properties"]["Policies"].as_array();
        let [policy] = &policies.unwrap()[..] else {
            panic!("one policy")
        };
        actions_of(&policy["PolicyDocument"])
    }

    #[test]
    fn roles_allow_exactly_the_called_operations() {
        let template: Value = serde_saphyr::from_str(&written("", true)).unwrap();
        for (role, identity) in [
            ("ReadRole", PolicyIdentity::Read),
            ("ContainRole", PolicyIdentity::Contain),
        ] {
            let printed = serde_json::to_value(policy(identity, &[], &Config::default())).unwrap();
            assert_eq!(actions(&template, role), actions_of(&printed), "{role}");
        }
        let bucket = ["arn:aws:s3:::logs".to_owned()];
        let printed = policy(PolicyIdentity::Read, &bucket, &Config::default());
        let mut with_buckets = actions(&template, "ReadRole");
        let on_buckets = &template["Resources"]["ReadBuckets"]["Properties"]["PolicyDocument"];
        with_buckets.extend(actions_of(on_buckets));
        with_buckets.sort();
        assert_eq!(
            with_buckets,
            actions_of(&serde_json::to_value(printed).unwrap())
        );
        assert_eq!(
            actions(&template, "OrganizationRole"),
            Operation::ORGANIZATION.map(|operation| operation.action().unwrap())
        );
        assert!(
            Operation::CONTAIN
                .iter()
                .all(|operation| operation.action().unwrap().starts_with("iam:"))
        );
    }

    #[test]
    fn member_template_has_no_organization_role() {
        let template: Value = serde_saphyr::from_str(&written("", false)).unwrap();
        let roles: Vec<&String> = template["Resources"].as_object().unwrap().keys().collect();
        assert_eq!(roles, ["ContainRole", "ReadBuckets", "ReadRole"]);
    }

    #[test]
    fn buckets_become_a_parameter() {
        let buckets = ["arn:aws:s3:::trail", "arn:aws:s3:::flow-*"];
        let stack_set = written_for("", false, &buckets);
        let parameter =
            r"'ParameterKey=LogBucketArns,ParameterValue=arn:aws:s3:::trail\,arn:aws:s3:::flow-*'";
        assert!(stack_set.contains(parameter), "{stack_set}");
        let stack = written_for("", true, &buckets);
        let parameter = "'LogBucketArns=arn:aws:s3:::trail,arn:aws:s3:::flow-*'";
        assert!(stack.contains(parameter), "{stack}");
        assert!(!written("", false).contains("ParameterKey=LogBucketArns"));
    }

    #[test]
    fn settings_become_parameters() {
        let hub = "[identity]\nrole_chain = [\"arn:aws:iam::222222222222:role/Hub\"]\nexternal_id = \"between-us\"\nmfa_serial = \"arn:aws:iam::111111111111:mfa/alice\"";
        let template = written(hub, true);
        assert!(
            template.contains(
                "TrustedPrincipal=arn:aws:iam::222222222222:role/Hub ExternalId=between-us\n"
            ),
            "{template}"
        );
        let direct = written(
            "[identity]\nmfa_serial = \"arn:aws:iam::111111111111:mfa/alice\"\nmember_role = \"sec/Audit\"",
            false,
        );
        for part in [
            "RequireMfa,ParameterValue=true",
            "ReadRoleName,ParameterValue=Audit",
            "ReadRolePath,ParameterValue=/sec/",
        ] {
            assert!(
                direct.contains(&format!("ParameterKey={part}")),
                "{part}: {direct}"
            );
        }
    }
}
