//! The engines that read log groups.

crate::word_enum! {
    /// An engine that reads the events of a log group. Both return the same rows. A work unit keeps
    /// its engine on resume, because each has its own event ids (`eventId`, `@ptr`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Engine {
        /// `FilterLogEvents`: free, paginated, as fast as its quota permits.
        Filter => "filter",
        /// CloudWatch Logs Insights: up to 50 log groups in a query, charged by scanned bytes.
        Insights => "insights",
    }
}
