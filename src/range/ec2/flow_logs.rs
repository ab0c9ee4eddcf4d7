//! `DescribeFlowLogs`: where VPC traffic is recorded, and in which format.
//!
//! Source: EC2 API, `DescribeFlowLogs`.

use jiff::Timestamp;

use crate::range::call::Call;
use crate::range::policy::glob;
use crate::range::wire::{AwsError, Page, Reply};
use crate::time::rfc3339_ms;

/// A VPC flow log.
#[derive(Clone, Debug)]
pub(crate) struct FlowLog {
    /// Its id, `fl-…`.
    pub(crate) id: String,
    /// The VPC that it records, `vpc-…`.
    pub(crate) vpc: String,
    /// The log group that it delivers to.
    pub(crate) log_group: String,
    /// Its record format, in AWS's `${field}` form.
    pub(crate) format: String,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// An error that keeps it from delivering, in AWS's words.
    pub(crate) delivery_error: Option<String>,
}

impl FlowLog {
    /// The format of a flow log for which nobody chose one.
    ///
    /// Source: VPC user guide, "Flow log records".
    pub(crate) const DEFAULT_FORMAT: &'static str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} \
         ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let size = params.number("MaxResults", 1..=1_000, 1_000)?;
    let ids = params.list("FlowLogId");
    let account = call.world.account(call.caller.account);
    let logs = account.and_then(|account| account.flow_logs.get(&call.caller.region)).map_or(&[][..], Vec::as_slice);
    if let Some(unknown) = ids.iter().find(|id| !logs.iter().any(|log| log.id == **id)) {
        return Err(AwsError::new("InvalidFlowLogId.NotFound", format!("The flow log ID '{unknown}' does not exist")));
    }
    let mut wanted: Vec<&FlowLog> =
        logs.iter().filter(|log| ids.is_empty() || ids.contains(&log.id.as_str())).collect();
    for n in 1..=params.count("Filter", "Name") {
        let name = params.required(&format!("Filter.{n}.Name"))?;
        let values = params.list(&format!("Filter.{n}.Value"));
        let field: fn(&FlowLog) -> &str = match name {
            "log-group-name" => |log| &log.log_group,
            "resource-id" => |log| &log.vpc,
            "log-destination-type" => |_| "cloud-watch-logs",
            "flow-log-id" => |log| &log.id,
            _ => return Err(AwsError::new("InvalidParameterValue", format!("The filter '{name}' is invalid"))),
        };
        wanted.retain(|log| values.iter().any(|value| glob(value, field(log))));
    }
    wanted.sort_by(|a, b| a.id.cmp(&b.id));
    let keyed = wanted.into_iter().map(|log| (log.id.as_str(), log));
    let page = Page::of(keyed, &call.list_name(), params.get("NextToken"), usize::try_from(size).unwrap_or(1))
        .ok_or_else(|| AwsError::new("InvalidNextToken", "The token is not valid."))?;
    Ok(Reply::xml(|xml| {
        xml.items("flowLogSet", page.items, |xml, log| {
            xml.text("creationTime", rfc3339_ms(log.created))
                .text("deliverLogsStatus", if log.delivery_error.is_some() { "FAILED" } else { "SUCCESS" })
                .optional("deliverLogsErrorMessage", log.delivery_error.as_deref())
                .text("flowLogId", &log.id)
                .text("flowLogStatus", "ACTIVE")
                .text("logDestinationType", "cloud-watch-logs")
                .text("logFormat", &log.format)
                .text("logGroupName", &log.log_group)
                .text("maxAggregationInterval", 600)
                .text("resourceId", &log.vpc)
                .text("trafficType", "ALL");
        });
        xml.optional("nextToken", page.next);
    }))
}
