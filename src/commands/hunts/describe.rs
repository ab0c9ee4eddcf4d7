//! The description of a hunt for people and scripts.

use std::io::{self, Write};

use serde::Serialize;

use crate::config::HuntTemplate;
use crate::report::escape;
use crate::search::{FlowLogFormats, PreparedHunt, SearchSet, field_notes};
use dragnet_model::{HuntSource, Severity};
use insights_ql::Plan;

/// A hunt and how it is searched.
#[derive(Debug, Serialize)]
pub(super) struct HuntDescription {
    name: String,
    title: String,
    source: HuntSource,
    severity: Severity,
    techniques: Vec<String>,
    parameters: Vec<ParameterDescription>,
    query: String,
    engines: Vec<&'static str>,
    /// The reason why only Insights can run it.
    only_insights: Option<String>,
    columns: Vec<String>,
    /// Whether its rows are counts over the organization instead of records.
    counts: bool,
    /// The filter pattern, with the defaults or examples of the parameters; `None`: all events are
    /// read.
    filter_pattern: Option<String>,
    /// Fields of the query that no record can have.
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ParameterDescription {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    about: String,
    default: Option<String>,
}

impl HuntDescription {
    pub(super) fn from_template(template: &HuntTemplate) -> Self {
        let example = template.example();
        let describe =
            |(name, parameter): (&String, &crate::config::Parameter)| ParameterDescription {
                name: name.clone(),
                kind: parameter.kind.as_str(),
                about: parameter.about.clone(),
                default: parameter.default.clone(),
            };
        let notes = field_notes(&example);
        let prepared = PreparedHunt::new(example.clone());
        let search_set = SearchSet::new(&[], std::slice::from_ref(&example))
            .ok()
            .filter(|_| prepared.is_ok());
        let only_insights = prepared.as_ref().err().map(ToString::to_string);
        let prepared = prepared.ok();
        Self {
            name: example.name,
            title: example.title,
            source: example.source,
            severity: example.severity,
            techniques: example.techniques,
            parameters: template.parameters.iter().map(describe).collect(),
            query: template.query.trim().to_owned(),
            engines: if prepared.is_some() {
                vec!["filter", "insights"]
            } else {
                vec!["insights"]
            },
            only_insights,
            columns: prepared
                .as_ref()
                .map(|hunt| hunt.plan().columns().to_vec())
                .unwrap_or_default(),
            counts: prepared
                .as_ref()
                .is_some_and(|hunt| matches!(hunt.plan(), Plan::Groups(_))),
            filter_pattern: search_set
                .and_then(|search_set| search_set.pattern(&FlowLogFormats::default(), true)),
            notes,
        }
    }

    /// Returns the row of the list.
    pub(super) fn table_row(&self) -> Vec<String> {
        let parameters = self
            .parameters
            .iter()
            .map(|parameter| match &parameter.default {
                Some(default) => format!("{}={default}", parameter.name),
                None => parameter.name.clone(),
            });
        vec![
            self.name.clone(),
            self.source.to_string(),
            self.severity.to_string(),
            self.techniques.join(" "),
            parameters.collect::<Vec<_>>().join(" "),
            self.title.clone(),
        ]
    }

    /// Writes the full description.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: {}", self.name, escape(&self.title))?;
        writeln!(
            out,
            "About       {}, severity {}, ATT&CK {}",
            self.source,
            self.severity,
            self.techniques.join(" ")
        )?;
        for parameter in &self.parameters {
            let default = parameter
                .default
                .as_ref()
                .map(|default| format!(" [default: {default}]"));
            let ParameterDescription {
                name, kind, about, ..
            } = parameter;
            writeln!(
                out,
                "Parameter   {name} ({kind}): {}{}",
                escape(about),
                escape(&default.unwrap_or_default())
            )?;
        }
        self.write_engine(out)?;
        writeln!(out)?;
        self.query
            .lines()
            .try_for_each(|line| writeln!(out, "  {}", escape(line)))
    }

    /// Writes that the hunt is valid, and which engines can run it.
    pub(super) fn write_check(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: valid", self.name)?;
        self.write_engine(out)
    }

    fn write_engine(&self, out: &mut dyn Write) -> io::Result<()> {
        for note in &self.notes {
            writeln!(out, "Check       {}", escape(note))?;
        }
        if let Some(reason) = &self.only_insights {
            return writeln!(out, "Engine      Insights only: {}", escape(reason));
        }
        let pattern = self
            .filter_pattern
            .as_deref()
            .unwrap_or("none: all events are read");
        writeln!(out, "Pattern     {}", escape(pattern))
    }
}
