//! Several member roles: the first that works is used, and which one is reported.

use std::fmt::Write;

use crate::identity::{HEAD, MEMBER};
use crate::world::World;

/// An account in which only the second role of [`CONFIG`] can be assumed, one in which only the
/// third can, and one without any.
const MORE: &str = r#"
[[accounts]]
id = "333333333333"
name = "dev"
[[accounts]]
id = "444444444444"
name = "closed"
"#;

const CONFIG: &str = r#"
[identity]
member_role = ["First", "team/Second", "Third"]
"#;

fn role(name: &str, path: &str, account: &str) -> String {
    format!(
        r#"
[[roles]]
name = "{name}"
path = "{path}"
accounts = ["{account}"]
attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
"#
    )
}

fn world(config: &str) -> World {
    let mut scenario = [HEAD, MEMBER, MORE].concat();
    for (name, path, account) in [
        ("Second", "/team/", "prod"),
        ("Third", "/", "prod"),
        ("Third", "/", "dev"),
    ] {
        write!(scenario, "{}", role(name, path, account)).unwrap();
    }
    World::from_toml(&scenario).with_config(config)
}

#[tokio::test(start_paused = true)]
async fn first_role_that_works_is_used_and_reported() {
    let run = world(CONFIG).sweep(&["192.0.2.1", "--since", "24h"]).await;
    let summary = run.summary();
    let roles = &summary["member_roles"];
    assert_eq!(roles["222222222222"], "team/Second", "{roles}");
    assert_eq!(roles["333333333333"], "Third", "{roles}");
    assert!(roles["444444444444"].is_null(), "{roles}");
    let closed = run.coverage_row("444444444444");
    assert!(
        closed.contains("role/First") && closed.contains("denied too: Second, Third"),
        "{closed}"
    );
}

#[tokio::test(start_paused = true)]
async fn single_role_is_not_reported() {
    let config = "[identity]\nmember_role = \"Third\"\n";
    let run = world(config).sweep(&["192.0.2.1", "--since", "24h"]).await;
    assert!(run.summary()["member_roles"].is_null());
}
