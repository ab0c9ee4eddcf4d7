//! Imports of event data stores, as `DescribeImportTasks` lists them.

use super::{group_rows, organization_trail, scenario};
use crate::scenario::{Fault, Group};
use crate::world::World;

const NAME: &str = "aws/cloudtrail/f1d45bff-0001";
const WINDOW: [&str; 5] = ["text:exfil.example", "--from", "70d", "--to", "50d"];

fn import(status: &str, from: &str, to: &str) -> String {
    format!(
        r#"
[[imports]]
account = "222222222222"
region = "eu-west-1"
group = "{NAME}"
status = "{status}"
from = "{from}"
to = "{to}"
created = "1h ago"
"#
    )
}

async fn row_of_import(more: &str) -> (String, u64) {
    let group = Group::new("prod", NAME)
        .region("eu-west-1")
        .class("INFREQUENT_ACCESS")
        .created("1h ago");
    let tables = group.to_string() + more;
    let world = World::from_toml(&scenario(&organization_trail()).with(&tables).toml());
    let run = world.sweep(&WINDOW).await;
    let rows = group_rows(&run);
    let row = rows.iter().find(|row| row.starts_with(NAME));
    (
        row.unwrap().trim_end().to_owned(),
        world.calls("DescribeImportTasks"),
    )
}

#[tokio::test(start_paused = true)]
async fn only_complete_imports_of_the_window_are_searched() {
    let searched = format!("{NAME} searched");
    let whole = import("COMPLETED", "100d ago", "1d ago");
    assert_eq!(row_of_import(&whole).await, (searched.clone(), 1));
    let halves =
        import("COMPLETED", "100d ago", "60d ago") + &import("COMPLETED", "60d ago", "1d ago");
    assert_eq!(row_of_import(&halves).await.0, searched);
    for gap in [
        import("FAILED", "100d ago", "1d ago"),
        import("IN_PROGRESS", "100d ago", "1d ago"),
        import("COMPLETED", "60d ago", "1d ago"),
    ] {
        let (row, _) = row_of_import(&gap).await;
        let expected =
            format!("{NAME} partial created-inside-window: not all of the window was imported: ");
        assert!(row.starts_with(&expected), "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_list_the_name_and_the_class_decide() {
    let searched = format!("{NAME} searched");
    let failed = import("FAILED", "100d ago", "1d ago");
    let denied = Fault::denied("DescribeImportTasks").to_string();
    for tables in [String::new(), denied + &failed] {
        assert_eq!(row_of_import(&tables).await.0, searched);
    }
}

#[tokio::test(start_paused = true)]
async fn organization_without_imports_is_not_asked() {
    let world = World::from_toml(&scenario(&organization_trail()).toml());
    world.sweep(&WINDOW).await;
    assert_eq!(world.calls("DescribeImportTasks"), 0);
}
