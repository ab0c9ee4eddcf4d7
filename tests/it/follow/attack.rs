//! Random organizations with a random attack, and an oracle that knows from the attack alone what a
//! follow has to find: a foothold is found if the call that made it was recorded where records are
//! covered, and if the identity that called was found before.

mod outsiders;

use std::collections::BTreeSet;
use std::fmt::Write;

use fastrand::Rng;

use crate::scenario::{Fault, Inline, Record, Trail};
use outsiders::trusted_role;

/// The key that leaked.
pub(super) const LEAKED: &str = "AKIALEAKED7777777777";
/// The start of the attack; earlier use of the key was legitimate.
pub(super) const ATTACK_START: &str = "2026-03-02T01:30:00Z";

const ACCOUNTS: u64 = 12;
const MANAGEMENT: &str = "100000000000";

fn account_id(number: u64) -> String {
    (100_000_000_000 + number).to_string()
}

/// An identity that the attacker holds.
#[derive(Clone, Debug)]
pub(super) struct Foothold {
    /// As `follow.json` shows it.
    pub identity: String,
    pub account: String,
    /// What a responder would search for.
    pub indicator: String,
    /// The ARN with which it calls; empty if it does not call.
    arn: String,
    key: String,
}

/// A call of a foothold.
#[derive(Clone, Debug)]
struct Step {
    actor: usize,
    /// What it made; nothing if it failed.
    made: Vec<usize>,
}

/// An organization with an attack.
#[derive(Debug, Default)]
pub(super) struct Attack {
    pub footholds: Vec<Foothold>,
    steps: Vec<Step>,
    pub uncovered: BTreeSet<String>,
    /// The covered accounts without a trail, whose event history is read.
    pub histories: BTreeSet<String>,
    /// Whether the attacker also lets accounts outside the organization into roles.
    has_outsiders: bool,
    /// Whether one trail of the organization records all covered accounts; otherwise each has its
    /// own.
    has_organization_trail: bool,
    records: String,
    minutes_ago: u32,
    number: u32,
}

/// What a follow has to find.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    pub footholds: BTreeSet<String>,
    /// The identities that can act where nothing is covered.
    pub open_ends: BTreeSet<String>,
    pub attempts: usize,
}

impl Attack {
    /// Plans an attack of 1 to 8 hops, among benign traffic.
    pub(super) fn random(rng: &mut Rng) -> Self {
        Self::plan(rng, Self::default())
    }

    /// Plans an attack like [`Attack::random`], in which accounts outside the organization may take
    /// part; one trail may record the whole organization.
    pub(super) fn random_with_outsiders(rng: &mut Rng) -> Self {
        let kind = Self {
            has_outsiders: true,
            has_organization_trail: rng.bool(),
            ..Self::default()
        };
        Self::plan(rng, kind)
    }

    /// Plans an attack like [`Attack::random_with_outsiders`], in which the event history is the only
    /// log source of most accounts of the attack, and of some others.
    pub(super) fn random_in_histories(rng: &mut Rng) -> Self {
        let kind = Self {
            has_outsiders: true,
            ..Self::default()
        };
        let mut attack = Self::plan(rng, kind);
        let accounts: BTreeSet<String> = (0..ACCOUNTS).map(account_id).collect();
        for account in accounts.difference(&attack.uncovered.clone()) {
            let is_attacked = attack.footholds.iter().any(|one| one.account == *account);
            if rng.u8(0..4) < if is_attacked { 3 } else { 1 } {
                attack.histories.insert(account.clone());
            }
        }
        let busy = attack.footholds.last().map(|one| one.account.clone());
        if let Some(busy) = busy.filter(|_| rng.bool()) {
            attack.add_everyday_calls(&busy);
        }
        attack
    }

    /// Adds thousands of calls of others to a Region of an account, so that it takes many more calls
    /// to read all of them than to look up an identity.
    pub(super) fn add_everyday_calls(&mut self, account: &str) {
        let bob = format!("arn:aws:iam::{account}:user/bob");
        for hours in 1..=22 {
            let at = format!("{hours}h ago");
            let record = Record::new(account, "us-east-1", at, bob.as_str())
                .access_key("AKIABOB7777777777777")
                .call("ec2", "DescribeInstances")
                .ip("192.0.2.9")
                .count(200);
            write!(self.records, "{record}").unwrap();
        }
    }

