//! The names of accounts and account-Regions, as a report shows them.

use std::collections::BTreeMap;

use dragnet_model::Target;

/// The known names of accounts, by id. The ids are text, because an event may claim any account.
pub type AccountNames = BTreeMap<String, String>;

/// Returns the name and the id of an account, or only its id if the name is not known.
pub(super) fn account_with_name(account: &str, names: &AccountNames) -> String {
    match names.get(account).filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({account})"),
        None => account.to_owned(),
    }
}

/// Returns the name and the id of the account of an account-Region, and the Region.
pub(super) fn target_with_name(target: &Target, names: &AccountNames) -> String {
    let account = account_with_name(&target.account.to_string(), names);
    format!("{account} {}", target.region)
}
