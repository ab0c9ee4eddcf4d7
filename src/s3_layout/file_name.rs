//! The last part of a key: whose records the object has, and when it was delivered.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::folder::{LastFolder, LogFolder};
use super::kind::ObjectKind;

/// `HEAD[LABEL_]TIME[TAIL]`, where the head names the account-Region or VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileName {
    pub(super) label: String,
    pub(super) time: Timestamp,
    pub(super) has_seconds: bool,
    pub(super) tail: String,
}

/// What the name of each object in a folder starts with.
///
/// Sources: those of [`ObjectKind`].
pub(super) fn name_head(folder: &LogFolder) -> String {
    let LogFolder {
        account,
        kind,
        last,
        ..
    } = folder;
    match last {
        LastFolder::Region(region) => format!("{account}_{kind}_{region}_"),
        LastFolder::Vpc(vpc) => format!("{vpc}_{kind}_{account}_"),
    }
}

/// A time as names have it.
pub(super) fn time_text(time: Timestamp, has_seconds: bool) -> String {
    let format = if has_seconds {
        "%Y%m%dT%H%M%SZ"
    } else {
        "%Y%m%dT%H%MZ"
    };
    time.strftime(format).to_string()
}

impl FileName {
    /// Reads the name of an object in this folder.
    pub(super) fn parse(name: &str, folder: &LogFolder) -> Option<Self> {
        let rest = name.strip_prefix(name_head(folder).as_str())?;
        let starts = std::iter::once(0).chain(rest.match_indices('_').map(|(at, _)| at + 1));
        let mut times = starts.filter_map(|at| Self::split_at(rest, at));
        let parsed = match folder.kind {
            // The name of a trail, which may look like a time, precedes the time.
            ObjectKind::Digest => times.next_back(),
            _ => times.next(),
        };
        // CloudTrail writes nothing between the Region and the time.
        let needs_no_label = matches!(folder.kind, ObjectKind::CloudTrail | ObjectKind::Insight);
        parsed.filter(|parsed| parsed.label.is_empty() || !needs_no_label)
    }

    /// Splits the rest of a name at a time.
    fn split_at(rest: &str, at: usize) -> Option<Self> {
        let (label, from_time) = rest.split_at_checked(at)?;
        // Without the separator. A label is not empty.
        let label = match label {
            "" => "",
            label => label.strip_suffix('_').filter(|label| !label.is_empty())?,
        };
        let (text, tail) = match from_time.find(['_', '.']) {
            Some(end) => from_time.split_at_checked(end)?,
            None => (from_time, ""),
        };
        let (time, has_seconds) = parse_time(text)?;
        Some(Self {
            label: label.to_owned(),
            time,
            has_seconds,
            tail: tail.to_owned(),
        })
    }

    /// The name in a folder.
    pub(super) fn to_text(&self, folder: &LogFolder) -> String {
        let head = name_head(folder);
        let separator = if self.label.is_empty() { "" } else { "_" };
        let time = time_text(self.time, self.has_seconds);
        format!("{head}{}{separator}{time}{}", self.label, self.tail)
    }
}

/// Reads `20260302T1205Z` or `20260302T120507Z`. Returns whether there are seconds.
fn parse_time(text: &str) -> Option<(Timestamp, bool)> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_seconds = match clock.len() {
        4 => false,
        6 => true,
        _ => return None,
    };
    if date.len() != 8 || !digits(date) || !digits(clock) {
        return None;
    }
    let number = |text: &str, at: usize| -> Option<i8> { text.get(at..at + 2)?.parse().ok() };
    let second = if has_seconds { number(clock, 4)? } else { 0 };
    let time = DateTime::new(
        date.get(..4)?.parse().ok()?,
        number(date, 4)?,
        number(date, 6)?,
        number(clock, 0)?,
        number(clock, 2)?,
        second,
        0,
    );
    let time = time.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some((time, has_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_minutes_or_seconds() {
        let time: Timestamp = "2026-03-02T12:05:07Z".parse().unwrap();
        let text = time_text(time, true);
        assert_eq!(text, "20260302T120507Z");
        assert_eq!(parse_time(&text), Some((time, true)));
        let minute = time_text(time, false);
        assert_eq!(
            parse_time(&minute).unwrap().0.to_string(),
            "2026-03-02T12:05:00Z"
        );
        for wrong in [
            "",
            "Z",
            "20260302T12Z",
            "20260302T2405Z",
            "20261302T1205Z",
            "2026030+T1205Z",
        ] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }
}
