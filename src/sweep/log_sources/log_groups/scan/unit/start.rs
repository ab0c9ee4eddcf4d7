//! Where the reading of a resumed work unit starts.

use std::time::Duration;

use super::super::milliseconds;
use crate::store::KnownUnit;
use dragnet_model::Engine;

/// How old a page token may be: a little less than its life at AWS.
///
/// Source: CloudWatch Logs API, `FilterLogEvents`: tokens expire after 24 hours.
const TOKEN_LIFE: Duration = Duration::from_mins(24 * 60 - 10);

/// Stored as the token of the next page after a last page that was not searched completely, so that
/// a resumed run reads the unit again.
pub(super) const NOT_SEARCHED: &str = "not-searched";

/// Where reading starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    FirstPage,
    /// At a page whose token an earlier part of the run stored.
    Page(String),
    /// Nowhere, because everything was read.
    End,
    /// At the first page again, because the token of the next one cannot be used any more.
    Again,
}

impl Start {
    pub(super) fn from_known(unit: &KnownUnit, now_ms: i64) -> Self {
        match &unit.next_token {
            _ if !unit.has_started => Self::FirstPage,
            None => Self::End,
            // Query results expire, and with them the token.
            Some(_) if unit.engine == Engine::Insights => Self::Again,
            Some(token) if token == NOT_SEARCHED => Self::Again,
            Some(token) if now_ms.saturating_sub(unit.token_ms) < milliseconds(TOKEN_LIFE) => {
                Self::Page(token.clone())
            }
            Some(_) => Self::Again,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Journal, Pass, RunFacts};

    #[tokio::test(start_paused = true)]
    async fn stale_page_token_is_not_used() {
        let temp = tempfile::tempdir().unwrap();
        let id = dragnet_model::RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
        let dir = crate::store::RunDir::create(temp.path(), &id).unwrap();
        let (journal, _writer) = Journal::create(&dir, &RunFacts::default()).unwrap();
        let start = |has_started, token: Option<&str>, hours: i64| {
            let id = journal.new_unit_id();
            let next_token = token.map(str::to_owned);
            let pass = Pass::Search;
            let engine = Engine::Filter;
            let from_ms = 0;
            let to_ms = 1;
            let unit = KnownUnit {
                id,
                pass,
                engine,
                from_ms,
                to_ms,
                has_started,
                next_token,
                token_ms: 5,
            };
            Start::from_known(&unit, 5 + hours * 3_600_000)
        };
        assert_eq!(start(false, None, 0), Start::FirstPage);
        assert_eq!(start(true, None, 99), Start::End);
        assert_eq!(start(true, Some("t"), 23), Start::Page("t".to_owned()));
        assert_eq!(start(true, Some("t"), 24), Start::Again);
        assert_eq!(start(true, Some(NOT_SEARCHED), 0), Start::Again);
        assert_eq!(
            start(true, Some("t"), -1),
            Start::Page("t".to_owned()),
            "a clock that was set back"
        );
    }
}
