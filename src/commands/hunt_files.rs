//! The files of a run's hunts: their rows and counts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::CommandError;
use crate::report::{HuntSummary, HuntWriter, RECORD_COLUMNS, TARGET_COLUMNS};
use crate::search::{FlowLogFormats, PassthroughQuery, PreparedHunt, field_notes, prepare};
use crate::store::{RunDir, RunFacts, RunReader, StoredRows};
use crate::sweep::{HuntRows, POINTER, RowOrigin, Sources, merged_counts, merged_rows};
use dragnet_model::time::format_ms;
use dragnet_model::{Hunt, LogGroupArn};
use insights_ql::{GroupPlan, Plan, RowPlan, Value};

/// The folder of these files in the directory of a run.
const FOLDER: &str = "hunts";

/// The maximum number of columns of a passthrough query. The names of fields come from the logs, so
/// their number is otherwise unlimited.
const MAX_COLUMNS: usize = 1_000;

/// The hunts of a run, prepared for reporting.
pub(super) struct HuntReports<'r> {
    prepared: Vec<PreparedHunt>,
    passthrough: Vec<PassthroughQuery>,
    reader: &'r RunReader,
    sources: &'r Sources,
    formats: BTreeMap<LogGroupArn, FlowLogFormats>,
}

impl<'r> HuntReports<'r> {
    /// Loads the hunts of a run.
    pub(super) fn from_run(
        facts: &RunFacts,
        reader: &'r RunReader,
        sources: &'r Sources,
    ) -> Result<Self, CommandError> {
        // The records of a collection are in its own files.
        let hunts = if facts.collects.is(&true) {
            Vec::new()
        } else {
            facts.hunts.get()?
        };
        let mut names = BTreeSet::new();
        if let Some(hunt) = hunts.iter().find(|hunt| !names.insert(hunt.name.as_str())) {
            // One would overwrite the files of the other.
            let problem = format!("two hunts are named {}", hunt.name);
            return Err(facts.hunts.damaged(problem).into());
        }
        let (prepared, passthrough) =
            prepare(&hunts).map_err(|error| facts.hunts.damaged(error))?;
        Ok(Self {
            prepared,
            passthrough,
            reader,
            sources,
            formats: FlowLogFormats::by_group(&reader.log_sources()?),
        })
    }

    /// Writes the files of every hunt, and adds their names to `files`.
    pub(super) fn write(
        &self,
        dir: &RunDir,
        files: &mut Vec<String>,
    ) -> Result<Vec<HuntSummary>, CommandError> {
        let mut summaries = Vec::new();
        if !(self.prepared.is_empty() && self.passthrough.is_empty()) {
            dir.make_folder(FOLDER)?;
        }
        for hunt in self.passthrough.iter().map(PassthroughQuery::hunt) {
            let file = |ending: &str| format!("{FOLDER}/{}.{ending}", hunt.name);
            dir.write_file(&file("csv"), |csv| {
                dir.write_file(&file("json"), |json| {
                    summaries.push(self.write_passthrough_rows(hunt, csv, json)?);
                    Ok::<_, CommandError>(())
                })
            })?;
            files.extend(["csv", "json"].map(file));
        }
        for hunt in &self.prepared {
            let file = |ending: &str| format!("{FOLDER}/{}.{ending}", hunt.hunt().name);
            let mut summary = None;
            dir.write_file(&file("csv"), |csv| {
                dir.write_file(&file("json"), |json| match hunt.plan() {
                    Plan::Rows(plan) => {
                        summary = Some(self.write_rows(hunt, plan, csv, json)?);
                        Ok(())
                    }
                    Plan::Groups(plan) => dir.write_file(&file("by-target.csv"), |by_target| {
                        summary = Some(self.write_counts(hunt, plan, [csv, json, by_target])?);
                        Ok::<_, CommandError>(())
                    }),
                })
            })?;
            files.extend(["csv", "json"].map(file));
            files.extend(matches!(hunt.plan(), Plan::Groups(_)).then(|| file("by-target.csv")));
            summaries.extend(summary);
        }
        Ok(summaries)
    }

    /// Counts the content of the files without writing them.
    pub(super) fn count(&self) -> Result<Vec<HuntSummary>, CommandError> {
        let counted = self.prepared.iter().map(|hunt| {
            let [csv, json, by_target] = &mut [io::sink(), io::sink(), io::sink()];
            match hunt.plan() {
                Plan::Rows(plan) => self.write_rows(hunt, plan, csv, json),
                Plan::Groups(plan) => self.write_counts(hunt, plan, [csv, json, by_target]),
            }
        });
        let passthrough = self.passthrough.iter().map(|hunt| {
            let [csv, json] = &mut [io::sink(), io::sink()];
            self.write_passthrough_rows(hunt.hunt(), csv, json)
        });
        counted.chain(passthrough).collect()
    }

