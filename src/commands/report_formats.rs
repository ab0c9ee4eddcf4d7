//! The files of a run for other tools.

use std::collections::BTreeMap;

use super::CommandError;
use crate::config::Format;
use crate::report::{FlowRecord, ReportFormat, ReportedEvent, RunReport, write_report_format};
use crate::search::{FlowLogFormats, RecordKind};
use crate::store::{RunDir, RunReader, StoreError};
use crate::sweep::{MergeSource, file_formats, merged_sightings};
use dragnet_model::{LogGroupArn, Sighting, Target};

/// Writes the files that `formats` ask for, and returns their names. The sightings are read once for
/// each of them.
pub(super) fn write_report_formats(
    dir: &RunDir,
    source: MergeSource<'_>,
    formats: &[Format],
    report: &RunReport<'_>,
) -> Result<Vec<String>, CommandError> {
    let wanted = formats
        .iter()
        .filter_map(|format| ReportFormat::from_format(*format));
    let flow_records = FlowRecordReader::load(source.reader)?;
    let mut names = Vec::new();
    for format in wanted {
        let name = format.file_name();
        dir.write_file(name, |out| {
            merged_sightings(source, |rows| {
                let mut events = rows.map(|row| flow_records.read_event(row?));
                write_report_format(format, report, &mut events, out)
            })
        })?;
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Reads the fields of flow logs from the lines of sightings.
struct FlowRecordReader<'r> {
    reader: &'r RunReader,
    formats: BTreeMap<LogGroupArn, FlowLogFormats>,
}

impl<'r> FlowRecordReader<'r> {
    fn load(reader: &'r RunReader) -> Result<Self, StoreError> {
        Ok(Self {
            reader,
            formats: FlowLogFormats::by_group(&reader.log_sources()?),
        })
    }

    fn read_event(&self, sighting: Sighting) -> Result<ReportedEvent, StoreError> {
        let flow = if sighting.details.is_cloudtrail() {
            None
        } else {
            self.read_flow(&sighting)?
        };
        Ok(ReportedEvent { sighting, flow })
    }

    fn read_flow(&self, sighting: &Sighting) -> Result<Option<FlowRecord>, StoreError> {
        let stored = &sighting.stored;
        let target = Target {
            account: stored.account,
            region: stored.region.clone(),
        };
        let group = LogGroupArn::new(target, stored.log_group.as_str());
        let of_file = file_formats(self.reader, sighting)?;
        let none = FlowLogFormats::default();
        let formats = of_file
            .as_ref()
            .or_else(|| self.formats.get(&group))
            .unwrap_or(&none);
        let RecordKind::FlowLog(format) = RecordKind::detect(&sighting.message, false, formats)
        else {
            return Ok(None);
        };
        let columns = format.columns(&sighting.message).unwrap_or_default();
        let fields = format
            .names()
            .zip(columns)
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Some(FlowRecord::new(fields)))
    }
}
