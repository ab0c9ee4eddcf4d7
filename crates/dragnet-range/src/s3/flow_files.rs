//! The files of flow logs that deliver to S3.
//!
//! Sources: VPC user guide, "Flow log files" (five minutes, names, folders, the header line), and
//! EC2 API, `DestinationOptionsRequest` (Hive-compatible partitions, hourly partitions).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::delivery::{Content, Delivery, Source, arrival, name_time};
use crate::access::Mint;
use crate::world::{DestinationOptions, FlowLog, World};

/// All files of a flow log in a folder, including those that will arrive later.
pub(super) fn flow_files(
    world: &World,
    number: usize,
    source: &Source,
    folder: &str,
) -> Vec<Delivery> {
    let flow_log = world
        .account(source.account)
        .and_then(|account| account.flow_logs.get(&source.region)?.get(number));
    let Some(flow_log) = flow_log.filter(|flow_log| flow_log.delivery_error.is_none()) else {
        return Vec::new();
    };
    let header: Arc<str> = header_line(flow_log).into();
    let mut by_name_time: BTreeMap<Timestamp, Vec<Arc<str>>> = BTreeMap::new();
    if let Some(traffic) = &flow_log.traffic {
        traffic.generate(|event| {
            if let Ok(ready) = Timestamp::from_millisecond(event.ingestion_ms) {
                let lines = by_name_time
                    .entry(name_time(ready))
                    .or_insert_with(|| vec![Arc::clone(&header)]);
                lines.push(event.message);
            }
        });
    }
    let files = by_name_time.into_iter().map(|(name_time, lines)| {
        let name = file_name(&world.mint, flow_log, source, name_time);
        let key = format!("{folder}{}{name}", folders(flow_log.options, name_time));
        Delivery {
            modified: arrival(name_time, &key),
            key,
            kms_key: None,
            content: Content::FlowLog(lines),
        }
    });
    files.collect()
}

/// The names of the fields, as the first line of a file has them.
fn header_line(flow_log: &FlowLog) -> String {
    flow_log.format.replace("${", "").replace('}', "")
}

/// The folders of a day or hour.
fn folders(options: DestinationOptions, time: Timestamp) -> String {
    let format = match (options.hive, options.hourly) {
        (false, false) => "%Y/%m/%d/",
        (false, true) => "%Y/%m/%d/%H/",
        (true, false) => "year=%Y/month=%m/day=%d/",
        (true, true) => "year=%Y/month=%m/day=%d/hour=%H/",
    };
    time.strftime(format).to_string()
}

fn file_name(mint: &Mint, flow_log: &FlowLog, source: &Source, time: Timestamp) -> String {
    let Source {
        account, region, ..
    } = source;
    let id = &flow_log.id;
    let minute = time.strftime("%Y%m%dT%H%MZ");
    let unique = mint.id_for("", &format!("flow file {id} {minute}"), 8);
    let unique = unique.to_lowercase();
    format!("{account}_vpcflowlogs_{region}_{id}_{minute}_{unique}.log.gz")
}
