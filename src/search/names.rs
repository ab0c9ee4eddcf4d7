//! Names of users, roles, events, user agents and resources, which match only in certain fields.
//!
//! `admin` is a common word, but it is a user's name only in an ARN or in a field for user names.
//! In a text without fields, any whole word matches, because an extra sighting is better than a
//! missed one. For the same reason the session name of a role, which its user chooses, counts as a
//! user's name.

use super::boundary::{Boundary, split_around};
use super::name_occurrence::{
    Occurrence, after_mail_domain, ends_session, ends_value, is_in_session_issuer, is_path,
    is_session,
};
use super::resource_names::ResourceNames;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    User,
    Role,
    Event,
    UserAgent,
    Resource,
}

/// How many bytes before a name are examined. An ARN has at most 2,048, and most of them are a path
/// of up to 512; an event of 1 MB may contain a name 100,000 times.
const LOOK_BACK: usize = 2_048;

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
        let Some((before, _, after)) = split_around(text, at, length) else {
            return false;
        };
        let start = before.ceil_char_boundary(before.len().saturating_sub(LOOK_BACK));
        let found = Occurrence {
            before: &before[start..],
            after,
            is_word: Boundary::Word.holds_at(text, at, length),
        };
        if self == Self::Resource {
            return found.is_resource(field.is_none(), before.is_empty() && after.is_empty());
        }
        let in_own_field = match (self, field) {
            (_, None) => found.is_word,
            (Self::UserAgent, Some(path)) => self.is_field(path) && found.is_word,
            (_, Some(path)) => before.is_empty() && self.is_complete(after) && self.is_field(path),
        };
        in_own_field
            || self.is_in_arn(found)
            || self == Self::User && found.is_session_in_id()
            || self.is_in_embedded_field(found)
    }

    /// Whether a name ends a value. The user names of Identity Center are often e-mail addresses,
    /// and then the name before the `@` is a user's name too.
    fn is_complete(self, after: &str) -> bool {
        after.is_empty() || self == Self::User && after_mail_domain(after) == Some("")
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
            Self::User => USER_FIELDS.contains(&last.as_str()) && !is_session_issuer,
            Self::Role => ["rolename", "role"].contains(&last.as_str()) || is_session_issuer,
            Self::Event => ["eventname", "event"].contains(&last.as_str()),
            Self::UserAgent => ["useragent", "httpuseragent"].contains(&last.as_str()),
            // Any field may contain the name of a resource.
            Self::Resource => false,
        }
    }

    /// Whether the name is the last part of an ARN, or the role or session of an assumed-role ARN:
    /// `…:user/path/name`, `…:role/name`, `…:assumed-role/role/session`.
    fn is_in_arn(self, found: Occurrence<'_>) -> bool {
        let Occurrence {
            before,
            after,
            is_word,
        } = found;
        let is_resource = |prefix: &str| {
            let path = before.rsplit_once(prefix).map(|(_, path)| path);
            is_word && !ResourceNames::IAM.are_continued_by(after) && path.is_some_and(is_path)
        };
        match self {
            Self::User => {
                is_resource(":user/")
                    || is_resource(":federated-user/")
                    || (is_session(before) && is_word && ends_session(after))
            }
            Self::Role => {
                is_resource(":role/")
                    || (before.ends_with(":assumed-role/") && after.starts_with('/'))
            }
            Self::Event | Self::UserAgent | Self::Resource => false,
        }
    }

    /// Whether the name is the value of such a field in a text that is not JSON as a whole, such as
    /// the line of an application in the log of its container: `INFO {"eventName":"StopLogging"}`,
    /// `level=info user=ben`.
    fn is_in_embedded_field(self, found: Occurrence<'_>) -> bool {
        // A user agent may be a part of its value.
        let before = match found.before.rfind('"') {
            Some(quote) if self == Self::UserAgent => &found.before[..=quote],
            _ => found.before,
        };
        let (before, is_quoted) = match before.strip_suffix('"') {
            Some(before) => (before, true),
            None => (before, false),
        };
        let Some(before) = before.trim_end().strip_suffix([':', '=']) else {
            return false;
        };
        let before = before.trim_end();
        let before = before.strip_suffix('"').unwrap_or(before);
        let start = before
            .rfind(|c: char| !(c.is_alphanumeric() || "_-.".contains(c)))
            .map_or(0, |at| {
                at + before[at..].chars().next().map_or(1, char::len_utf8)
            });
        let (outer, key) = before.split_at(start);
        let is_own_field = if is_in_session_issuer(outer) {
            self.is_field(&format!("sessionIssuer.{key}"))
        } else {
            self.is_field(key)
        };
        let ends = match self {
            Self::UserAgent => true,
            Self::User if after_mail_domain(found.after).is_some_and(ends_value) => true,
            _ if is_quoted => found.after.starts_with('"'),
            _ => !ResourceNames::SESSION.are_continued_by(found.after),
        };
        found.is_word && is_own_field && ends
    }
}

