//! `[[scope.accepted_gap]]`: gaps that a named person accepts, with a reason, until an expiry date.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::text::written_as_text;
use super::{AccountSelector, Glob, KnownRegions, RegionSelector};
use dragnet_model::{Account, Region};

/// A gap that does not make a run incomplete, but is named in every verdict. An empty list does not
/// restrict the gap; at least one of the three lists must not be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedGap {
    /// Restricts the gap to these accounts.
    #[serde(default)]
    pub accounts: Vec<AccountSelector>,
    /// Restricts the gap to these Regions.
    #[serde(default)]
    pub regions: Vec<RegionSelector>,
    /// Restricts the gap to log groups whose names match one of these globs.
    #[serde(default)]
    pub log_groups: Vec<Glob>,
    /// The reason why the gap is accepted.
    pub reason: String,
    /// The person who accepts it.
    pub by: String,
    /// The first day (UTC) on which the gap is no longer accepted.
    pub expires: Expiry,
}

impl AcceptedGap {
    /// Whether the gap applies at the time `at` to an account, to one of its Regions, or to a log
    /// group. A gap that is restricted to Regions does not apply to an account as a whole, unless
    /// its Region is `*`.
    pub(super) fn accepts(
        &self,
        account: &Account,
        region: Option<&Region>,
        log_group: Option<&str>,
        at: Timestamp,
    ) -> bool {
        !self.is_expired(at) && self.selects(account, region, log_group)
    }

    /// Whether the gap is no longer accepted at the time `at`.
    pub fn is_expired(&self, at: Timestamp) -> bool {
        !self.expires.is_after(at)
    }

    /// Whether the gap is about an account, one of its Regions, or a log group, expired or not.
    pub fn selects(
        &self,
        account: &Account,
        region: Option<&Region>,
        log_group: Option<&str>,
    ) -> bool {
        let in_region = |selector: &RegionSelector| match region {
            Some(region) => selector.matches(region),
            None => selector.to_string() == "*",
        };
        let in_group =
            |glob: &Glob| log_group.map_or(glob.as_str() == "*", |name| glob.is_match(name));
        let in_account = |selector: &AccountSelector| selector.matches(account);
        (self.accounts.is_empty() || self.accounts.iter().any(in_account))
            && (self.regions.is_empty() || self.regions.iter().any(in_region))
            && (self.log_groups.is_empty() || self.log_groups.iter().any(in_group))
    }

    /// Describes what the gap is about: `accounts sandbox, regions ap-*`.
    pub fn selection(&self) -> String {
        let texts = |name: &str, selectors: &[String]| {
            (!selectors.is_empty()).then(|| format!("{name} {}", selectors.join(" ")))
        };
        let accounts: Vec<String> = self.accounts.iter().map(ToString::to_string).collect();
        let regions: Vec<String> = self.regions.iter().map(ToString::to_string).collect();
        let log_groups: Vec<String> = self.log_groups.iter().map(ToString::to_string).collect();
        [
            texts("accounts", &accounts),
            texts("regions", &regions),
            texts("log_groups", &log_groups),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
    }

    pub(super) fn check(&self, known: &KnownRegions<'_>) -> Result<(), Problem> {
        if self.accounts.is_empty() && self.regions.is_empty() && self.log_groups.is_empty() {
            return Err(Problem::new(
                "accounts",
                "an accepted gap must name accounts, regions or log_groups: not everything can be accepted",
            ));
        }
        for (key, text) in [("reason", &self.reason), ("by", &self.by)] {
            if text.trim().is_empty() {
                return Err(Problem::new(
                    key,
                    "must not be empty: an accepted gap needs a reason and the name of the person who accepts it",
                ));
            }
        }
        for (number, selector) in self.regions.iter().enumerate() {
            known
                .check_selector(selector)
                .map_err(|error| Problem::new(&number.to_string(), error).under("regions"))?;
        }
        Ok(())
    }
}

impl fmt::Display for AcceptedGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "accepted by {} until {}: {}",
            self.by, self.expires, self.reason
        )
    }
}

/// A day in UTC: `2027-03-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Expiry(Date);

/// The text is not a valid day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date: expected the form 2027-03-01")]
pub struct InvalidExpiry(String);

impl Expiry {
    fn is_after(self, at: Timestamp) -> bool {
        TimeZone::UTC.to_datetime(at).date() < self.0
    }
}

impl FromStr for Expiry {
    type Err = InvalidExpiry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // jiff would silently drop a time of day that follows the date.
        let day: Option<Date> = (text.len() == 10).then(|| text.parse().ok()).flatten();
        day.map(Self).ok_or_else(|| InvalidExpiry(text.to_owned()))
    }
}

written_as_text!(Expiry, InvalidExpiry);

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use dragnet_model::AccountState;

    fn gap(restriction: &str) -> AcceptedGap {
        let text = format!("{restriction}\nreason = 'SCP'\nby = 'secops'\nexpires = '2027-03-01'");
        toml::from_str(&text).unwrap()
    }

    fn accepts(restriction: &str, region: Option<&str>, log_group: Option<&str>, at: &str) -> bool {
        let id = "111111111111".parse().unwrap();
        let account = Account {
            id,
            name: "prod".to_owned(),
            state: AccountState::Active,
        };
        let region: Option<Region> = region.map(|name| name.parse().unwrap());
        gap(restriction).accepts(&account, region.as_ref(), log_group, at.parse().unwrap())
    }

    #[test]
    fn gap_applies_only_where_all_restrictions_match() {
        let accepts = |restriction, region, log_group| {
            accepts(restriction, region, log_group, "2026-03-01T12:00:00Z")
        };
        assert!(accepts("regions = ['ap-*']", Some("ap-east-1"), Some("/a")));
        assert!(!accepts("regions = ['ap-*']", Some("eu-west-1"), None));
        assert!(
            !accepts("regions = ['ap-*']", None, None),
            "an account as a whole is more than a Region"
        );
        assert!(accepts("accounts = ['prod']\nregions = ['*']", None, None));
        assert!(!accepts("accounts = ['dev']", Some("ap-east-1"), None));
        assert!(accepts(
            "log_groups = ['/a*']",
            Some("ap-east-1"),
            Some("/ab")
        ));
        assert!(!accepts("log_groups = ['/a*']", Some("ap-east-1"), None));
    }

    #[test]
    fn gap_ends_when_it_expires() {
        assert!(accepts(
            "accounts = ['*']",
            None,
            None,
            "2027-02-28T23:59:59Z"
        ));
        assert!(!accepts(
            "accounts = ['*']",
            None,
            None,
            "2027-03-01T00:00:00Z"
        ));
    }

    #[test]
    fn gap_without_restriction_or_person_is_rejected() {
        let error = |rest: &str| {
            let text = format!("[[scope.accepted_gap]]\n{rest}");
            Config::from_toml(&text, "x").unwrap_err().to_string()
        };
        let whole = "reason = 'r'\nby = 'b'\nexpires = '2027-03-01'\n";
        assert!(error(whole).contains("not everything"), "{}", error(whole));
        assert!(
            error(&format!(
                "accounts = ['*']\n{}",
                whole.replace("'b'", "' '")
            ))
            .contains("needs a reason")
        );
        assert!(error(&format!("regions = ['eu-wset-1']\n{whole}")).contains("eu-west-1"));
        assert!(
            error("accounts = ['*']\nreason = 'r'\nby = 'b'\nexpires = 'soon'")
                .contains("2027-03-01")
        );
    }
}
