//! Which characters can be part of a resource's name, so that the end of an ARN is known:
//! `arn:aws:s3:::bucket` is not in `arn:aws:s3:::bucket-logs`, because a bucket's name may contain
//! a hyphen, but it is in `arn:aws:s3:::bucket/key`, because it cannot contain a slash.

use dragnet_model::Arn;

/// The characters that can continue the name at the end of an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResourceNames {
    /// Besides letters, digits and `_`, which can be part of every name.
    symbols: &'static str,
    suffix: NameSuffix,
}

/// What a service may append to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameSuffix {
    None,
    /// The name of another resource: the queue `orders.fifo` is not the queue `orders`.
    Fifo,
    /// A part of the ARN that is not part of the name, so that ARNs without it are in use too.
    /// Source: Secrets Manager user guide, "What's in a secret": a hyphen and six random
    /// characters.
    Random,
}

/// Characters that also end sentences and separate items. They continue a name only if more of the
/// name follows.
const PUNCTUATION: &str = ".,!";

impl ResourceNames {
    /// Names of users, roles, groups and policies, with their paths.
    /// Source: IAM API, `CreateUser`, `CreateRole`: `[\w+=,.@-]`.
    pub(super) const IAM: Self = Self::new("+=,.@-/");

    /// Names of users, roles and sessions, without paths.
    pub(super) const SESSION: Self = Self::new("+=,.@-");

    /// Names and ids of any service, for a resource whose service is not known.
    const ANY: Self = Self::new("-.");

    /// A part of a name or path of any service, between slashes and colons.
    pub(super) const PART: Self = Self::new("-.+=@#");

    /// The same for a secret.
    pub(super) const PART_OF_SECRET: Self = Self::with_suffix("-.+=@#", NameSuffix::Random);

    const fn new(symbols: &'static str) -> Self {
        Self {
            symbols,
            suffix: NameSuffix::None,
        }
    }

    const fn with_suffix(symbols: &'static str, suffix: NameSuffix) -> Self {
        Self { symbols, suffix }
    }

    /// The characters of the names in ARNs like this one.
    ///
    /// Sources: the API references of the services, with the patterns of the names: S3 user guide,
    /// "General purpose bucket naming rules" and "Naming Amazon S3 objects"; SQS `CreateQueue`; SNS
    /// `CreateTopic`; `DynamoDB` `CreateTable`; Lambda `CreateFunction`; CloudWatch Logs
    /// `CreateLogGroup`, `CreateLogStream`; Secrets Manager `CreateSecret`; KMS `CreateAlias`; ECR
    /// `CreateRepository`; Systems Manager `PutParameter`. A parameter with a longer path is below
    /// the path ("Working with parameter hierarchies"); log groups, secrets, aliases and
    /// repositories have no hierarchy, so a slash is a character of their names.
    pub(super) fn from_arn(arn: &Arn) -> Self {
        let resource = arn.resource();
        let is_role_of_sessions =
            resource.starts_with("assumed-role/") && resource.matches('/').count() == 1;
        match arn.service() {
            // The sessions of a role are below it.
            "sts" if is_role_of_sessions => Self::SESSION,
            "iam" | "sts" => Self::IAM,
            "s3" if arn.account().is_none() && resource.contains('/') => Self::new("-.+=@!~"),
            "sqs" | "sns" => Self::with_suffix("-", NameSuffix::Fifo),
            "kms" if resource.starts_with("alias/") => Self::new("-/"),
            "kms"
            | "lambda"
            | "ec2"
            | "ecs"
            | "eks"
            | "rds"
            | "redshift"
            | "elasticache"
            | "batch"
            | "es"
            | "cloudformation"
            | "elasticloadbalancing"
            | "sagemaker"
            | "elasticfilesystem" => Self::new("-"),
            "logs" if resource.contains(":log-stream:") => Self::new("-./#$[]+=@"),
            "logs" => Self::new("-./#"),
            "secretsmanager" => Self::with_suffix("-./+=@", NameSuffix::Random),
            "ecr" => Self::new("-./"),
            _ => Self::ANY,
        }
    }

    /// Whether the text after a name continues it.
    pub(super) fn are_continued_by(self, after: &str) -> bool {
        let is_name_character =
            |c: char| c.is_alphanumeric() || c == '_' || self.symbols.contains(c);
        let Some(first) = after.chars().next() else {
            return false;
        };
        match self.suffix {
            NameSuffix::Fifo if after.starts_with(".fifo") => return true,
            NameSuffix::Random if self.is_random_suffix(after) => return false,
            _ => {}
        }
        if !is_name_character(first) {
            return false;
        }
        let rest = after.trim_start_matches(|c| PUNCTUATION.contains(c));
        // A colon is in no name, so `,arn:` is the next ARN of a list.
        rest.len() == after.len()
            || !rest.starts_with("arn:") && rest.starts_with(|c| is_name_character(c) && c != '/')
    }

