//! How a command prints a list.

dragnet_model::word_enum! {
    /// How a list is printed. The words are the values of `--output`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum OutputFormat {
        /// A table for reading.
        Table => "table",
        /// JSON in AWS's own shape.
        Json => "json",
        /// CSV for spreadsheets.
        Csv => "csv",
        /// A line for each row, with tabs between the cells and without a header.
        Text => "text",
    }
}
