//! How the search of one row of the coverage ended.

crate::word_enum! {
    /// How the search of one row of the coverage ended, in the order of the summary.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Status: Serialize, Deserialize {
        /// It was read completely.
        Searched => "searched",
        /// A part of it was read, or all of it but with masked values.
        Partial => "partial",
        /// Not read intentionally. Only some reasons prove that it contains no match: see
        /// [`Reason::proves_absence`](crate::Reason::proves_absence).
        Skipped => "skipped",
        /// No engine can read it.
        Unsearchable => "unsearchable",
        /// AWS denied access.
        Denied => "denied",
        /// It could not be read for another reason.
        Failed => "failed",
        /// Not covered, but the configuration accepts this gap.
        Accepted => "accepted",
    }
}
