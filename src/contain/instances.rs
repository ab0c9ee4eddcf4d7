//! The EC2 instances that hold sessions of a role, and the commands of the exported script that
//! isolate them and keep their disks. Dragnet runs none of these commands.
//!
//! A session of an instance has the id of the instance as its name. Whoever assumes a role chooses
//! the name of the session, so a person checks an instance before acting on it.
//!
//! Source: IAM user guide, "IAM policy elements: Variables and tags", values of `aws:userid`: the
//! role of an EC2 instance has `role-id:ec2-instance-id`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::json;

use super::candidate::Candidate;
use super::plan::{Plan, PlannedTarget};
use super::shell_quote::{quote_document, quote_for_shell};
use dragnet_model::AccountId;

/// The start of every block. A security group is named by the caller, because only people know
/// which one isolates.
///
/// Sources: AWS CLI command reference, `ec2 modify-instance-attribute` (an instance with more than
/// one network interface is refused), `ec2 create-snapshots` (in the Region of the instance).
const ADVICE: &str = "  # Set AWS_REGION to the Region of the instances. The caller of AssumeRole chooses the name of a session:
  # check that each instance has the role before you act on it. An instance with several network interfaces
  # needs `aws ec2 modify-network-interface-attribute` for each of them.
";

/// The instances of one account.
#[derive(Debug, Default)]
struct AccountInstances {
    ids: BTreeSet<String>,
    /// The ARN patterns of the instance profiles of the targets.
    profiles: BTreeSet<String>,
}

/// Returns the instances whose sessions acted, according to the run.
pub(super) fn acted_instances(candidate: &Candidate) -> Vec<String> {
    let sessions = candidate.sessions.acted.iter();
    let names = sessions.filter_map(|session| session.split_once(':').map(|(_, name)| name));
    names
        .filter(|name| is_instance_id(name))
        .map(str::to_owned)
        .collect()
}

