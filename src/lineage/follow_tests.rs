//! The fixed point.

use serde_json::{Value, json};

use super::test_records::{EVE, EVE_KEY, credentials, parse, record_json};
use super::{
    Identity, Lineage, LineageRecord, Start, follow_lineage, follow_lineage_with_outsiders,
};

/// Builds the records of an attack.
#[derive(Default)]
struct Attack {
    records: Vec<LineageRecord>,
}

impl Attack {
    /// Adds a call at a minute past ten.
    fn add(&mut self, minute: u32, identity: &Value, mut record: Value) -> &mut LineageRecord {
        record["eventTime"] = json!(format!("2026-03-01T10:{minute:02}:00Z"));
        record["eventID"] = json!(format!("e{}", self.records.len()));
        record["userIdentity"] = identity.clone();
        self.records.push(parse(&record).unwrap());
        self.records.last_mut().unwrap()
    }

    fn follow(&self) -> Lineage {
        follow_lineage(&[start(EVE_KEY, 0)], &self.records, 100)
    }

    /// The identities of the lineage, without the start.
    fn followed(&self) -> Vec<String> {
        let lineage = self.follow();
        let descendants = lineage.nodes.iter().filter(|node| !node.is_start);
        descendants.map(|node| node.identity.to_string()).collect()
    }
}

fn start(key: &str, minute: i64) -> Start {
    let ten: jiff::Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    Start {
        identity: Identity::Key(key.to_owned()),
        from_ms: ten.as_millisecond() + minute * 60_000,
    }
}

fn eve() -> Value {
    json!({"type": "IAMUser", "arn": EVE, "accessKeyId": EVE_KEY})
}

fn session(role: &str, name: &str, key: &str) -> Value {
    json!({
        "type": "AssumedRole", "principalId": format!("AROA{role}:{name}"), "accessKeyId": key,
        "arn": format!("arn:aws:sts::222222222222:assumed-role/{role}/{name}"),
    })
}

fn assume(role: &str, name: &str, key: &str) -> Value {
    let arn = format!("arn:aws:sts::222222222222:assumed-role/{role}/{name}");
    let user = json!({"assumedRoleId": format!("AROA{role}:{name}"), "arn": arn});
    record_json(
        "sts",
        "AssumeRole",
        &json!({"roleArn": format!("arn:aws:iam::222222222222:role/{role}"), "roleSessionName": name}),
        &json!({"credentials": credentials(key), "assumedRoleUser": user}),
    )
}

fn create_user(name: &str) -> Value {
    record_json(
        "iam",
        "CreateUser",
        &json!({"userName": name}),
        &Value::Null,
    )
}

#[test]
fn chain_is_followed_in_any_order_of_the_records() {
    let mut attack = Attack::default();
    attack.add(1, &eve(), assume("A", "one", "ASIA1"));
    attack.add(
        2,
        &session("A", "one", "ASIA1"),
        assume("B", "two", "ASIA2"),
    );
    attack.add(3, &session("B", "two", "ASIA2"), create_user("eric"));
    let eric = json!({"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/eric", "accessKeyId": "AKIA9"});
    attack.add(4, &eric, create_user("erin"));
    let lineage = attack.follow();
    let shown: Vec<(String, usize)> = lineage
        .nodes
        .iter()
        .map(|node| (node.identity.to_string(), node.depth))
        .collect();
    let expected = [
        (format!("access key {EVE_KEY}"), 0),
        ("session one of role A in 222222222222".to_owned(), 1),
        ("session two of role B in 222222222222".to_owned(), 2),
        ("user eric in 111111111111".to_owned(), 3),
        ("user erin in 111111111111".to_owned(), 4),
    ];
    assert_eq!(shown, expected);
    assert_eq!(lineage.edges.len(), 4);
    assert_eq!(lineage.edges[2].event_ids, ["e2"]);
    attack.records.reverse();
    assert_eq!(attack.follow(), lineage);
}

#[test]
fn identities_count_from_their_creation_and_only_as_actors() {
    let mut attack = Attack::default();
    let carol = json!({"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/carol", "accessKeyId": "AKIACAROL"});
    attack.add(1, &session("A", "one", ""), create_user("earlier"));
    attack.add(2, &eve(), assume("A", "one", "ASIA1"));
    attack.add(3, &carol, create_user("of-carol"));
    let mut mention = create_user("of-carol-too");
    mention["requestParameters"]["note"] = json!(EVE_KEY);
    attack.add(4, &carol, mention);
    assert_eq!(attack.followed(), ["session one of role A in 222222222222"]);
    let late = follow_lineage(&[start(EVE_KEY, 3)], &attack.records, 100);
    assert_eq!(late.nodes.len(), 1, "earlier use of the key is legitimate");
}