    fn is_random_suffix(self, after: &str) -> bool {
        let Some(random) = after.strip_prefix('-') else {
            return false;
        };
        let (characters, rest) = random.split_at_checked(6).unwrap_or_default();
        let without_suffix = Self::new(self.symbols);
        characters.len() == 6
            && characters.bytes().all(|b| b.is_ascii_alphanumeric())
            && !without_suffix.are_continued_by(rest)
    }
}

/// The part of an ARN that every event with the resource contains. `DescribeLogGroups` returns ARNs
/// that end in `:*`, but most events name the log group without it.
pub(super) fn resource_arn(arn: &Arn) -> &str {
    let text = arn.as_str();
    if arn.service() == "logs" {
        text.strip_suffix(":*").unwrap_or(text)
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ARN, what may follow it, and what makes it another resource's.
    const CASES: [(&str, &[&str], &[&str]); 19] = [
        (
            "arn:aws:s3:::bucket",
            &[
                "/key",
                "/",
                "",
                ".",
                ", ",
                ",arn:aws:s3:::b",
                "/*",
                "\"",
                ":x",
                "...",
                "*",
            ],
            &["-logs", ".x", "2", "_x", "-", "..x"],
        ),
        (
            "arn:aws:s3:::bucket/key",
            &["", "/more", "\"", ")", ".", "?versionId=1", "&x"],
            &["-old", ".bak", "s", "=1", "+x", "!x"],
        ),
        (
            "arn:aws:sqs:us-east-1:111111111111:orders",
            &["", ".", ".x", "\""],
            &["-dead", "2", ".fifo"],
        ),
        (
            "arn:aws:sns:us-east-1:111111111111:alerts",
            &[":0f1e-2d", ""],
            &["-prod", ".fifo"],
        ),
        (
            "arn:aws:dynamodb:us-east-1:111111111111:table/users",
            &["/index/by-name", "/stream/2026-03-01T00:00:00.000", ""],
            &["-archive", ".old", "2"],
        ),
        (
            "arn:aws:lambda:us-east-1:111111111111:function:pay",
            &[":7", ":$LATEST", ":live", ".zip"],
            &["-test", "_v2", "ments"],
        ),
        (
            "arn:aws:secretsmanager:us-east-1:111111111111:secret:prod/db",
            &["-Ab12Cd", "-Ab12Cd:password::", ""],
            &[
                "-copy-Ab12Cd",
                "2-Ab12Cd",
                "/x-Ab12Cd",
                ".x",
                "-Ab12Cd3",
                "-Ab12é",
            ],
        ),
        (
            "arn:aws:secretsmanager:us-east-1:111111111111:secret:db-Ab12Cd",
            &["", ":x"],
            &["3", "-x"],
        ),
        (
            "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            &["", "\""],
            &["c", "-x"],
        ),
        (
            "arn:aws:kms:us-east-1:111111111111:alias/app",
            &["", "."],
            &["-old", "/x", "2"],
        ),
        (
            "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/pay",
            &[":*", ":log-stream:a", "", "."],
            &["-test", "/x", ".x", "#1"],
        ),
        (
            "arn:aws:logs:us-east-1:111111111111:log-group:a:log-stream:b",
            &[":*", ""],
            &["/x", "-x", "[1"],
        ),
        (
            "arn:aws:ssm:us-east-1:111111111111:parameter/prod",
            &["/db", ""],
            &["-x", "2", ".x"],
        ),
        (
            "arn:aws:ecr:us-east-1:111111111111:repository/app",
            &["", ":tag"],
            &["/web", "-x", ".x"],
        ),
        (
            "arn:aws:ec2:us-east-1:111111111111:instance/i-0abc",
            &["", ".x"],
            &["1", "-x"],
        ),
        (
            "arn:aws:ecs:us-east-1:111111111111:task-definition/web",
            &[":3"],
            &["-x", "2"],
        ),
        (
            "arn:aws:iam::111111111111:user/ben",
            &["", ".", ",", ", and", "...", ",arn:aws:iam::1:user/x"],
            &["-x", ".x", "@x", "/x", "+x", ",x"],
        ),
        (
            "arn:aws:sts::111111111111:assumed-role/Admin",
            &["/alice", ""],
            &["-x", "2", "@x"],
        ),
        (
            "arn:aws:kinesis:us-east-1:111111111111:stream/s",
            &["/consumer/x:1", ""],
            &["-x", ".x"],
        ),
    ];

    #[test]
    fn names_end_as_their_service_defines() {
        for (arn, below, longer) in CASES {
            let names = ResourceNames::from_arn(&arn.parse().unwrap());
            for after in below {
                assert!(!names.are_continued_by(after), "{arn}{after}");
            }
            for after in longer {
                assert!(names.are_continued_by(after), "{arn}{after}");
            }
        }
    }

    #[test]
    fn log_group_is_searched_without_its_wildcard() {
        let searched = |text: &str| resource_arn(&text.parse().unwrap()).to_owned();
        let log_group = "arn:aws:logs:us-east-1:111111111111:log-group:/a";
        assert_eq!(searched(&format!("{log_group}:*")), log_group);
        assert_eq!(searched("arn:aws:s3:::b:*"), "arn:aws:s3:::b:*");
    }
}