/// Whether a text has the form of an instance id.
///
/// Source: EC2 user guide, "Resource IDs": 8 or 17 hexadecimal digits follow the prefix.
fn is_instance_id(text: &str) -> bool {
    text.strip_prefix("i-").is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// Returns the blocks of the script for the instances of the targets: `list`, `snapshot` and
/// `isolate`. Empty if the plan has none.
pub(super) fn instance_blocks(plan: &Plan) -> String {
    let mut accounts: BTreeMap<AccountId, AccountInstances> = BTreeMap::new();
    for target in &plan.targets {
        if target.instances.is_empty() && target.blast_radius.instance_profiles.is_empty() {
            continue;
        }
        let instances = accounts.entry(target.principal.account()).or_default();
        instances.ids.extend(target.instances.iter().cloned());
        instances.profiles.extend(profile_patterns(target));
    }
    let mut blocks = String::new();
    for (account, instances) in &accounts {
        let snapshots = instances
            .ids
            .iter()
            .map(|id| snapshot_line(&plan.reason, id));
        let isolations = instances.ids.iter().flat_map(|id| isolation_lines(id));
        push_block(
            &mut blocks,
            &format!("list/{account}"),
            list_line(instances),
        );
        push_block(&mut blocks, &format!("snapshot/{account}"), snapshots);
        push_block(&mut blocks, &format!("isolate/{account}"), isolations);
    }
    blocks
}

/// Adds a block, unless it has no lines.
fn push_block(blocks: &mut String, label: &str, lines: impl IntoIterator<Item = String>) {
    let lines: Vec<String> = lines.into_iter().collect();
    if !lines.is_empty() {
        // Writing to a string cannot fail.
        _ = writeln!(blocks, "{label})\n{ADVICE}  {}\n  ;;", lines.join("\n  "));
    }
}

/// Returns the ARNs that the instance profiles of a target may have: their paths are unknown.
fn profile_patterns(target: &PlannedTarget) -> impl Iterator<Item = String> {
    let account = target.principal.account();
    let profiles = target.blast_radius.instance_profiles.iter();
    profiles.flat_map(move |name| {
        ["", "*/"].map(|path| format!("arn:*:iam::{account}:instance-profile/{path}{name}"))
    })
}

/// Returns the line that lists the instances with the instance profiles.
///
/// Sources: AWS CLI command reference, `ec2 describe-instances` (`--filters` takes JSON, filter
/// `iam-instance-profile.arn`); EC2 API reference, `DescribeInstances`, and EC2 user guide, "Find
/// your Amazon EC2 resources": a value may have the wildcard `*`.
fn list_line(instances: &AccountInstances) -> Option<String> {
    if instances.profiles.is_empty() {
        return None;
    }
    let filter = json!([{"Name": "iam-instance-profile.arn", "Values": instances.profiles}]);
    let filters = quote_document(&filter.to_string());
    let query = quote_for_shell(
        "Reservations[].Instances[].[InstanceId,State.Name,IamInstanceProfile.Arn]",
    );
    Some(format!(
        "step 'instances with the instance profiles' aws ec2 describe-instances --filters={filters} --query={query} \
         --output=text"
    ))
}

/// Returns the line that makes a snapshot of every volume of an instance.
///
/// Source: AWS CLI command reference, `ec2 create-snapshots`: `--instance-specification`,
/// `--copy-tags-from-source`, `--description`.
fn snapshot_line(reason: &str, id: &str) -> String {
    let name = quote_for_shell(&format!("snapshots of the volumes of {id}"));
    let instance = quote_for_shell(&format!("InstanceId={id}"));
    let description = quote_for_shell(&snapshot_description(reason, id));
    format!(
        "step {name} aws ec2 create-snapshots --instance-specification={instance} --copy-tags-from-source=volume \
         --description={description}"
    )
}

/// The description of a snapshot, in printable ASCII and short, so that EC2 accepts it.
fn snapshot_description(reason: &str, id: &str) -> String {
    let printable = reason.chars().filter(|c| matches!(c, ' '..='~'));
    let reason: String = printable.take(200).collect();
    format!("{id}: {reason}")
}

/// Returns the lines that print the security groups of an instance, to restore them, and that
/// replace them.
///
/// Source: AWS CLI command reference, `ec2 describe-instances`: `--instance-ids`; `ec2
/// modify-instance-attribute`: `--instance-id`, `--groups` replaces the security groups.
fn isolation_lines(id: &str) -> [String; 2] {
    let prior = quote_for_shell(&format!("security groups of {id} before"));
    let isolation = quote_for_shell(&format!("isolation of {id}"));
    let query = quote_for_shell(
        "Reservations[].Instances[].NetworkInterfaces[].[NetworkInterfaceId,join(' ',Groups[].GroupId)]",
    );
    let id = quote_for_shell(id);
    [
        format!(
            "step {prior} aws ec2 describe-instances --instance-ids={id} --query={query} --output=text"
        ),
        format!(
            "step {isolation} aws ec2 modify-instance-attribute --instance-id={id} \
             --groups=\"${{SECURITY_GROUP:?set it to the security group that isolates}}\""
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_ids_have_8_or_17_hexadecimal_digits() {
        assert!(is_instance_id("i-0abcdef1") && is_instance_id("i-0123456789abcdef0"));
        for other in [
            "i-",
            "i-eve",
            "i-0123456789abcdef01",
            "x-0abcdef1",
            "i-0abcdefg",
        ] {
            assert!(!is_instance_id(other), "{other}");
        }
    }

    #[test]
    fn values_are_quoted_and_descriptions_are_printable() {
        let line = snapshot_line("INC-7: it's\n\u{7}süß; rm -rf", "i-0abcdef1");
        assert!(
            line.contains("--instance-specification='InstanceId=i-0abcdef1'")
                && line.contains(r"--description='i-0abcdef1: INC-7: it'\''ss; rm -rf'"),
            "{line}"
        );
    }
}
