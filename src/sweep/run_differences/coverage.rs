//! Compares the coverage of two runs.

use std::cmp::Ordering;
use std::iter::Peekable;

use super::{Difference, Rows, peek_key};
use crate::store::{Place, StoreError};
use dragnet_model::{AccountId, Coverage, Region, StorageKind};

/// Passes each difference between the coverage of two runs to `report`, in the order of reports.
/// Numbers and error texts do not count as differences.
///
/// # Errors
/// A row is an error, or `report` fails.
pub fn compare_coverage<E: From<StoreError>>(
    before: &mut Rows<'_, Coverage>,
    after: &mut Rows<'_, Coverage>,
    report: &mut dyn FnMut(Difference<Coverage>) -> Result<(), E>,
) -> Result<(), E> {
    let mut before = before.peekable();
    let mut after = after.peekable();
    loop {
        let one = peek_key(&mut before, coverage_key)?;
        let other = peek_key(&mut after, coverage_key)?;
        let order = match (&one, &other) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.cmp(other),
        };
        let difference = Difference {
            before: take_row(&mut before, order != Ordering::Greater)?,
            after: take_row(&mut after, order != Ordering::Less)?,
        };
        if is_different(&difference) {
            report(difference)?;
        }
    }
}

fn take_row<T>(
    rows: &mut Peekable<&mut Rows<'_, T>>,
    is_taken: bool,
) -> Result<Option<T>, StoreError> {
    if is_taken {
        rows.next().transpose()
    } else {
        Ok(None)
    }
}

fn coverage_key(row: &Coverage) -> (AccountId, Option<Region>, Option<String>) {
    // As the rows are sorted: the event history is a place without a name.
    let location = row.source.map(|source| {
        let name = row
            .log_group
            .clone()
            .or_else(|| row.file.clone())
            .or_else(|| row.bucket_prefix.clone());
        let unnamed = match source {
            StorageKind::File => Place::ALL_FILES,
            StorageKind::Logs | StorageKind::History | StorageKind::S3 => "",
        };
        name.unwrap_or_else(|| unnamed.to_owned())
    });
    (row.account, row.region.clone(), location)
}

fn is_different(difference: &Difference<Coverage>) -> bool {
    let (Some(before), Some(after)) = (&difference.before, &difference.after) else {
        return true;
    };
    let before = &before.outcome;
    let after = &after.outcome;
    before.status != after.status
        || before.is_covered() != after.is_covered()
        || (!after.is_covered() && before.reason != after.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::{Outcome, Reason, Status};

    #[test]
    fn coverage_differs_by_status_and_reason() {
        let row = |group: &str, outcome: Outcome| Coverage {
            region: Some("us-east-1".parse().unwrap()),
            source: Some(dragnet_model::StorageKind::Logs),
            log_group: Some(group.to_owned()),
            ..Coverage::unread("111111111111".parse().unwrap(), String::new(), outcome)
        };
        let failed = Outcome::with_reason(Status::Failed, Reason::Interrupted, "");
        let before = [
            row("/a", Outcome::searched()),
            row("/b", Outcome::denied("one text")),
            row("/c", Outcome::searched()),
            row("/d", Outcome::denied("")),
        ];
        let after = [
            row("/a", Outcome::searched()),
            row("/b", Outcome::denied("another text")),
            row("/c", failed),
            row("/e", Outcome::searched()),
        ];
        let mut differences = Vec::new();
        compare_coverage::<StoreError>(
            &mut before.into_iter().map(Ok::<_, StoreError>),
            &mut after.into_iter().map(Ok::<_, StoreError>),
            &mut |difference| {
                let group = |row: Option<Coverage>| row.and_then(|row| row.log_group);
                differences.push((group(difference.before), group(difference.after)));
                Ok(())
            },
        )
        .unwrap();
        let group = |name: &str| Some(name.to_owned());
        assert_eq!(
            differences,
            [
                (group("/c"), group("/c")),
                (group("/d"), None),
                (None, group("/e"))
            ]
        );
    }
}
