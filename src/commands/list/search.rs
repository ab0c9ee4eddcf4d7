//! Queries all accounts and Regions in scope concurrently.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::items::{self, Item};
use super::principals;
use crate::aws::{Aws, Pages, Session};
use crate::commands::CommandError;
use crate::settings::{ListSettings, Listing, Reach};
use crate::store::ScopeMembership;
use crate::sweep::{Access, Directory, Entered, ListedLevel, Member, RegionScope, SelectorMatches};
use dragnet_model::{Operation, Partition, PrincipalKind, Region};

/// The result: items in AWS's shape, and the gaps.
#[derive(Default)]
pub(super) struct ListResult {
    /// The items, sorted by account, Region and name.
    pub items: Vec<Item>,
    /// Accounts and Regions that could not be queried, with the reason.
    pub gaps: Vec<String>,
    /// The selectors of the scope that match nothing.
    pub unmatched: Vec<String>,
}

/// The context that the queries of all accounts share.
pub(super) struct ListSearch {
    aws: Aws,
    access: Access,
    partition: Partition,
    matches: SelectorMatches,
    reach: Reach,
    what: Listing,
}

/// Returns how far a list goes. Lists of principals do not use the Regions in scope.
fn listed_level(what: Listing) -> ListedLevel {
    match what {
        Listing::Accounts | Listing::Roles | Listing::Users | Listing::Groups => {
            ListedLevel::Accounts
        }
        Listing::Regions => ListedLevel::Regions,
        Listing::LogGroups => ListedLevel::LogGroups,
    }
}

/// Returns the operations that a list calls in each account.
fn operations(what: Listing) -> &'static [Operation] {
    match what {
        Listing::Accounts => &[],
        Listing::Regions => &[Operation::DescribeRegions],
        Listing::LogGroups => &[Operation::DescribeRegions, Operation::DescribeLogGroups],
        Listing::Roles | Listing::Users | Listing::Groups => &[
            Operation::DescribeRegions,
            Operation::GetAccountAuthorizationDetails,
            Operation::ListUsers,
        ],
    }
}

impl ListSearch {
    /// Runs all queries of a list.
    pub(super) async fn run(aws: Aws, list: &ListSettings) -> Result<ListResult, CommandError> {
        let caller = aws
            .authenticate()
            .await
            .map_err(|error| CommandError::Caller(Box::new(error)))?;
        let reach = list.reach.clone();
        let access = Access::new(
            &aws,
            &caller,
            &reach.identity,
            "dragnet-list".to_owned(),
            operations(list.what),
        );
        let search = Arc::new(Self {
            aws,
            access,
            partition: caller.partition,
            matches: SelectorMatches::new(&reach.scope),
            reach,
            what: list.what,
        });
        let mut directory = Directory::new(&search.aws, &search.access, &search.reach)
            .with_matches(&search.matches);
        let mut accounts = JoinSet::new();
        let mut result = ListResult::default();
        while let Some(member) = directory.next().await? {
            match (list.what, member.membership) {
                (Listing::Accounts, _) => result.items.push(items::account(&member)),
                (_, ScopeMembership::InScope) => {
                    _ = accounts.spawn(Arc::clone(&search).search_account(member));
                }
                (_, ScopeMembership::NotActive | ScopeMembership::NotSelected) => {}
            }
        }
        for part in accounts.join_all().await {
            result.items.extend(part.items);
            result.gaps.extend(part.gaps);
        }
        result.items.sort_by_cached_key(items::sort_key);
        result.gaps.sort();
        result.unmatched = search.matches.unmatched(listed_level(list.what)).texts();
        Ok(result)
    }

