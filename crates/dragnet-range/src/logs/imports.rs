//! `DescribeImportTasks`: the imports of event data stores into log groups.
//!
//! Source: CloudWatch Logs API, `DescribeImportTasks`, `Import`: times are milliseconds; 50 a page.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{invalid, page_size};
use crate::call::Call;
use crate::wire::{AwsError, Page, Reply};
use crate::world::{ImportTask, World};

const PAGE_SIZE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    import_id: Option<String>,
    import_status: Option<String>,
    import_source_arn: Option<String>,
    limit: Option<usize>,
    next_token: Option<String>,
}

pub(super) fn describe(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let size = page_size(input.limit, "limit", PAGE_SIZE)?;
    let caller = call.caller;
    let own = call
        .world
        .import_tasks
        .iter()
        .filter(|task| task.account == caller.account && task.region == caller.region);
    let is =
        |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    let mut rows: Vec<(String, Value)> = own
        .filter(|task| is(&input.import_id, &task.id) && is(&input.import_status, &task.status))
        .filter(|task| is(&input.import_source_arn, &source_arn(call.world, task)))
        .map(|task| (task.id.clone(), to_json(call.world, task)))
        .collect();
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let keyed = rows.iter().map(|(id, row)| (id.as_str(), row));
    let page = Page::from_sorted(keyed, &call.list_name(), input.next_token.as_deref(), size)
        .ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let mut reply = json!({ "imports": page.items });
    if let Some(next) = page.next {
        reply["nextToken"] = json!(next);
    }
    Reply::json(&reply)
}

fn source_arn(world: &World, task: &ImportTask) -> String {
    let resource = format!("eventdatastore/{}", task.id);
    world.arn("cloudtrail", task.region.as_str(), task.account, &resource)
}

fn to_json(world: &World, task: &ImportTask) -> Value {
    let group = format!("log-group:{}", task.log_group);
    let mut row = json!({
        "importId": task.id,
        "importSourceArn": source_arn(world, task),
        "importStatus": task.status,
        "importDestinationArn": world.arn("logs", task.region.as_str(), task.account, &group),
        "creationTime": task.created_ms,
        "lastUpdatedTime": task.created_ms,
    });
    let bounds = [
        ("startEventTime", task.from_ms),
        ("endEventTime", task.to_ms),
    ];
    for (name, time) in bounds {
        if let Some(time) = time {
            row["importFilter"][name] = json!(time);
        }
    }
    row
}
