//! Data protection: the events of a masked group as they are returned.
//!
//! Every operation that returns events shows asterisks in place of the values that a managed data
//! identifier recognizes, and filters match the masked text. A search for an address can therefore
//! find nothing although the address is in the group.
//!
//! Source: CloudWatch Logs user guide, "Help protect sensitive log data with masking".

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::StoredGroup;
use crate::range::access::authorize;
use crate::range::call::Call;
use crate::range::policy::Ask;
use crate::range::wire::{AwsError, Refusal, Service};

/// The managed data identifiers of the range: IP addresses and e-mail addresses.
static SENSITIVE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let ipv4 = r"\b(?:\d{1,3}\.){3}\d{1,3}\b";
    let ipv6 = r"\b(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4})+\b";
    let mail = r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b";
    Regex::new(&format!("{ipv4}|{ipv6}|{mail}")).ok()
});

/// Returns a message as its group returns it, masked if necessary.
pub(crate) fn shown<'a>(group: &StoredGroup, message: &'a str, unmask: bool) -> Cow<'a, str> {
    if !group.is_masked() || unmask {
        return Cow::Borrowed(message);
    }
    match &*SENSITIVE {
        Some(sensitive) => sensitive.replace_all(message, |found: &Captures<'_>| {
            "*".repeat(found[0].chars().count())
        }),
        None => Cow::Borrowed(""),
    }
}

/// Whether events are returned unmasked: if the call asks for it and the caller has the permission.
///
/// # Errors
/// The call asks for it, but the caller lacks `logs:Unmask`.
pub(crate) fn permit_unmask(call: &Call<'_>, group: &str, asked: bool) -> Result<bool, AwsError> {
    if !asked {
        return Ok(false);
    }
    let resource = super::group_resource(call.world, call.caller, group);
    let facts = call.caller.facts(call.world, call.now);
    let ask = Ask {
        action: "logs:Unmask",
        resource: &resource,
        facts: &facts,
    };
    authorize(call.world, call.caller, &ask)
        .map(|()| true)
        .map_err(|denial| {
            Refusal::Denied(denial.sentence(&call.caller.arn(call.world), &ask))
                .told_by(Service::Logs)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LogGroupClass;

    #[test]
    fn addresses_are_hidden_only_where_a_policy_says_so() {
        let mut group = StoredGroup::new(LogGroupClass::Standard, 0, 0);
        let message = "from 198.51.100.23 and 2001:db8::7 by bob@example.com at 12:00:01";
        assert_eq!(shown(&group, message, false), message);
        group.masked = true;
        let hidden = shown(&group, message, false);
        assert!(
            !hidden.contains("198") && !hidden.contains("db8") && !hidden.contains("bob"),
            "{hidden}"
        );
        assert!(hidden.starts_with("from ************* and "), "{hidden}");
        assert_eq!(hidden.chars().count(), message.chars().count());
        assert_eq!(shown(&group, message, true), message);
    }
}
