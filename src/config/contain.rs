//! `[contain]`: what may be blocked, and how much at once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text::{checked_text, has_form, written_as_text};
use super::{Glob, InvalidDuration, parse_duration};

/// The guards of a containment plan, and what it puts in place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contain {
    /// Principals that are not to be blocked: globs of ARNs, compared without regard to letter case, with
    /// and without the path.
    pub protect: Vec<Glob>,
    /// How many principals a plan may change.
    pub max_targets: usize,
    /// The name of the inline policy that denies everything.
    pub policy_name: PolicyName,
    /// How long after it was made a plan may be applied.
    pub plan_expires: PlanExpiry,
}

impl Default for Contain {
    fn default() -> Self {
        // Each is a glob; one that were none would leave the list shorter, which a test rules out.
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

/// What people call the way in that is kept for the day when all others are closed.
const BREAK_GLASS: [&str; 4] = [
    "*break*glass*",
    "*emergency*",
    "*fire*call*",
    "*firefighter*",
];

checked_text! {
    /// IAM API, `PutRolePolicy`: `PolicyName` is 1 to 128 of `[\w+=,.@-]`.
    PolicyName,
    "a policy's name: expected 1 to 128 letters, digits and _+=,.@-",
    |text| has_form(text, 1, 128, "_+=,.@-")
}

/// How long a plan lives: the longer, the less is what it saw still so.
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
    fn break_glass_names_are_protected_unless_told_otherwise() {
        assert_eq!(Contain::default().protect.len(), BREAK_GLASS.len());
    }
}
