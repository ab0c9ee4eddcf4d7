//! A place in a text at which a name may be, and what its surrounding text says about it.

use super::resource_names::ResourceNames;

/// A place in a text at which a name may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occurrence<'t> {
    /// The end of the text before the name.
    pub(super) before: &'t str,
    pub(super) after: &'t str,
    pub(super) is_word: bool,
}

impl Occurrence<'_> {
    /// Whether the name is the session name in an id: `AROAIOSFODNN7EXAMPLE:alice`.
    ///
    /// Source: CloudTrail user guide, "CloudTrail userIdentity element": the `principalId` of a role
    /// session is the role's id and the session name, that of a federated session the account and
    /// the name.
    pub(super) fn is_session_in_id(self) -> bool {
        let Some(before) = self.before.strip_suffix(':') else {
            return false;
        };
        let start = before
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |at| {
                at + before[at..].chars().next().map_or(1, char::len_utf8)
            });
        let id = &before[start..];
        let is_unique_id = (id.starts_with("AROA") || id.starts_with("AIDA"))
            && id
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let is_account = start == 0 && id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
        self.is_word && (is_unique_id || is_account) && ends_session(self.after)
    }

    /// Whether the name is that of a resource: a complete value, a part of the resource in an ARN,
    /// or a word of plain text.
    pub(super) fn is_resource(self, is_plain_text: bool, is_whole: bool) -> bool {
        if is_whole {
            return true;
        }
        let Self {
            before,
            after,
            is_word,
        } = self;
        // A value of JSON in a text that is not JSON as a whole.
        let is_quoted = before.ends_with('"') && after.starts_with('"');
        let is_start =
            |names: &str| !before.ends_with(|c: char| c.is_alphanumeric() || names.contains(c));
        let is_end = !ResourceNames::PART.are_continued_by(after);
        if is_quoted || is_plain_text && is_word && is_start("_-.+=@#") && is_end {
            return true;
        }
        let Some(resource) = before.rfind("arn:aws").and_then(|at| {
            let fields: Vec<&str> = before[at..].splitn(6, ':').collect();
            Some((*fields.get(2)?, *fields.get(5)?))
        }) else {
            return false;
        };
        let (service, start_of_resource) = resource;
        let is_in_arn = !start_of_resource
            .contains(|c: char| c.is_whitespace() || c.is_control() || "\"',;<>".contains(c));
        let is_part = start_of_resource.is_empty() || start_of_resource.ends_with(['/', ':']);
        let ends = is_end
            || service == "secretsmanager"
                && !ResourceNames::PART_OF_SECRET.are_continued_by(after);
        is_in_arn && is_part && ends
    }
}

/// Whether a text ends within the object `sessionIssuer` of JSON.
pub(super) fn is_in_session_issuer(text: &str) -> bool {
    text.rsplit_once("\"sessionIssuer\"")
        .is_some_and(|(_, inside)| !inside.contains('}'))
}

/// Whether a session name follows a text: `…:assumed-role/Admin/`.
pub(super) fn is_session(before: &str) -> bool {
    before
        .strip_suffix('/')
        .and_then(|before| before.rsplit_once('/'))
        .is_some_and(|(start, role)| start.ends_with(":assumed-role") && !role.is_empty())
}

/// Whether a session name ends, as it is or as the part of an e-mail address before the `@`.
pub(super) fn ends_session(after: &str) -> bool {
    let after = after_mail_domain(after).unwrap_or(after);
    !ResourceNames::SESSION.are_continued_by(after)
}

/// The text after `@example.com`; `None` if the text does not start with such a domain.
pub(super) fn after_mail_domain(after: &str) -> Option<&str> {
    let domain = after.strip_prefix('@')?;
    let end = domain
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
        .unwrap_or(domain.len());
    let (domain, rest) = domain.split_at(end);
    domain
        .starts_with(|c: char| c.is_ascii_alphanumeric())
        .then_some(rest)
}

pub(super) fn ends_value(after: &str) -> bool {
    after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || "\",;)}]'".contains(c))
}

/// Whether a text may be between `:user/` and a name. Source: IAM API: a path consists of ASCII
/// characters from `!` on.
pub(super) fn is_path(text: &str) -> bool {
    (text.is_empty() || text.ends_with('/'))
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'"' && b != b':')
}
