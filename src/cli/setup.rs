//! `dragnet setup`.

#![expect(clippy::doc_markdown, reason = "the help is plain text")]

use clap::{Args, Subcommand, ValueEnum};

use crate::config::S3Location;
use dragnet_model::Indicator;

/// What to print about the roles that Dragnet needs.
#[derive(Clone, Debug, Subcommand)]
pub enum SetupCommand {
    /// Print a least-privilege policy as JSON
    Policy(PolicyArguments),
    /// Print a CloudFormation template of the roles
    Cloudformation(CloudformationArguments),
    /// Print the tables of Athena as SQL, with the policy and the configuration
    ///
    /// The tables have the lines of objects, so that a sweep with --sources athena
    /// reads only objects that may contain a match. Prints the tables of [athena]
    /// in the configuration, or those of --location. Creates nothing.
    Athena(AthenaSetupArguments),
    /// Print a query for CloudTrail Lake, to be pasted
    ///
    /// CloudTrail Lake is closed to new customers and not searched by a sweep.
    LakeQuery(LakeQueryArguments),
}

/// The tables to print.
#[derive(Clone, Debug, Default, Args)]
pub struct AthenaSetupArguments {
    /// Folder of a bucket with the folders of accounts, for example
    /// s3://BUCKET/AWSLogs/o-ID/ [repeatable; default: the configured ones]
    #[arg(long = "location", value_name = "S3_URI")]
    pub locations: Vec<S3Location>,
}

/// What to look for in CloudTrail Lake.
#[derive(Clone, Debug, Args)]
pub struct LakeQueryArguments {
    /// Indicators: addresses, keys, ARNs, users, events, accounts or user agents
    #[arg(required = true, value_name = "INDICATOR")]
    pub indicators: Vec<Indicator>,
}

/// The policy to print.
#[derive(Clone, Debug, Args)]
pub struct PolicyArguments {
    /// Role or identity that needs the policy
    #[arg(value_enum, default_value_t, value_name = "IDENTITY")]
    pub identity: PolicyIdentity,
    /// The buckets with logs.
    #[command(flatten)]
    pub log_buckets: LogBucketArguments,
}

/// The buckets that the read role may read.
#[derive(Clone, Debug, Default, Args)]
pub struct LogBucketArguments {
    /// Bucket to which trails or flow logs deliver, that the read role may
    /// read [repeatable; default: none]
    #[arg(long = "log-bucket", value_name = "ARN", value_parser = parse_bucket_arn)]
    pub arns: Vec<String>,
}

/// Checks the ARN of a bucket, whose name may have wildcards.
fn parse_bucket_arn(text: &str) -> Result<String, &'static str> {
    let rest = text.strip_prefix("arn:aws");
    let name = rest.and_then(|rest| rest.split_once(":s3:::"));
    match name {
        Some((_, name)) if !name.is_empty() && !name.contains(['/', ',', ' ', ':']) => {
            Ok(text.to_owned())
        }
        _ => Err("expected the ARN of a bucket, for example arn:aws:s3:::NAME"),
    }
}

/// The role or identity that a policy is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PolicyIdentity {
    /// the role that a sweep assumes in every account
    #[default]
    Read,
    /// the role that containment assumes in every account
    Contain,
    /// the identity (or last role of the chain) that assumes them
    Source,
}

/// The template to print.
#[derive(Clone, Debug, Args)]
pub struct CloudformationArguments {
    /// For the management account, to which StackSets do not deploy; it can
    /// also list the accounts
    #[arg(long)]
    pub management: bool,
    /// The buckets with logs.
    #[command(flatten)]
    pub log_buckets: LogBucketArguments,
}
