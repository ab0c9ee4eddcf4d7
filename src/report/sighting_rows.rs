//! The first and the last sightings, as rows on a terminal.

use std::collections::VecDeque;
use std::io;

use super::AccountNames;
use super::page::{Page, Style, TerminalPage};
use super::resource::{describe_resource, shorten};
use super::untrusted::escape;
use super::wrap::{cut, display_width, fit};
use dragnet_model::format::count;
use dragnet_model::time::format_ms;
use dragnet_model::{OwnCall, Sighting};

/// How many sightings are shown from each end.
const SHOWN: usize = 5;

/// From this width on, a sighting takes one line.
const WIDE: usize = 120;

/// The width of a time without milliseconds.
const TIME: usize = 20;

/// The width of the longest address in a row, so that one is never cut off.
///
/// Source: RFC 4291, section 2.2: eight groups of four digits.
const LONGEST_ADDRESS: usize = 39;

/// What all rows have in common.
struct RowColumns<'n> {
    names: &'n AccountNames,
    /// The width of the column of addresses.
    address: usize,
}

/// A sighting as it is shown. All texts are untrusted.
#[derive(Clone, Debug)]
struct ShownSighting {
    time_ms: i64,
    account: String,
    principal: String,
    action: String,
    resource: String,
    address: String,
    outcome: String,
}

/// The first and the last sightings, without Dragnet's own calls.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstAndLast {
    first: Vec<ShownSighting>,
    last: VecDeque<ShownSighting>,
    left_out: u64,
}

impl FirstAndLast {
    /// Adds the next sighting, in the order of their times.
    pub(super) fn add(&mut self, sighting: &Sighting) {
        if sighting.own_call == OwnCall::Yes {
            return;
        }
        let shown = ShownSighting::new(sighting);
        if self.first.len() < SHOWN {
            self.first.push(shown);
            return;
        }
        if self.last.len() >= SHOWN {
            self.last.pop_front();
            self.left_out += 1;
        }
        self.last.push_back(shown);
    }

    /// Writes the rows in the width of the page.
    pub(super) fn write(
        &self,
        page: &mut TerminalPage<'_>,
        names: &AccountNames,
    ) -> io::Result<()> {
        if self.first.is_empty() {
            return Ok(());
        }
        let title = if self.left_out == 0 {
            "Sightings"
        } else {
            "First and last sightings"
        };
        page.heading(title, Style::Plain)?;
        let shown = self.first.iter().chain(&self.last);
        let widths = shown.map(|shown| display_width(&escape(&shown.address)));
        let columns = RowColumns {
            names,
            address: widths.max().unwrap_or_default().clamp(15, LONGEST_ADDRESS),
        };
        for shown in &self.first {
            shown.write(page, &columns)?;
        }
        if self.left_out > 0 {
            let left_out = count(self.left_out);
            page.line(&format!("  … {left_out} more in the files of the run"))?;
        }
        self.last
            .iter()
            .try_for_each(|shown| shown.write(page, &columns))
    }
}

impl ShownSighting {
    fn new(sighting: &Sighting) -> Self {
        let details = &sighting.details;
        let text = |text: &str| shorten(text).into_owned();
        let outcome = if !details.is_cloudtrail() {
            ""
        } else if details.succeeded() {
            "ok"
        } else if details.error_code.is_empty() {
            "failed"
        } else {
            &*details.error_code
        };
        // An event that is no record has no action, but it has a message.
        let action = if details.is_cloudtrail() {
            text(&details.event_name)
        } else {
            text(&sighting.message)
        };
        Self {
            time_ms: details.time_ms,
            account: text(&details.account),
            principal: text(short_principal(&details.identity.arn)),
            action,
            resource: text(&describe_resource(sighting)),
            address: text(&details.source_ip),
            outcome: text(outcome),
        }
    }

    /// Writes one line on a wide terminal, otherwise two.
    fn write(&self, page: &mut TerminalPage<'_>, columns: &RowColumns<'_>) -> io::Result<()> {
        let name = columns.names.get(&self.account);
        let name = name.filter(|name| !name.is_empty());
        let account = escape(name.unwrap_or(&self.account));
        let time = fit(&seconds(self.time_ms), TIME);
        if page.width < WIDE {
            return self.write_two_lines(page, &format!("  {time}  "), &account);
        }
        // What is left over after the fixed columns and two spaces between all of them.
        let room = page
            .width
            .saturating_sub(2 + TIME + 2 * 6 + columns.address);
        let share = |percent: usize| room * percent / 100;
        let resource = room.saturating_sub(share(17) + share(24) + share(24) + share(17));
        page.line(&format!(
            "  {time}  {}  {}  {}  {}  {}  {}",
            fit(&account, share(17)),
            fit(&escape(&self.principal), share(24)),
            fit(&escape(&self.action), share(24)),
            fit(&escape(&self.resource), resource),
            fit(&escape(&self.address), columns.address),
            fit(&escape(&self.outcome), share(17)),
        ))
    }

