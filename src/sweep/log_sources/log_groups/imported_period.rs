//! What imports of event data stores say about a log group that is younger than a part of the window.
//! Pure.

use dragnet_model::{ImportTask, LogGroup, Outcome, Reason, Status, TimeWindow, are_imported};

/// Whether imports decide about the coverage of a log group.
pub(super) fn depends_on_imports(group: &LogGroup, window: TimeWindow) -> bool {
    group.may_be_imported() && group.created.is_some_and(|created| created > window.from())
}

/// Returns the outcome of a log group that is read completely, given the imports that are listed in its
/// account-Region. An import that is not listed may have been made, so the list only says more about
/// those that are.
pub(super) fn outcome_with_imports(
    outcome: Outcome,
    group: &LogGroup,
    window: TimeWindow,
    tasks: &[ImportTask],
) -> Outcome {
    let is_decided_by_creation =
        outcome.status == Status::Searched || outcome.reason == Some(Reason::CreatedInsideWindow);
    if !is_decided_by_creation || !depends_on_imports(group, window) {
        return outcome;
    }
    let from_ms = window.from_ms();
    let to_ms = group.created.map_or(window.to_ms(), |created| {
        created.as_millisecond().min(window.to_ms())
    });
    let name = group.name.trim_start_matches('/');
    let own: Vec<&ImportTask> = tasks
        .iter()
        .filter(|task| task.log_group.trim_start_matches('/') == name)
        .filter(|task| task.overlaps(from_ms, to_ms))
        .collect();
    if own.is_empty() {
        return outcome;
    }
    if are_imported(&own, from_ms, to_ms) {
        return Outcome::searched();
    }
    let imports: Vec<String> = own.iter().map(|task| describe_import(task)).collect();
    let detail = format!("not all of the window was imported: {}", imports.join(", "));
    Outcome::with_reason(Status::Partial, Reason::CreatedInsideWindow, detail)
}

fn describe_import(task: &ImportTask) -> String {
    let state = if task.is_complete {
        "has only a part"
    } else {
        "is not complete"
    };
    format!("import {} {state}", task.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::LogGroupClass;
    use jiff::Timestamp;

    fn timestamp(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn group(name: &str) -> LogGroup {
        LogGroup {
            name: name.to_owned(),
            class: LogGroupClass::InfrequentAccess,
            stored_bytes: 0,
            retention_days: None,
            retention_policy: None,
            created: Some(timestamp("2026-06-01T00:00:00Z")),
            masked: false,
            masked_before: false,
            kms_key: None,
        }
    }

    fn task(from: &str, to: &str, is_complete: bool) -> ImportTask {
        ImportTask {
            id: "i-1".to_owned(),
            log_group: "aws/cloudtrail/x".to_owned(),
            is_complete,
            from_ms: Some(timestamp(from).as_millisecond()),
            to_ms: Some(timestamp(to).as_millisecond()),
        }
    }

    #[test]
    fn only_complete_imports_of_the_whole_window_are_searched() {
        let window = TimeWindow::new(
            timestamp("2026-03-02T00:00:00Z"),
            timestamp("2026-03-03T00:00:00Z"),
        )
        .unwrap();
        let status = |name: &str, task: ImportTask| {
            outcome_with_imports(Outcome::searched(), &group(name), window, &[task]).status
        };
        let name = "aws/cloudtrail/x";
        let whole = |is_complete| task("2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z", is_complete);
        let part = task("2026-03-02T12:00:00Z", "2026-05-01T00:00:00Z", true);
        let other = task("2025-03-02T12:00:00Z", "2025-05-01T00:00:00Z", true);
        assert_eq!(status(name, whole(true)), Status::Searched);
        assert_eq!(status(name, whole(false)), Status::Partial);
        assert_eq!(status(name, part.clone()), Status::Partial);
        assert_eq!(status(name, other), Status::Searched);
        assert_eq!(status("aws/cloudtrail/y", part), Status::Searched);
        let inside = Outcome::with_reason(Status::Partial, Reason::CreatedInsideWindow, "");
        let imported = outcome_with_imports(inside, &group(name), window, &[whole(true)]);
        assert_eq!(imported.status, Status::Searched);
    }
}