    /// Writes the rows of a passthrough query. They are read twice, because their columns are known
    /// only after reading all of them.
    fn write_passthrough_rows(
        &self,
        hunt: &Hunt,
        csv: &mut dyn Write,
        json: &mut dyn Write,
    ) -> Result<HuntSummary, CommandError> {
        let mut columns = BTreeSet::new();
        let mut cut_off = false;
        self.reader.passthrough_rows(&hunt.name, |all| {
            for stored in all {
                for (name, _) in stored?.rows.into_iter().flatten() {
                    let is_known = columns.contains(&name);
                    cut_off |= !is_known && columns.len() == MAX_COLUMNS;
                    if !is_known && columns.len() < MAX_COLUMNS {
                        columns.insert(name);
                    }
                }
            }
            Ok::<_, CommandError>(())
        })?;
        columns.remove(POINTER);
        let columns: Vec<String> = columns.into_iter().collect();
        let mut writer = HuntWriter::new(&RECORD_COLUMNS, &columns, csv, json)?;
        self.reader.passthrough_rows(&hunt.name, |all| {
            for stored in all {
                let StoredRows { log_group, rows } = stored?;
                let account = log_group.target.account.to_string();
                let region = log_group.target.region.as_str();
                for row in rows {
                    let row: BTreeMap<String, String> = row.into_iter().collect();
                    let value = |name: &String| {
                        row.get(name)
                            .map_or(Value::Missing, |text| Value::from(text.as_str()))
                    };
                    let timestamp = row
                        .get("@timestamp")
                        .map(String::as_str)
                        .unwrap_or_default();
                    let values: Vec<Value<'_>> = columns.iter().map(value).collect();
                    writer.row(&[&account, region, &log_group.name, timestamp, ""], &values)?;
                }
            }
            Ok::<_, CommandError>(())
        })?;
        Ok(HuntSummary {
            preview: writer.preview(),
            rows: writer.finish()?,
            as_written: true,
            cut_off,
            ..summary_of(hunt, false)
        })
    }

    fn write_rows(
        &self,
        hunt: &PreparedHunt,
        plan: &RowPlan,
        csv: &mut dyn Write,
        json: &mut dyn Write,
    ) -> Result<HuntSummary, CommandError> {
        let rows = HuntRows::new(hunt, plan, &self.formats);
        let mut writer = HuntWriter::new(&RECORD_COLUMNS, &rows.columns(), csv, json)?;
        let no_origin = RowOrigin::default();
        let cut_off = merged_rows(self.reader, &rows, |origin, values| {
            let timestamp = origin
                .map(|origin| format_ms(origin.time_ms))
                .unwrap_or_default();
            let RowOrigin {
                event_account,
                event_region,
                log_group,
                record_id,
                ..
            } = origin.unwrap_or(&no_origin);
            Ok::<_, CommandError>(writer.row(
                &[
                    event_account,
                    event_region,
                    log_group,
                    &timestamp,
                    record_id,
                ],
                values,
            )?)
        })?;
        Ok(HuntSummary {
            preview: writer.preview(),
            rows: writer.finish()?,
            cut_off,
            ..summary_of(hunt.hunt(), false)
        })
    }

    fn write_counts(
        &self,
        hunt: &PreparedHunt,
        plan: &GroupPlan,
        [csv, json, by_target]: [&mut dyn Write; 3],
    ) -> Result<HuntSummary, CommandError> {
        let columns = hunt.plan().columns();
        let no_json = &mut io::sink();
        let mut target_writer = HuntWriter::new(&TARGET_COLUMNS, columns, by_target, no_json)?;
        let counts = merged_counts(
            self.reader,
            self.sources,
            &hunt.hunt().name,
            |account, region, partial| {
                let table = plan.finish(partial);
                Ok::<_, CommandError>(
                    table
                        .rows
                        .iter()
                        .try_for_each(|row| target_writer.row(&[account, region], row))?,
                )
            },
        )?;
        target_writer.finish()?;
        let mut writer = HuntWriter::new(&[], columns, csv, json)?;
        plan.finish(&counts.total)
            .rows
            .iter()
            .try_for_each(|row| writer.row(&[], row))?;
        Ok(HuntSummary {
            preview: writer.preview(),
            rows: writer.finish()?,
            may_double_count: counts.may_double_count,
            cut_off: counts.is_cut_off,
            ..summary_of(hunt.hunt(), true)
        })
    }
}

/// Returns the summary of a hunt without results, with the notes about its fields.
fn summary_of(hunt: &Hunt, counts: bool) -> HuntSummary {
    HuntSummary {
        notes: field_notes(hunt),
        ..HuntSummary::new(hunt, counts)
    }
}