/// The fields of user names. Sessions are named after users, and so are source identities.
const USER_FIELDS: [&str; 4] = ["username", "user", "rolesessionname", "sourceidentity"];

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
    fn user_name_matches_in_sessions_and_ids() {
        let user = |field, text| matches(NameKind::User, "carol", Some(field), text);
        for (field, text) in [
            ("arn", "arn:aws:sts::111111111111:assumed-role/X/carol"),
            (
                "arn",
                "arn:aws:sts::111111111111:assumed-role/X/carol@example.com",
            ),
            ("arn", "arn:aws:sts::111111111111:federated-user/carol"),
            ("principalId", "AROAIOSFODNN7EXAMPLE:carol"),
            ("principalId", "AROAIOSFODNN7EXAMPLE:carol@example.com"),
            ("principalId", "AIDAX:carol"),
            ("principalId", "111111111111:carol"),
            ("userName", "carol@example.com"),
            ("additionalEventData.UserName", "carol@example.com"),
            ("requestParameters.roleSessionName", "carol"),
            ("requestParameters.sourceIdentity", "carol"),
            ("log", r#"INFO {"userName":"carol"}"#),
            ("log", r#"INFO {"user" : "carol@example.com", "n":1}"#),
            ("log", "level=info user=carol status=1"),
            ("log", "user=\"carol\""),
        ] {
            assert!(user(field, text), "{field}: {text}");
        }
        for (field, text) in [
            ("arn", "arn:aws:sts::111111111111:assumed-role/X/carol-2"),
            ("arn", "arn:aws:sts::111111111111:assumed-role/X/a-carol"),
            ("arn", "arn:aws:sts::111111111111:assumed-role/carol/x"),
            ("arn", "arn:aws:iam::111111111111:user/carol@example.com"),
            ("principalId", "AROAIOSFODNN7EXAMPLE:carolus"),
            ("principalId", "AKIAIOSFODNN7EXAMPLE:carol"),
            ("topicArn", "arn:aws:sns:us-east-1:111111111111:carol"),
            ("userName", "carol@"),
            ("userName", "carol@example.com x"),
            ("userName", "ann.carol@example.com"),
            ("mail", "carol@example.com"),
            ("log", r#"INFO {"name":"carol"}"#),
            ("log", r#"INFO {"userName":"carolus"}"#),
            (
                "log",
                r#"{"sessionIssuer":{"type":"Role","userName":"carol"}} x"#,
            ),
            ("log", "superuser=carolus"),
            ("log", "seen carol"),
        ] {
            assert!(!user(field, text), "{field}: {text}");
        }
        let full = |field, text| matches(NameKind::User, "carol@example.com", Some(field), text);
        assert!(full("userName", "carol@example.com"));
        assert!(full(
            "arn",
            "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_X_0a/carol@example.com"
        ));
        assert!(full(
            "principalId",
            "AROAIOSFODNN7EXAMPLE:carol@example.com"
        ));
        assert!(!full("userName", "carol@example.com.au"));
    }

    #[test]
    fn resource_name_matches_in_arn_or_as_complete_value() {
        let found = |name, field, text| matches(NameKind::Resource, name, field, text);
        for (name, text) in [
            ("prod", "arn:aws:s3:::prod"),
            ("prod", "arn:aws:s3:::prod/key"),
            ("prod", "uses arn:aws:s3:::prod."),
            (
                "i-0abc",
                "arn:aws:ec2:us-east-1:111111111111:instance/i-0abc",
            ),
            (
                "sg-0abc",
                "arn:aws:ec2:us-east-1:111111111111:security-group/sg-0abc",
            ),
            ("Admin", "arn:aws:sts::111111111111:assumed-role/Admin/x"),
            (
                "/aws/lambda/pay",
                "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/pay:*",
            ),
            (
                "prod/db",
                "arn:aws:secretsmanager:us-east-1:111111111111:secret:prod/db-Ab12Cd",
            ),
            ("prod", "prod"),
            ("prod", r#"INFO {"bucketName":"prod"}"#),
        ] {
            assert!(found(name, Some("a.0"), text), "{name}: {text}");
        }
        for (name, text) in [
            ("prod", "arn:aws:s3:::prod-logs"),
            ("prod", "arn:aws:s3:::prod.x/key"),
            ("prod", "arn:aws:s3:::my-prod"),
            ("prod", "arn:aws:s3:::my.prod"),
            ("prod", "arn:aws:sqs:prod:111111111111:x"),
            ("Admin", "arn:aws:iam::111111111111:role/Admin@x"),
            ("prod", "see prod now"),
            ("prod", "arn:aws:s3:::x, prod/"),
            ("prod", "prod-logs"),
            ("prod", r#"INFO {"bucketName":"prod-logs"}"#),
            ("prod", "arn:aws:s3:::prod-Ab12Cd"),
        ] {
            assert!(!found(name, Some("a.0"), text), "{name}: {text}");
        }
        for (text, is_found) in [
            ("deleted bucket prod.", true),
            ("s3://prod/key", true),
            ("deleted bucket prod-logs", false),
            ("deleted bucket my-prod", false),
            ("deleted bucket prod.logs", false),
        ] {
            assert_eq!(found("prod", None, text), is_found, "{text}");
        }
    }

    #[test]
    fn event_name_matches_in_embedded_record() {
        let event = |text| matches(NameKind::Event, "StopLogging", Some("log"), text);
        for good in [
            r#"INFO {"eventName":"StopLogging"}"#,
            r#"INFO {"detail":{"eventName": "StopLogging", "#,
            "eventName=StopLogging",
            "event: StopLogging.",
        ] {
            assert!(event(good), "{good}");
        }
        for bad in [
            r#"INFO {"eventName":"StopLoggingX"}"#,
            r#"INFO {"name":"StopLogging"}"#,
            "called StopLogging",
            "eventName=StopLogging-2",
        ] {
            assert!(!event(bad), "{bad}");
        }
        let agent = |text| matches(NameKind::UserAgent, "kali", Some("log"), text);
        assert!(agent(r#"x {"userAgent":"aws-cli kali/2026"}"#));
        assert!(!agent(r#"x {"city":"aws-cli kali/2026"}"#));
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
