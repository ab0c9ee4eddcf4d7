//! Resolves the window of a sweep.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::cli::{SweepArguments, TimeArg, UsageError};
use dragnet_model::{TimeWindow, WindowEnd};

const DEFAULT: TimeArg = TimeArg::Ago(Duration::from_hours(24));

/// How much more than the time of the findings is searched, if they are the input: what led to a
/// finding came before it.
const AROUND_FINDINGS: SignedDuration = SignedDuration::from_hours(1);

/// Resolves the window of the arguments, or else of the findings in the indicator lists. It ends at `now` at the latest, because nothing can be
/// found after that.
pub(super) fn resolve(
    arguments: &SweepArguments,
    seen: Option<(Timestamp, Timestamp)>,
    now: Timestamp,
) -> Result<TimeWindow, UsageError> {
    let is_given = arguments.since.is_some() || arguments.from.is_some();
    if let Some((first, last)) = seen.filter(|(first, _)| !is_given && *first < now) {
        // Only a span with calendar units can fail.
        let from = first.checked_sub(AROUND_FINDINGS).unwrap_or(first);
        let to = last.checked_add(AROUND_FINDINGS).unwrap_or(last);
        return Ok(TimeWindow::new(from, to.min(now))?);
    }
    let from = arguments
        .since
        .or(arguments.from)
        .unwrap_or(DEFAULT)
        .resolve(now);
    if from >= now {
        return Err(UsageError::FutureWindow { from, now });
    }
    let to = arguments.to.map_or(now, |to| to.resolve(now));
    // An end before the start is kept as it was given, for the error message.
    Ok(TimeWindow::new(
        from,
        if to > from { to.min(now) } else { to },
    )?)
}

/// Resolves the window of a search of files alone that has no option for the time: that of the
/// findings, or else all time until `now`.
pub(super) fn resolve_for_files(
    arguments: &SweepArguments,
    seen: Option<(Timestamp, Timestamp)>,
    now: Timestamp,
) -> Result<TimeWindow, UsageError> {
    match seen {
        Some(_) => resolve(arguments, seen, now),
        None => Ok(TimeWindow::new(Timestamp::UNIX_EPOCH, now)?),
    }
}

/// Returns how the end of the resolved window was chosen.
pub(super) fn end_of(arguments: &SweepArguments) -> WindowEnd {
    // A time in the future is replaced by now, but it was asked for all the same.
    match arguments.to {
        Some(_) => WindowEnd::Given,
        None => WindowEnd::Now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::resolve::testing::parse_sweep;

    fn window(rest: &[&str]) -> Result<String, String> {
        let (_, arguments) = parse_sweep(&[&["192.0.2.1"], rest].concat());
        let now = "2026-03-02T12:00:00Z".parse().unwrap();
        resolve(&arguments, None, now)
            .map(|window| window.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn default_is_the_last_day() {
        let day = "2026-03-01T12:00:00.000Z to 2026-03-02T12:00:00.000Z";
        assert_eq!(window(&[]).unwrap(), day);
        assert_eq!(window(&["--since", "24h"]).unwrap(), day);
        assert_eq!(window(&["--since", "2026-03-01T12:00:00Z"]).unwrap(), day);
        assert_eq!(
            window(&["--from", "24h", "--to", "2026-03-03T00:00:00Z"]).unwrap(),
            day
        );
        assert_eq!(
            window(&["--from", "2d", "--to", "1d"]).unwrap(),
            "2026-02-28T12:00:00.000Z to 2026-03-01T12:00:00.000Z"
        );
    }

    #[test]
    fn empty_and_future_windows_are_rejected() {
        assert!(
            window(&["--from", "1h", "--to", "2h"])
                .unwrap_err()
                .contains("empty")
        );
        assert!(
            window(&["--from", "1h", "--to", "1h"])
                .unwrap_err()
                .contains("empty")
        );
        assert!(
            window(&["--since", "2026-03-03T00:00:00Z"])
                .unwrap_err()
                .contains("future")
        );
    }
}
