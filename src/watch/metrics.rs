//! `/metrics`: the state of a watch in Prometheus text format.
//!
//! Every value is read from the stored state, so counters continue after a restart.

use std::fmt::Write;

use super::overview::{Overview, ScheduleOverview, SinkOverview};
use super::state::ActivationEnd;

/// Source: Prometheus, "Exposition formats", text format 0.0.4.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// The value of a metric for a schedule, if it has one.
type ScheduleValue = fn(&ScheduleOverview) -> Option<u64>;

type SinkValue = fn(&SinkOverview) -> u64;

/// The metrics of each schedule: name, type, help, value.
const SCHEDULE_METRICS: [(&str, &str, &str, ScheduleValue); 11] = [
    (
        "skipped_total",
        "counter",
        "Activations that were skipped because the previous one was still running.",
        |s| Some(s.totals.skipped),
    ),
    ("calls_total", "counter", "AWS calls.", |s| {
        Some(s.totals.calls)
    }),
    (
        "throttled_total",
        "counter",
        "AWS calls that were throttled.",
        |s| Some(s.totals.throttled),
    ),
    (
        "scanned_bytes_total",
        "counter",
        "Bytes of messages read.",
        |s| Some(s.totals.bytes),
    ),
    ("sightings_total", "counter", "New sightings.", |s| {
        Some(s.totals.sightings)
    }),
    (
        "suppressed_total",
        "counter",
        "Sightings that were suppressed because of a recent alert about the same subject.",
        |s| Some(s.totals.suppressed),
    ),
    ("alerts_total", "counter", "Alerts.", |s| {
        Some(s.totals.alerts)
    }),
    (
        "behind_seconds",
        "gauge",
        "Seconds by which coverage is behind the current time minus the lag.",
        |s| {
            s.behind_seconds
                .and_then(|seconds| u64::try_from(seconds).ok())
        },
    ),
    (
        "uncovered_accounts",
        "gauge",
        "Accounts that are not covered.",
        |s| Some(s.uncovered.len() as u64),
    ),
    (
        "last_activation_seconds",
        "gauge",
        "Unix time of the last activation.",
        |s| s.last.and_then(|at| u64::try_from(at.as_second()).ok()),
    ),
    (
        "covered",
        "gauge",
        "Whether the last activation covered everything in scope.",
        |s| {
            s.status
                .map(|end| u64::from(end == ActivationEnd::Complete))
        },
    ),
];

/// The metrics of each sink: name, type, help, value.
const SINK_METRICS: [(&str, &str, &str, SinkValue); 3] = [
    (
        "alerts_waiting",
        "gauge",
        "Alerts that are waiting for delivery.",
        |sink| sink.waiting,
    ),
    (
        "alerts_delivered_total",
        "counter",
        "Alerts that the sink accepted.",
        |sink| sink.delivered,
    ),
    (
        "alerts_refused_total",
        "counter",
        "Alerts that the sink refused and that are not retried.",
        |sink| sink.refused,
    ),
];

/// The metrics of a watch.
pub(super) fn render(overview: &Overview) -> String {
    let Overview { schedules, sinks } = overview;
    let mut page = Page(String::new());
    page.metric(
        "dragnet_watch_activations_total",
        "counter",
        "Activations of a schedule, by how they ended.",
    );
    for schedule in schedules {
        for (end, count) in ActivationEnd::ALL.into_iter().zip(schedule.totals.ended) {
            page.value(
                &[("schedule", &schedule.name), ("status", end.as_str())],
                count,
            );
        }
    }
    for (name, kind, help, value) in SCHEDULE_METRICS {
        page.metric(&format!("dragnet_watch_{name}"), kind, help);
        for schedule in schedules {
            if let Some(value) = value(schedule) {
                page.value(&[("schedule", &schedule.name)], value);
            }
        }
    }
    for (name, kind, help, value) in SINK_METRICS {
        page.metric(&format!("dragnet_watch_{name}"), kind, help);
        for sink in sinks {
            page.value(&[("sink", &sink.name)], value(sink));
        }
    }
    page.0
}

/// The text of the page.
struct Page(String);

impl Page {
    fn metric(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Adds a value of the last metric. Labels are names of schedules and sinks, or constants, so
    /// they need no escaping.
    fn value(&mut self, labels: &[(&str, &str)], value: u64) {
        let name = self
            .0
            .rsplit("# TYPE ")
            .next()
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_default()
            .to_owned();
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, text)| format!("{label}=\"{text}\""))
            .collect();
        _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::state::Totals;

    #[test]
    fn metrics_have_type_and_values() {
        let schedule = ScheduleOverview {
            name: "s".to_owned(),
            last: "2026-03-01T12:00:00Z".parse().ok(),
            status: Some(ActivationEnd::Incomplete),
            problem: String::new(),
            run: String::new(),
            next: None,
            covered_until: None,
            future_watermark: None,
            behind_seconds: Some(90),
            uncovered: Vec::new(),
            totals: Totals {
                calls: 7,
                ..Totals::from_end(ActivationEnd::Incomplete)
            },
        };
        let sink = SinkOverview {
            name: "out".to_owned(),
            waiting: 3,
            delivered: 2,
            refused: 0,
            problem: String::new(),
        };
        let text = render(&Overview {
            schedules: vec![schedule],
            sinks: vec![sink],
        });
        for line in [
            "dragnet_watch_activations_total{schedule=\"s\",status=\"incomplete\"} 1",
            "# TYPE dragnet_watch_calls_total counter\ndragnet_watch_calls_total{schedule=\"s\"} 7",
            "dragnet_watch_behind_seconds{schedule=\"s\"} 90",
            "dragnet_watch_covered{schedule=\"s\"} 0",
            "dragnet_watch_alerts_waiting{sink=\"out\"} 3",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
        }
    }
}
