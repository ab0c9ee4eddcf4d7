//! Random edits of a plan that is sealed again, so that its hash is correct, and often with the key
//! of the user, as if it was made here. It is refused, or has an effect that an honest plan has too:
//! nothing becomes allowed that was not, no policy that allows something is lost, and only denies of
//! Dragnet are added, to principals that no guard protects.
//!
//! A run makes 60 plans; `DRAGNET_CASES=9` makes more than 500.

use std::collections::{BTreeMap, BTreeSet};

use dragnet::contain::{SealKey, SealedPlan};
use fastrand::Rng;
use serde_json::{Value, json};

use super::world::{World, decode_document, retry_while_throttled, seal_again};
use crate::cases::cases;

const ACCOUNTS: [&str; 2] = ["222222222222", "333333333333"];
const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const DENY_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
/// The policies that Dragnet puts.
const OWN_POLICIES: [&str; 3] = ["DenyAll", "AWSRevokeOlderSessions", "DragnetDenySessions"];
/// The principals that a guard protects.
const GUARDED: [&str; 3] = [
    "role/DragnetRead",
    "role/DragnetContain",
    "role/OrganizationAccountAccessRole",
];
const CONTAINED_USER: &str = r#"
[[users]]
account = "333333333333"
name = "held"
access_keys = ["AKIAHELD333333333333"]
policies = { DenyAll = '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}', Own = '{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}' }
"#;

/// The permissions of the principals in the member accounts, as far as inline policies and access
/// keys decide them.
#[derive(Clone, Debug, Default)]
struct Permissions {
    /// Inline policies that allow something: account, owner, policy name, document.
    allowing: BTreeSet<[String; 4]>,
    /// The documents of all inline policies, as IAM returns them.
    documents: BTreeSet<String>,
    /// The inline policies that only deny: owner and policy name.
    denying: BTreeSet<[String; 2]>,
    active_keys: BTreeSet<String>,
    /// The unique ids of all principals by ARN.
    ids: BTreeMap<String, String>,
}

impl Permissions {
    async fn read(world: &World) -> Self {
        let mut all = Self::default();
        for account in ACCOUNTS {
            let iam = world.iam(account).await;
            let details = retry_while_throttled(async || {
                iam.get_account_authorization_details().send().await
            })
            .await
            .unwrap();
            for user in details.user_detail_list() {
                all.add_principal(account, user.arn(), user.user_id(), user.user_policy_list());
                let name = user.user_name().unwrap();
                let keys = retry_while_throttled(async || {
                    iam.list_access_keys().user_name(name).send().await
                })
                .await
                .unwrap();
                let active = keys
                    .access_key_metadata()
                    .iter()
                    .filter(|key| key.status().unwrap().as_str() == "Active");
                all.active_keys
                    .extend(active.map(|key| key.access_key_id().unwrap().to_owned()));
            }
            for role in details.role_detail_list() {
                all.add_principal(account, role.arn(), role.role_id(), role.role_policy_list());
            }
            for group in details.group_detail_list() {
                all.add_principal(
                    account,
                    group.arn(),
                    group.group_id(),
                    group.group_policy_list(),
                );
            }
        }
        all
    }

    fn add_principal(
        &mut self,
        account: &str,
        arn: Option<&str>,
        id: Option<&str>,
        policies: &[aws_sdk_iam::types::PolicyDetail],
    ) {
        let arn = arn.unwrap().to_owned();
        self.ids.insert(arn.clone(), id.unwrap().to_owned());
        for policy in policies {
            let document = decode_document(policy.policy_document().unwrap());
            self.documents.insert(document.clone());
            let name = policy.policy_name().unwrap().to_owned();
            if document.contains("Allow") {
                self.allowing
                    .insert([account.to_owned(), arn.clone(), name, document]);
            } else {
                self.denying.insert([arn.clone(), name]);
            }
        }
    }
}

/// Edits plans with what an attacker could know.
struct Editor<'a> {
    rng: Rng,
    known: &'a Permissions,
}

