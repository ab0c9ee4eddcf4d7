//! Random flow logs, each with one line that has the planted address.

use fastrand::Rng;

use super::organization::{ACCOUNTS, ARCHIVE, REGIONS, Target, happens, pick, time};
use crate::s3::sweeps::IP;
use crate::scenario::{Event, FlowLog, TomlValue};

const FLOW_FIELDS: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

#[derive(Clone, Debug)]
pub(crate) struct RandomFlowLog {
    pub target: Target,
    pub destination: FlowDestination,
    /// Makes its line unique.
    port: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum FlowDestination {
    LogGroup,
    Bucket {
        owner: &'static str,
        is_hive: bool,
        is_hourly: bool,
    },
}

impl RandomFlowLog {
    pub(super) fn random(rng: &mut Rng, number: usize) -> Self {
        // One for each Region, so that no two are in the same account-Region.
        let target = (pick(rng, &ACCOUNTS), REGIONS[number]);
        let bucket = FlowDestination::Bucket {
            owner: pick(rng, &[target.0, ARCHIVE]),
            is_hive: rng.bool(),
            is_hourly: rng.bool(),
        };
        Self {
            target,
            destination: if happens(rng, 3) {
                FlowDestination::LogGroup
            } else {
                bucket
            },
            port: 40_000 + number,
        }
    }

    pub(super) fn target_text(&self) -> String {
        let (account, region) = self.target;
        format!("{account} {region}")
    }

    /// The record with the planted address.
    pub(super) fn line(&self) -> String {
        let start = time("2026-03-02T05:00:00Z").as_second();
        let end = start + 60;
        let account = self.target.0;
        let port = self.port;
        format!(
            "2 {account} eni-0123456789abcdef0 {IP} 10.0.0.1 {port} 443 6 10 840 {start} {end} ACCEPT OK"
        )
    }

    pub(super) fn tables(&self) -> String {
        let (account, region) = self.target;
        let FlowDestination::Bucket {
            owner,
            is_hive,
            is_hourly,
        } = self.destination
        else {
            let flow_log = FlowLog::new(account, region, "/flows");
            let at = "2026-03-02T05:00:00Z";
            return format!(
                "{flow_log}{}",
                Event::new(account, region, "/flows", at, self.line())
            );
        };
        let bucket = format!("flows-{owner}");
        let flow_log = FlowLog::new(account, region, &bucket)
            .destination("s3")
            .destination_account(owner);
        let (folder, hour) = if is_hive {
            (
                format!(
                    "aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}/year=2026/month=03/day=02/"
                ),
                "hour=05/",
            )
        } else {
            (format!("{account}/vpcflowlogs/{region}/2026/03/02/"), "05/")
        };
        let hour = if is_hourly { hour } else { "" };
        let key = format!(
            "AWSLogs/{folder}{hour}{account}_vpcflowlogs_{region}_fl-0123456789abcdef0_20260302T0505Z_{:08x}.log.gz",
            self.port
        );
        let text = format!("{FLOW_FIELDS}\n{}\n", self.line()).to_toml();
        format!(
            "{flow_log}hive = {is_hive}\nhourly = {is_hourly}\n[[objects]]\nbucket = '{bucket}'\nkey = '{key}'\nat = '2026-03-02T05:05:20Z'\ngzip = true\ntext = {text}\n"
        )
    }
}
