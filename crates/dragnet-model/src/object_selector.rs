//! Which reads of objects in S3 the event selectors of a trail select.

use serde::{Deserialize, Serialize};

/// The resource type of objects in S3.
///
/// Source: CloudTrail API, `DataResource`, `Type`.
pub const S3_OBJECT: &str = "AWS::S3::Object";

/// How many of the reads of the objects of a bucket are selected, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SelectedReads {
    /// None.
    None,
    /// Those of some objects, or some calls, or it is not known which.
    Part,
    /// All.
    All,
}

/// An event selector of a trail that selects data events of objects in S3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectSelector {
    /// Whether calls that read are selected.
    pub reads: bool,
    /// The conditions on the ARN of an object, all of which must hold; without any, all objects are
    /// selected.
    pub conditions: Vec<ArnCondition>,
    /// Whether there are other conditions, which are not evaluated.
    pub has_other_conditions: bool,
}

/// A condition on the ARN of an object.
///
/// Source: CloudTrail API, `AdvancedFieldSelector`: of several values, one has to match; of several
/// excluded values, none may match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArnCondition {
    /// It starts with one of these texts. The values of a basic selector have this meaning too.
    ///
    /// Source: CloudTrail API, `DataResource`, `Values`: `arn:aws:s3` for all objects in all
    /// buckets, `arn:aws:s3:::BUCKET/` for those of a bucket, or the beginning of their ARNs.
    StartsWith(Vec<String>),
    /// It starts with none of these texts.
    NotStartsWith(Vec<String>),
    /// It is one of these ARNs.
    Equals(Vec<String>),
    /// It is none of these ARNs.
    NotEquals(Vec<String>),
    /// It ends with one of these texts, or with none of them: the bucket does not matter.
    End,
}

impl ObjectSelector {
    /// Returns how many of the reads of the objects of a bucket are selected.
    pub fn reads_of(&self, bucket: &str) -> SelectedReads {
        if !self.reads {
            return SelectedReads::None;
        }
        let by_others = if self.has_other_conditions {
            SelectedReads::Part
        } else {
            SelectedReads::All
        };
        let conditions = self.conditions.iter();
        conditions
            .map(|condition| condition.selected_of(bucket))
            .min()
            .unwrap_or(SelectedReads::All)
            .min(by_others)
    }
}

impl ArnCondition {
    fn selected_of(&self, bucket: &str) -> SelectedReads {
        let of_values = |values: &[String]| {
            let values = values
                .iter()
                .map(|value| objects_with_prefix(value, bucket));
            values.max()
        };
        match self {
            // AWS does not say what a list without values selects.
            Self::StartsWith(values) => of_values(values).unwrap_or(SelectedReads::Part),
            Self::NotStartsWith(values) => match of_values(values) {
                Some(SelectedReads::All) => SelectedReads::None,
                Some(SelectedReads::Part) => SelectedReads::Part,
                Some(SelectedReads::None) | None => SelectedReads::All,
            },
            Self::Equals(values) => of_values(values)
                .unwrap_or(SelectedReads::Part)
                .min(SelectedReads::Part),
            Self::NotEquals(values) => match of_values(values) {
                Some(SelectedReads::None) | None => SelectedReads::All,
                Some(SelectedReads::Part | SelectedReads::All) => SelectedReads::Part,
            },
            Self::End => SelectedReads::Part,
        }
    }
}

/// Returns how many objects of a bucket have an ARN that starts with a text.
fn objects_with_prefix(text: &str, bucket: &str) -> SelectedReads {
    let mut parts = text.splitn(6, ':').skip(3);
    let is_regional = parts.next().is_some_and(|region| !region.is_empty())
        || parts.next().is_some_and(|account| !account.is_empty());
    if is_regional {
        // The ARN of a bucket has no Region and no account; that of an access point has.
        return SelectedReads::None;
    }
    let prefix = parts.next().unwrap_or_default();
    let folder = format!("{bucket}/");
    if folder.starts_with(prefix) {
        SelectedReads::All
    } else if prefix.starts_with(&folder) {
        SelectedReads::Part
    } else {
        SelectedReads::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SelectedReads::{All, None as NoReads, Part};

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }

    fn selector(conditions: Vec<ArnCondition>) -> ObjectSelector {
        ObjectSelector {
            reads: true,
            conditions,
            has_other_conditions: false,
        }
    }

    #[test]
    fn values_are_beginnings_of_arns() {
        for (value, expected) in [
            ("arn:aws:s3", All),
            ("arn:aws:s3:::", All),
            ("arn:aws-us-gov:s3:::logs/", All),
            ("arn:aws:s3:::logs/AWSLogs/", Part),
            ("arn:aws:s3:::logs-2/", NoReads),
            ("arn:aws:s3:::other/", NoReads),
            (
                "arn:aws:s3:us-east-1:111111111111:accesspoint/logs/",
                NoReads,
            ),
        ] {
            let one = selector(vec![ArnCondition::StartsWith(texts(&[value]))]);
            assert_eq!(one.reads_of("logs"), expected, "{value}");
        }
        let two = ["arn:aws:s3:::other/", "arn:aws:s3:::logs/a"];
        let two = selector(vec![ArnCondition::StartsWith(texts(&two))]);
        assert_eq!(two.reads_of("logs"), Part);
        assert_eq!(two.reads_of("other"), All);
    }

    #[test]
    fn conditions_are_combined() {
        let logs = || texts(&["arn:aws:s3:::logs/"]);
        let inside = || texts(&["arn:aws:s3:::logs/a"]);
        for (conditions, expected) in [
            (vec![], All),
            (vec![ArnCondition::NotStartsWith(logs())], NoReads),
            (vec![ArnCondition::NotStartsWith(inside())], Part),
            (vec![ArnCondition::Equals(inside())], Part),
            (
                vec![ArnCondition::Equals(texts(&["arn:aws:s3:::x/a"]))],
                NoReads,
            ),
            (vec![ArnCondition::NotEquals(inside())], Part),
            (
                vec![ArnCondition::NotEquals(texts(&["arn:aws:s3:::x/a"]))],
                All,
            ),
            (vec![ArnCondition::End], Part),
            (
                vec![
                    ArnCondition::StartsWith(logs()),
                    ArnCondition::NotStartsWith(inside()),
                ],
                Part,
            ),
        ] {
            let found = selector(conditions.clone()).reads_of("logs");
            assert_eq!(found, expected, "{conditions:?}");
        }
    }

    #[test]
    fn writes_and_unknown_conditions_are_not_all_reads() {
        let writes = ObjectSelector {
            reads: false,
            ..selector(Vec::new())
        };
        assert_eq!(writes.reads_of("logs"), NoReads);
        let limited = ObjectSelector {
            has_other_conditions: true,
            ..selector(Vec::new())
        };
        assert_eq!(limited.reads_of("logs"), Part);
    }
}