impl Editor<'_> {
    fn pick_text(&mut self, texts: &[&str]) -> String {
        texts[self.rng.usize(..texts.len())].to_owned()
    }

    fn policy(&mut self) -> String {
        self.pick_text(&[
            "DenyAll",
            "DenyAll",
            "Own",
            "Notes",
            "AWSRevokeOlderSessions",
            "DragnetDenySessions",
            "denyall",
            "",
        ])
    }

    fn document(&mut self) -> String {
        let known: Vec<&String> = self.known.documents.iter().collect();
        if self.rng.bool() {
            known[self.rng.usize(..known.len())].clone()
        } else {
            self.pick_text(&[ALLOW_ALL, DENY_ALL, ""])
        }
    }

    fn key(&mut self) -> String {
        self.pick_text(&[
            "AKIAEVE2222222222222",
            "AKIAEVE2222222222223",
            "AKIAHELD333333333333",
            "AKIANOBODY0000000000",
        ])
    }

    fn principal(&mut self) -> (String, String) {
        let known: Vec<(&String, &String)> = self.known.ids.iter().collect();
        let (arn, id) = known[self.rng.usize(..known.len())];
        (arn.clone(), id.clone())
    }

    fn change(&mut self) -> Value {
        match self.rng.u8(..11) {
            4 => {
                json!({"change": "deactivate-credential", "kind": "ssh-public-key", "id": self.key()})
            }
            5 => json!({"change": "delete-login-profile"}),
            9 => {
                let session = format!("{}:eve", self.principal().1);
                json!({"change": "deny-sessions", "policy": self.policy(), "sessions": [session]})
            }
            10 => {
                let until = self.pick_text(&["2026-03-02T12:30:00Z", "2099-01-01T00:00:00Z"]);
                json!({"change": "deny-all-until", "policy": self.policy(), "until": until})
            }
            6 => json!({"change": "deactivate-mfa", "serial": self.key()}),
            7 => json!({"change": "block-assume", "document": self.document()}),
            8 => json!({"change": "boundary", "policy": self.pick_text(&[
                "arn:aws:iam::aws:policy/AWSDenyAll", "arn:aws:iam::aws:policy/AdministratorAccess",
            ])}),
            0 => {
                json!({"change": "deny-all", "policy": self.policy(), "document": self.document()})
            }
            1 => json!({"change": "remove-deny-all", "policy": self.policy()}),
            2 => json!({"change": "revoke-sessions", "policy": self.policy()}),
            _ => json!({"change": "deactivate-key", "key": self.key()}),
        }
    }

    fn prior(&mut self) -> Value {
        match self.rng.u8(..8) {
            4 => json!({"present": self.rng.bool()}),
            5 => json!({"trust": self.document()}),
            6 => json!({"boundary": null}),
            0 => json!({"key": "active"}),
            1 => json!({"key": "inactive"}),
            2 => json!({"policy": null}),
            _ => json!({"policy": self.document()}),
        }
    }

    /// Makes one random edit of a plan.
    fn edit(&mut self, plan: &mut Value) {
        let targets = plan["targets"].as_array().map_or(0, Vec::len);
        let target = self.rng.usize(..targets.max(1));
        let steps = plan["targets"][target]["steps"]
            .as_array()
            .map_or(0, Vec::len);
        let step = self.rng.usize(..steps.max(1));
        match self.rng.u8(..12) {
            0 | 1 => plan["targets"][target]["steps"][step]["change"] = self.change(),
            2 | 3 => plan["targets"][target]["steps"][step]["prior"] = self.prior(),
            4 => plan["targets"][target]["steps"][step]["number"] = json!(self.rng.u8(..5)),
            5 | 6 => {
                let (arn, id) = self.principal();
                plan["targets"][target]["principal"] = json!(arn);
                plan["targets"][target]["id"] = json!(id);
            }
            7 => {
                let more = plan["targets"][target].clone();
                plan["targets"].as_array_mut().unwrap().push(more);
            }
            8 => {
                let mut more = plan["targets"][target]["steps"][step].clone();
                more["number"] = json!(steps + 1);
                plan["targets"][target]["steps"]
                    .as_array_mut()
                    .unwrap()
                    .push(more);
            }
            9 => plan["forced"] = json!(["max-targets", "protect"]),
            10 => plan["expires"] = json!("2099-01-01T00:00:00Z"),
            _ => self.edit_leaf(plan),
        }
    }

    /// Replaces a random value by another one that such a file may contain.
    fn edit_leaf(&mut self, value: &mut Value) {
        let size = match value {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        if size == 0 {
            let number = self.rng.u8(..4);
            let texts = [
                self.document(),
                self.policy(),
                self.principal().0,
                self.key(),
                "2026-03-02T12:00:00Z".to_owned(),
            ];
            let text = &texts[self.rng.usize(..texts.len())];
            let values = [
                json!(text),
                json!(text),
                json!(text),
                json!(number),
                json!(true),
                Value::Null,
            ];
            *value = values[self.rng.usize(..values.len())].clone();
            return;
        }
        let at = self.rng.usize(..size);
        match value {
            Value::Array(items) => self.edit_leaf(&mut items[at]),
            Value::Object(members) => self.edit_leaf(members.values_mut().nth(at).unwrap()),
            _ => {}
        }
    }
}

