//! `dragnet range show`: shows the organization and the story of a scenario, and on request what a
//! search must find.

use std::io::{self, Write};

use serde::Serialize;

use super::create_range;
use crate::cli::ShowArguments;
use crate::commands::CommandError;
use crate::report::{Table, write_items, write_json};
use dragnet_model::AccountId;
use dragnet_model::format::plural;
use dragnet_model::time::rfc3339_ms;
use dragnet_range::{AccountOverview, Answer, Chapter, PracticeMfa, Search};

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
    let (scenario, range) = create_range(&arguments.range)?;
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
        self.write_overview(out)?;
        self.write_accounts(out)?;
        self.write_story(out)?;
        match &self.answers {
            Some(answers) => write_answers(answers, out),
            None => writeln!(
                out,
                "\n`dragnet range show --answers` shows what a search must find."
            ),
        }
    }

    fn write_overview(&self, out: &mut dyn Write) -> io::Result<()> {
        let items = [
            (
                "Start",
                format!(
                    "{} with --practice; a served range starts at the current time, and all events are shifted with it",
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
        write_items(&format!("{}: {}", self.scenario, self.title), &items, out)
    }

    /// Writes the accounts with the roles that not every member account has, then the other roles.
    fn write_accounts(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{}", plural(self.accounts.len() as u64, "account"))?;
        let common_roles = self.roles_everywhere();
        let mut table = Table::new(&["id", "name", "unit", "log groups", "further roles"]);
        for account in &self.accounts {
            let further_roles: Vec<&str> = account
                .roles
                .iter()
                .filter(|role| !common_roles.contains(role))
                .map(String::as_str)
                .collect();
            table.push(vec![
                account.id.to_string(),
                account.name.clone(),
                describe_unit(account),
                account.log_groups.to_string(),
                further_roles.join(", "),
            ]);
        }
        table.write_text(None, out)?;
        let common_roles: Vec<&str> = common_roles.iter().map(|role| role.as_str()).collect();
        let items = [("Roles of every member account", common_roles.join(", "))];
        write_items("", &items, out)
    }

    fn write_story(&self, out: &mut dyn Write) -> io::Result<()> {
        let story: Vec<_> = self
            .story
            .iter()
            .map(|chapter| (chapter.at.as_str(), chapter.text.clone()))
            .collect();
        writeln!(out)?;
        write_items("What happened", &story, out)
    }
}

fn write_answers(answers: &[ShownAnswer], out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<_> = answers.iter().map(ShownAnswer::line).collect();
    let items: Vec<_> = lines
        .iter()
        .map(|(label, text)| (label.as_str(), text.clone()))
        .collect();
    writeln!(out)?;
    write_items(
        "Sightings of the last 24 hours; copies of a record count once",
        &items,
        out,
    )
}

/// Returns the organizational units above an account, and its state if it is not active.
fn describe_unit(account: &AccountOverview) -> String {
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
