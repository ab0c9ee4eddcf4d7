//! The names of fields that records of each log type have.

use strum::VariantArray;

use super::{dns_query, flow_log, lambda};

/// The fields of an event that are evaluated locally, without the `@`.
const SYSTEM: [&str; 6] = [
    "timestamp",
    "ingestionTime",
    "message",
    "log",
    "logStream",
    "ptr",
];

/// Beginnings of names that Insights generates for parts of an object, without the `@`.
///
/// Source: CloudWatch Logs user guide, "Supported logs and discovered fields" (`@entity`) and
/// "Cross-account cross-Region log centralization" (`@aws.account`, `@aws.region`).
const OBJECTS: [&str; 2] = ["entity.", "aws."];

/// The fields at the top level of a CloudTrail event.
///
/// Source: CloudTrail user guide, "CloudTrail record contents".
const CLOUDTRAIL: [&str; 32] = [
    "addendum",
    "additionalEventData",
    "apiVersion",
    "awsRegion",
    "edgeDeviceDetails",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventContext",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "insightDetails",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sessionCredentialFromConsole",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "userAgent",
    "userIdentity",
    "vpcEndpointAccountId",
    "vpcEndpointId",
];

/// The fields inside `userIdentity`.
///
/// Source: CloudTrail user guide, "CloudTrail userIdentity element".
const USER_IDENTITY: [&str; 14] = [
    "type",
    "userName",
    "principalId",
    "arn",
    "accountId",
    "accessKeyId",
    "sessionContext",
    "invokedBy",
    "sessionIssuer",
    "webIdFederationData",
    "identityProvider",
    "credentialId",
    "onBehalfOf",
    "inScopeOf",
];

/// A kind of log whose fields are documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub enum LogType {
    /// CloudTrail events.
    CloudTrail,
    /// VPC flow logs.
    FlowLog,
    /// Public DNS query logs of Route 53.
    DnsQuery,
}

impl LogType {
    /// All types.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The names of its fields; of objects, the first part of the name.
    pub fn fields(self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::CloudTrail => &CLOUDTRAIL,
            Self::DnsQuery => &dns_query::NAMES,
            Self::FlowLog => return flow_log::known_names(),
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The names of the fields inside an object, if they are known.
    pub fn fields_inside(self, object: &str) -> &'static [&'static str] {
        match (self, object) {
            (Self::CloudTrail, "userIdentity") => &USER_IDENTITY,
            _ => &[],
        }
    }

    /// The names of the fields that Insights generates for events of any type, with the `@`.
    pub fn generated_fields() -> Vec<String> {
        SYSTEM
            .iter()
            .chain(&lambda::NAMES)
            .map(|name| format!("@{name}"))
            .collect()
    }

    /// Whether every event has a field with this name, whatever its type.
    pub fn is_system_field(name: &str) -> bool {
        name.strip_prefix('@')
            .is_some_and(|name| SYSTEM.contains(&name))
    }

    /// Whether Insights may generate a field with this name, which begins with `@`.
    pub fn is_generated_field(name: &str) -> bool {
        let Some(name) = name.strip_prefix('@') else {
            return false;
        };
        // A discovered field whose name begins with `@` is read with a second `@` in front.
        name.starts_with('@')
            || SYSTEM.contains(&name)
            || lambda::NAMES.contains(&name)
            || OBJECTS.iter().any(|object| name.starts_with(object))
    }
}

/// Whether a field can be evaluated locally with certainty. The fields that Insights generates for
/// some log types cannot: AWS documents their names, but not for which lines there is one.
pub(crate) fn is_local_field(name: &str) -> bool {
    name.strip_prefix('@')
        .is_none_or(|name| name.starts_with('@') || SYSTEM.contains(&name))
}