/// The arguments of the plans that are edited.
const PLANS: [&[&str]; 4] = [
    &["--role", "App"],
    &[
        "--user",
        "eve",
        "--user",
        "held",
        "--action",
        "deny-all",
        "--action",
        "deactivate-keys",
    ],
    &[
        "--role",
        "App",
        "--action",
        "deny-all",
        "--action",
        "revoke-sessions",
    ],
    &["--user", "held", "--remove"],
];

/// Creates a world in which one of the access keys is inactive.
async fn create_world() -> World {
    let world = World::new(CONTAINED_USER);
    let iam = world.iam("222222222222").await;
    let inactive = aws_sdk_iam::types::StatusType::Inactive;
    let deactivate = iam
        .update_access_key()
        .user_name("eve")
        .access_key_id("AKIAEVE2222222222223");
    deactivate.status(inactive).send().await.unwrap();
    world
}

#[tokio::test(start_paused = true)]
async fn random_edits_never_grant_or_lose_permissions() {
    let mut applied_count = 0;
    let mut refused_count = 0;
    for seed in 0..cases(60) {
        let world = create_world().await;
        let before = Permissions::read(&world).await;
        let mut editor = Editor {
            rng: Rng::with_seed(seed.into()),
            known: &before,
        };
        let plan = world.plan(PLANS[editor.rng.usize(..PLANS.len())]).await;
        let file: Value = serde_json::from_str(&plan.to_text().unwrap()).unwrap();
        let mut edited = file["plan"].clone();
        for _ in 0..editor.rng.u8(1..4) {
            editor.edit(&mut edited);
        }
        let mut stale = file.clone();
        stale["plan"] = edited.clone();
        assert_eq!(
            SealedPlan::parse(&stale.to_string()).is_ok(),
            edited == file["plan"],
            "seed {seed}: an edit without a new hash is refused"
        );
        let Ok(mut plan) = SealedPlan::parse(&seal_again(&edited)) else {
            refused_count += 1;
            continue;
        };
        if editor.rng.bool() {
            plan = plan.with_seal(&SealKey::load_or_create(&world.settings("").journals).unwrap());
        }
        match world.try_apply(&plan).await {
            Ok(_) => applied_count += 1,
            Err(_) => refused_count += 1,
        }
        let applied = Permissions::read(&world).await;
        _ = world.try_undo(plan.short_hash(), editor.rng.bool()).await;
        let undone = Permissions::read(&world).await;
        for after in [applied, undone] {
            let label = format!("seed {seed}: {edited:#}");
            assert_eq!(after.allowing, before.allowing, "{label}");
            assert!(after.active_keys.is_subset(&before.active_keys), "{label}");
            for [owner, policy] in after.denying.difference(&before.denying) {
                assert!(
                    OWN_POLICIES.contains(&policy.as_str())
                        && !GUARDED.iter().any(|name| owner.ends_with(name)),
                    "{owner} {policy}: {label}"
                );
            }
        }
    }
    assert!(
        applied_count > 0 && refused_count > 0,
        "both cases occur: {applied_count} applied, {refused_count} refused"
    );
}
