//! `dragnet range show`: shows the organization and the story of a scenario, and on request what a
//! search must find.

use std::io::{self, Write};

use serde::Serialize;

use super::served;
use crate::cli::ShowArguments;
use crate::commands::CommandError;
use crate::model::AccountId;
use crate::range::{AccountOverview, Answer, Chapter, PracticeMfa, Search};
use crate::report::{Table, plural, write_items, write_json};
use crate::time::rfc3339_ms;

/// The output of `range show`.
#[derive(Serialize)]
struct Shown {
    scenario: String,
    title: String,
    /// The time at which the scenario starts. A served range starts at the current time, and all
    /// events of the scenario are shifted with it.
    now: String,
    management_account: AccountId,
    access_key_id: String,
    mfa_serial: String,
    mfa_secret: String,
    accounts: Vec<AccountOverview>,
    story: Vec<ShownChapter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<Vec<ShownAnswer>>,
}

#[derive(Serialize)]
struct ShownChapter {
    at: String,
    text: String,
}

#[derive(Serialize)]
struct ShownAnswer {
    /// `indicator` or `hunt`.
    kind: &'static str,
    search: String,
    sightings: u64,
    note: String,
}

/// Shows a scenario: its accounts, the practice user with the MFA device, the story and, on
/// request, the answers.
pub(in crate::commands) fn show(
    arguments: &ShowArguments,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let (scenario, range) = served(&arguments.range)?;
    let PracticeMfa { serial, secret } = range.mfa();
    let shown = Shown {
        scenario: scenario.name().to_owned(),
        title: scenario.title().to_owned(),
        now: rfc3339_ms(scenario.now()),
        management_account: range.management_account(),
        access_key_id: range.credentials().access_key_id,
        mfa_serial: serial,
        mfa_secret: secret,
        accounts: range.accounts(),
        story: scenario
            .story()
            .into_iter()
            .map(ShownChapter::from)
            .collect(),
        answers: arguments
            .answers
            .then(|| scenario.answers().iter().map(ShownAnswer::from).collect()),
    };
    if json {
        Ok(write_json(&shown, out)?)
    } else {
        Ok(shown.write(out)?)
    }
}

impl Shown {
    /// Returns the roles that every member account has. The management account is excluded, because
    /// StackSets do not deploy to it.
    fn roles_everywhere(&self) -> Vec<&String> {
        let mut members = self
            .accounts
            .iter()
            .filter(|account| account.id != self.management_account);
        let first = members.next().map_or(&[][..], |account| &account.roles);
        let all: Vec<_> = members.collect();
        first
            .iter()
            .filter(|role| all.iter().all(|account| account.roles.contains(role)))
            .collect()
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let own = [
            (
                "Begins",
                format!(
                    "{} with --practice; a served range begins when it starts, and all that happened moves along",
                    self.now
                ),
            ),
            ("Management", self.management_account.to_string()),
            ("Access key", self.access_key_id.clone()),
            ("MFA device", self.mfa_serial.clone()),
            (
                "MFA secret",
                format!("{} (for an authenticator application)", self.mfa_secret),
            ),
        ];
        write_items(&format!("{}: {}", self.scenario, self.title), &own, out)?;
        writeln!(out, "\n{}", plural(self.accounts.len() as u64, "account"))?;
        let everywhere = self.roles_everywhere();
        let mut table = Table::new(&["id", "name", "unit", "log groups", "further roles"]);
        for account in &self.accounts {
            table.push(vec![
                account.id.to_string(),
                account.name.clone(),
                place(account),
                account.log_groups.to_string(),
                account
                    .roles
                    .iter()
                    .filter(|role| !everywhere.contains(role))
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", "),
            ]);
        }
        table.write_text(None, out)?;
        write_items(
            "",
            &[(
                "Roles of every member account",
                everywhere
                    .iter()
                    .map(|role| role.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            )],
            out,
        )?;
        let story: Vec<_> = self
            .story
            .iter()
            .map(|chapter| (chapter.at.as_str(), chapter.text.clone()))
            .collect();
        writeln!(out)?;
        write_items("What happened", &story, out)?;
        match &self.answers {
            None => writeln!(
                out,
                "\n`dragnet range show --answers` tells what a search must find."
            ),
            Some(answers) => {
                writeln!(out)?;
                let sheet: Vec<_> = answers.iter().map(ShownAnswer::line).collect();
                let sheet: Vec<_> = sheet
                    .iter()
                    .map(|(label, text)| (label.as_str(), text.clone()))
                    .collect();
                write_items(
                    "Sightings of the last 24 hours, copies of a record folded",
                    &sheet,
                    out,
                )
            }
        }
    }
}

/// Returns the organizational units above an account, and its state if it is not active.
fn place(account: &AccountOverview) -> String {
    let units = account.units.join("/");
    if account.state == "ACTIVE" {
        units
    } else {
        format!("{units} ({})", account.state)
    }
}

impl ShownAnswer {
    fn line(&self) -> (String, String) {
        (
            self.sightings.to_string(),
            format!("{} {}: {}", self.kind, self.search, self.note),
        )
    }
}

impl From<Chapter> for ShownChapter {
    fn from(Chapter { at, text }: Chapter) -> Self {
        Self {
            at: rfc3339_ms(at),
            text,
        }
    }
}

impl From<&Answer> for ShownAnswer {
    fn from(answer: &Answer) -> Self {
        let (kind, search) = match &answer.search {
            Search::Indicator(indicator) => ("indicator", indicator),
            Search::Hunt(hunt) => ("hunt", hunt),
        };
        Self {
            kind,
            search: search.clone(),
            sightings: answer.sightings,
            note: answer.note.clone(),
        }
    }
}