    fn plan(rng: &mut Rng, kind: Self) -> Self {
        let first = account_id(rng.u64(1..ACCOUNTS));
        let mut attack = Self {
            minutes_ago: 620,
            ..kind
        };
        for _ in 0..rng.usize(0..4) {
            attack.uncovered.insert(account_id(rng.u64(1..ACCOUNTS)));
        }
        attack.uncovered.remove(&first);
        attack.footholds.push(Foothold {
            identity: format!("access key {LEAKED}"),
            arn: format!("arn:aws:iam::{first}:user/ci"),
            account: first,
            indicator: LEAKED.to_owned(),
            key: LEAKED.to_owned(),
        });
        attack.add_legitimate_use(rng);
        let hops = rng.u32(1..=8);
        for _ in 0..hops {
            attack.add_hop(rng);
            if rng.u8(0..3) == 0 {
                attack.add_failure(rng);
            }
            attack.add_benign_traffic(rng);
        }
        attack
    }

    /// A number that no other name has.
    fn next_number(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    fn next_key(&mut self, prefix: &str) -> String {
        format!("{prefix}{:016}", self.next_number())
    }

    /// Adds a record two minutes after the last one.
    fn record(&mut self, by: &Foothold, call: (&str, &str), rest: impl FnOnce(Record) -> Record) {
        self.minutes_ago -= 2;
        let at = format!("{}m ago", self.minutes_ago);
        let region = if self.minutes_ago.is_multiple_of(4) {
            "us-east-1"
        } else {
            "eu-west-1"
        };
        let record = Record::new(by.account.as_str(), region, at, by.arn.as_str())
            .access_key(by.key.as_str())
            .call(call.0, call.1)
            .ip("192.0.2.1");
        let record = rest(record);
        write!(self.records, "{record}").unwrap();
    }

    fn actor(&self, rng: &mut Rng) -> usize {
        let able: Vec<usize> = (0..self.footholds.len())
            .filter(|number| !self.footholds[*number].arn.is_empty())
            .collect();
        // Mostly the last one, so that chains become long.
        if rng.u8(0..4) > 0 {
            *able.last().unwrap()
        } else {
            *rng.choice(&able).unwrap()
        }
    }

    fn add_hop(&mut self, rng: &mut Rng) {
        let number = self.actor(rng);
        let actor = self.footholds[number].clone();
        let kinds = if self.has_outsiders { 8 } else { 6 };
        let made = match (trusted_role(&actor), rng.u8(0..kinds)) {
            (Some(role), _) => vec![self.assume_from_outside(&actor, role)],
            (None, 0) => self.create_user(&actor),
            (None, 1) => self.create_role(&actor),
            (None, 2) => self.add_key(&actor),
            (None, 3) => self.set_password(&actor),
            (None, 6 | 7) => vec![self.trust_outsider(&actor, rng)],
            (None, _) => vec![self.assume(&actor, rng)],
        };
        let from = self.footholds.len();
        let count = made.len();
        self.footholds.extend(made);
        self.steps.push(Step {
            actor: number,
            made: (from..from + count).collect(),
        });
    }

    /// A session of a role that others use too.
    fn assume(&mut self, actor: &Foothold, rng: &mut Rng) -> Foothold {
        let account = account_id(rng.u64(1..ACCOUNTS));
        let name = format!("evil-{}", self.next_number());
        let key = self.next_key("ASIA");
        // Others have sessions of the same name, created before or after.
        let decoy = self.next_key("ASIA");
        let order = rng.u8(0..3);
        if order == 1 {
            self.record_assumption(&carol(&account), (&account, "Shared"), &name, &decoy);
        }
        self.record_assumption(actor, (&account, "Shared"), &name, &key);
        if order == 2 {
            self.record_assumption(&carol(&account), (&account, "Shared"), &name, &decoy);
        }
        if order > 0 {
            self.record_benign_user(&benign(&account, &format!("Shared/{name}"), &decoy));
        }
        Foothold {
            identity: format!("session {name} of role Shared in {account}"),
            arn: format!("arn:aws:sts::{account}:assumed-role/Shared/{name}"),
            account,
            indicator: key.clone(),
            key,
        }
    }

    fn record_assumption(
        &mut self,
        actor: &Foothold,
        (account, role): (&str, &str),
        name: &str,
        key: &str,
    ) {
        let session = format!("arn:aws:sts::{account}:assumed-role/{role}/{name}");
        let id = format!("AROA{}{account}:{name}", role.to_uppercase());
        let role = format!("arn:aws:iam::{account}:role/{role}");
        self.record(actor, ("sts", "AssumeRole"), |record| {
            record
                .request(Inline(&[
                    ("roleArn", role.as_str()),
                    ("roleSessionName", name),
                ]))
                .response(Inline(&[
                    (
                        "assumedRoleUser",
                        Inline(&[("arn", session.as_str()), ("assumedRoleId", id.as_str())]),
                    ),
                    ("credentials", Inline(&[("accessKeyId", key)])),
                ]))
        });
    }

    fn create_user(&mut self, actor: &Foothold) -> Vec<Foothold> {
        let name = format!("backdoor-{}", self.next_number());
        let key = self.next_key("AKIA");
        let arn = format!("arn:aws:iam::{}:user/{name}", actor.account);
        self.record(actor, ("iam", "CreateUser"), |record| {
            record
                .request(Inline(&[("userName", name.as_str())]))
                .response(Inline(&[("user", Inline(&[("arn", arn.as_str())]))]))
        });
        self.record_key(actor, &name, &key);
        let user = Foothold {
            identity: format!("user {name} in {}", actor.account),
            account: actor.account.clone(),
            indicator: format!("user:{name}"),
            arn: String::new(),
            key: String::new(),
        };
        vec![user, key_foothold(actor, arn, key)]
    }

    fn record_key(&mut self, actor: &Foothold, user: &str, key: &str) {
        self.record(actor, ("iam", "CreateAccessKey"), |record| {
            record
                .request(Inline(&[("userName", user)]))
                .response(Inline(&[(
                    "accessKey",
                    Inline(&[("accessKeyId", key), ("userName", user)]),
                )]))
        });
    }

    fn add_key(&mut self, actor: &Foothold) -> Vec<Foothold> {
        let key = self.next_key("AKIA");
        self.record_key(actor, "victim", &key);
        let arn = format!("arn:aws:iam::{}:user/victim", actor.account);
        vec![key_foothold(actor, arn, key)]
    }

    fn create_role(&mut self, actor: &Foothold) -> Vec<Foothold> {
        let name = format!("Persist-{}", self.next_number());
        let account = &actor.account;
        let arn = format!("arn:aws:iam::{account}:role/{name}");
        self.record(actor, ("iam", "CreateRole"), |record| {
            record
                .request(Inline(&[("roleName", name.as_str())]))
                .response(Inline(&[("role", Inline(&[("arn", arn.as_str())]))]))
        });
        vec![Foothold {
            identity: format!("role {name} in {account}"),
            account: account.clone(),
            indicator: format!("role:{name}"),
            arn: format!("arn:aws:sts::{account}:assumed-role/{name}/outside"),
            key: self.next_key("ASIA"),
        }]
    }

    fn set_password(&mut self, actor: &Foothold) -> Vec<Foothold> {
        let user = format!("intern-{}", self.next_number());
        self.record(actor, ("iam", "CreateLoginProfile"), |record| {
            record.request(Inline(&[("userName", user.as_str())]))
        });
        vec![Foothold {
            identity: format!("password of user {user} in {}", actor.account),
            account: actor.account.clone(),
            indicator: format!("user:{user}"),
            arn: String::new(),
            key: String::new(),
        }]
    }

    /// A role that the attacker could not assume.
    fn add_failure(&mut self, rng: &mut Rng) {
        let number = self.actor(rng);
        let actor = self.footholds[number].clone();
        if trusted_role(&actor).is_some() {
            return;
        }
        let name = format!("denied-{}", self.next_number());
        self.record(&actor, ("sts", "AssumeRole"), |record| {
            record
                .request(Inline(&[
                    ("roleArn", "arn:aws:iam::100000000001:role/Admin"),
                    ("roleSessionName", name.as_str()),
                ]))
                .error_code("AccessDenied")
        });
        self.steps.push(Step {
            actor: number,
            made: Vec::new(),
        });
    }

    /// The owner of the key used it before the attack.
    fn add_legitimate_use(&mut self, rng: &mut Rng) {
        let attack = self.minutes_ago;
        self.minutes_ago = 720;
        let owner = self.footholds[0].clone();
        let account = account_id(rng.u64(1..ACCOUNTS));
        let key = self.next_key("ASIA");
        self.record_assumption(&owner, (&account, "Shared"), "deploy", &key);
        let deploy = benign(&account, "Shared/deploy", &key);
        self.record_benign_user(&deploy);
        self.minutes_ago = attack;
    }

    /// Another user of the same role and address, who creates a user, and mentions the leaked key.
    fn add_benign_traffic(&mut self, rng: &mut Rng) {
        let account = account_id(rng.u64(1..ACCOUNTS));
        let key = self.next_key("ASIA");
        let name = format!("build-{}", self.next_number());
        let carol = carol(&account);
        self.record_assumption(&carol, (&account, "Shared"), &name, &key);
        let build = benign(&account, &format!("Shared/{name}"), &key);
        self.record_benign_user(&build);
        self.record(&carol, ("iam", "UpdateAccessKey"), |record| {
            record.request(Inline(&[("accessKeyId", LEAKED), ("status", "Inactive")]))
        });
    }

    fn record_benign_user(&mut self, by: &Foothold) {
        let user = format!("benign-{}", self.next_number());
        self.record(by, ("iam", "CreateUser"), |record| {
            record.request(Inline(&[("userName", user.as_str())]))
        });
    }

    /// What a follow has to find.
    pub(super) fn expected(&self) -> Expected {
        let mut found = BTreeSet::from([0]);
        let mut attempts = 0;
        for step in &self.steps {
            let actor = &self.footholds[step.actor];
            if !found.contains(&step.actor) || self.uncovered.contains(&actor.account) {
                continue;
            }
            attempts += usize::from(step.made.is_empty());
            found.extend(&step.made);
        }
        let found: Vec<_> = found
            .into_iter()
            .map(|number| &self.footholds[number])
            .collect();
        let open = found
            .iter()
            .filter(|foothold| self.uncovered.contains(&foothold.account));
        Expected {
            open_ends: open.map(|foothold| foothold.identity.clone()).collect(),
            footholds: found
                .iter()
                .map(|foothold| foothold.identity.clone())
                .collect(),
            attempts,
        }
    }

    /// What a responder who knows the footholds would search for.
    pub(super) fn indicators(&self, expected: &Expected) -> Vec<String> {
        let found = self
            .footholds
            .iter()
            .filter(|foothold| expected.footholds.contains(&foothold.identity));
        // Of an account outside the organization, there may be several footholds.
        let indicators: BTreeSet<String> =
            found.map(|foothold| foothold.indicator.clone()).collect();
        indicators.into_iter().collect()
    }

    /// The organization in TOML. An uncovered account has no trail, and its event history cannot
    /// be read.
    pub(super) fn scenario(&self) -> String {
        let mut toml = format!(
            "name = \"follow\"\nnow = \"2026-03-02T12:00:00Z\"\n[organization]\n\
             management = \"{MANAGEMENT}\"\nregions = [\"us-east-1\", \"eu-west-1\"]\n"
        );
        for account in (0..ACCOUNTS).map(account_id) {
            write!(
                toml,
                "[[accounts]]\nid = \"{account}\"\nname = \"a{account}\"\n"
            )
            .unwrap();
        }
        for account in (0..ACCOUNTS).map(account_id) {
            if self.uncovered.contains(&account) {
                let fault = Fault::denied("LookupEvents").account(account.as_str());
                write!(toml, "{fault}").unwrap();
            } else if !self.has_organization_trail && !self.histories.contains(&account) {
                let trail = Trail::new("own", account.as_str(), "us-east-1")
                    .multi_region(true)
                    .log_group("/trail");
                write!(toml, "{trail}").unwrap();
            }
        }
        if self.has_organization_trail {
            let unreached: Vec<&str> = self.uncovered.iter().map(String::as_str).collect();
            let trail = Trail::new("organization", MANAGEMENT, "us-east-1")
                .organization(true)
                .unreached(unreached)
                .log_group("/trail");
            write!(toml, "{trail}").unwrap();
        }
        toml + &self.records
    }
}

fn key_foothold(actor: &Foothold, arn: String, key: String) -> Foothold {
    Foothold {
        identity: format!("access key {key}"),
        account: actor.account.clone(),
        indicator: key.clone(),
        arn,
        key,
    }
}

/// A session that the attacker does not hold.
fn benign(account: &str, session: &str, key: &str) -> Foothold {
    Foothold {
        identity: String::new(),
        account: account.to_owned(),
        indicator: String::new(),
        arn: format!("arn:aws:sts::{account}:assumed-role/{session}"),
        key: key.to_owned(),
    }
}

fn carol(account: &str) -> Foothold {
    Foothold {
        identity: String::new(),
        account: account.to_owned(),
        indicator: String::new(),
        arn: format!("arn:aws:iam::{account}:user/carol"),
        key: "AKIACAROL77777777777".to_owned(),
    }
}
