//! `[athena]`: the workgroup and the tables with which Athena names the objects that are read.

use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::text::{checked_text, has_form};
use dragnet_model::{AccountId, Region};

/// Where Athena runs, and over which tables. A sweep creates none of them. Without a table, it is not used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Athena {
    /// The account of the workgroup and of the database.
    pub account: Option<AccountId>,
    /// Their Region.
    pub region: Option<Region>,
    /// The workgroup that runs the queries. It says where results are kept.
    pub workgroup: Option<WorkgroupName>,
    /// The database of the tables, in the catalog `AwsDataCatalog`.
    pub database: Option<CatalogName>,
    /// Where the workgroup keeps results, if not in storage that Athena manages.
    pub results: Option<S3Location>,
    /// The tables.
    pub tables: Vec<AthenaTable>,
}

impl Athena {
    /// Checks that all is known that a table needs.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let keys = [
            ("account", self.account.is_none()),
            ("region", self.region.is_none()),
            ("workgroup", self.workgroup.is_none()),
            ("database", self.database.is_none()),
        ];
        match keys.into_iter().find(|(_, is_missing)| *is_missing) {
            Some((key, _)) if !self.tables.is_empty() => Err(Problem::new(
                "tables",
                format!("the tables need `{key}` in [athena]"),
            )),
            _ => Ok(()),
        }
    }
}

/// A table with the lines of the objects of one kind of log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AthenaTable {
    /// The name.
    pub name: CatalogName,
    /// What the objects are.
    pub logs: AthenaLogs,
    /// The folder of the accounts.
    pub location: S3Location,
}

dragnet_model::word_enum! {
    /// The logs of a table. The words are the names of the folders of these services.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum AthenaLogs: Serialize, Deserialize {
        /// Log files of a trail.
        CloudTrail => "CloudTrail",
        /// Flow logs in text form.
        FlowLogs => "vpcflowlogs",
    }
}

checked_text! {
    /// The name of a workgroup.
    ///
    /// Source: Athena API, `WorkGroupName`.
    WorkgroupName,
    "the name of a workgroup: 1 to 128 letters, digits, or one of `._-`",
    |text| has_form(text, 1, 128, "._-")
}

checked_text! {
    /// The name of a database or table, as `setup athena` writes it.
    ///
    /// Source: Amazon Athena user guide, "Name databases, tables, and columns".
    CatalogName,
    "the name of a database or table: 1 to 255 lower-case letters, digits, or `_`",
    |text| has_form(text, 1, 255, "_") && !text.contains(|c: char| c.is_ascii_uppercase())
}

checked_text! {
    /// A folder of a bucket.
    S3Location,
    "a folder of a bucket that ends in a slash, for example s3://BUCKET/AWSLogs/",
    |text| {
        let path = text.strip_prefix("s3://").unwrap_or_default();
        let has_bucket = path.split_once('/').is_some_and(|(bucket, _)| has_form(bucket, 3, 63, ".-"));
        has_bucket && path.ends_with('/') && !path.contains(|c: char| c == '\'' || c.is_control())
    }
}

impl S3Location {
    /// The bucket.
    pub fn bucket(&self) -> &str {
        self.split().0
    }

    /// The prefix of the keys, which ends in a slash or is empty.
    pub fn prefix(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        let path = self.as_str().trim_start_matches("s3://");
        path.split_once('/').unwrap_or((path, ""))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const TEXT: &str = r#"
[athena]
account = "444444444444"
region = "eu-west-1"
workgroup = "dragnet"
database = "dragnet"
[[athena.tables]]
name = "organization_trail"
logs = "CloudTrail"
location = "s3://logs/AWSLogs/o-example/"
"#;

    #[test]
    fn tables_have_a_folder() {
        let config = Config::from_toml(TEXT, "x").unwrap();
        let athena = config.athena;
        let location = &athena.tables[0].location;
        assert_eq!(
            (location.bucket(), location.prefix()),
            ("logs", "AWSLogs/o-example/")
        );
        assert_eq!(athena.results, None);
    }

    #[test]
    fn names_cannot_change_a_statement() {
        for (good, bad) in [
            ("organization_trail", "a\\\"b"),
            (
                "s3://logs/AWSLogs/o-example/",
                "s3://logs/AWSLogs/o-example",
            ),
            ("s3://logs/AWSLogs/o-example/", "s3://logs/A'B/"),
            ("database = \"dragnet\"", "database = \"a;b\""),
            ("workgroup = \"dragnet\"", "workgroup = \"\""),
            ("workgroup = \"dragnet\"\n", ""),
        ] {
            let text = TEXT.replace(good, bad);
            assert!(Config::from_toml(&text, "x").is_err(), "{bad}");
        }
    }
}
