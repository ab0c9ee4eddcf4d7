//! The choice of the engine that reads log groups.

dragnet_model::word_enum! {
    /// The engine that reads log groups. The words are the values of `--engine`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum EngineChoice: Serialize, Deserialize {
        /// Chosen by log class, cost and time.
        #[default]
        Auto => "auto",
        /// `FilterLogEvents`, which is free.
        Filter => "filter",
        /// CloudWatch Logs Insights, which is billed by bytes scanned.
        Insights => "insights",
    }
}