    fn write_two_lines(
        &self,
        page: &mut TerminalPage<'_>,
        lead: &str,
        account: &str,
    ) -> io::Result<()> {
        let room = page.width.saturating_sub(lead.len() + 2 * 2);
        let quarter = room / 4;
        page.line(&format!(
            "{lead}{}  {}  {}",
            fit(account, quarter),
            fit(&escape(&self.action), room.saturating_sub(2 * quarter)),
            fit(&escape(&self.outcome), quarter)
        ))?;
        let parts = [&self.address, &self.principal, &self.resource];
        let parts: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        if parts.is_empty() {
            return Ok(());
        }
        let room = page.width.saturating_sub(6);
        page.line(&format!("      {}", cut(&escape(&parts.join("  ")), room)))
    }
}

/// Returns a time without milliseconds.
fn seconds(time_ms: i64) -> String {
    let time = format_ms(time_ms);
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time,
    }
}

/// Returns the part of an ARN that tells principals of an account apart: `user/alice`, or
/// `App/session` for a session of a role.
fn short_principal(arn: &str) -> &str {
    let resource = arn.rsplit(':').next().unwrap_or(arn);
    resource.strip_prefix("assumed-role/").unwrap_or(resource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{sighting, written};

    fn rows(number: i64, width: usize) -> String {
        let mut rows = FirstAndLast::default();
        for second in 0..number {
            let mut sighting = sighting("{}");
            sighting.details.time_ms += second * 1_000;
            sighting.details.record_id = "e".into();
            sighting.details.error_code = "Client.UnauthorizedOperation\u{1b}[2J".into();
            rows.add(&sighting);
        }
        let names = AccountNames::from([("111111111111".to_owned(), "pro\u{202e}d".to_owned())]);
        let text = written(|out| {
            let mut page = TerminalPage {
                out,
                color: false,
                width,
            };
            rows.write(&mut page, &names)
        });
        assert!(
            text.lines().all(|line| display_width(line) <= width),
            "{text}"
        );
        text
    }

    #[test]
    fn rows_fit_the_width_and_are_escaped() {
        for width in [40, 80, 119, 120, 140, 200] {
            let text = rows(3, width);
            assert!(text.contains("2026-03-01T12:00:02Z"), "{text}");
            assert!(text.contains("ListBuckets") || width == 40, "{text}");
            assert!(text.contains("pro\\u{202e}d") || width < 140, "{text}");
            assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text}");
        }
        // A sighting takes one line on a wide terminal, otherwise two.
        assert_eq!(rows(3, 140).lines().count(), 2 + 3);
        assert_eq!(rows(3, 80).lines().count(), 2 + 2 * 3);
    }

    #[test]
    fn columns_are_at_the_same_place_in_every_row() {
        insta::assert_snapshot!(rows(2, 140), @r"

        Sightings
          2026-03-01T12:00:00Z  pro\u{202e}d     user/alice             ListBuckets                                 192.0.2.1        Client.Unautho…
          2026-03-01T12:00:01Z  pro\u{202e}d     user/alice             ListBuckets                                 192.0.2.1        Client.Unautho…
        ");
        insta::assert_snapshot!(rows(2, 80), @r"

        Sightings
          2026-03-01T12:00:00Z  pro\u{202e}d   ListBuckets                 Client.Unaut…
              192.0.2.1  user/alice
          2026-03-01T12:00:01Z  pro\u{202e}d   ListBuckets                 Client.Unaut…
              192.0.2.1  user/alice
        ");
    }

    #[test]
    fn only_the_first_and_the_last_are_shown() {
        let text = rows(100, 140);
        assert_eq!(text.lines().count(), 2 + 2 * SHOWN + 1);
        assert!(text.contains("… 90 more"), "{text}");
        assert!(
            text.contains("12:00:04Z") && text.contains("12:01:35Z"),
            "{text}"
        );
        assert!(!text.contains("12:00:05Z"), "{text}");
    }

    #[test]
    fn principals_are_named_without_their_account() {
        for (arn, expected) in [
            ("arn:aws:iam::111111111111:user/a/alice", "user/a/alice"),
            ("arn:aws:sts::111111111111:assumed-role/App/s", "App/s"),
            ("arn:aws:iam::111111111111:root", "root"),
            ("", ""),
        ] {
            assert_eq!(short_principal(arn), expected);
        }
    }
}
