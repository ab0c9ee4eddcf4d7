//! The roles that can be assumed in an account, in the order in which they are tried.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::MemberRole;

/// One or more roles. The first that can be assumed is used. A single one is written as a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRoles {
    first: MemberRole,
    others: Vec<MemberRole>,
}

/// The list of roles cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMemberRoles {
    /// It is empty.
    #[error("the list of roles is empty: expected at least one role name")]
    Empty,
    /// A role occurs twice.
    #[error("a role occurs twice in the list: remove one of them")]
    Twice,
    /// `self` is one of several.
    #[error("`self` cannot be one of several roles: use it alone, or remove it")]
    SelfAmongOthers,
}

impl MemberRoles {
    /// Creates the list.
    ///
    /// # Errors
    /// It is empty, a role occurs twice, or `self` is not the only one.
    pub fn new(roles: Vec<MemberRole>) -> Result<Self, InvalidMemberRoles> {
        let mut rest = roles.into_iter();
        let first = rest.next().ok_or(InvalidMemberRoles::Empty)?;
        let others: Vec<MemberRole> = rest.collect();
        let roles = Self { first, others };
        if !roles.others.is_empty() && roles.roles().any(|role| *role == MemberRole::Caller) {
            return Err(InvalidMemberRoles::SelfAmongOthers);
        }
        let is_repeated =
            |role: &MemberRole| roles.roles().filter(|other| *other == role).count() > 1;
        if roles.roles().any(is_repeated) {
            return Err(InvalidMemberRoles::Twice);
        }
        Ok(roles)
    }

    /// The first role.
    pub fn first(&self) -> &MemberRole {
        &self.first
    }

    /// The roles, in the order in which they are tried.
    pub fn roles(&self) -> impl Iterator<Item = &MemberRole> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether there is only one role.
    pub fn is_single(&self) -> bool {
        self.others.is_empty()
    }
}

impl Default for MemberRoles {
    /// Returns `DragnetRead`.
    fn default() -> Self {
        MemberRole::default().into()
    }
}

impl From<MemberRole> for MemberRoles {
    fn from(first: MemberRole) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }
}

impl Serialize for MemberRoles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_single() {
            self.first.serialize(serializer)
        } else {
            serializer.collect_seq(self.roles())
        }
    }
}

impl<'de> Deserialize<'de> for MemberRoles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RolesVisitor)
    }
}

struct RolesVisitor;

impl<'de> Visitor<'de> for RolesVisitor {
    type Value = MemberRoles;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a role name, or a list of role names")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse::<MemberRole>()
            .map(Into::into)
            .map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut roles: Vec<MemberRole> = Vec::new();
        while let Some(role) = items.next_element()? {
            roles.push(role);
        }
        MemberRoles::new(roles).map_err(de::Error::custom)
    }
}

impl fmt::Display for MemberRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.roles().map(ToString::to_string).collect();
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(value: &str) -> Result<MemberRoles, String> {
        let text = format!("[identity]\nmember_role = {value}\n");
        let config = Config::from_toml(&text, "dragnet.toml");
        config
            .map(|config| config.identity.member_role)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_role_or_a_list_is_read_and_written_alike() {
        for (value, shown) in [
            ("\"DragnetRead\"", "DragnetRead"),
            ("\"self\"", "self"),
            ("[\"DragnetRead\", \"sec/Audit\"]", "DragnetRead, sec/Audit"),
        ] {
            let roles = read(value).unwrap();
            assert_eq!(roles.to_string(), shown);
            let written = serde_json::to_string(&roles).unwrap();
            assert_eq!(written.replace(',', ", "), value);
            let read_again: MemberRoles = serde_json::from_str(&written).unwrap();
            assert_eq!(read_again, roles);
        }
        let single = read("[\"Audit\"]").unwrap();
        assert_eq!(serde_json::to_string(&single).unwrap(), "\"Audit\"");
    }

    #[test]
    fn invalid_lists_are_refused() {
        for (value, part) in [
            ("[]", "the list of roles is empty"),
            ("[\"A\", \"A\"]", "occurs twice"),
            ("[\"A\", \"self\"]", "`self` cannot be one of several"),
            ("[\"A\", \"has a blank\"]", "a role name"),
            ("3", "a role name"),
        ] {
            let error = read(value).unwrap_err();
            assert!(error.contains(part), "{value}: {error}");
        }
    }
}
