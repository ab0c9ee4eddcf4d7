//! Accounts outside the organization: the attacker lets them into roles, and they assume these. They
//! also assume a role that was always theirs, which is not part of the attack.

use fastrand::Rng;

use super::{ACCOUNTS, Attack, Foothold, account_id, benign, carol};
use crate::scenario::Inline;

/// The role that an account outside the organization may assume, if a foothold is one.
pub(super) fn trusted_role(foothold: &Foothold) -> Option<&str> {
    let words = foothold.identity.strip_prefix("account ")?;
    words.split(' ').nth(3)
}

/// An account outside the organization that acts in `account`. The record has no name and no key.
fn outsider(identity: String, account: &str, id: &str) -> Foothold {
    Foothold {
        identity,
        account: account.to_owned(),
        indicator: id.to_owned(),
        arn: id.to_owned(),
        key: String::new(),
    }
}

impl Attack {
    /// Lets an account outside the organization into a role, and one of the organization, which uses
    /// it too.
    pub(super) fn trust_outsider(&mut self, actor: &Foothold, rng: &mut Rng) -> Foothold {
        let account = &actor.account;
        let role = format!("Partner-{}", self.next_number());
        let id = format!("90000000000{}", rng.u8(1..4));
        let member = account_id(rng.u64(1..ACCOUNTS));
        let policy = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":["arn:aws:iam::{id}:root","arn:aws:iam::{member}:root"]}}}}]}}"#
        );
        self.record(actor, ("iam", "UpdateAssumeRolePolicy"), |record| {
            record.request(Inline(&[
                ("roleName", role.as_str()),
                ("policyDocument", policy.as_str()),
            ]))
        });
        self.add_use_by_member(&carol(&member), account, &role);
        let identity = format!("account {id} with role {role} in {account}");
        let outsider = outsider(identity, account, &id);
        self.add_use_by_vendor(&outsider);
        outsider
    }

    /// A session of the role that the outsider was let into.
    pub(super) fn assume_from_outside(&mut self, outsider: &Foothold, role: &str) -> Foothold {
        let account = &outsider.account;
        let name = format!("outside-{}", self.next_number());
        let key = self.next_key("ASIA");
        self.record_assumption(outsider, (account, role), &name, &key);
        Foothold {
            identity: format!("session {name} of role {role} in {account}"),
            account: account.clone(),
            indicator: key.clone(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
            key,
        }
    }

    /// A member of the organization assumes the role. Its sessions are not those of the attacker.
    fn add_use_by_member(&mut self, member: &Foothold, account: &str, role: &str) {
        let name = format!("member-{}", self.next_number());
        let key = self.next_key("ASIA");
        self.record_assumption(member, (account, role), &name, &key);
        self.record_benign_user(&benign(account, &format!("{role}/{name}"), &key));
    }

    /// The outsider assumes a role that the attacker did not change.
    fn add_use_by_vendor(&mut self, outsider: &Foothold) {
        let name = format!("vendor-{}", self.next_number());
        let key = self.next_key("ASIA");
        let account = &outsider.account;
        self.record_assumption(outsider, (account, "Vendor"), &name, &key);
        self.record_benign_user(&benign(account, &format!("Vendor/{name}"), &key));
    }
}