#[test]
fn session_of_another_with_the_same_name_is_not_followed() {
    let mut attack = Attack::default();
    let service = json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"});
    attack.add(1, &eve(), assume("A", "shared", "ASIA1"));
    attack.add(2, &service, assume("A", "shared", "ASIA2"));
    attack.add(3, &session("A", "shared", "ASIA2"), create_user("innocent"));
    attack.add(
        4,
        &session("A", "other", "ASIA3"),
        create_user("innocent-too"),
    );
    assert_eq!(
        attack.followed(),
        ["session shared of role A in 222222222222"]
    );
    // The console signs with keys that no record shows.
    attack.add(5, &session("A", "shared", "ASIA4"), create_user("console"));
    assert!(
        attack
            .followed()
            .contains(&"user console in 111111111111".to_owned())
    );
}

#[test]
fn extended_principals_are_shown_but_not_followed() {
    let mut attack = Attack::default();
    let eric = json!({"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/eric", "accessKeyId": "AKIAERIC"});
    let request = json!({"userName": "eric", "policyArn": "x", "roleName": "R"});
    attack.add(
        1,
        &eve(),
        record_json("iam", "AttachUserPolicy", &request, &Value::Null),
    );
    attack.add(
        1,
        &eve(),
        record_json("iam", "UpdateAssumeRolePolicy", &request, &Value::Null),
    );
    attack.add(2, &eric, create_user("innocent"));
    let lineage = attack.follow();
    let followed: Vec<bool> = lineage.nodes.iter().map(|node| node.is_followed).collect();
    assert_eq!(followed, [true, false, false]);
    // A password of the same user is the attacker's, but not the user's own key.
    attack.add(
        3,
        &eve(),
        record_json("iam", "CreateLoginProfile", &request, &Value::Null),
    );
    attack.add(4, &eric, create_user("innocent-too"));
    let console = json!({"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/eric"});
    attack.add(5, &console, create_user("evil"));
    let followed = attack.followed();
    assert!(
        followed.contains(&"user evil in 111111111111".to_owned()),
        "{followed:?}"
    );
    assert!(
        !followed.iter().any(|name| name.contains("innocent")),
        "{followed:?}"
    );
}

#[test]
fn records_of_two_accounts_are_one_call() {
    let mut attack = Attack::default();
    attack
        .add(1, &eve(), assume("A", "one", "ASIA1"))
        .shared_event_id = "s".to_owned();
    let other_account =
        json!({"type": "AWSAccount", "principalId": "AIDAEVE", "accountId": "111111111111"});
    let copy = attack.add(1, &other_account, assume("A", "one", "ASIA1"));
    copy.shared_event_id = "s".to_owned();
    copy.account = "222222222222".to_owned();
    let lineage = attack.follow();
    assert_eq!(lineage.edges.len(), 1);
    assert_eq!(lineage.edges[0].event_ids, ["e0", "e1"]);
    assert_eq!(lineage.edges[0].accounts, ["111111111111", "222222222222"]);
}

#[test]
fn failed_calls_are_attempts() {
    let mut attack = Attack::default();
    let mut denied = assume("A", "one", "ASIA1");
    denied["errorCode"] = json!("AccessDenied");
    denied["responseElements"] = Value::Null;
    attack.add(1, &eve(), denied.clone());
    attack.add(2, &json!({"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/x", "accessKeyId": "AKIAX"}), denied);
    let lineage = attack.follow();
    assert_eq!((lineage.nodes.len(), lineage.edges.len()), (1, 0));
    assert_eq!(lineage.attempts.len(), 1);
    assert_eq!(lineage.attempts[0].failure, "AccessDenied");
    assert_eq!(
        lineage.attempts[0].identities[0].to_string(),
        "session one of role A in 222222222222"
    );
}

