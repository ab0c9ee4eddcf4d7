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
use super::lookup::group_arn;
use crate::access::authorize;
use crate::call::Call;
use crate::policy::AccessRequest;
use crate::wire::{AwsError, CommonError, Service};

/// The managed data identifiers of the range: IP addresses and e-mail addresses.
static SENSITIVE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let ipv4 = r"\b(?:\d{1,3}\.){3}\d{1,3}\b";
    let ipv6 = r"\b(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4})+\b";
    let mail = r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b";
    Regex::new(&format!("{ipv4}|{ipv6}|{mail}")).ok()
});

/// Returns a message as its group returns it, masked if necessary.
pub(crate) fn mask_message<'a>(
    group: &StoredGroup,
    message: &'a str,
    unmask: bool,
) -> Cow<'a, str> {
    if !group.is_masked() || unmask {
        return Cow::Borrowed(message);
    }
    match &*SENSITIVE {
        Some(sensitive) => sensitive.replace_all(message, |matched: &Captures<'_>| {
            "*".repeat(matched[0].chars().count())
        }),
        None => Cow::Borrowed(""),
    }
}

/// Whether events are returned unmasked: if the call requests it and the caller has the permission.
///
/// # Errors
/// The call requests it, but the caller lacks `logs:Unmask`.
pub(crate) fn permit_unmask(
    call: &Call<'_>,
    group: &str,
    requested: bool,
) -> Result<bool, AwsError> {
    if !requested {
        return Ok(false);
    }
    let resource = group_arn(call.world, call.caller, group);
    let context = call.caller.request_context(call.world, call.now);
    let request = AccessRequest {
        action: "logs:Unmask",
        resource: &resource,
        context: &context,
    };
    authorize(call.world, call.caller, &request)
        .map(|()| true)
        .map_err(|denial| {
            CommonError::Denied(denial.message(&call.caller.arn(call.world), &request))
                .for_service(Service::Logs)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::LogGroupClass;

    #[test]
    fn masked_group_hides_addresses_unless_unmasked() {
        let mut group = StoredGroup::new(LogGroupClass::Standard, 0, 0);
        let message = "from 198.51.100.23 and 2001:db8::7 by bob@example.com at 12:00:01";
        assert_eq!(mask_message(&group, message, false), message);
        group.masked = true;
        let masked = mask_message(&group, message, false);
        assert!(
            !masked.contains("198") && !masked.contains("db8") && !masked.contains("bob"),
            "{masked}"
        );
        assert!(masked.starts_with("from ************* and "), "{masked}");
        assert_eq!(masked.chars().count(), message.chars().count());
        assert_eq!(mask_message(&group, message, true), message);
    }
}
