//! The ids of rows.

/// The id of a row of the coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CoverageId(pub(super) i64);

/// The id of a work unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(pub(super) i64);

#[cfg(test)]
impl CoverageId {
    /// Creates an id for a test without a journal.
    pub(crate) fn for_test(number: i64) -> Self {
        Self(number)
    }
}

#[cfg(test)]
impl UnitId {
    /// Creates an id for a test without a journal.
    pub(crate) fn for_test(number: i64) -> Self {
        Self(number)
    }
}
