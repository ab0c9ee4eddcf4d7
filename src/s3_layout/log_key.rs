//! The key of an object below `AWSLogs/`.

use std::fmt;

use jiff::Timestamp;

use super::file_name::FileName;
use super::folder::LogFolder;
use super::key_date::{DateForm, KeyDate};
use super::kind::ObjectKind;

/// The key of an object below `AWSLogs/`. Its parts agree with each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    /// The folder of the account-Region.
    pub folder: LogFolder,
    /// The folders of the date.
    pub date: KeyDate,
    /// A folder below the date (`ConfigHistory`), which only AWS Config has; else empty.
    pub subfolder: String,
    /// What is between the Region and the time: the id of a flow log, the name of a load balancer,
    /// the trail and home Region of a digest. Empty for log files of CloudTrail.
    pub label: String,
    /// The time in the name.
    pub time: Timestamp,
    /// Whether the name has the seconds of the time.
    pub has_seconds: bool,
    /// What follows the time: a unique text and the file extension.
    pub tail: String,
}

impl LogKey {
    /// Reads a key; `None` if a part is missing or contradicts another one.
    pub fn parse(key: &str) -> Option<Self> {
        let (folder, rest) = LogFolder::split(key)?;
        let (date, rest) = KeyDate::split(rest, folder.date_form())?;
        let (subfolder, name) = match rest.split_once('/') {
            Some((subfolder, name)) if folder.kind == ObjectKind::Config => (subfolder, name),
            Some(_) => return None,
            None => ("", rest),
        };
        if name.contains('/') {
            return None;
        }
        let FileName {
            label,
            time,
            has_seconds,
            tail,
        } = FileName::parse(name, &folder)?;
        let is_exact = folder.kind.is_from_cloudtrail();
        if is_exact && date.hour.is_some() {
            return None;
        }
        date.agrees_with(time, is_exact).then(|| Self {
            subfolder: subfolder.to_owned(),
            folder,
            date,
            label,
            time,
            has_seconds,
            tail,
        })
    }

    /// Whether the object is a Parquet file.
    ///
    /// Source: VPC user guide, "Flow log files": `.log.parquet`.
    pub fn is_parquet(&self) -> bool {
        self.tail.ends_with(".parquet")
    }

    /// Whether it is a digest of files that the digest of their hour left out.
    ///
    /// Source: CloudTrail user guide, "CloudTrail digest file structure".
    pub fn is_backfill(&self) -> bool {
        self.folder.kind == ObjectKind::Digest && self.tail.starts_with("_backfill")
    }
}

