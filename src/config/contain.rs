//! `[contain]`: which principals may be contained, and how many in one plan.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text::{checked_text, has_form, written_as_text};
use super::{Glob, InvalidDuration, parse_duration};

/// The guards of a containment plan, and the policy that it attaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contain {
    /// Principals that must not be contained: globs of ARNs, matched case-insensitively, both with
    /// and without the path.
    pub protect: Vec<Glob>,
    /// The maximum number of principals in one plan.
    pub max_targets: usize,
    /// The name of the inline policy that denies all actions.
    pub policy_name: PolicyName,
    /// How long after its creation a plan may be applied.
    pub plan_expires: PlanExpiry,
}

impl Default for Contain {
    fn default() -> Self {
        // `filter_map` would drop an invalid glob; a test checks that all of them are valid.
        let protect = BREAK_GLASS
            .iter()
            .filter_map(|glob| glob.parse().ok())
            .collect();
        Self {
            protect,
            max_targets: 10,
            policy_name: PolicyName("DenyAll".to_owned()),
            plan_expires: PlanExpiry(Duration::from_hours(1)),
        }
    }
}

/// Common names of break-glass principals, the emergency access for when all other access is lost.
const BREAK_GLASS: [&str; 4] = [
    "*break*glass*",
    "*emergency*",
    "*fire*call*",
    "*firefighter*",
];

checked_text! {
    /// Source: IAM API, `PutRolePolicy`: `PolicyName` is 1 to 128 of `[\w+=,.@-]`.
    PolicyName,
    "a policy name: expected 1 to 128 letters, digits and _+=,.@-",
    |text| has_form(text, 1, 128, "_+=,.@-")
}

/// How long a plan may be applied. The older a plan is, the less its recorded state can be relied
/// on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanExpiry(Duration);

impl PlanExpiry {
    /// The duration.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl std::str::FromStr for PlanExpiry {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_duration(text).map(Self)
    }
}

impl std::fmt::Display for PlanExpiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}s", self.0.as_secs())
    }
}

written_as_text!(PlanExpiry, InvalidDuration);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn break_glass_names_are_protected_by_default() {
        assert_eq!(Contain::default().protect.len(), BREAK_GLASS.len());
    }
}
