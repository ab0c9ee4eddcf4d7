//! `DescribeFlowLogs`: where VPC traffic is recorded, and in which format.
//!
//! Source: EC2 API, `DescribeFlowLogs`.

use crate::call::Call;
use crate::policy::glob;
use crate::wire::{AwsError, Page, Params, Reply, Xml};
use crate::world::{FlowDestination, FlowLog};
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{AccountId, Region};

impl FlowLog {
    fn log_group_name(&self) -> &str {
        if self.destination == FlowDestination::CloudWatchLogs {
            &self.log_group
        } else {
            ""
        }
    }

    /// The ARN of a bucket, or of a log group in an account other than `owner`, which is the
    /// account of the flow log.
    ///
    /// Source: EC2 API, `FlowLog`: `logDestination`, and `deliverCrossAccountRole`, the role that
    /// "allows the service to publish flow logs across accounts".
    fn destination_arn(&self, owner: AccountId, region: &Region) -> Option<String> {
        let Self {
            destination_account,
            log_group,
            ..
        } = self;
        match self.destination {
            FlowDestination::S3 => Some(format!("arn:aws:s3:::{log_group}")),
            FlowDestination::CloudWatchLogs if *destination_account == owner => None,
            FlowDestination::CloudWatchLogs => Some(format!(
                "arn:aws:logs:{region}:{destination_account}:log-group:{log_group}"
            )),
        }
    }

    /// Writes an item of `flowLogSet`, for the account and Region of the flow log.
    fn write(&self, xml: &mut Xml, owner: AccountId, region: &Region) {
        let delivery_status = if self.delivery_error.is_some() {
            "FAILED"
        } else {
            "SUCCESS"
        };
        let log_group_name = Some(self.log_group_name()).filter(|name| !name.is_empty());
        xml.text("creationTime", rfc3339_ms(self.created))
            .text("deliverLogsStatus", delivery_status)
            .optional("deliverLogsErrorMessage", self.delivery_error.as_deref())
            .text("flowLogId", &self.id)
            .text("flowLogStatus", "ACTIVE")
            .text("logDestinationType", self.destination.as_str())
            .optional("logDestination", self.destination_arn(owner, region))
            .text("logFormat", &self.format)
            .optional("logGroupName", log_group_name)
            .text("maxAggregationInterval", 600)
            .text("resourceId", &self.vpc)
            .text("trafficType", self.traffic_type.as_str());
        if self.destination == FlowDestination::S3 {
            xml.element("destinationOptions", |xml| {
                xml.text("fileFormat", "plain-text")
                    .text("hiveCompatiblePartitions", self.options.hive)
                    .text("perHourPartition", self.options.hourly);
            });
        }
    }
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let params = call.input.form()?;
    let size = params.number("MaxResults", 1..=1_000, 1_000)?;
    let mut flow_logs = select_by_id(call, &params.list("FlowLogId"))?;
    apply_filters(&mut flow_logs, params)?;
    flow_logs.sort_by(|a, b| a.id.cmp(&b.id));
    let page = Page::from_sorted(
        flow_logs.into_iter().map(|log| (log.id.as_str(), log)),
        &call.list_name(),
        params.get("NextToken"),
        usize::try_from(size).unwrap_or(1),
    )
    .ok_or_else(|| AwsError::new("InvalidNextToken", "The token is not valid."))?;
    Ok(Reply::xml(|xml| {
        xml.items("flowLogSet", page.items, |xml, log| {
            log.write(xml, call.caller.account, &call.caller.region);
        });
        xml.optional("nextToken", page.next);
    }))
}

/// The flow logs with these ids in the caller's account and Region, or all of them if `ids` is
/// empty.
fn select_by_id<'a>(call: &'a Call<'_>, ids: &[&str]) -> Result<Vec<&'a FlowLog>, AwsError> {
    let flow_logs = call
        .world
        .account(call.caller.account)
        .and_then(|account| account.flow_logs.get(&call.caller.region))
        .map_or(&[][..], Vec::as_slice);
    let is_unknown = |id: &str| !flow_logs.iter().any(|log| log.id == id);
    if let Some(unknown) = ids.iter().find(|id| is_unknown(id)) {
        return Err(AwsError::new(
            "InvalidFlowLogId.NotFound",
            format!("The flow log ID '{unknown}' does not exist"),
        ));
    }
    let selected = flow_logs
        .iter()
        .filter(|log| ids.is_empty() || ids.contains(&log.id.as_str()));
    Ok(selected.collect())
}

/// Removes the flow logs that do not pass the filters of the request.
fn apply_filters(flow_logs: &mut Vec<&FlowLog>, params: &Params) -> Result<(), AwsError> {
    for n in 1..=params.count("Filter", "Name") {
        let name = params.required(&format!("Filter.{n}.Name"))?;
        let values = params.list(&format!("Filter.{n}.Value"));
        let field = filter_field(name)?;
        flow_logs.retain(|log| values.iter().any(|value| glob(value, field(log))));
    }
    Ok(())
}

/// The field that a filter compares.
fn filter_field(name: &str) -> Result<fn(&FlowLog) -> &str, AwsError> {
    let field: fn(&FlowLog) -> &str = match name {
        "log-group-name" => FlowLog::log_group_name,
        "resource-id" => |log| &log.vpc,
        "log-destination-type" => |log| log.destination.as_str(),
        "traffic-type" => |log| log.traffic_type.as_str(),
        "flow-log-id" => |log| &log.id,
        _ => {
            return Err(AwsError::new(
                "InvalidParameterValue",
                format!("The filter '{name}' is invalid"),
            ));
        }
    };
    Ok(field)
}