impl LogFolder {
    /// How the dates in this folder are written.
    pub(super) fn date_form(&self) -> DateForm {
        match self.kind {
            _ if self.is_hive => DateForm::Hive,
            ObjectKind::Config => DateForm::Unpadded,
            _ => DateForm::Plain,
        }
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FileName {
            label: self.label.clone(),
            time: self.time,
            has_seconds: self.has_seconds,
            tail: self.tail.clone(),
        };
        write!(f, "{}{}", self.folder, self.date)?;
        if !self.subfolder.is_empty() {
            write!(f, "{}/", self.subfolder)?;
        }
        f.write_str(&name.to_text(&self.folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a key, in a line.
    fn parts(key: &str) -> String {
        let Some(parsed) = LogKey::parse(key) else {
            return "unknown".to_owned();
        };
        assert_eq!(parsed.to_string(), key);
        let LogKey {
            folder,
            label,
            time,
            ..
        } = parsed;
        let organization = folder.root.organization.clone().unwrap_or_default();
        format!(
            "{}|{organization}|{}|{}|{}|{label}|{time}",
            folder.root.prefix, folder.account, folder.kind, folder.last
        )
    }

    #[test]
    fn layouts_of_aws_are_read() {
        for (key, expected) in [
            (
                "AWSLogs/111111111111/CloudTrail/us-east-1/2026/11/27/111111111111_CloudTrail_us-east-1_20261127T0210Z_abcdefghijklmnop.json.gz",
                "||111111111111|CloudTrail|us-east-1||2026-11-27T02:10:00Z",
            ),
            (
                "o-archive000/AWSLogs/o-archive000/111111111111/CloudTrail/us-east-1/2026/11/27/111111111111_CloudTrail_us-east-1_20261127T0210Z_a.json.gz",
                "o-archive000/|o-archive000|111111111111|CloudTrail|us-east-1||2026-11-27T02:10:00Z",
            ),
            (
                "a/b/AWSLogs/111111111111/CloudTrail-Digest/us-east-1/2026/11/27/111111111111_CloudTrail-Digest_us-east-1_20200101T0000Z_my_trail_eu-west-1_20261127T021030Z_backfill.json.gz",
                "a/b/||111111111111|CloudTrail-Digest|us-east-1|20200101T0000Z_my_trail_eu-west-1|2026-11-27T02:10:30Z",
            ),
            (
                "AWSLogs/111111111111/CloudTrail-Insight/us-east-1/2026/11/27/111111111111_CloudTrail-Insight_us-east-1_20261127T0210Z_a.json.gz",
                "||111111111111|CloudTrail-Insight|us-east-1||2026-11-27T02:10:00Z",
            ),
            (
                "AWSLogs/111111111111/vpcflowlogs/us-east-1/2026/11/27/02/111111111111_vpcflowlogs_us-east-1_fl-0123_20261127T0210Z_ab12.log.gz",
                "||111111111111|vpcflowlogs|us-east-1|fl-0123|2026-11-27T02:10:00Z",
            ),
            (
                "AWSLogs/aws-account-id=111111111111/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=11/day=27/hour=02/111111111111_vpcflowlogs_us-east-1_fl-0123_20261127T0210Z_ab12.log.parquet",
                "||111111111111|vpcflowlogs|us-east-1|fl-0123|2026-11-27T02:10:00Z",
            ),
            (
                // Delivered after midnight.
                "AWSLogs/111111111111/elasticloadbalancing/us-east-1/2026/11/28/111111111111_elasticloadbalancing_us-east-1_app.web.0123456789abcdef_20261127T2355Z_192.0.2.1_abc.log.gz",
                "||111111111111|elasticloadbalancing|us-east-1|app.web.0123456789abcdef|2026-11-27T23:55:00Z",
            ),
            (
                "AWSLogs/111111111111/elasticloadbalancing/us-east-1/2026/11/27/111111111111_elasticloadbalancing_us-east-1_classic_20261127T2355Z_192.0.2.1_abc.log",
                "||111111111111|elasticloadbalancing|us-east-1|classic|2026-11-27T23:55:00Z",
            ),
            (
                "AWSLogs/111111111111/vpcdnsquerylogs/vpc-0123/2026/11/27/vpc-0123_vpcdnsquerylogs_111111111111_20261127T0210Z_ab12.log.gz",
                "||111111111111|vpcdnsquerylogs|vpc-0123||2026-11-27T02:10:00Z",
            ),
            (
                "AWSLogs/111111111111/Config/us-east-1/2026/3/2/ConfigHistory/111111111111_Config_us-east-1_ConfigHistory_AWS::EC2::VPC_20260302T100000Z_20260302T110000Z_1.json.gz",
                "||111111111111|Config|us-east-1|ConfigHistory_AWS::EC2::VPC|2026-03-02T10:00:00Z",
            ),
        ] {
            assert_eq!(parts(key), expected, "{key}");
        }
    }

    #[test]
    fn keys_that_contradict_themselves_are_unknown() {
        let folder = "AWSLogs/111111111111/CloudTrail/us-east-1/2026/11/27/";
        for name in [
            "export.csv",
            "222222222222_CloudTrail_us-east-1_20261127T0210Z_a.json.gz",
            "111111111111_CloudTrail_us-east-2_20261127T0210Z_a.json.gz",
            "111111111111_CloudTrail-Digest_us-east-1_20261127T0210Z_a.json.gz",
            "111111111111_CloudTrail_us-east-1_20261128T0210Z_a.json.gz",
            "111111111111_CloudTrail_us-east-1_x_20261127T0210Z_a.json.gz",
            "02/111111111111_CloudTrail_us-east-1_20261127T0210Z_a/b.json.gz",
        ] {
            assert_eq!(parts(&format!("{folder}{name}")), "unknown", "{name}");
        }
    }

    #[test]
    fn kinds_of_files_are_recognised() {
        let key = "AWSLogs/111111111111/vpcflowlogs/us-east-1/2026/11/27/111111111111_vpcflowlogs_us-east-1_fl-0_20261127T0210Z_a.log.";
        let is_parquet = |end: &str| LogKey::parse(&format!("{key}{end}")).unwrap().is_parquet();
        assert_eq!([is_parquet("gz"), is_parquet("parquet")], [false, true]);
        let key = "AWSLogs/111111111111/CloudTrail-Digest/us-east-1/2026/11/27/111111111111_CloudTrail-Digest_us-east-1_t_us-east-1_20261127T021000Z";
        let is_backfill = |end: &str| LogKey::parse(&format!("{key}{end}")).unwrap().is_backfill();
        assert_eq!(
            [is_backfill(".json.gz"), is_backfill("_backfill.json.gz")],
            [false, true]
        );
    }
}