    async fn search_account(self: Arc<Self>, member: Member) -> ListResult {
        let mut result = ListResult::default();
        let Entered { session, regions } = match self.access.enter(&self.aws, &member).await {
            Ok(entered) => entered,
            Err(refusal) => {
                let reason = refusal.into_outcome().reason_text();
                result.gaps.push(format!("{}: {reason}", describe(&member)));
                return result;
            }
        };
        let principals = match self.what {
            Listing::Roles => Some(PrincipalKind::Role),
            Listing::Users => Some(PrincipalKind::User),
            Listing::Groups => Some(PrincipalKind::Group),
            Listing::Accounts | Listing::Regions | Listing::LogGroups => None,
        };
        if let Some(kind) = principals {
            match principals::items(&self.aws, &member, &session, kind).await {
                Ok(items) => result.items.extend(items),
                Err(error) => result.gaps.push(error.to_string()),
            }
            return result;
        }
        for enabled in &regions {
            self.matches.mark_region(&member.account, &enabled.region);
        }
        let enabled_regions = RegionScope::new(&self.reach.scope, &member, regions)
            .enabled
            .into_iter();
        match self.what {
            Listing::Accounts | Listing::Roles | Listing::Users | Listing::Groups => {}
            Listing::Regions => result
                .items
                .extend(enabled_regions.map(|enabled| items::region(&member, &enabled))),
            Listing::LogGroups => {
                let searches = enabled_regions
                    .map(|enabled| self.list_log_groups(&member, &session, enabled.region));
                for part in futures::future::join_all(searches).await {
                    result.items.extend(part.items);
                    result.gaps.extend(part.gaps);
                }
            }
        }
        result
    }

    async fn list_log_groups(
        &self,
        member: &Member,
        session: &Session,
        region: Region,
    ) -> ListResult {
        let mut result = ListResult::default();
        let mut pages = Pages::default();
        loop {
            match self.aws.log_groups(session, &region, pages.token()).await {
                Ok((groups, next)) => {
                    for group in &groups {
                        self.matches
                            .mark_log_group(&member.account, &region, &group.name);
                    }
                    let in_scope = groups
                        .iter()
                        .filter(|group| self.reach.scope.has_log_group(&group.name));
                    result.items.extend(
                        in_scope
                            .map(|group| items::log_group(self.partition, member, &region, group)),
                    );
                    match pages.advance(groups.len(), next) {
                        Ok(true) => {}
                        Ok(false) => return result,
                        Err(endless) => {
                            result
                                .gaps
                                .push(format!("{}, {region}: {endless}", describe(member)));
                            return result;
                        }
                    }
                }
                Err(error) => {
                    result.gaps.push(error.to_string());
                    return result;
                }
            }
        }
    }
}

/// Returns the id and name of an account, for a gap.
fn describe(member: &Member) -> String {
    format!("account {} {}", member.account.id, member.account.name)
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};
    use crate::commands::Environment;
    use crate::settings::ResolveContext;
    use dragnet_range::Scenario;

    async fn run_list(what: &str, faults: &str) -> Result<ListResult, CommandError> {
        let scenario = include_str!("../../../config/range/small.toml");
        let environment = Environment::for_practice(
            &Scenario::from_toml(&format!("{scenario}{faults}")).unwrap(),
        )
        .unwrap();
        let arguments =
            Arguments::try_parse_from(["dragnet", "list", what, "--account", "dev"]).unwrap();
        let Command::List(list) = arguments.command else {
            panic!("not a list")
        };
        let context = ResolveContext {
            environment: &|_| None,
            working_directory: std::path::Path::new("/nonexistent"),
            now: environment.clock().now(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        };
        let list = ListSettings::resolve(&arguments.global, &list, &context).unwrap();
        let aws = environment.connect(&list.reach, None).await?;
        ListSearch::run(aws, &list).await
    }

    /// The exit code is 1 if the list of accounts fails, and 3 if there is a gap.
    #[tokio::test(start_paused = true)]
    async fn response_without_its_list_is_an_error() {
        for (what, operation) in [
            ("accounts", "ListAccounts"),
            ("regions", "DescribeRegions"),
            ("log-groups", "DescribeLogGroups"),
        ] {
            let result = run_list(what, "").await.unwrap();
            assert!(
                result.gaps.is_empty() && !result.items.is_empty(),
                "{what}: {:?}",
                result.gaps
            );
            for answer in ["empty", "no-members", "error-body"] {
                let fault = format!(
                    r#"
[[faults]]
operation = "{operation}"
kind = "incomplete"
answer = "{answer}"
"#
                );
                match run_list(what, &fault).await {
                    Ok(result) => assert!(!result.gaps.is_empty(), "{what}: {answer}"),
                    Err(error) => assert_eq!(error.exit_code(), 1, "{what}: {answer}"),
                }
            }
        }
    }
}
