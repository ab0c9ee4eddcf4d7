//! Athena of moto: the states of a query, its results, and the default workgroup. moto runs no queries, so the test says
//! what a query names; it has no pages of results.

use std::time::Duration;

use serde_json::json;

use super::buckets::{LogFiles, PLANTED, REGION, assert_found, create_trail, folder_row};
use super::dragnet::sweep;
use super::moto::management_keys;
use super::planted::ADDRESS;
use super::server::Server;

const OBJECTS: usize = 60;
const BUCKET: &str = "athena-trail-files";

/// An object that was written less than a minute before a query may not have been seen by it.
const MARGIN: Duration = Duration::from_secs(62);

/// A query is waiting in the first response, and is running in the second and third.
fn slow_queries(server: &Server) {
    let transition = json!({
        "model_name": "athena::execution",
        "transition": { "progression": "manual", "times": 2 },
    });
    server.post_json("/moto-api/state-manager/set-transition", &transition);
}

fn set_result(server: &Server, account: &str, paths: &[String]) {
    let values = ["$path"]
        .into_iter()
        .chain(paths.iter().map(String::as_str));
    let rows: Vec<_> = values
        .map(|value| json!({ "Data": [{ "VarCharValue": value }] }))
        .collect();
    let column = json!({ "Name": "$path", "Label": "$path", "Type": "varchar" });
    let results = json!({
        "account_id": account,
        "region": REGION,
        "results": [{ "rows": rows, "column_info": [column] }],
    });
    server.post_json("/moto-api/static/athena/query-results", &results);
}

#[tokio::test]
async fn objects_that_a_query_does_not_name_are_not_read() {
    let Some(server) = Server::from_env("DRAGNET_MOTO_URL") else {
        return;
    };
    server.reset("/moto-api/reset");
    let keys = management_keys();
    let config = server.config(&keys, REGION);
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity();
    let account = caller.send().await.unwrap().account.unwrap();
    let organizations = aws_sdk_organizations::Client::new(&config);
    organizations.create_organization().send().await.unwrap();
    server.create_bucket(BUCKET, &keys);
    create_trail(&server, &keys, BUCKET).await;
    let files = LogFiles::new(&server, &keys, (BUCKET, REGION), &account);
    let planted = files.put(OBJECTS).await;
    tokio::time::sleep(MARGIN).await;
    let named: Vec<String> = (0..OBJECTS)
        .step_by(PLANTED)
        .map(|number| format!("s3://{BUCKET}/{}", files.key(number)))
        .collect();
    set_result(&server, &account, &named);
    slow_queries(&server);

    let config = format!(
        r#"
[athena]
account = "{account}"
region = "{REGION}"
workgroup = "primary"
database = "dragnet"
[[athena.tables]]
name = "trail_lines"
logs = "CloudTrail"
location = "s3://{BUCKET}/AWSLogs/"
"#
    );
    let window = files.window();
    let mut arguments = vec![ADDRESS, "--region", REGION, "--sources", "athena"];
    arguments.extend(["--progress", "none"]);
    arguments.extend(window.iter().map(String::as_str));
    let run = sweep(&server, &keys, &config, &arguments);
    let unset = json!({ "model_name": "athena::execution" });
    server.post_json("/moto-api/state-manager/unset-transition", &unset);

    assert_found(&run, &planted);
    let row = folder_row(&run, &account);
    assert_eq!(row["status"], "searched", "{row:?}");
    let athena = &run.summary()["athena"];
    assert_eq!(athena["queries"], 1, "{athena}: {}", run.stderr);
    assert_eq!(
        athena["objects_ruled_out"],
        OBJECTS - planted.len(),
        "{athena}"
    );
    let calls = run.csv("calls.csv");
    let looks = calls
        .iter()
        .filter(|row| row["operation"] == "GetQueryExecution");
    assert!(looks.count() >= 4, "the query was waited for");
}
