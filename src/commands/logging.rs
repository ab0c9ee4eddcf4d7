//! Logging on stderr. Only Dragnet's own events are logged, because those of the SDK may contain
//! secrets.

use std::fmt;
use std::io;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::cli::WatchCommand;
use crate::report::escape_json;
use crate::settings::{GlobalSettings, Verbosity};
use dragnet_model::time::{Clock, rfc3339_ms};

/// Starts logging in text form.
pub(super) fn start(settings: GlobalSettings) {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(level(settings.verbosity)))
        .with_writer(io::stderr)
        .with_ansi(settings.color)
        .with_target(false);
    // This fails only if a test has already installed a subscriber.
    _ = subscriber.try_init();
}

/// Starts logging for a watch. `watch run` logs JSON for log collectors, and also logs information
/// by default.
pub(super) fn start_for_watch(command: &WatchCommand, settings: GlobalSettings) {
    if !matches!(command, WatchCommand::Run) {
        return start(settings);
    }
    let level = match settings.verbosity {
        Verbosity::Normal => "info",
        other => level(other),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(level))
        .with_writer(io::stderr)
        .event_format(JsonLines);
    _ = subscriber.try_init();
}

fn level(verbosity: Verbosity) -> &'static str {
    match verbosity {
        Verbosity::Quiet => "error",
        Verbosity::Normal => "warn",
        Verbosity::Verbose => "info",
        Verbosity::Debug => "debug",
    }
}

fn filter(level: &str) -> String {
    format!("off,dragnet={level}")
}

/// The format with one JSON object per line: `time`, `level`, `message` and the fields of the
/// event.
struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Line(Map::new());
        line.0
            .insert("time".to_owned(), json!(rfc3339_ms(Clock::wall().now())));
        line.0
            .insert("level".to_owned(), json!(event.metadata().level().as_str()));
        event.record(&mut line);
        writeln!(
            writer,
            "{}",
            escape_json(&Value::Object(line.0).to_string())
        )
    }
}

struct Line(Map<String, Value>);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), json!(value));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn untrusted_text_stays_on_one_line() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .event_format(JsonLines)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(
                schedule = "s",
                missed = 3_u64,
                problem = "a\n{\"level\":\"INFO\"}",
                "skipped"
            );
        });
        let text = String::from_utf8(lines.0.lock().clone()).unwrap();
        assert_eq!(text.lines().count(), 1);
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&line["level"], &line["message"], &line["missed"]),
            (&json!("WARN"), &json!("skipped"), &json!(3))
        );
    }
}
