//! VPC flow log records in the format of the flow log.
//!
//! Source: VPC user guide, "Flow log records".

use super::{everyday_address, pick};
use crate::logs::NewEvent;
use dragnet_model::{AccountId, Region};

const PORTS: [u16; 6] = [443, 443, 443, 80, 5432, 22];
/// The length of the interval over which a flow is aggregated.
const AGGREGATION_SECONDS: i64 = 600;

/// The values of a flow log record.
struct Flow<'a> {
    account: AccountId,
    region: &'a Region,
    interface: String,
    source_address: String,
    target_address: String,
    source_port: u16,
    target_port: u16,
    packets: u32,
    bytes: u64,
    start: i64,
    action: &'static str,
}

/// The network interfaces of an account in one Region, and the format of their flow log.
#[derive(Clone, Debug)]
pub(crate) struct FlowSource {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The record format in AWS's `${field}` syntax.
    pub(crate) format: String,
}

pub(super) fn generate(
    source: &FlowSource,
    times: &[i64],
    random: &mut fastrand::Rng,
    mut store: impl FnMut(NewEvent),
) {
    let interfaces: Vec<String> = (0..4)
        .map(|_| format!("eni-{:017x}", random.u64(..) >> 4))
        .collect();
    for timestamp_ms in times {
        let interface = pick(random, &interfaces).clone();
        let flow = random_flow(source, interface, timestamp_ms / 1_000, random);
        store(NewEvent {
            stream: format!("{}-all", flow.interface),
            timestamp_ms: *timestamp_ms,
            ingestion_ms: timestamp_ms + random.i64(60_000..420_000),
            id: None,
            message: flow.write(&source.format).into(),
        });
    }
}

fn random_flow<'a>(
    source: &'a FlowSource,
    interface: String,
    start: i64,
    random: &mut fastrand::Rng,
) -> Flow<'a> {
    let inside = format!(
        "10.{}.{}.{}",
        random.u8(0..16),
        random.u8(..),
        random.u8(1..255)
    );
    let outside = everyday_address(random);
    let inbound = random.bool();
    let (source_address, target_address) = if inbound {
        (outside, inside)
    } else {
        (inside, outside)
    };
    let packets = random.u32(1..400);
    let bytes = u64::from(packets) * u64::from(random.u32(60..1_400));
    // One inbound flow in ten is rejected.
    let action = if inbound && random.u8(0..10) == 0 {
        "REJECT"
    } else {
        "ACCEPT"
    };
    let source_port = random.u16(1_024..65_535);
    let target_port = *pick(random, &PORTS);
    Flow {
        account: source.account,
        region: &source.region,
        interface,
        source_address,
        target_address,
        source_port,
        target_port,
        packets,
        bytes,
        start,
        action,
    }
}

impl Flow<'_> {
    fn write(&self, format: &str) -> String {
        let fields = format
            .split_whitespace()
            .map(|field| field.trim_start_matches("${").trim_end_matches('}'));
        fields
            .map(|field| self.value(field))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn value(&self, field: &str) -> String {
        match field {
            "version" => "2".to_owned(),
            "account-id" => self.account.to_string(),
            "region" => self.region.to_string(),
            "interface-id" => self.interface.clone(),
            "srcaddr" | "pkt-srcaddr" => self.source_address.clone(),
            "dstaddr" | "pkt-dstaddr" => self.target_address.clone(),
            "srcport" => self.source_port.to_string(),
            "dstport" => self.target_port.to_string(),
            "protocol" => "6".to_owned(),
            "packets" => self.packets.to_string(),
            "bytes" => self.bytes.to_string(),
            "start" => self.start.to_string(),
            "end" => (self.start + AGGREGATION_SECONDS).to_string(),
            "action" => self.action.to_owned(),
            "log-status" => "OK".to_owned(),
            "type" => "IPv4".to_owned(),
            _ => "-".to_owned(),
        }
    }
}