#[test]
fn a_key_of_the_start_that_was_issued_to_a_session_is_that_session() {
    let mut attack = Attack::default();
    attack.add(1, &eve(), assume("A", "one", "ASIA1"));
    let starts = [start(EVE_KEY, 0), start("ASIA1", 5)];
    let lineage = follow_lineage(&starts, &attack.records, 100);
    let shown: Vec<String> = lineage
        .nodes
        .iter()
        .map(|node| node.identity.to_string())
        .collect();
    let session = "session one of role A in 222222222222".to_owned();
    assert_eq!(shown, [format!("access key {EVE_KEY}"), session]);
    assert_eq!(lineage.edges.len(), 1);
}

#[test]
fn identities_beyond_the_limit_are_reported() {
    let mut attack = Attack::default();
    for number in 0..5 {
        attack.add(number, &eve(), create_user(&format!("user-{number}")));
    }
    let lineage = follow_lineage(&[start(EVE_KEY, 0)], &attack.records, 3);
    assert_eq!((lineage.nodes.len(), lineage.reached_limit), (3, true));
    assert!(!attack.follow().reached_limit);
}

#[test]
fn sessions_of_a_created_role_and_provider_are_followed() {
    let mut attack = Attack::default();
    let provider = "arn:aws:iam::111111111111:saml-provider/P";
    attack.add(
        1,
        &eve(),
        record_json(
            "iam",
            "CreateRole",
            &json!({"roleName": "Persist"}),
            &json!({"role": {"arn": "arn:aws:iam::222222222222:role/Persist"}}),
        ),
    );
    attack.add(
        1,
        &eve(),
        record_json(
            "iam",
            "CreateSAMLProvider",
            &Value::Null,
            &json!({"sAMLProviderArn": provider}),
        ),
    );
    attack.add(2, &session("Persist", "x", "ASIAX"), create_user("eric"));
    let mut saml = assume("App", "saml", "ASIAS");
    saml["eventName"] = json!("AssumeRoleWithSAML");
    saml["requestParameters"]["principalArn"] = json!(provider);
    attack.add(
        3,
        &json!({"type": "SAMLUser", "principalId": "q:eve", "userName": "eve"}),
        saml,
    );
    let followed = attack.followed();
    for expected in [
        "user eric in 111111111111",
        "session saml of role App in 222222222222",
    ] {
        assert!(followed.contains(&expected.to_owned()), "{followed:?}");
    }
}

#[test]
fn outsider_that_a_new_trust_policy_names_is_followed() {
    let mut attack = Attack::default();
    let document = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::999999999999:root","arn:aws:iam::333333333333:root"]},"Action":"sts:AssumeRole"}]}"#;
    let request = json!({"roleName": "Shared", "policyDocument": document});
    let change = attack.add(
        1,
        &eve(),
        record_json("iam", "UpdateAssumeRolePolicy", &request, &Value::Null),
    );
    let role_account = change.account.clone();
    let outsider = |account: &str| json!({"type": "AWSAccount", "principalId": "AIDAOUT", "accountId": account});
    let assume_shared = |name: &str, key: &str| {
        let arn = format!("arn:aws:sts::{role_account}:assumed-role/Shared/{name}");
        record_json(
            "sts",
            "AssumeRole",
            &json!({"roleArn": format!("arn:aws:iam::{role_account}:role/Shared"), "roleSessionName": name}),
            &json!({"credentials": credentials(key), "assumedRoleUser": {"arn": arn}}),
        )
    };
    attack.add(
        2,
        &outsider("999999999999"),
        assume_shared("evil", "ASIAEVIL"),
    );
    attack.add(
        3,
        &outsider("333333333333"),
        assume_shared("good", "ASIAGOOD"),
    );
    let members: std::collections::BTreeSet<dragnet_model::AccountId> =
        [role_account.as_str(), "333333333333"]
            .map(|id| id.parse().unwrap())
            .into_iter()
            .collect();
    let starts = [start(EVE_KEY, 0)];
    let lineage = follow_lineage_with_outsiders(&starts, &attack.records, 100, Some(&members));
    let shown: Vec<String> = lineage
        .nodes
        .iter()
        .map(|node| node.identity.to_string())
        .collect();
    let evil = format!("session evil of role Shared in {role_account}");
    assert!(shown.contains(&evil), "{shown:?}");
    assert!(!shown.iter().any(|name| name.contains("good")), "{shown:?}");
    assert!(
        !attack.followed().iter().any(|name| name.contains("evil")),
        "without the members of the organization, no outsider is followed"
    );
}
