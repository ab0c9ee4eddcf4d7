//! `dragnet setup`: prints the least-privilege roles to deploy in every account. They are generated
//! from the same list of operations that Dragnet calls.

mod athena;
mod lake_query;
mod template;

use std::io::Write;

use jiff::Timestamp;

use super::CommandError;
use super::host_environment::HostEnvironment;
use crate::cli::{GlobalArguments, PolicyIdentity, SetupCommand, load_config};
use crate::config::{Config, MemberRole};
use crate::report::write_json;
use dragnet_model::{Operation, Partition, Policy};

/// Prints a policy or a template without deploying it.
pub(super) fn setup(
    global: &GlobalArguments,
    command: &SetupCommand,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    // The roles do not depend on the time.
    let mut config = load_config(global, &host.resolve_context(Timestamp::UNIX_EPOCH))?;
    if let Some(roles) = global.member_roles()? {
        config.identity.member_role = roles;
    }
    match command {
        SetupCommand::Policy(arguments) => {
            let buckets = &arguments.log_buckets.arns;
            write_json(&policy(arguments.identity, buckets, &config), &mut *out)?;
        }
        SetupCommand::Cloudformation(arguments) => {
            template::write(&config, arguments, out)?;
        }
        SetupCommand::Athena(arguments) => athena::write(&config, arguments, out)?,
        SetupCommand::LakeQuery(arguments) => lake_query::write(&arguments.indicators, out)?,
    }
    Ok(())
}

fn policy(identity: PolicyIdentity, log_buckets: &[String], config: &Config) -> Policy {
    match identity {
        PolicyIdentity::Read => {
            let operations = [
                &Operation::SWEEP[..],
                &Operation::SOURCES,
                &Operation::SURVEY,
            ]
            .concat();
            Policy::for_buckets(&operations, log_buckets)
        }
        PolicyIdentity::Contain => Policy::for_operations(&Operation::CONTAIN),
        PolicyIdentity::Source => {
            let (read, contain) = role_names(config);
            let partition = config.identity.partition().unwrap_or(Partition::Aws);
            let arn = |name: &str| format!("arn:{partition}:iam::*:role/{name}");
            let mut roles = vec![arn(&read)];
            let others = config.identity.member_role.roles().skip(1);
            roles.extend(others.map(|role| arn(&role.to_string())));
            roles.push(arn(&contain));
            roles.extend(config.organization.role.iter().map(ToString::to_string));
            let assume_roles = Policy::allowing(["sts:AssumeRole", "sts:SetSourceIdentity"])
                .with_resources(&roles);
            assume_roles.merged_with(Policy::for_operations(&Operation::ORGANIZATION))
        }
    }
}

/// Returns the names of the read role and the contain role, with their paths.
fn role_names(config: &Config) -> (String, String) {
    let identity = &config.identity;
    let read = match identity.member_role.first() {
        MemberRole::Role(name) => name.to_string(),
        // Without a configured member role, the default one is printed.
        MemberRole::Caller => MemberRole::default().to_string(),
    };
    (read, identity.contain_role.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_policy_allows_assuming_roles_and_listing_accounts() {
        let text = "[identity]\nmember_role = \"security/Audit\"\nrole_chain = [\"arn:aws-cn:iam::222222222222:role/Hub\"]";
        let config = Config::from_toml(text, "x").unwrap();
        let policy = policy(PolicyIdentity::Source, &[], &config).to_string();
        assert!(
            policy.contains(r#"["arn:aws-cn:iam::*:role/security/Audit","arn:aws-cn:iam::*:role/DragnetContain"]"#),
            "{policy}"
        );
        assert!(
            policy.contains(r#""organizations:ListAccounts","organizations:ListOrg"#),
            "{policy}"
        );
    }
}
