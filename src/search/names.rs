//! Names of users, roles, events and user agents, which match only in certain fields.
//!
//! `admin` is a common word, but it is a user's name only in an ARN or in a field for user names.
//! In a text without fields, any whole word matches, because an extra sighting is better than a
//! missed one.

use super::boundary::{Boundary, split_around};
use super::resource_names::ResourceNames;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    User,
    Role,
    Event,
    UserAgent,
}

impl NameKind {
    /// Whether the name at `text[at..at + length]` is of this kind. `field` is the path of the
    /// field that contains the text, if there is one.
    pub(super) fn matches_at(
        self,
        text: &str,
        at: usize,
        length: usize,
        field: Option<&str>,
    ) -> bool {
        let is_word = || Boundary::Word.holds_at(text, at, length);
        let is_whole = length == text.len();
        let in_own_field = match (self, field) {
            (_, None) => is_word(),
            (Self::UserAgent, Some(path)) => self.is_field(path) && is_word(),
            (_, Some(path)) => is_whole && self.is_field(path),
        };
        in_own_field || self.is_in_arn(text, at, length)
    }

    /// Whether a field with this path contains such names, in any case and with any separators:
    /// `userName`, `user_name`. CloudTrail's `sessionIssuer.userName` is the name of the session's
    /// role.
    fn is_field(self, path: &str) -> bool {
        let mut steps = path
            .rsplit('.')
            .filter(|step| !step.bytes().all(|b| b.is_ascii_digit()));
        let last = normalized(steps.next().unwrap_or_default());
        let is_session_issuer = last == "username" && steps.next() == Some("sessionIssuer");
        match self {
            Self::User => ["username", "user"].contains(&last.as_str()) && !is_session_issuer,
            Self::Role => ["rolename", "role"].contains(&last.as_str()) || is_session_issuer,
            Self::Event => ["eventname", "event"].contains(&last.as_str()),
            Self::UserAgent => ["useragent", "httpuseragent"].contains(&last.as_str()),
        }
    }

    /// Whether the name is the last part of an ARN, or the role of an assumed-role ARN:
    /// `…:user/path/name`, `…:role/name`, `…:assumed-role/name/session`.
    fn is_in_arn(self, text: &str, at: usize, length: usize) -> bool {
        let Some((before, _, after)) = split_around(text, at, length) else {
            return false;
        };
        let is_word = Boundary::Word.holds_at(text, at, length);
        let is_resource = |prefix: &str| {
            let path = before.rsplit_once(prefix).map(|(_, path)| path);
            is_word && !ResourceNames::IAM.are_continued_by(after) && path.is_some_and(is_path)
        };
        match self {
            Self::User => is_resource(":user/"),
            Self::Role => {
                is_resource(":role/")
                    || (before.ends_with(":assumed-role/") && after.starts_with('/'))
            }
            Self::Event | Self::UserAgent => false,
        }
    }
}

/// Whether a text may be between `:user/` and a name. Source: IAM API: a path consists of ASCII
/// characters from `!` on.
fn is_path(text: &str) -> bool {
    (text.is_empty() || text.ends_with('/'))
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'"' && b != b':')
}

fn normalized(step: &str) -> String {
    step.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(kind: NameKind, name: &str, field: Option<&str>, text: &str) -> bool {
        text.match_indices(name)
            .any(|(at, _)| kind.matches_at(text, at, name.len(), field))
    }

    #[test]
    fn user_name_matches_in_arn_or_user_field() {
        let user = |field, text| matches(NameKind::User, "ben", field, text);
        assert!(user(Some("userIdentity.userName"), "ben"));
        assert!(user(Some("users.0.user_name"), "ben"));
        assert!(user(Some("arn"), "arn:aws:iam::111111111111:user/team/ben"));
        assert!(user(
            Some("message"),
            "for arn:aws:iam::111111111111:user/ben."
        ));
        assert!(user(None, "login of ben failed"));
        for (field, text) in [
            (Some("userName"), "benjamin"),
            (Some("userName"), "ben jamin"),
            (Some("sessionContext.sessionIssuer.userName"), "ben"),
            (Some("message"), "login of ben failed"),
            (Some("arn"), "arn:aws:iam::111111111111:user/ben/jamin"),
            (Some("arn"), "arn:aws:iam::111111111111:role/ben"),
            (Some("arn"), "arn:aws:iam::111111111111:user/big-ben"),
            (None, "benjamin"),
        ] {
            assert!(!user(field, text), "{field:?} {text}");
        }
    }

    #[test]
    fn role_name_matches_in_role_arn_or_session_arn() {
        let role = |field, text| matches(NameKind::Role, "Admin", field, text);
        assert!(role(
            Some("arn"),
            "arn:aws:sts::111111111111:assumed-role/Admin/alice"
        ));
        assert!(role(
            Some("requestParameters.roleArn"),
            "arn:aws:iam::111111111111:role/a/Admin"
        ));
        assert!(role(
            Some("userIdentity.sessionContext.sessionIssuer.userName"),
            "Admin"
        ));
        assert!(!role(
            Some("arn"),
            "arn:aws:sts::111111111111:assumed-role/Other/Admin"
        ));
        assert!(!role(Some("userName"), "Admin"));
    }

    #[test]
    fn event_and_user_agent_match_only_in_their_fields() {
        assert!(matches(
            NameKind::Event,
            "ConsoleLogin",
            Some("detail.eventName"),
            "ConsoleLogin"
        ));
        assert!(!matches(
            NameKind::Event,
            "ConsoleLogin",
            Some("eventName"),
            "ConsoleLoginX"
        ));
        assert!(!matches(
            NameKind::Event,
            "ConsoleLogin",
            Some("message"),
            "ConsoleLogin"
        ));
        assert!(matches(
            NameKind::UserAgent,
            "kali",
            Some("userAgent"),
            "aws-cli/2.1 kali/2026"
        ));
        assert!(!matches(
            NameKind::UserAgent,
            "kali",
            Some("userAgent"),
            "alkaline"
        ));
        assert!(!matches(NameKind::UserAgent, "kali", Some("city"), "kali"));
    }
}
